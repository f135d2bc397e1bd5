"""Durations as Prometheus writes them, on the wire: `30s`, `5m`, `1h30m`, or seconds. And as people read and type them."""

import re
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNIT_SECONDS = (604_800, 86_400, 3600, 60, 1, 0.001)
_SIZES = (86_400, 3600, 60, 1)
_LONG = (" d", " h", " min", " s")
_SHORT = ("d", "h", "m", "s")


def seconds_of(given: Any) -> Any:
    """Seconds of a duration as Prometheus writes it (`5m`, `1h30m`, `0`); what is no text is left as it is.

    Raises ValueError for a text that is no duration.
    """
    if not isinstance(given, str):
        return given
    text = given.strip()
    if text.isdecimal():
        return float(text)
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        raise ValueError("a duration is seconds, or like 30s, 5m, 1h30m, 2d")
    parts = zip(found.groups(), _UNIT_SECONDS, strict=True)
    return float(sum(int(number) * unit for number, unit in parts if number))


def lasting(seconds: float) -> str:
    """A length of time to read: `5 min`, `1 h 30 min`."""
    return _parts(seconds, _LONG, " ", " ms")


def written(seconds: float) -> str:
    """A length of time as it is typed: `5m`, `1h30m`."""
    return _parts(seconds, _SHORT, "", "ms")


def _parts(seconds: float, units: tuple[str, ...], between: str, thousandths: str) -> str:
    parts: list[str] = []
    left = round(seconds * 1000)
    for size, unit in zip(_SIZES, units, strict=True):
        whole, left = divmod(left, size * 1000)
        if whole:
            parts.append(f"{whole}{unit}")
    if left:
        parts.append(f"{left}{thousandths}")
    return between.join(parts) or f"0{units[-1]}"


class _Written:
    """A duration on the wire: seconds, or a text that says them; in the schema both, the seconds with their bounds."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(seconds_of, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        seconds = handler(schema)
        if handler.mode == "serialization":
            return seconds
        text = {"type": "string", "format": "duration-text"}
        return {"anyOf": [seconds, text], "description": "Seconds, or like `30s`, `5m`, `1h30m`"}


AS_DURATION = _Written()
"""Annotates a number of seconds that may be given as a text; bounds stand before it."""
