"""Remote write: whatever a sender writes comes out as the samples it meant, or is refused and told."""

import contextlib
import math
import random
import struct
from typing import Any

import cramjam
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.measuring import STALE, Reason
from monitors_contracts.series import series_key
from monitors_gateway.ingest.incoming import Incoming, Times, arranged
from monitors_gateway.ingest.protobuf import messages
from monitors_gateway.ingest.remote_write import KnownSeries, decode_v1, decode_v2
from monitors_gateway.ingest.unpacking import TooLarge, Unreadable, unsnappied

V1 = messages(
    "plain.v1",
    {
        "Label": {"name": (1, "string"), "value": (2, "string")},
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64")},
        "Thing": {"x": (1, "double"), "t": (15, "int64")},
        "TimeSeries": {
            "labels": (1, "repeated Label"),
            "samples": (2, "repeated Sample"),
            "exemplars": (3, "repeated Thing"),
            "histograms": (4, "repeated Thing"),
        },
        "MetricMetadata": {"type": (1, "int32"), "name": (2, "string"), "help": (4, "string"), "unit": (5, "string")},
        "WriteRequest": {"timeseries": (1, "repeated TimeSeries"), "metadata": (3, "repeated MetricMetadata")},
    },
)
V2 = messages(
    "plain.v2",
    {
        "Sample": {"value": (1, "double"), "timestamp": (2, "int64"), "start": (3, "int64")},
        "Thing": {"t": (15, "int64")},
        "Metadata": {"type": (1, "int32"), "help_ref": (3, "uint32"), "unit_ref": (4, "uint32")},
        "TimeSeries": {
            "labels_refs": (1, "repeated uint32"),
            "samples": (2, "repeated Sample"),
            "histograms": (3, "repeated Thing"),
            "metadata": (5, "Metadata"),
        },
        "Request": {"symbols": (4, "repeated string"), "timeseries": (5, "repeated TimeSeries")},
    },
)
NOW = 1_795_000_000_000
ANY_TIME = Times(-(2**63), 2**63 - 1)
Series = tuple[dict[str, str], list[tuple[float, int]]]

names = st.sampled_from(["up", "http_requests_total", "http.server.duration", "größe"])
labels = st.dictionaries(
    st.text("abcxyz_-.", min_size=1, max_size=6),
    st.one_of(
        st.text(max_size=8).filter(lambda text: "\0" not in text),
        st.just("\x12\x10\tabcdefgh\x10\x80\x80\x80\x80\x80\x01"),
    ),
    max_size=5,
)
values = st.one_of(st.floats(), st.just(0.0), st.just(-0.0), st.just(STALE))
times = st.one_of(st.integers(NOW - 10**9, NOW + 10**9), st.integers(-(2**63), 2**63 - 1))
some_series = st.tuples(
    st.builds(lambda name, rest: {"__name__": name, **rest}, names, labels),
    st.one_of(
        st.lists(st.tuples(values, times), min_size=1, max_size=1), st.lists(st.tuples(values, times), max_size=6)
    ),
)


def _v1(series: list[Series]) -> bytes:
    request = V1["WriteRequest"]()
    for pairs, samples in series:
        one = request.timeseries.add()
        for name, value in pairs.items():
            one.labels.add(name=name, value=value)
        for value, time in samples:
            one.samples.add(value=value, timestamp=time)
    return request.SerializeToString()


def _v2(series: list[Series]) -> bytes:
    request = V2["Request"](symbols=[""])
    known: dict[str, int] = {}
    for pairs, samples in series:
        one = request.timeseries.add()
        for text in (each for pair in pairs.items() for each in pair):
            if text not in known:
                known[text] = len(request.symbols)
                request.symbols.append(text)
            one.labels_refs.append(known[text])
        for value, time in samples:
            one.samples.add(value=value, timestamp=time)
    return request.SerializeToString()


def _samples(incoming: Incoming) -> dict[str, list[tuple[int, bytes]]]:
    """What is kept, by series: each time and the value's bits."""
    columns = arranged(incoming, ANY_TIME, (), {})
    rows = list(zip(struct.unpack(f"<{len(columns.times) // 8}q", columns.times), _eights(columns.values), strict=True))
    assert len(set(columns.series)) == len(columns.series)
    found: dict[str, list[tuple[int, bytes]]] = {}
    for key, count in zip(columns.series, columns.counts, strict=True):
        found[key], rows = rows[:count], rows[count:]
        assert count
    assert not rows
    return found


def _eights(data: bytes) -> list[bytes]:
    return [data[begin : begin + 8] for begin in range(0, len(data), 8)]


def _meant(series: list[Series]) -> dict[str, list[tuple[int, bytes]]]:
    found: dict[str, list[tuple[int, bytes]]] = {}
    for pairs, samples in series:
        rest = {name: value for name, value in pairs.items() if name != "__name__"}
        for value, time in samples:
            # Only 0 itself is left out on the wire, and protobuf's writers differ about -0.
            found.setdefault(series_key(pairs["__name__"], rest), []).append((time, struct.pack("<d", value)))
    return {key: sorted(samples, key=lambda sample: sample[0]) for key, samples in found.items()}


def _same(found: dict[str, list[tuple[int, bytes]]], meant: dict[str, list[tuple[int, bytes]]]) -> bool:
    def plain(samples: dict[str, list[tuple[int, bytes]]]) -> dict[str, list[tuple[int, bytes]]]:
        return {key: sorted(each) for key, each in samples.items()}

    return plain(found) == plain(meant)


@given(st.lists(some_series, max_size=8))
def test_what_is_written_as_1_0_comes_out_the_first_time_and_when_its_series_are_known(series: list[Series]) -> None:
    data, known = _v1(series), KnownSeries()
    for _ in range(2):
        incoming = decode_v1(data, known)
        assert not incoming.refusals.total
        assert _same(_samples(incoming), _meant(series))


@given(st.lists(st.lists(some_series, max_size=4), max_size=4))
def test_known_series_of_one_request_do_not_confuse_another(requests: list[list[Series]]) -> None:
    known = KnownSeries(most=5)
    for series in requests:
        assert _same(_samples(decode_v1(_v1(series), known)), _meant(series))
        assert _same(_samples(decode_v2(_v2(series), known)), _meant(series))


@given(st.lists(some_series, max_size=8))
def test_what_is_written_as_2_0_comes_out(series: list[Series]) -> None:
    incoming = decode_v2(_v2(series), KnownSeries())
    assert not incoming.refusals.total
    assert _same(_samples(incoming), _meant(series))


@given(st.binary(max_size=200))
def test_garbage_is_unreadable_or_empty_and_nothing_else(data: bytes) -> None:
    for decode in (decode_v1, decode_v2):
        with contextlib.suppress(Unreadable):
            decode(data, KnownSeries())


@given(st.lists(some_series, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_a_damaged_request_is_unreadable_or_decoded_and_nothing_else(
    series: list[Series], chance: random.Random
) -> None:
    known = KnownSeries()
    decode_v1(_v1(series), known)
    for data, decode in ((_v1(series), decode_v1), (_v2(series), decode_v2)):
        damaged = bytearray(data)
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        for body in (bytes(damaged), data[: chance.randrange(len(data))]):
            with contextlib.suppress(Unreadable):
                arranged(decode(body, known), ANY_TIME, (), {})


def test_series_that_could_not_be_kept_are_refused_and_the_others_are_not() -> None:
    bad: list[Series] = [
        ({"job": "no name"}, [(1.0, NOW), (2.0, NOW + 1)]),
        ({"__name__": "m", "l": "v" * 2001}, [(1.0, NOW)]),
        ({"__name__": "good"}, [(1.0, NOW)]),
    ]
    for incoming in (decode_v1(_v1(bad), KnownSeries()), decode_v2(_v2(bad), KnownSeries())):
        assert list(_samples(incoming)) == ["good"]
        assert incoming.refusals.counts == {Reason.BAD_NAME: 2, Reason.BAD_LABEL: 1}


def test_a_label_that_comes_twice_is_refused() -> None:
    request = V1["WriteRequest"]()
    one = request.timeseries.add()
    for name, value in (("__name__", "m"), ("job", "a"), ("job", "b")):
        one.labels.add(name=name, value=value)
    one.samples.add(value=1, timestamp=NOW)
    incoming = decode_v1(request.SerializeToString(), KnownSeries())
    assert incoming.refusals.counts == {Reason.BAD_LABEL: 1}
    assert not _samples(incoming)


def test_native_histograms_are_refused_each_time_and_samples_beside_them_are_kept() -> None:
    v1, v2 = V1["WriteRequest"](), V2["Request"](symbols=["", "__name__", "m"])
    for request in (v1, v2):
        one = request.timeseries.add()
        one.samples.add(value=1, timestamp=NOW)
        one.histograms.add(t=NOW)
        one.histograms.add(t=NOW + 1)
    v1.timeseries[0].labels.add(name="__name__", value="m")
    v2.timeseries[0].labels_refs.extend([1, 2])
    for decode, request in ((decode_v1, v1), (decode_v2, v2)):
        known = KnownSeries()
        for _ in range(2):
            incoming = decode(request.SerializeToString(), known)
            assert incoming.refusals.counts == {Reason.NATIVE_HISTOGRAM: 2}
            assert list(_samples(incoming)) == ["m"]


def test_metadata_describes_metrics() -> None:
    v1 = V1["WriteRequest"]()
    v1.metadata.add(type=1, name="requests_total", help="How many\0", unit="")
    v1.metadata.add(type=99, name="odd", help="h" * 5000)
    described = decode_v1(v1.SerializeToString(), KnownSeries()).metrics
    assert (described["requests_total"].type, described["requests_total"].help) == ("counter", "How many")
    assert (described["odd"].type, len(described["odd"].help)) == ("unknown", 1000)

    v2 = V2["Request"](symbols=["", "__name__", "latency_seconds_bucket", "le", "1", "How long", "seconds"])
    one = v2.timeseries.add(labels_refs=[1, 2, 3, 4], metadata=V2["Metadata"](type=3, help_ref=5, unit_ref=6))
    one.samples.add(value=1, timestamp=NOW)
    [(name, description)] = decode_v2(v2.SerializeToString(), KnownSeries()).metrics.items()
    assert (name, description.type, description.unit) == ("latency_seconds", "histogram", "seconds")


@pytest.mark.parametrize("references", [[1], [1, 2, 3], [1, 99], [1, 2, 2**32 - 1, 2]])
def test_references_that_point_nowhere_are_unreadable(references: list[int]) -> None:
    request = V2["Request"](symbols=["", "__name__", "m"])
    request.timeseries.add(labels_refs=references)
    with pytest.raises(Unreadable):
        decode_v2(request.SerializeToString(), KnownSeries())


def test_samples_with_a_start_time_are_read() -> None:
    request = V2["Request"](symbols=["", "__name__", "m"])
    request.timeseries.add(labels_refs=[1, 2]).samples.add(value=2, timestamp=NOW, start=NOW - 1)
    assert _samples(decode_v2(request.SerializeToString(), KnownSeries())) == {"m": [(NOW, struct.pack("<d", 2))]}


def test_a_snappy_body_is_unpacked_within_bounds() -> None:
    body = bytes(cramjam.snappy.compress_raw(b"x" * 1000))
    assert unsnappied(body, 1000) == b"x" * 1000
    with pytest.raises(TooLarge):
        unsnappied(body, 999)
    bomb = b"\xff\xff\xff\xff\x0f" + body[2:]
    with pytest.raises((TooLarge, Unreadable)):
        unsnappied(bomb, 10_000_000)


@given(st.binary(max_size=60))
def test_what_is_no_snappy_block_is_unreadable(body: bytes) -> None:
    with contextlib.suppress(TooLarge, Unreadable):
        unsnappied(body, 1_000_000)


def _columns(**given: Any) -> Incoming:
    from monitors_gateway.ingest.incoming import Refusals

    series, owners, moments = given["series"], given["owners"], given["times"]
    return Incoming(
        series,
        np.array(owners, np.int64),
        np.array(moments, np.int64),
        np.arange(len(owners), dtype=np.float64),
        {},
        Refusals(),
        np.arange(len(owners), dtype=np.int64) + 10,
    )


def test_samples_out_of_time_are_refused_by_place_and_series_and_the_rest_are_kept_in_order() -> None:
    incoming = _columns(series=["a", "b", "a"], owners=[0, 1, 1, 2, 0], times=[50, 9, 30, 20, 101])
    columns = arranged(incoming, Times(10, 100), (), {})
    assert (columns.series, columns.counts) == (["a", "b"], [2, 1])
    assert struct.unpack("<3q", columns.times) == (20, 50, 30)
    assert struct.unpack("<3d", columns.values) == (3, 0, 2)
    told = {(each.reason, each.index, each.series) for each in incoming.refusals.examples}
    assert told == {(Reason.TOO_OLD, 11, "b"), (Reason.FROM_THE_FUTURE, 14, "a")}


def test_samples_of_too_many_series_are_refused_and_counted_beyond_the_examples() -> None:
    incoming = _columns(series=["a", "b"], owners=[0] * 200 + [1], times=[50] * 201)
    columns = arranged(incoming, Times(10, 100), {"a"}, {})
    assert columns.series == ["b"]
    assert incoming.refusals.counts == {Reason.TOO_MANY_SERIES: 200}
    assert len(incoming.refusals.examples) == 100


def test_stale_is_the_marker_of_prometheus() -> None:
    assert math.isnan(STALE)
    assert struct.pack(">d", STALE).hex() == "7ff0000000000002"
