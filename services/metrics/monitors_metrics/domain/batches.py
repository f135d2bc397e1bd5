"""What events bring, as columns: which series, when, what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np

from monitors_contracts.base import Id, id_time
from monitors_contracts.metrics import MetricBatchCollected, MetricCollected, MetricDescription
from monitors_contracts.series import series_key

from .samples import HOUR, Mask, Times, Values

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = -62_135_596_800_000, 253_402_214_400_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples of one organization. `counts` says how many in turn belong to each of `keys`, the texts of series."""

    organization_id: Id
    batch_id: Id
    keys: Sequence[str]
    counts: Times
    times: Times
    values: Values
    descriptions: dict[str, MetricDescription]


def batch_of(event: MetricCollected | MetricBatchCollected) -> Batch:
    """An event's samples, whichever form they came in."""
    if isinstance(event, MetricBatchCollected):
        return Batch(
            event.organization_id,
            event.batch_id,
            event.series,
            np.frombuffer(event.counts, "<u4").astype(np.int64),
            np.frombuffer(event.times, "<i8").astype(np.int64),
            np.frombuffer(event.values, "<f8").astype(np.float64),
            event.metrics,
        )
    samples = event.samples
    return Batch(
        event.organization_id,
        event.batch_id,
        [series_key(sample.name, sample.tags) for sample in samples],
        np.ones(len(samples), np.int64),
        np.array([milliseconds(sample.timestamp) for sample in samples], np.int64),
        np.array([sample.value for sample in samples], np.float64),
        {sample.name: MetricDescription(type=sample.type) for sample in samples},
    )


def series_id(organization_id: Id, key: str) -> int:
    """A series' fingerprint: the first 64 bits of SHA-256 over organization and text, so that every copy knows it unasked."""
    return int.from_bytes(sha256(f"{organization_id} {key}".encode()).digest()[:8], "big", signed=True)


def outside(batch: Batch, keep: timedelta, ahead: timedelta) -> tuple[Mask, Mask]:
    """Which samples were too old and which too far ahead when their batch was made (which its id tells, in replays too)."""
    made = milliseconds(id_time(batch.batch_id))
    oldest, newest = made - duration(keep), made + duration(ahead)
    # An hour goes as a whole, so it must be young enough as a whole.
    return batch.times - batch.times % HOUR < oldest, batch.times > newest


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(time: int) -> datetime:
    """The time of these milliseconds since 1970 UTC, as far as there are dates."""
    return _EPOCH + timedelta(milliseconds=min(max(time, _FIRST), _LAST))


def duration(span: timedelta) -> int:
    """Milliseconds of a span."""
    return span // timedelta(milliseconds=1)
