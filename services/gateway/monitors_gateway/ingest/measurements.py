"""The JSON of `POST /api/metrics`, sample by sample: one that is wrong does not spoil the others."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError, from_json

from monitors_contracts.measuring import Reason, series_refusal
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.series import series_key

from ..domain.wording import message_of
from .incoming import Incoming, Refusals
from .unpacking import Unreadable

MOST = 20_000
"""Samples in one request."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REASONS = {
    "name": Reason.BAD_NAME,
    "value": Reason.NOT_A_NUMBER,
    "tags": Reason.BAD_LABEL,
    "labels": Reason.BAD_LABEL,
    "timestamp": Reason.BAD_TIMESTAMP,
}


def _not_so_called(_: Any) -> None:
    """Without its labels a sample would be one of another series: that is not to happen in silence."""
    raise PydanticCustomError("not-so-called", "what tells series apart is called `tags` here")


class Measurement(BaseModel):
    """One measured value."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True)

    name: str = Field(description="1 to 200 characters", examples=["room_temperature_celsius"])
    type: Literal["gauge", "counter", "histogram"] = Field(
        default="gauge",
        description="A gauge goes up and down; a counter only grows, and begins anew at zero; each value of a histogram is one "
        "observation",
    )
    value: float = Field(description="A finite number", examples=[21.5])
    tags: dict[str, str] | None = Field(
        default=None, description="What tells this series from others of its name", examples=[{"room": "cellar"}]
    )
    timestamp: datetime | None = Field(
        default=None, description="When it was measured, by default now; RFC 3339, or seconds since 1970"
    )
    source: str | None = Field(default=None, max_length=200, description="Who measured", examples=["cellar-pi"])
    labels: SkipJsonSchema[Annotated[Any, AfterValidator(_not_so_called)]] = None


class Measurements(BaseModel):
    """A batch of measured values."""

    metrics: list[Measurement] = Field(max_length=MOST)


def decode(body: bytes, now: datetime) -> Incoming:
    """The samples of a body. Raises Unreadable."""
    refusals = Refusals()
    try:
        found = list(enumerate(Measurements.model_validate_json(body).metrics))
    except ValidationError:
        found = _one_by_one(body, refusals)
    keys: dict[str, int] = {}
    rows: list[tuple[int, int, int, float]] = []
    metrics: dict[str, MetricDescription] = {}
    for place, each in found:
        tags = each.tags or {}
        if refused := series_refusal(each.name, tags):
            refusals.add(*refused, index=place, series=each.name)
        elif not np.isfinite(each.value):
            refusals.add(Reason.NOT_A_NUMBER, "a value is a finite number", index=place, series=each.name)
        else:
            owner = keys.setdefault(series_key(each.name, tags), len(keys))
            rows.append((owner, _milliseconds(each.timestamp or now), place, each.value))
            if each.name not in metrics:
                metrics[each.name] = MetricDescription(type=each.type)
    owners, times, places, values = zip(*rows, strict=True) if rows else ((), (), (), ())
    sources = {each.source or "" for _, each in found}
    return Incoming(
        list(keys),
        np.array(owners, np.int64),
        np.array(times, np.int64),
        np.array(values, np.float64),
        metrics,
        refusals,
        np.array(places, np.int64),
        sources.pop() if len(sources) == 1 else "",
    )


def _one_by_one(body: bytes, refusals: Refusals) -> list[tuple[int, Measurement]]:
    """The samples that are right. Raises Unreadable when it is no batch at all."""
    try:
        parsed: Any = from_json(body, allow_inf_nan=True)
    except ValueError as broken:
        raise Unreadable(f"the body is not JSON: {broken}") from broken
    given: Any = parsed.get("metrics") if isinstance(parsed, Mapping) else None
    if not isinstance(given, list):
        raise Unreadable('the body is an object with a list: {"metrics": [...]}')
    if len(given) > MOST:
        raise Unreadable(f"a request holds at most {MOST:,} samples")
    found: list[tuple[int, Measurement]] = []
    for place, each in enumerate(given):
        try:
            found.append((place, Measurement.model_validate(each)))
        except ValidationError as wrong:
            first = wrong.errors(include_url=False, include_input=False, include_context=False)[0]
            where = str(first["loc"][0]) if first["loc"] else ""
            detail = f"{where}: {message_of(first)}" if where else message_of(first)
            name = each.get("name") if isinstance(each, Mapping) else None
            series = name if isinstance(name, str) else None
            refusals.add(_REASONS.get(where, Reason.MALFORMED), detail, index=place, series=series)
    return found


def _milliseconds(moment: datetime) -> int:
    """Since 1970; a time without a zone is UTC."""
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1)
