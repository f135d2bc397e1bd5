"""What the pages of rules and heartbeats show, decided without any I/O."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.durations import lasting, written
from monitors_contracts.metrics import MetricGraph, MetricLine
from monitors_contracts.rules import (
    HEARTBEAT_LABEL,
    RulePreview,
    RuleSpec,
    RuleState,
    RuleTransition,
    SeriesCondition,
    SeriesState,
)
from monitors_contracts.uptime import UptimeList, UptimeOutcome, UptimeSpec, UptimeView
from monitors_gateway.api.heartbeats import Heartbeat, HeartbeatsReply
from monitors_gateway.api.rules import Rule, RulesReply, RuleStanding
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.forms import Errors, number_of, parse
from monitors_gateway.console.views import heartbeats, uptime
from monitors_gateway.console.views.days import by_day
from monitors_gateway.console.views.lines import drawn
from monitors_gateway.console.views.plot import HEIGHT, WIDTH, Level, Span, pieces, plot, scale, thinned
from monitors_gateway.console.views.rule import Past, rule_view
from monitors_gateway.console.views.rule_form import Offers, rule_form_view
from monitors_gateway.console.views.rule_preview import PreviewView, begun, fired, missing, preview_view, spans_of
from monitors_gateway.console.views.rule_typed import Typed, prefilled, rule_of, told, typed_of
from monitors_gateway.console.views.rule_words import KINDS, expression, watches
from monitors_gateway.console.views.rules import counts_of, rules_view, state_of
from monitors_gateway.console.views.selecting import Match

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
FORMATS = Formats(NOW)
ROOT = "/console"
SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
PART = new_id()
SPECS: dict[str, dict[str, Any]] = {
    "threshold": {"op": "lt", "warning": 10, "critical": 5.5, "for": "5m", "by": ["host", "zone"], "across": "avg"},
    "window": {"critical": 1e6, "window": "1h30m", "function": "max", "recovery": 9e5, "recover_for": "30s"},
    "rate": {"warning": 0.25, "window": "10m", "function": "delta", "stale_after": "1h"},
    "ratio": {"op": "ge", "warning": 1.5, "window": "5m", "offset": "1w"},
    "nOfM": {"warning": 3, "n": 3, "m": 5},
    "absence": {"for": "10m", "by": [], "severity": "critical"},
    "composite": {"operator": "or", "rules": [str(PART)], "by": ["host"]},
}


def spec(kind: str = "threshold", **changes: Any) -> RuleSpec:
    fields: dict[str, Any] = {"name": "Busy", "kind": kind}
    if kind != "composite":
        fields |= {"metric": "cpu_busy", "matchers": [{"label": "env", "op": "=~", "value": "prod|stage"}]}
    return SPEC.validate_python(fields | SPECS[kind] | changes)


def rule(found: RuleSpec) -> Rule:
    return Rule(
        id=new_id(),
        name=found.name,
        kind=found.kind,
        is_active=found.is_active,
        spec=found,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


def state(silent: int = 0, **counts: int) -> RuleState:
    known = {SeriesCondition(name): count for name, count in counts.items()}
    return RuleState(rule_id=new_id(), series=[], counts=known, silent=silent, judged_at=NOW)


def alert(**parts: Any) -> AlertView:
    known: dict[str, Any] = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "a",
        "state": AlertState.FIRING,
        "severity": "critical",
        "name": "Busy",
        "summary": "web-1 is at 97 %",
        "condition": "cpu_busy > 90",
        "labels": {"host": "web-1"},
        "started_at": NOW - timedelta(minutes=30),
        "rule_id": new_id(),
    }
    return AlertView.model_validate(known | parts)


def lines(*values: list[float | None]) -> MetricGraph:
    times = [round((SINCE + timedelta(hours=each)).timestamp() * 1000) for each in range(len(values[0]))]
    series = [MetricLine(name="cpu_busy", labels={"host": f"web-{at}"}, values=each) for at, each in enumerate(values)]
    return MetricGraph(step_seconds=3600, resolution="raw", times=times, series=series)


# -- words ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "words", "query"),
    [
        (
            spec("threshold"),
            'average of cpu_busy{env=~"prod|stage"} by host, zone < 10 (critical < 5.5) for 5 min',
            'avg by (host, zone) (cpu_busy{env=~"prod|stage"})',
        ),
        (spec("threshold", by=None, matchers=[], warning=None, hold=0, **{"for": 0}), "cpu_busy < 5.5", "cpu_busy"),
        (
            spec("window", matchers=[]),
            "highest of cpu_busy over 1 h 30 min > 1,000,000",
            "max_over_time(cpu_busy[5400000ms])",
        ),
        (
            spec("rate", matchers=[]),
            "change of cpu_busy a second, over 10 min, > 0.25",
            "delta(cpu_busy[600000ms]) / 600",
        ),
        (
            spec("ratio", matchers=[]),
            "cpu_busy, as a multiple of 7 d before, ≥ 1.5",
            "avg_over_time(cpu_busy[300000ms]) / avg_over_time(cpu_busy[300000ms] offset 604800000ms)",
        ),
        (spec("nOfM", matchers=[]), "3 of the last 5 samples of cpu_busy > 3", "cpu_busy"),
        (
            spec("window", matchers=[], by=["zone"], across="avg"),
            "average of highest of cpu_busy over 1 h 30 min, by zone > 1,000,000",
            "avg by (zone) (max_over_time(cpu_busy[5400000ms]))",
        ),
        (
            spec("rate", matchers=[], by=[]),
            "sum of change of cpu_busy a second, over 10 min, > 0.25",
            "sum (delta(cpu_busy[600000ms]) / 600)",
        ),
        (
            spec("ratio", matchers=[], by=["zone"]),
            "sum of cpu_busy by zone, as a multiple of 7 d before, ≥ 1.5",
            "sum by (zone) (avg_over_time(cpu_busy[300000ms])) / "
            "sum by (zone) (avg_over_time(cpu_busy[300000ms] offset 604800000ms))",
        ),
        (
            spec("nOfM", matchers=[], by=["zone"], across="max"),
            "3 of the last 5 samples of highest of cpu_busy by zone > 3",
            "max by (zone) (cpu_busy)",
        ),
        (spec("absence", matchers=[]), "no cpu_busy at all for 10 min", "cpu_busy"),
        (spec("composite"), "“Disk”, for each host", ""),
    ],
)
def test_a_rule_is_said_and_drawn(found: RuleSpec, words: str, query: str) -> None:
    assert watches(found, FORMATS, {PART: "Disk"}) == words
    assert expression(found) == query


def test_a_composite_of_what_is_gone_says_so() -> None:
    assert watches(spec("composite", by=[]), FORMATS) == "“a rule that is gone”"


@pytest.mark.parametrize(
    ("seconds", "read", "typed"),
    [
        (0, "0 s", "0s"),
        (300, "5 min", "5m"),
        (5400, "1 h 30 min", "1h30m"),
        (90_061.5, "1 d 1 h 1 min 1 s 500 ms", "1d1h1m1s500ms"),
    ],
)
def test_a_length_of_time_is_read_and_typed(seconds: float, read: str, typed: str) -> None:
    assert (lasting(seconds), written(seconds)) == (read, typed)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,299.50", 1299.5), ("1 299,5", 1299.5), ("$50", 50.0), ("-3", -3.0), ("1e6", 1e6), ("hot", "hot"), ("", "")],
)
def test_numbers_are_read_as_people_write_them(text: str, number: float | str) -> None:
    assert number_of(text) == number


# -- the form -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_rule_on_the_form_is_the_same_rule_again(kind: str) -> None:
    more = {
        "labels": {"team": "storage", "a": "b=c"},
        "annotations": {"summary": "It is {{ value }}", "dashboard": "d1"},
        "runbook_url": "https://wiki.example/cpu",
        "group": "Web",
        "is_active": False,
    }
    groups = [{}] if kind == "composite" else [{"by": by} for by in (None, [], ["host", "zone"])]
    for by in groups:
        found = spec(kind, **more, **by)
        again, errors = rule_of(typed_of(found), found)
        assert errors == Errors()
        assert again == found


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_kind_is_left_with_what_was_typed(kind: str) -> None:
    view = rule_form_view(typed_of(spec(kind)), Offers(), Errors(), PreviewView(), ROOT)
    assert [each.name for each in view.kinds if each.current] == [KINDS[kind][0]]
    for each in view.kinds:
        carried = prefilled(parse_qsl(urlsplit(each.href).query, keep_blank_values=True))
        assert KINDS[carried.kind][0] == each.name
        assert carried.of("name") == "Busy"
        assert carried.matchers == (() if kind == "composite" else (Match("env", "=~", "prod|stage"),))


def test_only_the_fields_of_the_kind_are_shown() -> None:
    def shown(kind: str) -> set[str]:
        view = rule_form_view(Typed(kind), Offers(), Errors(), PreviewView(), ROOT)
        return {each.name for each in (*view.grouping, *view.when, *view.fine)} | ({"metric"} if view.metric else set())

    assert {"metric", "by", "across", "recovery"} <= shown("threshold")
    assert {"window", "function"} <= shown("window")
    assert not shown("window") & {"offset", "n"}
    assert all({"grouping", "by", "across"} <= shown(kind) for kind in ("window", "rate", "ratio", "nOfM"))
    assert shown("absence") == {"metric", "grouping", "by", "for", "severity"}
    assert shown("composite") == {"by", "operator", "severity"}


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("threshold", {"name": ""}, "name"),
        ("threshold", {"metric": ""}, "metric"),
        ("threshold", {"warning": "hot"}, "warning"),
        ("threshold", {"warning": "", "critical": ""}, "warning"),
        ("threshold", {"warning": "1", "critical": "5"}, "critical"),
        ("threshold", {"op": "eq"}, "warning"),
        ("threshold", {"for": "a while"}, "for"),
        ("threshold", {"for": "8d"}, "for"),
        ("threshold", {"labels": "no label"}, "labels"),
        ("threshold", {"runbook_url": "https://wiki.example/" + "x" * 5000}, "runbook_url"),
        ("window", {"window": ""}, "window"),
        ("nOfM", {"n": "6"}, "n"),
        ("nOfM", {"n": "two"}, "n"),
        ("absence", {"for": "0s"}, "for"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(kind: str, changes: dict[str, str], field: str) -> None:
    typed = typed_of(spec(kind))
    found, errors = rule_of(Typed(kind, {**typed.texts, **changes}, typed.matchers))
    assert found is None
    assert field in errors.fields, errors
    assert missing(Typed(kind, {"metric": "cpu"}), errors)
    assert "validation" not in str(errors)


def test_what_the_api_refuses_is_told_at_its_field_or_above_the_form() -> None:
    errors = told(Errors({"annotations.summary": "no place", "matchers": "no pattern", "strange": "Something else."}))
    assert errors.of("summary") == "no place"
    assert errors.of("matchers") == "no pattern"
    assert errors.form == "Something else."


def test_the_address_fills_the_form() -> None:
    matchers = json.dumps([{"label": "host", "op": "!=", "value": "web-1"}])
    pairs = [("kind", "window"), ("metric", "cpu"), ("critical", "90"), ("matchers", matchers), ("csrf", "x")]
    typed = prefilled(pairs)
    assert (typed.kind, typed.of("metric"), typed.of("critical"), typed.of("for")) == ("window", "cpu", "90", "5m")
    assert typed.matchers == (Match("host", "!=", "web-1"),)
    assert "csrf" not in typed.texts


@given(
    st.lists(
        st.tuples(st.sampled_from(["kind", "metric", "matchers", "label", "match", "value", "rule", "for"]), st.text())
    )
)
def test_whatever_the_address_says_there_is_a_form(pairs: list[tuple[str, str]]) -> None:
    typed = prefilled(pairs)
    found, errors = rule_of(typed)
    view = rule_form_view(typed, Offers(), errors, PreviewView(missing=missing(typed, errors)), ROOT)
    assert found is None
    assert view.kind in KINDS


# -- the preview ----------------------------------------------------------------------------------------------------------


def transition(minutes: int, severity: str | None, host: str = "web-1") -> RuleTransition:
    at = SINCE + timedelta(minutes=minutes)
    return RuleTransition.model_validate(
        {"at": at, "labels": {"host": host}, "severity": severity, "value": 1, "reason": "crossed", "summary": "s"}
    )


def test_transitions_are_periods_of_each_series_with_their_worst_severity() -> None:
    found = fired(
        [
            transition(0, "warning"),
            transition(5, "critical"),
            transition(6, "critical", "web-2"),
            transition(10, None),
            transition(20, "warning"),
            transition(30, None, "web-3"),
        ]
    )
    assert [
        (dict(each.labels)["host"], each.severity, each.begin - SINCE, each.end and each.end - SINCE) for each in found
    ] == [
        ("web-1", "warning", timedelta(minutes=20), None),
        ("web-2", "critical", timedelta(minutes=6), None),
        ("web-1", "critical", timedelta(0), timedelta(minutes=10)),
    ]


def test_periods_that_overlap_are_one_span() -> None:
    ups = [(0, 10, "a"), (5, 20, "b"), (20, 25, "a"), (40, 50, "a")]
    told_ones = [
        each for begin, end, host in ups for each in (transition(begin, "warning", host), transition(end, None, host))
    ]
    spans = spans_of(fired(sorted(told_ones, key=lambda each: (each.at, each.severity or ""))), SINCE, FORMATS)
    minute = timedelta(minutes=1)
    assert [((each.begin - SINCE) / minute, (each.end - SINCE) / minute) for each in spans if each.end] == [
        (0, 25),
        (40, 50),
    ]


def test_a_preview_says_what_would_have_been() -> None:
    def tried(*transitions: RuleTransition, series: int = 2) -> PreviewView:
        found = RulePreview(
            since=SINCE, until=NOW, series=series, total=len(transitions), transitions=list(transitions)
        )
        return preview_view(spec("threshold", by=None), found, drawn(lines([1, None, 3], [4, 5, 6])), FORMATS)

    none = tried(series=0)
    assert (none.found, none.tone) == ("No series was there to judge in the last day.", "neutral")
    calm = tried()
    assert calm.found == "It would not have fired in the last day. 2 series were judged."
    assert calm.tone == "good"
    once = tried(transition(0, "warning"), transition(60, None))
    assert once.found.startswith("It would have fired once in the last day.")
    [period] = once.periods
    assert (period.series, period.lasted) == ("host=web-1", "for 60 minutes")
    assert once.plot
    assert [(band.x, band.width) for band in once.plot.bands] == [(0, round(WIDTH / 24, 1))]
    assert [each.words for each in once.plot.levels] == ["critical 5.5", "warning 10"]
    assert len(once.plot.strokes) == 2


# -- the drawing ----------------------------------------------------------------------------------------------------------


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_a_scale_holds_its_values_in_few_round_steps(one: float, other: float) -> None:
    low, high = sorted((max(-1e289, min(1e289, one)), max(-1e289, min(1e289, other))))
    bottom, top, step = scale(low, high)
    assert bottom <= low <= high <= top
    assert bottom < top
    assert 2 <= round((top - bottom) / step) <= 9


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=3000), st.integers(1, 300))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float | None], columns: int) -> None:
    points = [(float(at), value) for at, value in enumerate(values)]
    kept = thinned(points, columns)
    known = [value for value in values if value is not None]
    left = [value for _, value in kept if value is not None]
    assert [time for time, _ in kept] == sorted(time for time, _ in kept)
    if known:
        assert (min(left), max(left)) == (min(known), max(known))
    assert sum(len(each) for each in pieces(kept)) >= len(left)


def test_a_drawing_stays_in_its_box_and_shows_its_levels() -> None:
    spans = [Span(SINCE - timedelta(hours=1), None, "bad", "all along")]
    found = plot(drawn(lines([1, None, 30])), [Level(100, "bad", "critical 100")], spans, SINCE, NOW, "w", FORMATS)
    places = [
        tuple(map(float, point.split(",")))
        for stroke in found.strokes
        for piece in stroke.pieces
        for point in piece.split()
    ]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert len(found.strokes[0].pieces) == 2, "a gap is a gap"
    assert 0 < found.levels[0].y < HEIGHT
    [band] = found.bands
    assert (band.x, band.width) == (0, WIDTH)
    assert (found.heights[0], found.heights[-1]) == ("125", "0")


def test_a_drawing_begins_where_there_is_something_to_see() -> None:
    def begins(first: timedelta) -> timedelta:
        graph = lines([None, 1.0]).model_copy(update={"times": [0, round((NOW - first).timestamp() * 1000)]})
        return NOW - begun(drawn(graph), [], SINCE, NOW)

    assert begins(timedelta(hours=2)) == timedelta(hours=2) * 1.03
    assert begins(timedelta(minutes=1)) == timedelta(minutes=15)
    assert begins(timedelta(hours=24)) == timedelta(days=1)
    assert begun(drawn(lines([None])), [], SINCE, NOW) == SINCE


# -- the list and one rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "stands", "counts"),
    [
        (None, "new", "No series yet"),
        (state(), "new", "No series yet"),
        (state(ok=3), "ok", "3 ok"),
        (state(ok=3, silent=1), "ok", "3 ok; 1 of them silent"),
        (state(ok=2, silent=2), "silent", "2 ok; 2 of them silent"),
        (state(ok=2, pending=1), "pending", "1 pending, 2 ok"),
        (state(ok=2, pending=1, firing=1, silent=4), "firing", "1 firing, 1 pending, 2 ok; 4 of them silent"),
    ],
)
def test_a_rule_stands_as_its_worst_series(found: RuleState | None, stands: str, counts: str) -> None:
    assert state_of(spec(), found) == stands
    assert counts_of(found, FORMATS) == counts
    assert state_of(spec(is_active=False), found) == "paused"


def test_the_list_tells_state_and_what_each_rule_led_to_last() -> None:
    busy, calm = rule(spec(name="Busy host")), rule(spec(name="Calm"))
    ended = alert(state=AlertState.RESOLVED, resolved_at=NOW - timedelta(minutes=5), rule_id=busy.id)
    standings = {busy.id: RuleStanding(state=state(firing=1), latest_alert=ended)}
    found = RulesReply(rules=[busy, calm], total=2, next_cursor="c")
    view = rules_view(found, standings, {"q": "", "state": "", "kind": ""}, ROOT, FORMATS)
    first, second = view.rows
    assert (first.state.words, first.counts, first.mark.words) == ("Firing", "1 firing", "Critical")
    assert first.last
    assert (first.last.words, first.last.href) == ("recovered", f"/console/alerts/{ended.id}")
    assert first.last_at
    assert first.last_at.words == "5 minutes ago"
    assert (second.state.words, second.last) == ("Waiting", None)
    assert view.count == "2 rules"
    assert view.more == "/console/rules?cursor=c"
    firing = rules_view(found, standings, {"state": "firing"}, ROOT, FORMATS)
    assert ([row.name for row in firing.rows], firing.count, firing.more) == (["Busy host"], "1 of 2 rules", "")
    unknown = rules_view(found, None, {}, ROOT, FORMATS)
    assert unknown.unknown


def test_somebody_without_rules_gets_three_examples_that_fill_the_form() -> None:
    view = rules_view(RulesReply(rules=[], total=0, next_cursor=None), {}, {"q": ""}, ROOT, FORMATS)
    assert len(view.examples) == 3
    for each in view.examples:
        found, errors = rule_of(prefilled(parse_qsl(urlsplit(each.href).query)))
        assert found, errors
    searched = rules_view(RulesReply(rules=[], total=0, next_cursor=None), {}, {"q": "x"}, ROOT, FORMATS)
    assert searched.empty
    assert not searched.examples


def test_a_rules_page_tells_its_series_its_history_and_why_data_is_missing() -> None:
    found = rule(spec("threshold", by=None, runbook_url="https://wiki.example/cpu", group="Web"))
    gone = SeriesState(
        labels={"host": "web-1"},
        condition=SeriesCondition.FIRING,
        severity="critical",
        value=97,
        since=NOW,
        data="series-gone",
    )
    well = SeriesState(labels={}, condition=SeriesCondition.OK, value=None)
    known = state(firing=1, ok=1, silent=1).model_copy(update={"series": [gone, well]})
    ended = alert(started_at=NOW - timedelta(hours=2), state=AlertState.RESOLVED, resolved_at=NOW - timedelta(hours=1))
    past = Past(drawn(lines([1, 2, 3])), SINCE, NOW)
    view = rule_view(found, known, [alert(), ended], past, {}, ROOT, FORMATS)
    first, second = view.series
    assert (first.name, first.state.words, first.value) == ("host=web-1", "Firing, critical", "97")
    assert first.data == "Its sender sends others, but not this one any more."
    assert (second.name, second.value, second.data) == ("all series", "–", "")
    assert [each.title for each in view.moments] == ["Fired, critical", "Recovered after 60 minutes", "Fired, critical"]
    assert view.plot
    assert len(view.plot.bands) == 2
    assert view.runbook
    assert ("Must last", "5 min") in view.facts
    away = rule_view(found, None, [], Past(None, SINCE, NOW), {}, ROOT, FORMATS)
    assert away.unknown
    assert away.no_plot == "Its measurements can't be drawn right now."


# -- heartbeats -----------------------------------------------------------------------------------------------------------


def heartbeat(**parts: Any) -> Heartbeat:
    known: dict[str, Any] = {
        "id": new_id(),
        "name": "Backup",
        "status": "up",
        "ping_url": "https://m.example/ping/k",
        "period": 3600,
        "cron": None,
        "timezone": "UTC",
        "grace": 300,
        "severity": "critical",
        "labels": {"team": "x"},
        "runbook_url": None,
        "is_active": True,
        "last_ping": NOW,
        "created_at": NOW - timedelta(days=4),
    }
    return Heartbeat.model_validate(known | parts)


def test_a_heartbeats_days_are_good_bad_or_not_its_own() -> None:
    day = NOW.replace(hour=0)
    pings = {day: 0.0, day - timedelta(days=1): 2.0, day - timedelta(days=3): -1.0}
    slots = heartbeats.slots_of(heartbeat(), pings, FORMATS)
    assert len(slots) == 30
    assert [slot.tone for slot in slots[-5:]] == ["neutral", "neutral", "bad", "bad", "good"]
    assert slots[-4].words == "18 Nov 2026: it began, and did not end on this day"
    assert slots[-2].words == "20 Nov 2026: it failed, status 2"
    weekly = heartbeats.slots_of(heartbeat(period=604_800), pings, FORMATS)
    assert weekly[-3].tone == "neutral", "none was due on that day"


def test_heartbeats_are_listed_with_their_schedule_and_address() -> None:
    found = heartbeat(period=None, cron="30 2 * * *", is_active=False, status="paused")
    graph = MetricGraph(
        step_seconds=86_400,
        resolution="1h",
        times=[round(NOW.replace(hour=0).timestamp() * 1000)],
        series=[MetricLine(name="heartbeat", labels={HEARTBEAT_LABEL: str(found.id)}, values=[0])],
    )
    reply = HeartbeatsReply(heartbeats=[found], total=1, next_cursor=None)
    view = heartbeats.heartbeats_view(reply, by_day(graph, HEARTBEAT_LABEL), ROOT, FORMATS)
    [card] = view.cards
    assert card.schedule == "at “30 2 * * *” (UTC), at most 5 min late"
    assert card.slots_words == "The last 30 days: 1 good, 0 bad"
    assert [each.words for each in card.actions] == ["Resume", "New address", "Delete"]
    assert heartbeats.heartbeats_view(
        HeartbeatsReply(heartbeats=[], total=0, next_cursor=None), {}, ROOT, FORMATS
    ).empty


def test_a_heartbeat_keeps_what_its_form_does_not_show() -> None:
    found = heartbeat(is_active=False)
    asked = heartbeats.asked_of(heartbeats.typed_of(found), found)
    assert (asked["labels"], asked["is_active"], asked["period"], asked["grace"]) == ({"team": "x"}, False, "1h", "5m")
    both = heartbeats.told(Errors({"": "Value error, a heartbeat has a period or a cron"}))
    assert both.of("period") == "Give either a period or a cron expression."


def test_uptime_checks_are_listed_with_how_they_went() -> None:
    spec_ = UptimeSpec(name="Shop", kind="http", url="https://shop.example/health")
    well = UptimeOutcome(is_up=True, at=NOW, seconds=0.12, status=200, tls_expires_at=NOW + timedelta(days=40))
    bad = UptimeOutcome(is_up=False, at=NOW, seconds=1, error="Connection refused")
    port = UptimeSpec(name="Db", kind="tcp", host="db.example", port=5432, is_active=False)
    checks = [
        UptimeView(id=new_id(), spec=spec_, created_at=NOW, last=well),
        UptimeView(id=new_id(), spec=spec_, created_at=NOW, last=bad),
        UptimeView(id=new_id(), spec=port, created_at=NOW),
    ]
    day = NOW.replace(hour=0)
    shares = [1.0, 0.9999, 0.95, 0.5, 0.0]
    days = {str(checks[0].id): {day - timedelta(days=ago): share for ago, share in enumerate(shares)}}
    first, second, third = uptime.uptimes_view(UptimeList(checks=checks), days, ROOT, FORMATS).cards
    assert (first.badge.words, first.asked) == ("Up", "HTTP, every 60 seconds")
    assert first.words == "Answered 200 in 120 ms; its certificate is good until 31 Dec 2026"
    assert first.slots_words == "The last 30 days: 1 good, 2 with failures, 2 bad"
    assert [slot.tone for slot in first.slots[-6:]] == ["neutral", "bad", "bad", "warn", "warn", "good"]
    assert first.slots[-2].words == "20 Nov 2026: 99.9 % of the checks went well"
    assert [each.words for each in first.actions] == ["Pause", "Delete"]
    assert [each.words for each in third.actions] == ["Resume", "Delete"]
    assert (second.badge.words, second.words) == ("Down", "Connection refused")
    assert (third.badge.words, third.address) == ("Paused", "db.example:5432")


@pytest.mark.parametrize(
    ("kind", "address", "where"),
    [
        ("http", "https://a.example/x", {"url": "https://a.example/x"}),
        ("tcp", "db.example:5432", {"host": "db.example", "port": "5432"}),
        ("tcp", "[::1]:80", {"host": "::1", "port": "80"}),
        ("dns", "a.example", {"host": "a.example"}),
        ("icmp", "::1", {"host": "::1"}),
    ],
)
def test_an_address_is_asked_as_its_kind_says_and_typed_again_the_same(
    kind: str, address: str, where: dict[str, str]
) -> None:
    asked = uptime.asked_of({"kind": kind, "address": address, "name": "A", "interval_seconds": "60"}, None)
    asked = {name: value for name, value in asked.items() if value}
    assert where.items() <= asked.items()
    made = UptimeSpec.model_validate(asked)
    assert uptime.typed_of(made) | {"kind": kind, "address": address} == uptime.typed_of(made)


def test_a_check_keeps_what_its_form_does_not_show() -> None:
    known = UptimeSpec.model_validate(
        {
            "name": "Shop",
            "kind": "http",
            "url": "https://a.example",
            "labels": {"team": "x"},
            "timeout_seconds": 3,
            "is_active": False,
            "failures": 7,
            "expected_json": {"pointer": "/a", "value": 1},
        }
    )
    typed = uptime.typed_of(known)
    assert parse(UptimeSpec, uptime.asked_of(typed, known)).model == known
    other = parse(UptimeSpec, uptime.asked_of(typed | {"kind": "dns", "address": "a.example"}, known)).model
    assert other
    assert (other.kind, other.expected_json, other.labels) == ("dns", None, {"team": "x"})


def test_what_is_wrong_with_an_address_is_told_at_it() -> None:
    assert uptime.told(Errors({"host": "too short", "name": "n"})).fields == {"address": "too short", "name": "n"}
    assert "over TCP" in uptime.told(Errors({"port": "Please fill this in."})).of("address")
