"""Explore, purely: addresses, selectors, lines and how they are told."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.metrics import MetricDescription, MetricGraph, MetricLine
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.views.explore import explore_view, unit_of
from monitors_gateway.console.views.lines import (
    MOST_LINES,
    chart,
    drawn,
    line_rows,
    matrix,
    meaningful,
    reach,
    values_table,
)
from monitors_gateway.console.views.selecting import (
    EVERY,
    SPANS,
    Asked,
    Match,
    address,
    asked,
    fitting,
    promql,
    selector,
)
from monitors_gateway.console.views.sending import snippets

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
FORMATS = Formats(NOW)
MINUTE = 60_000

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30).map(str.strip)
matches = st.builds(Match, texts.filter(bool), st.sampled_from(["=", "!=", "=~", "!~"]), texts)
graphs = st.builds(
    Asked,
    metric=texts.filter(bool),
    matchers=st.lists(matches, max_size=5).map(tuple),
    function=st.sampled_from(["", "avg", "rate", "percentile"]),
    by=st.none() | st.lists(texts.filter(bool), max_size=3, unique=True).map(tuple),
    span=st.sampled_from(list(SPANS)),
    every=st.sampled_from(EVERY),
)


def graph(*lines: tuple[dict[str, str], Sequence[float | None]], name: str = "cpu") -> MetricGraph:
    times = [int(NOW.timestamp() * 1000) + at * MINUTE for at in range(len(lines[0][1]) if lines else 0)]
    found = [MetricLine(name=name, labels=labels, values=list(values)) for labels, values in lines]
    return MetricGraph(step_seconds=60, resolution="raw", times=times, series=found)


def view(wanted: Asked, found: MetricGraph | None = None, **parts: Any) -> Any:
    known: dict[str, Any] = {"names": ["cpu"], "descriptions": {}, "labels": ["host"], "values": {}, "problem": ""}
    known |= parts
    shown = drawn(found) if found else None
    return explore_view(
        wanted,
        known["names"],
        known["descriptions"],
        known["labels"],
        known["values"],
        shown,
        known["problem"],
        "https://monitors.example",
        "/console",
        FORMATS,
    )


@given(graphs)
def test_what_the_address_says_is_read_back(wanted: Asked) -> None:
    assert asked(parse_qsl(address(wanted), keep_blank_values=True)) == wanted


NAMES = ("metric", "label", "match", "value", "by", "span", "every", "function", "percentile", "query", "mode")


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=40)), max_size=12))
def test_no_address_is_too_strange_to_be_read(pairs: list[tuple[str, str]]) -> None:
    found = asked(pairs)
    assert found.span in SPANS
    assert found.every in EVERY
    assert 0 <= found.percentile <= 100
    assert "\0" not in found.selector


@pytest.mark.parametrize(
    ("metric", "matchers", "text"),
    [
        ("up", (), "up"),
        ("up", (Match("job", "=", "api"), Match("path", "=~", "/v1/.*")), 'up{job="api",path=~"/v1/.*"}'),
        ("http.server.duration", (), '{"http.server.duration"}'),
        ("http.server.duration", (Match("http.route", "!=", "/"),), '{"http.server.duration","http.route"!="/"}'),
        ("up", (Match("job", "!~", 'a"b\\c\n'),), 'up{job!~"a\\"b\\\\c\\n"}'),
    ],
)
def test_series_are_named_as_promql_names_them(metric: str, matchers: tuple[Match, ...], text: str) -> None:
    assert selector(metric, matchers) == text


@pytest.mark.parametrize(
    ("wanted", "kind", "function"),
    [
        (Asked(metric="requests"), "counter", "rate"),
        (Asked(metric="requests_total"), "unknown", "rate"),
        (Asked(metric="requests_total"), "gauge", "avg"),
        (Asked(metric="duration_seconds_bucket"), "unknown", "rate"),
        (Asked(metric="cpu"), "gauge", "avg"),
        (Asked(metric="requests", function="max"), "counter", "max"),
    ],
)
def test_counters_are_read_by_their_rate_unless_somebody_chose(wanted: Asked, kind: Any, function: str) -> None:
    assert fitting(wanted, kind).function == function


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (Asked(metric="cpu", function="avg"), "cpu"),
        (Asked(metric="cpu", function="max", by=("job",)), "max by (job) (cpu)"),
        (Asked(metric="n_total", function="rate", by=("job", "a.b")), 'sum by (job, "a.b") (rate(n_total[5m]))'),
        (Asked(metric="cpu", function="avg", by=()), "avg(cpu)"),
        (Asked(metric="cpu", function="percentile", percentile=99, by=("job",)), "quantile by (job) (0.99, cpu)"),
    ],
)
def test_what_was_picked_can_be_gone_on_with_in_promql(wanted: Asked, text: str) -> None:
    assert promql(wanted) == text


def test_lines_are_named_by_what_sets_them_apart() -> None:
    found = drawn(graph(({"job": "api", "host": "b"}, [1.0]), ({"job": "api", "host": "a"}, [2.0])))
    assert [line.words for line in found.lines] == ["host=a", "host=b"]
    assert found.common == "job=api"


def test_a_line_alone_goes_by_its_name_and_lines_of_several_metrics_too() -> None:
    assert drawn(graph(({"job": "api"}, [1.0]))).lines[0].words == "cpu"
    assert drawn(graph(({}, [1.0]), name="")).lines[0].words == "All series together"
    one, other = graph(({"job": "api"}, [1.0])), graph(({"job": "api"}, [1.0]), name="memory")
    both = one.model_copy(update={"series": [*one.series, *other.series]})
    assert [line.words for line in drawn(both).lines] == ["cpu", "memory"]


def test_of_too_many_lines_the_highest_are_drawn_and_empty_ones_never() -> None:
    lines = [({"n": f"{at:03}"}, [float(at)]) for at in range(MOST_LINES + 5)]
    empty: list[float | None] = [None]
    found = drawn(graph(*lines, ({"n": "empty"}, empty)))
    assert found.total == MOST_LINES + 5
    assert [line.words for line in found.lines] == [f"n={at:03}" for at in range(5, MOST_LINES + 5)]
    assert view(Asked(metric="cpu"), graph(*lines)).graph.note.startswith(f"{MOST_LINES + 5} lines")


def test_a_line_is_told_in_numbers_and_its_colour_goes_with_its_place() -> None:
    lines = [({"n": f"{at:03}"}, [1.0, None, 4.0 + at, None]) for at in range(10)]
    rows = line_rows(drawn(graph(*lines)), "bytes", FORMATS)
    assert (rows[0].latest, rows[0].low, rows[0].mean, rows[0].high) == tuple(
        f"{number}\N{NARROW NO-BREAK SPACE}bytes" for number in ("4", "1", "2.5", "4")
    )
    assert [row.colour for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, 1, 2]
    assert rows[0].dashes != rows[8].dashes


def test_the_table_has_the_newest_values_first_and_no_empty_rows() -> None:
    found = drawn(graph(({"n": "a"}, [1.0, None, 3.0]), ({"n": "b"}, [None, None, 0.5])))
    table = values_table(found, "", FORMATS)
    assert table.columns == ("n=a", "n=b")
    assert [values for _, values in table.rows] == [("3", "0.5"), ("1", "–")]


def test_no_value_is_said_to_be_of_later_than_now() -> None:
    ahead = graph(({}, [1.0, 2.0]))
    [(latest, _), (first, _)] = values_table(drawn(ahead), "", FORMATS).rows
    assert (latest.words, first.words) == ("just now", "just now")
    assert latest.iso == NOW.isoformat()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_keeps_what_means_something(value: float) -> None:
    assert math.isclose(meaningful(value), value, rel_tol=1e-4, abs_tol=1e-300)


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ([1.0, None, 1.0, None, 1.0], 5),
        ([1.0, 1.0, 1.0], 2),
        ([None, 1.0, None], 0),
        ([1.0, 1.0, 1.0, None, None, None, None, 1.0], 2),
    ],
)
def test_a_line_goes_on_over_steps_between_samples_but_not_over_an_outage(
    values: list[float | None], steps: int
) -> None:
    assert reach(values) == steps
    assert chart(drawn(graph(({}, values))), "")["series"][0]["reach"] == steps


def test_promql_results_have_every_step_and_lose_what_is_no_number() -> None:
    data = {
        "resultType": "matrix",
        "result": [
            {"metric": {"__name__": "cpu", "host": "a"}, "values": [[10, "1"], [20, "NaN"]]},
            {"metric": {"host": "b"}, "values": [[20, "+Inf"], [40, "2"]]},
        ],
    }
    found = matrix(data, datetime.fromtimestamp(10, UTC), datetime.fromtimestamp(45, UTC), 10)
    assert found.times == [10_000, 20_000, 30_000, 40_000]
    assert [line.values for line in found.series] == [[1.0, None, None, None], [None, None, None, 2.0]]
    assert found.series[0].name == "cpu"
    assert found.series[0].labels == {"host": "a"}


def test_metrics_are_searched_by_name_and_help() -> None:
    about = {"cpu": MetricDescription(help="How busy the processor is.")}
    for text, names in (("PROCESSOR", ["cpu"]), ("mem", ["memory"]), ("", ["cpu", "memory"]), ("nothing", [])):
        found = view(Asked(search=text), names=["cpu", "memory"], descriptions=about)
        assert [row.name for row in found.catalogue] == names
        assert bool(found.empty) == (not names)


def test_parts_of_a_histogram_are_described_as_the_whole() -> None:
    about = {"seconds": MetricDescription(type="histogram", help="How long."), "tea": MetricDescription(type="gauge")}
    found = view(Asked(), names=["seconds_bucket", "seconds_count", "tea_count"], descriptions=about)
    assert [(row.kind, row.help) for row in found.catalogue] == [*[("histogram", "How long.")] * 2, ("", "")]


def test_an_empty_span_offers_a_longer_one() -> None:
    found = view(Asked(metric="cpu"), graph())
    assert found.graph is None
    assert "span=30d" in found.empty.link.href
    assert view(Asked(metric="cpu", span="30d"), graph()).empty.link is None


def test_a_problem_is_told_and_nothing_said_to_be_missing() -> None:
    found = view(Asked(metric="cpu"), problem="invalid regular expression")
    assert found.problem == "invalid regular expression"
    assert found.empty is None


def test_the_link_to_share_is_whole_and_a_rule_takes_the_labels_along() -> None:
    wanted = Asked(metric="cpu", matchers=(Match("host", "=~", "web.*"),))
    found = view(wanted, graph(({"host": "web-1"}, [40.0, 95.25])))
    assert found.share.startswith("https://monitors.example/console/explore?metric=cpu&label=host")
    fields = dict(parse_qsl(found.rule.href.partition("?")[2]))
    assert fields["metric"] == "cpu"
    assert fields["op"] == "gt"
    assert fields["critical"] == "95.25"
    assert fields["matchers"] == '[{"label": "host", "op": "=~", "value": "web.*"}]'


def test_the_form_has_a_row_more_than_was_filled_in_and_offers_values() -> None:
    wanted = Asked(metric="cpu", matchers=(Match("host", "=", "a"),), by=("host",))
    builder = view(wanted, graph(({}, [1.0])), values={"host": ["a", "b"]}).builder
    assert [(row.label, row.value, row.values) for row in builder.matchers] == [("host", "a", ("a", "b")), ("", "", ())]
    assert [(each.value, each.is_chosen) for each in builder.groups] == [("", False), ("host", True)]


def test_units_follow_the_function() -> None:
    about = MetricDescription(unit="bytes")
    assert unit_of(Asked(metric="n", function="rate"), about) == "bytes/s"
    assert unit_of(Asked(metric="n", function="count"), about) == ""
    assert unit_of(Asked(metric="n", function="avg"), about) == "bytes"
    assert unit_of(Asked(promql=True, query="n"), about) == ""


def test_ways_to_send_name_the_platforms_own_address() -> None:
    for each in snippets("https://monitors.example"):
        assert "https://monitors.example" in each.code
        assert "TOKEN" in each.code
