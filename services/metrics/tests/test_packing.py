"""What is packed comes back bit by bit, and small where it can be."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from monitors_metrics.domain import packing, rollups
from monitors_metrics.domain.samples import HOUR, MINUTE, STALE, merged, merged_by_series

FLOATS = st.floats() | st.integers(-(10**18), 10**18).map(float) | st.integers(-(10**9), 10**9).map(lambda n: n / 1000)
TIMES = st.lists(st.integers(0, 2**52), min_size=1, max_size=30, unique=True).map(sorted)
START = 1_795_248_000_000


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return left.view(np.uint64).tolist() == right.view(np.uint64).tolist()


@given(st.data(), st.lists(TIMES, min_size=1, max_size=4), st.integers(1, 3))
def test_many_series_come_back_bit_by_bit(data: st.DataObject, all_times: list[list[int]], columns: int) -> None:
    times = np.concatenate([np.array(each, np.int64) for each in all_times])
    lengths = [len(each) for each in all_times]
    starts = np.cumsum([0, *lengths[:-1]])
    values = np.array(
        [data.draw(st.lists(FLOATS, min_size=len(times), max_size=len(times))) for _ in range(columns)], np.float64
    )
    for begin, length, packed in zip(starts, lengths, packing.pack_many(starts, times, values), strict=True):
        part = slice(begin, begin + length)
        back, found = packing.unpack(packed, columns)
        assert back.tolist() == times[part].tolist()
        assert all(same(left, right) for left, right in zip(found, values[:, part], strict=True))
        assert packed == packing.pack(times[part], *values[:, part])


@pytest.mark.parametrize(
    "values",
    [
        [0.0, -0.0],
        [1.0, STALE],
        [float("nan"), float("inf"), -float("inf")],
        [5e-324, 1.7976931348623157e308],
        [9007199254740993.0, 0.1],
        [9007199254740991.0, 0.000001],
        [0.1 + 0.2],
    ],
    ids=str,
)
def test_the_odd_ones_come_back_bit_by_bit(values: list[float]) -> None:
    given_values = np.array(values)
    [found] = packing.unpack(packing.pack(START + np.arange(len(values)), given_values))[1]
    assert same(found, given_values)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        (np.full(240, 42.0), 0.5),
        (1e6 + np.cumsum(np.random.default_rng(1).integers(0, 500, 240)), 3.0),
        (np.round(np.random.default_rng(1).normal(50, 20, 240), 2), 3.0),
        (np.random.default_rng(1).normal(size=240), 9.0),
    ],
    ids=["constant", "counter", "two decimals", "all bits"],
)
def test_an_hour_takes_few_bytes_a_sample(values: np.ndarray, most: float) -> None:
    times = START + np.arange(240) * 15_000
    assert len(packing.pack(times, values.astype(float))) / 240 < most


@given(arrays.arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 5)), st.data())
def test_merging_does_not_depend_on_order_or_repetition(times: np.ndarray, data: st.DataObject) -> None:
    values = np.array(data.draw(st.lists(FLOATS | st.just(STALE), min_size=len(times), max_size=len(times))))
    once = merged(times, values)
    order = np.array(data.draw(st.permutations(range(len(times)))))
    again = merged(np.concatenate([times[order], once.times]), np.concatenate([values[order], once.values]))
    assert again.times.tolist() == once.times.tolist()
    assert same(again.values, once.values)
    assert (np.diff(once.times) > 0).all()
    series, by_times, by_values = merged_by_series(np.zeros(len(times), np.int64), times, values)
    assert (by_times.tolist(), len(series)) == (once.times.tolist(), len(once))
    assert same(by_values, once.values)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1.0, 2.0], 2.0),
        ([-2.0, -1.0], -1.0),
        ([0.0, -0.0], 0.0),
        ([float("nan"), -float("inf")], -float("inf")),
        ([STALE, float("nan")], float("nan")),
        ([STALE, -5.0], -5.0),
    ],
    ids=str,
)
def test_of_two_at_one_instant_the_larger_counts(values: list[float], kept: float) -> None:
    for order in (values, values[::-1]):
        assert same(merged(np.zeros(2, np.int64), np.array(order)).values, np.array([kept]))


@st.composite
def _samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = draw(st.integers(1, 60))
    series = np.sort(np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))))
    gaps = st.sampled_from([1, 15_000, MINUTE, HOUR])
    times = START + np.cumsum(np.array(draw(st.lists(gaps, min_size=count, max_size=count))))
    values = np.array(draw(st.lists(st.integers(0, 1000).map(lambda n: n / 8), min_size=count, max_size=count)))
    return series, times, values


@given(_samples())
@example((np.zeros(1, np.int64), np.array([START]), np.array([STALE])))
def test_it_makes_no_difference_by_which_way_summaries_are_folded(
    samples: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    raw = rollups.of_samples(*samples)
    minutes = rollups.folded(raw, MINUTE)
    by_minutes, at_once = rollups.folded(minutes, HOUR), rollups.folded(raw, HOUR)
    assert by_minutes.times.tolist() == at_once.times.tolist()
    assert np.array_equal(by_minutes.columns, at_once.columns)
    assert np.array_equal(rollups.increases(by_minutes), rollups.increases(at_once))
    if len(minutes):
        back = rollups.joined([rollups.unpacked(series, data) for series, data in rollups.packed(minutes)])
        assert np.array_equal(back.columns, minutes.columns)
        assert back.times.tolist() == minutes.times.tolist()


def test_a_counter_that_falls_began_anew() -> None:
    times = START + np.array([0, 15_000, 30_000, MINUTE, MINUTE + 15_000])
    raw = rollups.of_samples(np.zeros(5, np.int64), times, np.array([10.0, 12.0, 1.0, 4.0, 2.0]))
    minutes = rollups.folded(raw, MINUTE)
    assert minutes.columns[rollups.INCREASE].tolist() == [3.0, 2.0]
    assert rollups.increases(minutes).tolist() == [3.0, 5.0]


def test_sums_have_the_decimals_of_what_was_summed() -> None:
    times = START + np.arange(3)
    [(_, data)] = rollups.packed(
        rollups.folded(rollups.of_samples(np.zeros(3, np.int64), times, np.array([0.1, 0.2, 0.3])), HOUR)
    )
    assert rollups.unpacked(0, data).columns[rollups.SUM].tolist() == [0.6]


def test_what_a_gauge_rose_by_has_the_decimals_of_its_values_and_is_packed_as_small() -> None:
    values = np.random.default_rng(1).normal(5000, 20, 240).round(2)
    times = START + np.arange(240) * 15_000
    minutes = rollups.folded(rollups.of_samples(np.zeros(240, np.int64), times, values), MINUTE)
    [(_, data)] = rollups.packed(minutes)
    back = rollups.unpacked(0, data).columns
    assert np.array_equal(back[rollups.INCREASE], back[rollups.INCREASE].round(2))
    assert np.allclose(back, minutes.columns, rtol=1e-12)
    assert len(data) / 60 < 15
