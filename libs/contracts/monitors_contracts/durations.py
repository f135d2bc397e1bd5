"""Durations as Prometheus writes them, on the wire: `30s`, `5m`, `1h30m`, or seconds."""

import re
from typing import Any

from pydantic import BeforeValidator, WithJsonSchema

_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNIT_SECONDS = (604_800, 86_400, 3600, 60, 1, 0.001)


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


WRITTEN = WithJsonSchema(
    {"anyOf": [{"type": "number"}, {"type": "string"}], "description": "Seconds, or like `30s`, `5m`, `1h30m`"},
    mode="validation",
)
"""How a duration may be given, for the schema."""

AS_DURATION = BeforeValidator(seconds_of)
