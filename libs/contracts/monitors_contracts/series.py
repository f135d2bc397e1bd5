"""The text by which a series is known on the bus and in storage: `http_requests_total{job="api",method="GET"}`.

It is the notation of the Prometheus exposition format, in one canonical form: labels sorted by name, empty ones left out, and
names that are no plain identifiers in quotes, the metric's then inside the braces (`{"http.server.duration",job="api"}`).
"""

import re
from collections.abc import Mapping

_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*").fullmatch
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*").fullmatch
_QUOTED = r'"((?:[^"\\]|\\["\\n])*)"'
_PAIR = re.compile(rf"(?:([a-zA-Z_][a-zA-Z0-9_]*)|{_QUOTED})={_QUOTED}")
_KEY = re.compile(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)?(?:\{{(?:{_QUOTED},?)?((?:{_PAIR.pattern},?)*)\}})?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")


def series_key(name: str, labels: Mapping[str, str]) -> str:
    """The one text of the series with this name and these labels."""
    pairs = [
        f'{label if _PLAIN_LABEL(label) else _quoted(label)}="{_escaped(labels[label])}"'
        for label in sorted(labels)
        if labels[label]
    ]
    if _PLAIN_NAME(name):
        return f"{name}{{{','.join(pairs)}}}" if pairs else name
    return f"{{{','.join([_quoted(name), *pairs])}}}"


def parse_series_key(key: str) -> tuple[str, dict[str, str]]:
    """The name and the labels of a series. Raises ValueError for what is no series' text."""
    found = _KEY.fullmatch(key)
    if found is None or (found[1] is None) == (found[2] is None):
        raise ValueError(f"not a series: {key[:200]}")
    labels = {plain or _unescaped(quoted): _unescaped(value) for plain, quoted, value in _PAIR.findall(found[3] or "")}
    return (found[1] if found[1] is not None else _unescaped(found[2])), labels


def _escaped(text: str) -> str:
    if "\\" in text or '"' in text or "\n" in text:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return text


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text
