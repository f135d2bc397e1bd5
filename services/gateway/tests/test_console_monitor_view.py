"""What the pages of one monitor say, from what the API answers alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.evaluations import MonitorValues, ValueChange
from monitors_contracts.monitors import Evidence, Fetched, MonitorStatus, Reading, SourceSettings, Verdict
from monitors_contracts.pages import Failure
from monitors_contracts.snapshots import DiffLine, SnapshotDiff
from monitors_gateway.api.evaluations import EvaluationReply, EvaluationsReply, ExplanationStep, TraceReply
from monitors_gateway.api.monitors import MonitorDetailReply
from monitors_gateway.api.shapes import Evaluation, Interpretation, Monitor, TraceNode
from monitors_gateway.api.snapshots import SnapshotReply
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.views.checks import check_view, rows, trace_rows
from monitors_gateway.console.views.evidence import earlier_snapshot, evidence_view, snapshot_id
from monitors_gateway.console.views.monitor import Asked, monitor_view
from monitors_gateway.console.views.pointing import point_view
from monitors_gateway.console.views.standing import reason_words, verdict_badge
from monitors_runtime.errors import problem

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FORMATS = Formats(NOW)
ROOT = "/console"


def monitor(**changes: Any) -> Monitor:
    given: dict[str, Any] = {
        "id": new_id(),
        "name": "Copper kettle",
        "prompt": "Tell me when the kettle at https://shop.example/kettle drops below $50",
        "type": "state",
        "is_active": True,
        "last_checked": NOW - timedelta(minutes=3),
        "current_value": 47.5,
        "trigger_count": 1,
        "created_at": NOW,
        "updated_at": NOW,
        "extracted_fact": "price",
        "trigger_condition": "price < 50 USD",
        "fact_type": "number",
        "previous_value": 60.0,
        "unit": "USD",
        "url": "https://shop.example/kettle",
        "source": SourceSettings(),
        "condition_met": True,
        "evaluation_count": 12345,
        "last_verdict": Verdict.TRIGGERED,
        "last_reason": "condition-met",
        "last_manual_refresh": None,
        "next_allowed_refresh": None,
        "version": 3,
        "status": MonitorStatus.TRIGGERED,
        "recent_values": [],
    }
    return Monitor(**given | changes)


def detail(shown: Monitor, **changes: Any) -> MonitorDetailReply:
    meaning = Interpretation(
        type="state",
        extracted_fact="price",
        trigger_condition="price < 50 USD",
        suggested_name="Kettle",
        subject="copper kettle",
        fact_type="number",
        condition=None,
        change=None,
        url=shown.url,
        confidence=0.9,
        provider="local",
    )
    given: dict[str, Any] = {
        "monitor": shown,
        "interpretation": meaning,
        "facts": [],
        "history": [],
        "notifications": [],
        "unavailable": [],
    }
    return MonitorDetailReply(**given | changes)


def check(**changes: Any) -> Evaluation:
    given: dict[str, Any] = {
        "monitor_id": new_id(),
        "refresh_id": new_id(),
        "status": "done",
        "value": 47.5,
        "triggered": True,
        "timestamp": NOW - timedelta(minutes=3),
        "next_allowed_refresh": None,
        "verdict": Verdict.TRIGGERED,
        "reason": "condition-met",
        "detail": "Now true: price < 50 USD; read 47.5 USD.",
        "unit": "USD",
        "previous_value": 60.0,
        "change_type": "decrease",
        "change_amount": -12.5,
        "change_percentage": -20.8,
        "confidence": 0.85,
        "evidence": Evidence(quote="$47.50", method="table_cell", locator="row “north”"),
        "condition": "price < 50 USD",
        "confirmed": False,
        "fetched": Fetched(snapshot_id=new_id(), rendered_by="http", status=200, fetched_at=NOW, duration_ms=5),
        "processing_time": 1.0,
    }
    return Evaluation(**given | changes)


def snapshot(**changes: Any) -> SnapshotReply:
    given: dict[str, Any] = {
        "id": new_id(),
        "monitor_id": new_id(),
        "previous_id": None,
        "url": "https://shop.example/kettle",
        "final_url": "https://shop.example/kettle",
        "status": 200,
        "content_type": "text/html",
        "content_hash": "0" * 64,
        "headers": {},
        "rendered_by": "http",
        "fetched_at": NOW - timedelta(minutes=3),
        "content_url": "",
        "rendering_url": "",
        "screenshot_url": None,
    }
    return SnapshotReply(**given | changes)


def page(shown: Monitor, checks: list[Evaluation], **more: Any) -> Any:
    given: dict[str, Any] = {
        "latest": None,
        "evidence": None,
        "values": MonitorValues(),
        "alerts": [],
        "asked": Asked(),
        "next_cursor": None,
    } | more
    if checks and given["latest"] is None and checks[0].status == "done":
        given["latest"] = EvaluationReply(evaluation=checks[0], explanation=[])
    found = EvaluationsReply(evaluations=checks, next_cursor=given.pop("next_cursor"))
    parts = (given["latest"], given["evidence"], given["values"], given["alerts"], given["asked"])
    return monitor_view(detail(shown), found, *parts, ROOT, FORMATS)


# -- the page of a monitor --------------------------------------------------------------------------------------------


def test_a_monitor_tells_its_value_state_and_what_can_be_done() -> None:
    shown = monitor()
    view = page(shown, [check()])
    assert (view.value, view.before, view.status.words) == ("$47.50", "was $60", "Triggered")
    assert view.watching == "price of copper kettle"
    assert view.counts == "12,345 checks, triggered once"
    assert [action.words for action in view.actions] == ["Pause", "Duplicate", "Delete"]
    assert view.actions[2].confirm
    assert view.edit.href == f"/console/monitors/{shown.id}/edit"
    assert not view.never_checked


def test_a_paused_monitor_can_be_resumed_and_not_checked() -> None:
    view = page(monitor(is_active=False, status=MonitorStatus.PAUSED), [check()])
    assert view.is_paused
    assert view.actions[0].words == "Resume"


def test_a_monitor_that_was_just_checked_says_when_it_can_be_again() -> None:
    view = page(monitor(next_allowed_refresh=NOW + timedelta(seconds=40)), [check()])
    assert view.next_check.words == "in 40 seconds"


def test_a_new_monitor_has_nothing_to_show_but_says_what_to_do() -> None:
    shown = monitor(current_value=None, last_checked=None, status=MonitorStatus.NEW, evaluation_count=0)
    view = page(shown, [])
    assert view.never_checked
    assert view.value == "Nothing read yet"
    assert (view.point, view.checked, view.no_checks) == (None, None, None)


def test_a_monitor_whose_first_check_is_under_way_has_nothing_to_show_yet() -> None:
    assert page(monitor(current_value=None), [check(status="pending", verdict=None)]).never_checked


def test_a_filter_that_finds_nothing_is_not_a_new_monitor() -> None:
    view = page(monitor(), [], asked=Asked(verdict=Verdict.FAILED))
    assert not view.never_checked
    assert view.no_checks is not None
    assert [tab.words for tab in view.filters if tab.current] == ["Failed"]


def test_the_way_to_older_checks_keeps_what_was_picked() -> None:
    view = page(monitor(), [check()], next_cursor="abc", asked=Asked(span="week", verdict=Verdict.QUIET))
    assert view.older.endswith("?span=week&verdict=quiet&cursor=abc#checks")


def test_numbers_are_drawn_with_the_same_as_rows_and_gaps_left_out() -> None:
    values = MonitorValues(unit="USD", times=[1.0, 2.0, 3.0], values=[60.0, None, 47.5])
    view = page(monitor(), [check()], values=values)
    assert [value for _, value in view.chart.rows] == ["$47.50", "$60"]
    assert view.chart.src.endswith("/values?span=all")
    assert page(monitor(), [check()], values=MonitorValues(times=[1.0], values=[1.0])).chart is None


def test_texts_are_told_as_a_timeline_newest_first() -> None:
    changes = [ValueChange(at=NOW - timedelta(days=2), value="closed"), ValueChange(at=NOW, value="open")]
    view = page(monitor(fact_type="string", unit=None), [check()], values=MonitorValues(changes=changes))
    assert [moment.title for moment in view.changes] == ["open", "closed"]
    assert view.chart is None


def test_alerts_lead_to_their_pages() -> None:
    alert = AlertView(
        id=new_id(),
        organization_id=new_id(),
        fingerprint="f",
        state=AlertState.FIRING,
        name="Kettle",
        summary="Kettle: now true",
        condition="price < 50 USD",
        started_at=NOW,
    )
    [moment] = page(monitor(), [check()], alerts=[alert]).alerts
    assert (moment.title, moment.by, moment.href) == ("Now true", "Firing", f"/console/alerts/{alert.id}")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "", None])
def test_an_address_that_is_no_page_is_not_a_link(url: str | None) -> None:
    assert page(monitor(url=url), [check()]).source is None


# -- checks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [*[each.value for each in Failure], "condition-met", "not-met", "fact-not-found"])
def test_every_reason_has_words(reason: str) -> None:
    assert reason_words(reason)[0].isupper()
    assert "-" not in reason_words(reason)


def test_rows_tell_value_change_and_verdict() -> None:
    [row] = rows([check()], "/console/monitors/x", FORMATS)
    assert (row.value, row.change, row.verdict.words) == ("$47.50", "−$12.50", "Triggered")
    assert row.words == "The condition became true"
    assert verdict_badge(None).words == "Under way"


def node(at: float, took: float | None, *caused: TraceNode, kind: str = "page.fetched") -> TraceNode:
    return TraceNode(
        id=str(new_id()),
        type=kind,
        service="scraper",
        time=NOW,
        at_ms=at,
        took_ms=took,
        summary="",
        caused=list(caused),
    )


def test_a_trace_is_drawn_on_one_line_of_time_parents_first() -> None:
    tree = node(0, None, node(250, 250, node(1000, 750)), node(500, 500), kind="monitor.refresh-requested")
    drawn = trace_rows([tree], FORMATS)
    assert [row.depth for row in drawn] == [0, 1, 2, 1]
    assert [(row.bar_x, row.bar_width) for row in drawn[1:]] == [(0, 25), (25, 75), (0, 50)]
    assert [row.took for row in drawn] == ["", "+250 ms", "+750 ms", "+500 ms"]


@given(st.lists(st.tuples(st.floats(0, 1e7), st.none() | st.floats(-1e7, 1e7)), max_size=12))
def test_a_trace_never_leaves_its_box(times: list[tuple[float, float | None]]) -> None:
    for row in trace_rows([node(at, took) for at, took in times], FORMATS):
        assert row.bar_x >= 0
        assert row.bar_width > 0
        assert row.bar_x + row.bar_width <= 100.01


def test_a_check_under_way_says_so_and_one_without_trace_too() -> None:
    waiting = check(status="pending", verdict=None, evidence=None, fetched=None)
    view = check_view(
        "Kettle", "/m", waiting.monitor_id, EvaluationReply(evaluation=waiting, explanation=[]), None, None, FORMATS
    )
    assert (view.pending, view.verdict.words, view.trace) == (True, "Under way", ())
    assert view.trace_missing


def test_a_check_that_was_not_looked_through_says_that_events_may_be_missing() -> None:
    done = check()
    explained = EvaluationReply(evaluation=done, explanation=[ExplanationStep(step="fetch", text="Fetched.", ok=False)])
    trace = TraceReply(correlation_id=done.refresh_id, events=[node(0, None)], truncated=True)
    view = check_view("Kettle", "/m", done.monitor_id, explained, None, trace, FORMATS)
    assert view.trace_words.startswith("1 event across 1 services.")
    assert "may be missing" in view.trace_words
    assert [(step.title, step.tone) for step in view.steps] == [("Fetched", "warn")]


# -- kept pages -------------------------------------------------------------------------------------------------------


def test_evidence_offers_only_what_there_is_to_see() -> None:
    bare = evidence_view(check(), snapshot(), None, None, "picture", "/here", ROOT, FORMATS)
    assert ([tab.words for tab in bare.tabs], bare.side) == (["As a reader sees it"], "page")
    pictured = snapshot(screenshot_url="/x")
    full = evidence_view(check(), pictured, snapshot(screenshot_url="/y"), None, "picture", "/here", ROOT, FORMATS)
    assert [tab.words for tab in full.tabs] == ["As a reader sees it", "Screenshot", "What changed"]
    assert (full.side, full.picture) == ("picture", f"/console/snapshots/{pictured.id}/picture")
    assert full.how == "Found in a table"
    gone = evidence_view(check(), None, None, None, "page", "/here", ROOT, FORMATS)
    assert (gone.tabs, gone.missing) == ((), "The page is not kept any more.")


def test_a_diff_tells_what_came_and_went_with_gaps_between() -> None:
    hunk = [DiffLine(kind="equal", text="a"), DiffLine(kind="removed", text="b"), DiffLine(kind="added", text="c")]
    diff = SnapshotDiff(hunks=[hunk, hunk], added=2, removed=2, is_truncated=True)
    view = evidence_view(check(), snapshot(), snapshot(), diff, "changes", "/here", ROOT, FORMATS)
    assert [row.kind for row in view.diff] == ["equal", "removed", "added", "gap", "equal", "removed", "added"]
    assert view.diff_words == "Since the page of 3 minutes ago: 2 lines came, 2 went. More changed than is shown here."


def test_the_page_before_is_that_of_the_checks_before_else_the_one_kept_before() -> None:
    now, before, kept = check(), check(), snapshot(previous_id=new_id())
    shown = snapshot(id=snapshot_id(now), previous_id=kept.previous_id)
    again = check(fetched=now.fetched)
    assert earlier_snapshot([again, now, before], shown) == snapshot_id(before)
    assert earlier_snapshot([now], shown) == shown.previous_id
    assert earlier_snapshot([before, now], shown) == shown.previous_id


# -- pointing ---------------------------------------------------------------------------------------------------------


def test_pointing_previews_refuses_or_has_nothing_to_point_on() -> None:
    shown, kept = monitor(), snapshot()
    reading = Reading(value=52.0, unit="USD", evidence=Evidence(quote="$52", method="table_cell"), confidence=0.95)
    view = point_view(shown, kept, "c0.2.1", reading, ROOT, FORMATS)
    assert view.preview is not None
    assert (view.preview.value, view.preview.use.fields) == ("$52", {"snapshot": str(kept.id), "place": "c0.2.1"})
    assert view.frame.endswith("&place=c0.2.1#fact")
    refused = point_view(shown, kept, "b1", problem("nothing-to-read-there", "No", 422, "No price."), ROOT, FORMATS)
    assert (refused.preview, refused.problem) == (None, "No price.")
    assert point_view(shown, None, "", None, ROOT, FORMATS).empty is not None
