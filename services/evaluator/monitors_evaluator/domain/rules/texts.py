"""Texts with places for what is known when a rule fires: `{{ labels.host }} is at {{ value }}`.

The places are a closed list, so a text can name nothing else, run nothing and grow to nothing large. Prometheus's
`$labels.host` and `$value` are understood as well.
"""

import math
import re
from collections.abc import Mapping

LONGEST = 2000
_PLACE = re.compile(
    r"\{\{\s*(?:\$?(?P<word>value|name|severity|threshold)|\$?labels(?:\.(?P<label>\w+)|\[[\"'](?P<quoted>[^\"'{}]+)[\"']\]))"
    r"\s*(?:\|\s*(?P<how>humanize|humanizePercentage|humanizeDuration)\s*)?\}\}"
)
_UNITS = ("", "k", "M", "G", "T", "P", "E")


def strange_place(text: str) -> str | None:
    """What stands in braces and is no place of ours; None when all is well."""
    rest = _PLACE.sub("", text)
    found = re.search(r"\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)", rest, re.DOTALL)
    return found[0][:80] if found else None


def fill(text: str, labels: Mapping[str, str], words: Mapping[str, str | float]) -> str:
    """The text with its places filled; a label or word that is not there leaves its place empty."""

    def put(place: re.Match[str]) -> str:
        found = words.get(place["word"], "") if place["word"] else labels.get(place["label"] or place["quoted"], "")
        if isinstance(found, str):
            return found
        return _AS[place["how"]](found)

    return _PLACE.sub(put, text)[:LONGEST]


def number(value: float) -> str:
    """A number as a person reads it."""
    return f"{value:,.6g}" if math.isfinite(value) else "-" if math.isnan(value) else "∞" if value > 0 else "-∞"


def duration(seconds: float) -> str:
    """Seconds as in `1h30m`."""
    parts: list[str] = []
    left = seconds
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        whole, left = divmod(left, size)
        if whole:
            parts.append(f"{whole:g}{unit}")
    if left >= 0.001:
        parts.append(f"{round(left * 1000)}ms")
    return "".join(parts) or "0s"


def _short(value: float) -> str:
    if not math.isfinite(value) or abs(value) < 1000:
        return number(value)
    power = min(int(math.log10(abs(value)) // 3), len(_UNITS) - 1)
    return f"{value / 1000**power:.4g}{_UNITS[power]}"


def _percent(value: float) -> str:
    return f"{value * 100:.4g}%" if math.isfinite(value) else number(value)


def _duration(value: float) -> str:
    return duration(value) if math.isfinite(value) and value >= 0 else number(value)


_AS = {None: number, "humanize": _short, "humanizePercentage": _percent, "humanizeDuration": _duration}
