"""What a comparison with Prometheus does not show: staleness, limits, and what is refused by name."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_metrics.domain.promql import tree
from monitors_metrics.domain.samples import STALE
from monitors_metrics.domain.selectors import InvalidQuery, Matcher, Selector, parse_selector, pattern

Ask = Callable[..., Any]
T = 1_795_248_000


def at(*pairs: tuple[int, float]) -> list[tuple[int, float]]:
    """Seconds after T, as milliseconds."""
    return [((T + seconds) * 1000, value) for seconds, value in pairs]


async def test_a_sample_counts_for_five_minutes(ask: Ask) -> None:
    series = {"m": at((0, 1.0))}
    reply = await ask(series, "m", T - 100, T + 400, 100)
    assert reply == [{"metric": {"__name__": "m"}, "values": [[T + 0.0, "1"], [T + 100.0, "1"], [T + 200.0, "1"]]}]
    assert [each["value"] for each in await ask(series, "m", T + 299.999)] == [[T + 299.999, "1"]]
    assert await ask(series, "m", T + 300) == []


async def test_a_staleness_marker_ends_a_series_at_once_and_is_no_sample(ask: Ask) -> None:
    series = {"m": at((0, 1.0), (15, 2.0), (30, STALE), (60, 4.0))}
    reply = await ask(series, "m", T, T + 75, 15)
    assert [value for _, value in reply[0]["values"]] == ["1", "2", "4", "4"]
    assert [each["value"][1] for each in await ask(series, "count_over_time(m[2m])", T + 61)] == ["3"]
    assert [each["value"][1] for each in await ask(series, "absent(m)", T + 31)] == ["1"]


async def test_windows_are_open_to_the_left(ask: Ask) -> None:
    series = {"m": at((0, 1.0), (60, 2.0))}
    assert (await ask(series, "count_over_time(m[1m])", T + 60))[0]["value"][1] == "1"
    assert (await ask(series, "sum_over_time(m[1m:1m])", T + 60))[0]["value"][1] == "2"


async def test_infinities_and_nan_are_written_as_prometheus_writes_them(ask: Ask) -> None:
    series = {"m": at((0, float("inf")), (15, float("-inf")), (30, float("nan")), (45, 1e21), (60, 0.1))}
    [line] = await ask(series, "m[2m]", T + 60)
    assert [value for _, value in line["values"]] == ["+Inf", "-Inf", "NaN", "1e+21", "0.1"]


async def test_names_that_are_no_identifiers_can_be_asked_for(ask: Ask) -> None:
    series = {'{"http.server.duration","service.name"="shop"}': at((0, 1.0))}
    reply = await ask(series, '{__name__="http.server.duration"}', T)
    assert reply[0]["metric"] == {"__name__": "http.server.duration", "service.name": "shop"}


async def test_one_selector_read_twice_is_fetched_over_all_the_time_it_needs(ask: Ask) -> None:
    series = {"m": at(*((15 * n, float(n)) for n in range(100)))}
    reply = await ask(series, "m - m offset 10m + avg_over_time(m[5m])", T + 1200)
    assert reply[0]["value"][1] == str(40 + 70.5)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("holt_winters(m[5m], 0.1, 0.1)", "unknown function with name 'holt_winters'"),
        ("double_exponential_smoothing(m[5m], 0.1, 0.1)", "function double_exponential_smoothing() is not supported"),
        ("histogram_avg(m)", "function histogram_avg() is not supported"),
        ("limitk(2, m)", "aggregation limitk is not supported"),
        ('m{a="1" or b="2"}', "`or` between matchers is not supported"),
        ("+".join(["m"] * 502), "500 operators and brackets"),
        ("(" * 501 + "m" + ")" * 501, "500 operators and brackets"),
        ("-" * 501 + "m", "500 operators and brackets"),
        (" and ".join(["m"] * 502), "500 operators and brackets"),
        ("m offset 1e300", "parse error"),
        ("m[99999999999999999y]", "parse error"),
        ("m offset 101y", "100 years"),
        ("m @ -1e300", "parse error"),
        ('"\\x"', "parse error"),
        ("m" * 20_000 + "m" * 1, "String should have at most 20000 characters"),
        ("m + on(", "parse error"),
        ("", "parse error"),
        ('m{a=~"' + "(a{1000}){1000}" + '"}', "illegal regex"),
    ],
    ids=lambda text: text[:40],
)
async def test_what_is_not_supported_says_so_by_name(ask: Ask, query: str, said: str) -> None:
    try:
        reply = await ask({"m": at((0, 1.0))}, query, T)
    except ValueError as refused:  # by the contract, before it gets here
        reply = str(refused)
    assert said in reply


PIECES = [
    "m",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "5m",
    "1y",
    "9223372036854775807",
    "1e300",
    "-1e300",
    "inf",
    "nan",
    '"a"',
    '"\\x"',
    "'b'",
    "`",
    "=",
    "=~",
    "!~",
    "!=",
    "a",
    "by",
    "sum",
    "rate",
    "offset",
    "@",
    "-",
    "+",
    "^",
    "bool",
    "on",
    "ignoring",
    "group_left",
    "and",
    "or",
    "unless",
    ",",
    "start()",
    "end()",
    "1",
    "0x",
    "é",
    '"\\777"',
    ":",
    "[5m:1m]",
    "::",
    "quantile",
    "topk",
    "label_replace",
    "__name__",
    "#",
    '=~"("',
    "fill(",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=30))
def test_whatever_is_asked_is_understood_or_refused(text: str) -> None:
    for read in (lambda: tree.parsed(text, 0, 1000), lambda: parse_selector(text)):
        with contextlib.suppress(InvalidQuery):
            read()


@pytest.mark.parametrize(
    ("since", "until", "step", "said"),
    [
        (T, T + 11_002, 1, "11,000 points"),
        (T, T - 1, 1, "must not be before"),
    ],
)
async def test_ranges_have_limits(ask: Ask, since: int, until: int, step: int, said: str) -> None:
    assert said in await ask({"m": at((0, 1.0))}, "m", since, until, step)


async def test_too_many_series_and_samples_say_what_to_do(ask: Ask) -> None:
    many = {f'm{{n="{n}"}}': at((0, 1.0)) for n in range(10_001)}
    assert "10,001 series match" in await ask(many, "m", T)
    some = {f'm{{n="{n}"}}': at((0, 1.0)) for n in range(1000)}
    assert "samples would have to be read" in await ask(some, "sum(rate(m[1y]))", T)


def test_patterns_match_whole_values_and_can_not_hang() -> None:
    matcher = Matcher("a", "=~", "b|c")
    assert [matcher.matches(value) for value in ("b", "c", "bc", "")] == [True, True, False, False]
    assert not Matcher("a", "=~", "(x+x+)+y").matches("x" * 20_000)
    assert Matcher("a", "=~", "x.*").matches("x\ny")
    with pytest.raises(InvalidQuery, match="invalid regular expression"):
        pattern("(?=a)b")


def test_a_label_that_is_not_there_is_empty() -> None:
    for text, meant in {
        'm{a=""}': True,
        'm{a!=""}': False,
        'm{a=~".*"}': True,
        'm{a=~".+"}': False,
        'm{a!~"b"}': True,
    }.items():
        assert parse_selector(text).matches("m", {}) == meant, text
    assert parse_selector('{__name__!="m",a="b"}').matches("n", {"a": "b"})
    assert Selector((Matcher("a", "=", ""), Matcher("b", "=", "c"))).equalities() == {"b": "c"}


@pytest.mark.parametrize(
    "function", ["minute", "hour", "day_of_week", "day_of_month", "days_in_month", "month", "year"]
)
async def test_a_date_so_far_away_that_seconds_are_lost_is_none(ask: Ask, function: str) -> None:
    for seconds in ("1e300", "-1e300", "Inf", "NaN"):
        [found] = await ask({}, f"{function}(vector({seconds}))", T)
        assert found["value"][1] == "NaN"
    [found] = await ask({}, f"{function}(vector(1e12))", T)
    assert found["value"][1] != "NaN"
