"""Prometheus remote write, 1.0 and 2.0, decoded into columns.

Sources: Prometheus Remote-Write 1.0 and 2.0 specifications, prompb/types.proto and io/prometheus/write/v2/types.proto.

Most requests hold one sample of each of many series, the same series every time. So a series is known by the bytes its labels
are written in: when what stands before the sample has been seen before, nothing is decoded but the sample, and those are
decoded all at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.measuring import Reason, series_refusal
from monitors_contracts.metrics import MetricDescription, MetricType
from monitors_contracts.series import series_key

from .incoming import Incoming, Refusals
from .protobuf import messages, parsed
from .unpacking import Unreadable

_V1 = messages(
    "prometheus",
    {
        "MetricMetadata": {"type": (1, "int32"), "name": (2, "string"), "help": (4, "string"), "unit": (5, "string")},
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "TimeSeries": {
            "labels": (1, "repeated bytes"),
            "samples": (2, "repeated bytes"),
            "histograms": (4, "repeated bytes"),
        },
        "WriteRequest": {"timeseries": (1, "repeated bytes"), "metadata": (3, "repeated MetricMetadata")},
    },
)
_V2 = messages(
    "io.prometheus.write.v2",
    {
        "Metadata": {"type": (1, "int32"), "help_ref": (3, "uint32"), "unit_ref": (4, "uint32")},
        "TimeSeries": {
            "labels_refs": (1, "repeated uint32"),
            "samples": (2, "repeated bytes"),
            "histograms": (3, "repeated bytes"),
            "metadata": (5, "Metadata"),
        },
        "Request": {"symbols": (4, "repeated string"), "timeseries": (5, "repeated bytes")},
    },
)
_TYPES: tuple[MetricType, ...] = ("unknown", "counter", "gauge", "histogram", "histogram", "summary", "gauge", "gauge")
_PARTS = ("_bucket", "_count", "_sum")

# Far above what a sender puts into a request; a few bytes that claim to be millions of these would take all memory.
_MOST_SERIES = 100_000
_MOST_SAMPLES = 1_000_000
_MOST_TEXTS = 2_000

# A sample on the wire: a double under tag 9 and a time under tag 16, of six bytes from 1971 to 2109. A value of 0 is left out.
_FULL, _ZERO = 16, 7
_FULL_TAIL, _ZERO_TAIL = b"\x12\x10", b"\x12\x07"


class KnownSeries:
    """Series by the bytes of their labels. Bounded: a sender of ever new series makes it forget, and costs time alone."""

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self.by_prefix: dict[bytes, str] = {}
        self.by_labels: dict[tuple[str, ...], str] = {}

    def remember(self, prefix: bytes, key: str) -> None:
        """These bytes are this series' labels, and nothing else."""
        if len(self.by_prefix) >= self._most:
            self.by_prefix.clear()
        self.by_prefix[prefix] = key

    def remember_labels(self, labels: tuple[str, ...], key: str) -> None:
        """These names and values in turn are this series."""
        if len(self.by_labels) >= self._most:
            self.by_labels.clear()
        self.by_labels[labels] = key


class _Samples:
    """Samples as bytes, collected and then decoded together."""

    def __init__(self) -> None:
        self._full: list[bytes] = []
        self._full_owners: list[int] = []
        self._zero: list[bytes] = []
        self._zero_owners: list[int] = []
        self._odd: list[tuple[int, int, float]] = []
        self._count = 0
        self.add_full, self.add_full_owner = self._full.append, self._full_owners.append
        self.add_zero, self.add_zero_owner = self._zero.append, self._zero_owners.append

    def add(self, owner: int, samples: Sequence[bytes]) -> None:
        """Samples of one series. Raises Unreadable when they become too many."""
        self._count += len(samples)
        if self._count > _MOST_SAMPLES:
            raise Unreadable(f"a request holds at most {_MOST_SAMPLES:,} samples")
        for sample in samples:
            if len(sample) == _FULL:
                self.add_full(sample)
                self.add_full_owner(owner)
            elif len(sample) == _ZERO:
                self.add_zero(sample)
                self.add_zero_owner(owner)
            else:
                self._add_odd(owner, sample)

    def decoded(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Owners, times and values. Raises Unreadable."""
        full_owners, full, full_times = self._regular(self._full, self._full_owners, _FULL)
        zero_owners, _, zero_times = self._regular(self._zero, self._zero_owners, _ZERO)
        values = np.ascontiguousarray(full[:, 1:9]).view("<f8").ravel()
        owners, times, odd_values = zip(*self._odd, strict=True) if self._odd else ((), (), ())
        return (
            np.concatenate((full_owners, zero_owners, np.array(owners, np.int64))),
            np.concatenate((full_times, zero_times, np.array(times, np.int64))),
            np.concatenate((values, np.zeros(len(zero_times)), np.array(odd_values, np.float64))),
        )

    def _regular(
        self, samples: list[bytes], owners: list[int], length: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Samples of one length: owners, rows of bytes, times. Those not of the usual form are decoded one by one."""
        rows = np.frombuffer(b"".join(samples), np.uint8).reshape(-1, length)
        digits = rows[:, length - 6 :]
        usual = (rows[:, length - 7] == 0x10) & (digits[:, :5] >= 0x80).all(1) & (digits[:, 5] < 0x80)
        if length == _FULL:
            usual &= rows[:, 0] == 0x09
        who = np.array(owners, np.int64)
        if not usual.all():
            for place in np.flatnonzero(~usual).tolist():
                self._add_odd(owners[place], samples[place])
            rows, digits, who = rows[usual], digits[usual], who[usual]
        times = (digits & 0x7F).astype(np.int64) @ (np.int64(1) << np.arange(0, 42, 7, dtype=np.int64))
        return who, rows, times

    def _add_odd(self, owner: int, sample: bytes) -> None:
        message = parsed(_V1["Sample"], sample)
        self._odd.append((owner, message.timestamp, message.value))


def decode_v1(data: bytes, known: KnownSeries) -> Incoming:
    """A `prometheus.WriteRequest`. Raises Unreadable."""
    request = _not_too_many(parsed(_V1["WriteRequest"], data))
    series: list[str] = []
    samples, refusals = _Samples(), Refusals()
    seen, add = known.by_prefix.get, series.append
    for raw in request.timeseries:
        # What follows known labels begins a new field, so these two bytes say "a sample of 16 (7) bytes", and nothing else.
        if raw[-18:-16] == _FULL_TAIL and (key := seen(raw[:-18])):
            samples.add_full(raw[-16:])
            samples.add_full_owner(len(series))
            add(key)
        elif raw[-9:-7] == _ZERO_TAIL and (key := seen(raw[:-9])):
            samples.add_zero(raw[-7:])
            samples.add_zero_owner(len(series))
            add(key)
        else:
            message = parsed(_V1["TimeSeries"], raw)
            pairs = [parsed(_V1["Label"], label) for label in message.labels[: _MOST_TEXTS // 2]]
            key = _key([text for pair in pairs for text in (pair.name, pair.value)], message, refusals)
            if key is None:
                continue
            if len(message.samples) == 1 and raw.endswith(bytes((0x12, len(message.samples[0]))) + message.samples[0]):
                known.remember(raw[: -2 - len(message.samples[0])], key)
            samples.add(len(series), message.samples)
            _refuse_histograms(message, key, refusals)
            add(key)
    described = {
        each.name: MetricDescription(type=_type(each.type), unit=_text(each.unit, 100), help=_text(each.help, 1000))
        for each in request.metadata
        if series_refusal(each.name, {}) is None
    }
    return Incoming(series, *samples.decoded(), described, refusals)


def decode_v2(data: bytes, known: KnownSeries) -> Incoming:
    """An `io.prometheus.write.v2.Request`. Raises Unreadable."""
    request = _not_too_many(parsed(_V2["Request"], data))
    symbols: list[str] = list(request.symbols)
    series: list[str] = []
    metrics: dict[str, MetricDescription] = {}
    samples, refusals = _Samples(), Refusals()
    for raw in request.timeseries:
        message = parsed(_V2["TimeSeries"], raw)
        try:
            labels = tuple([symbols[reference] for reference in message.labels_refs[:_MOST_TEXTS]])
            key = known.by_labels.get(labels)
            if key is None:
                key = _key(labels, message, refusals)
                if key is None:
                    continue
                known.remember_labels(labels, key)
            _describe(metrics, key, message, symbols)
        except IndexError:
            raise Unreadable("a reference points at no symbol") from None
        samples.add(len(series), message.samples)
        _refuse_histograms(message, key, refusals)
        series.append(key)
    return Incoming(series, *samples.decoded(), metrics, refusals)


def _not_too_many(request: Any) -> Any:
    """The request, unless it holds too many series. Raises Unreadable."""
    if len(request.timeseries) > _MOST_SERIES:
        raise Unreadable(f"a request holds at most {_MOST_SERIES:,} series")
    return request


def _key(texts: Sequence[str], message: Any, refusals: Refusals) -> str | None:
    """The series of these names and values in turn, or None when it is refused. Raises Unreadable.

    More than 64 labels are refused, so it does not matter that no more than a thousand were looked at.
    """
    if len(texts) % 2:
        raise Unreadable("a label has no value")
    names = texts[::2]
    labels = dict(zip(names, texts[1::2], strict=True))
    name = labels.pop("__name__", "")
    refused = series_refusal(name, labels)
    if len(set(names)) < len(names):
        refused = Reason.BAD_LABEL, "a label's name comes twice"
    if refused:
        refusals.add(*refused, samples=len(message.samples) + len(message.histograms), series=name)
        return None
    return series_key(name, labels)


def _refuse_histograms(message: Any, key: str, refusals: Refusals) -> None:
    if count := len(message.histograms):
        detail = "native histograms are not kept; send classic ones (scrape_classic_histograms) beside them"
        refusals.add(Reason.NATIVE_HISTOGRAM, detail, samples=count, series=key)


def _describe(metrics: dict[str, MetricDescription], key: str, message: Any, symbols: list[str]) -> None:
    """What the series' metadata says of its metric."""
    told = message.metadata
    if not (told.type or told.help_ref or told.unit_ref):
        return
    name, kind = key.partition("{")[0], _type(told.type)
    if kind in ("histogram", "summary"):
        name = next((name.removesuffix(part) for part in _PARTS if name.endswith(part)), name)
    if name and name not in metrics:
        unit, text = symbols[told.unit_ref], symbols[told.help_ref]
        metrics[name] = MetricDescription(type=kind, unit=_text(unit, 100), help=_text(text, 1000))


def _type(number: int) -> MetricType:
    return _TYPES[number] if 0 <= number < len(_TYPES) else "unknown"


def _text(text: str, longest: int) -> str:
    return text.replace("\0", "")[:longest]
