"""OpenTelemetry's names as Prometheus's, so that one question finds both.

Source: OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility"; prometheus/otlptranslator
(UnderscoreEscapingWithSuffixes).
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any, Literal

Kind = Literal["gauge", "counter", "other"]

_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds", "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "TiBy": "tibibytes", "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius",
    "Hz": "hertz", "1": "", "%": "percent",
}  # fmt: skip
_PER = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")


def metric_name(name: str, unit: str, kind: Kind) -> str:
    """`http.server.request.duration` in `s` is `http_server_request_duration_seconds`; counters end in `_total`."""
    words = [word for word in _NOT_IN_NAMES.split(name) if word]
    main, _, per = unit.strip().partition("/")
    words += [word for word in _unit_words(main, _UNITS) if word not in words]
    per_words = _unit_words(per, _PER)
    if per_words and not any(word in words for word in per_words):
        words += ["per", *per_words]
    if kind == "counter":
        words = [word for word in words if word != "total"] + ["total"]
    elif kind == "gauge" and unit.strip() == "1" and "ratio" not in words:
        words.append("ratio")
    joined = "_".join(words) if words != ["total"] else ""
    return f"_{joined}" if joined[:1].isdigit() else joined


def unit_name(unit: str) -> str:
    """A unit in words: `By` is `bytes`."""
    return "_".join(_unit_words(unit.strip(), _UNITS))


def labels_of(attributes: Iterable[Any]) -> dict[str, str]:
    """Attributes as labels: `http.route` is `http_route`. Where two become one, their values are joined by `;`."""
    labels: dict[str, str] = {}
    for attribute in sorted(attributes, key=lambda each: each.key):
        name, value = label_name(attribute.key), text_of(attribute.value)
        labels[name] = f"{labels[name]};{value}" if name in labels else value
    return labels


def label_name(name: str) -> str:
    """An attribute's name as a label's."""
    plain = _NOT_IN_LABELS.sub("_", name)
    if plain[:1].isdigit():
        return f"key_{plain}"
    return f"key{plain}" if plain.startswith("_") and not plain.startswith("__") else plain


def text_of(value: Any) -> str:
    """An attribute's value as text: as JSON would have it, text itself without the quotes."""
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value.WhichOneof("value"):
        case "array_value":
            return [_plain(each) for each in value.array_value.values]
        case "kvlist_value":
            return {each.key: _plain(each.value) for each in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case None:
            return ""
        case field:
            return getattr(value, field)


def _unit_words(unit: str, known: dict[str, str]) -> list[str]:
    """The words of a unit; annotations in braces (`{request}`) are none."""
    if "{" in unit or "}" in unit:
        return []
    return [word for word in _NOT_IN_NAMES.split(known.get(unit, unit)) if word]
