"""What may be kept as a measurement, and how many measurements become events. Pure; whoever takes measurements in uses it."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .base import Id, new_id
from .metrics import MetricBatchCollected, MetricDescription

LONGEST_NAME = 200
LONGEST_VALUE = 2_000
MOST_LABELS = 64
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""Prometheus's staleness marker, a NaN of its own: the series has ended (prometheus/model/value: StaleNaN)."""

_MOST_SERIES = 10_000
_MOST_SAMPLES = 20_000
_LARGEST = 800_000
_SAMPLE_BYTES = 22  # time and value in base64, which compression makes smaller again
_SERIES_BYTES = 16


class Reason(StrEnum):
    """Why a sample is refused: stable words that senders are told."""

    BAD_NAME = "bad-name"
    BAD_LABEL = "bad-label"
    TOO_MANY_LABELS = "too-many-labels"
    NOT_A_NUMBER = "not-a-number"
    BAD_TIMESTAMP = "bad-timestamp"
    TOO_OLD = "too-old"
    FROM_THE_FUTURE = "from-the-future"
    TOO_MANY_SERIES = "too-many-series"
    NATIVE_HISTOGRAM = "native-histogram"
    MALFORMED = "malformed"


def series_refusal(name: str, labels: Mapping[str, str]) -> tuple[Reason, str] | None:
    """Why a series may not be called this, as reason and detail; None when it may.

    Names have 1 to 200 printable characters, label values at most 2,000 without NUL; all of them are text that UTF-8 can write.
    A series has at most 64 labels; `__name__` is none of them.
    """
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return Reason.BAD_NAME, f"a name has 1 to {LONGEST_NAME} printable characters"
    if len(labels) > MOST_LABELS:
        return Reason.TOO_MANY_LABELS, f"{len(labels)} labels; at most {MOST_LABELS} are kept"
    for label, value in labels.items():
        if not 0 < len(label) <= LONGEST_NAME or not label.isprintable() or label == "__name__":
            return Reason.BAD_LABEL, f"a label's name has 1 to {LONGEST_NAME} printable characters and is not __name__"
        if len(value) > LONGEST_VALUE or not _storable(value):
            return Reason.BAD_LABEL, f"the value of {label} has at most {LONGEST_VALUE} characters of text, without NUL"
    return None


def _storable(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


@dataclass(frozen=True, slots=True)
class Columns:
    """Samples series by series: `counts` says how many each of `series` has, `times` (int64, ms) and `values` (float64) are
    packed little-endian, oldest first within a series. Each series comes once."""

    series: Sequence[str]
    counts: Sequence[int]
    times: bytes
    values: bytes
    metrics: Mapping[str, MetricDescription]


def batches(organization_id: Id, source: str, columns: Columns) -> Iterator[MetricBatchCollected]:
    """The samples as events, each small enough for its stream. Descriptions travel with the first."""
    metrics = dict(columns.metrics)
    for series, counts, begin, end in _parts(columns):
        yield MetricBatchCollected(
            organization_id=organization_id,
            batch_id=new_id(),
            source=source,
            series=series,
            counts=struct.pack(f"<{len(counts)}I", *counts),
            times=columns.times[8 * begin : 8 * end],
            values=columns.values[8 * begin : 8 * end],
            metrics=metrics,
        )
        metrics = {}


def _parts(columns: Columns) -> Iterator[tuple[list[str], list[int], int, int]]:
    """Series and counts of each part, and where its samples begin and end."""
    samples, text = len(columns.times) // 8, "".join(columns.series)
    size = _weight(text) + _SERIES_BYTES * len(columns.series) + _SAMPLE_BYTES * samples
    if columns.series and len(columns.series) <= _MOST_SERIES and size <= _LARGEST:
        yield list(columns.series), list(columns.counts), 0, samples
        return
    series: list[str] = []
    counts: list[int] = []
    begin = end = size = 0
    for key, total in zip(columns.series, columns.counts, strict=True):
        weight = _weight(key)
        for count in _portions(total):
            size += weight + _SERIES_BYTES + _SAMPLE_BYTES * count
            if series and (size > _LARGEST or len(series) == _MOST_SERIES):
                yield series, counts, begin, end
                series, counts, begin = [], [], end
                size = weight + _SERIES_BYTES + _SAMPLE_BYTES * count
            series.append(key)
            counts.append(count)
            end += count
    if series:
        yield series, counts, begin, end


def _weight(text: str) -> int:
    """Bytes of a text in JSON, at most."""
    return len(text) if text.isascii() and text.isprintable() else 6 * len(text)


def _portions(total: int) -> Sequence[int]:
    if total <= _MOST_SAMPLES:
        return (total,)
    full, rest = divmod(total, _MOST_SAMPLES)
    return [_MOST_SAMPLES] * full + ([rest] if rest else [])
