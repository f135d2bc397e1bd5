"""What may be a measurement, and how measurements become events that fit their stream."""

import random
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.envelope import Envelope
from monitors_contracts.measuring import Columns, Reason, batches, series_refusal
from monitors_contracts.metrics import MetricBatchCollected, MetricDescription
from monitors_contracts.series import parse_series_key, series_key
from monitors_contracts.streams import STREAMS

ORGANIZATION = new_id()
[LIMIT] = [stream.max_message_bytes for stream in STREAMS if stream.name == "METRICS"]
TEXT = st.text(max_size=12)


def _columns(counts: list[int], keys: list[str] | None = None) -> Columns:
    total = sum(counts)
    return Columns(
        series=keys or [f'm{{i="{index}"}}' for index in range(len(counts))],
        counts=counts,
        times=struct.pack(f"<{total}q", *range(total)),
        values=struct.pack(f"<{total}d", *range(total)),
        metrics={"m": MetricDescription(type="gauge")},
    )


def _samples(events: list[MetricBatchCollected]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for event in events:
        counts = struct.unpack(f"<{len(event.series)}I", event.counts)
        pairs = list(
            zip(
                struct.unpack(f"<{len(event.times) // 8}q", event.times),
                struct.unpack(f"<{len(event.values) // 8}d", event.values),
                strict=True,
            )
        )
        for key, count in zip(event.series, counts, strict=True):
            found.setdefault(key, []).extend(pairs[:count])
            del pairs[:count]
        assert not pairs
    return found


@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=12))
def test_batches_hold_every_sample_once_and_in_order(counts: list[int]) -> None:
    found = _samples(list(batches(ORGANIZATION, "test", _columns(counts))))
    assert [len(found[key]) for key in sorted(found, key=lambda key: int(key[5:-2]))] == counts
    assert sorted(each for samples in found.values() for each in samples) == [(i, float(i)) for i in range(sum(counts))]


@pytest.mark.parametrize(
    ("characters", "length"),
    [("abcdefghijklmnopqrstuvwxyz0123456789", 200), ("漢字かな交じり文𝒳𝒴", 500), ('\x01\x02\x03\x1f"\\', 900)],
)
def test_batches_fit_their_stream_however_badly_they_compress(characters: str, length: int) -> None:
    chance = random.Random(1)
    keys = [series_key("m", {"i": str(i), "v": "".join(chance.choices(characters, k=length))}) for i in range(12_000)]
    columns = _columns([1] * len(keys), keys)
    noise = Columns(keys, columns.counts, columns.times, chance.randbytes(8 * len(keys)), {})
    events = list(batches(ORGANIZATION, "test", noise))
    assert sum(len(event.series) for event in events) == len(keys)
    for event in events:
        envelope = Envelope(event=event, id=new_id(), source="t", time=_now(), correlation_id=new_id())
        assert len(envelope.data()) < LIMIT - 8192


def _now() -> Any:
    from datetime import UTC, datetime

    return datetime.now(UTC)


def test_batches_describe_metrics_once() -> None:
    first, *others = batches(ORGANIZATION, "test", _columns([20_000] * 5))
    assert first.metrics["m"].type == "gauge"
    assert others
    assert all(not event.metrics for event in others)


@given(TEXT, st.dictionaries(TEXT, TEXT, max_size=4))
def test_a_series_that_is_not_refused_can_be_written_and_read_back(name: str, labels: dict[str, str]) -> None:
    if series_refusal(name, labels) is None:
        key = series_key(name, labels)
        key.encode()
        assert "\0" not in key
        assert parse_series_key(key) == (name, {label: value for label, value in labels.items() if value})


@pytest.mark.parametrize(
    ("name", "labels", "reason"),
    [
        ("", {}, Reason.BAD_NAME),
        ("n" * 201, {}, Reason.BAD_NAME),
        ("a\nb", {}, Reason.BAD_NAME),
        ("a\ud800", {}, Reason.BAD_NAME),
        ("m", {"": "v"}, Reason.BAD_LABEL),
        ("m", {"__name__": "other"}, Reason.BAD_LABEL),
        ("m", {"l\0": "v"}, Reason.BAD_LABEL),
        ("m", {"l": "v\0"}, Reason.BAD_LABEL),
        ("m", {"l": "\udfff"}, Reason.BAD_LABEL),
        ("m", {"l": "v" * 2001}, Reason.BAD_LABEL),
        ("m", {f"l{i}": "v" for i in range(65)}, Reason.TOO_MANY_LABELS),
    ],
)
def test_a_series_that_nobody_could_keep_is_refused(name: str, labels: dict[str, str], reason: Reason) -> None:
    refused = series_refusal(name, labels)
    assert refused
    assert refused[0] == reason


def test_a_series_with_names_of_any_language_is_kept() -> None:
    assert series_refusal("http.server.duration", {"città": "Zürich\nWest", "l" * 200: "v" * 2000}) is None
