"""One monitor: what it says now, why, since when, and what it led to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from monitors_contracts.alerts import AlertView
from monitors_contracts.evaluations import MonitorValues
from monitors_contracts.monitors import MonitorStatus, Verdict

from ...api.evaluations import EvaluationReply, EvaluationsReply
from ...api.monitors import MonitorDetailReply
from ...api.shapes import Evaluation, Monitor
from ..formats import Formats, When
from .alert import web_link
from .alerts import STATES, summary_of
from .checks import NO_CHECKS, CheckRow, StepView, rows, steps
from .deliveries import DeliveryRow, delivery_row
from .evidence import EvidenceView
from .monitors import STATUSES
from .parts import Action, Badge, Empty, Link, Moment, Tab
from .standing import verdict_badge

SPANS: dict[str, timedelta | None] = {
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
    "all": None,
}
_SPAN_WORDS = {"day": "Day", "week": "Week", "month": "Month", "all": "All"}
_LONG_VALUE = 28
TABLE_ROWS = 40


@dataclass(frozen=True, slots=True)
class ChartView:
    """Numbers over time: where the data is, and the same as rows."""

    src: str
    label: str
    rows: tuple[tuple[When, str], ...]


@dataclass(frozen=True, slots=True)
class MonitorPageView:
    """The page of one monitor. `said` is the latest result in a sentence, for those who listen."""

    id: str
    name: str
    sentence: str
    here: str
    watching: str
    fires: str
    source: Link | None
    status: Badge
    value: str
    is_long: bool
    before: str
    checked: When | None
    counts: str
    said: str
    check_path: str
    next_check: When | None
    is_paused: bool
    edit: Link
    point: Link | None
    actions: tuple[Action, ...]
    spans: tuple[Tab, ...]
    draws: bool
    chart: ChartView | None
    changes: tuple[Moment, ...]
    evidence: EvidenceView | None
    no_evidence: Empty | None
    why: tuple[StepView, ...]
    why_href: str
    alerts: tuple[Moment, ...]
    alerts_href: str
    messages: tuple[DeliveryRow, ...]
    messages_missing: bool
    filters: tuple[Tab, ...]
    checks: tuple[CheckRow, ...]
    older: str
    no_checks: Empty | None
    never_checked: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page's address picks: the span of the chart, the checks listed, and the side of the evidence."""

    span: str = "all"
    verdict: Verdict | None = None
    show: str = "page"


def monitor_view(
    found: MonitorDetailReply,
    checks: EvaluationsReply,
    latest: EvaluationReply | None,
    evidence: EvidenceView | None,
    values: MonitorValues,
    alerts: Sequence[AlertView],
    asked: Asked,
    root: str,
    formats: Formats,
) -> MonitorPageView:
    """The page. `latest` is the newest check that has ended, explained; `alerts` are newest first."""
    monitor = found.monitor
    here = f"{root}/monitors/{monitor.id}"
    subject = f" of {found.interpretation.subject}" if found.interpretation.subject else ""
    is_known = monitor.current_value is not None
    value = formats.value(monitor.current_value, monitor.unit) if is_known else "Nothing read yet"
    never = latest is None and asked.verdict is None
    return MonitorPageView(
        id=str(monitor.id),
        name=monitor.name,
        sentence=monitor.prompt,
        here=here,
        watching=f"{monitor.extracted_fact}{subject}",
        fires=monitor.trigger_condition,
        source=web_link(monitor.url),
        status=STATUSES[monitor.status],
        value=value,
        is_long=len(value) > _LONG_VALUE or not is_known,
        before=_before(monitor, formats),
        checked=formats.maybe_when(monitor.last_checked),
        counts=_counts(monitor, formats),
        said=_said(latest.evaluation, value) if latest else "",
        check_path=f"{here}/check",
        next_check=formats.maybe_when(monitor.next_allowed_refresh),
        is_paused=monitor.status is MonitorStatus.PAUSED,
        edit=Link("Edit", f"{here}/edit", "pencil"),
        point=None if never else Link("Wrong place? Point at the right one", f"{here}/point", "crosshair"),
        actions=_actions(monitor, here),
        spans=_spans(asked, here),
        draws=monitor.fact_type == "number",
        chart=_chart(monitor, values, asked, here, formats),
        changes=_changes(values, monitor, formats),
        evidence=evidence,
        no_evidence=None if evidence else _no_page(here),
        why=steps(latest.explanation) if latest else (),
        why_href=f"{here}/checks/{latest.evaluation.refresh_id}" if latest else "",
        alerts=tuple(_alert(alert, root, formats) for alert in alerts),
        alerts_href=f"{root}/alerts?{urlencode({'state': 'all', 'monitor': str(monitor.id)})}",
        messages=tuple(delivery_row(each, root, formats) for each in found.notifications[:10]),
        messages_missing="notifications" in found.unavailable,
        filters=_filters(asked, here),
        checks=rows(checks.evaluations, here, formats),
        older=f"{here}?{urlencode(_kept(asked) | {'cursor': checks.next_cursor})}#checks" if checks.next_cursor else "",
        no_checks=NO_CHECKS if not checks.evaluations and not never else None,
        never_checked=never,
    )


def _no_page(here: str) -> Empty:
    words = "No page could be fetched yet, so there is nothing to show. If the address is wrong, change it."
    return Empty("file-text", "No page was read", words, Link("Edit the monitor", f"{here}/edit", "pencil"))


def _before(monitor: Monitor, formats: Formats) -> str:
    if monitor.previous_value is None or monitor.previous_value == monitor.current_value:
        return ""
    return f"was {formats.value(monitor.previous_value, monitor.unit)}"


def _counts(monitor: Monitor, formats: Formats) -> str:
    if not monitor.evaluation_count:
        return ""
    checks = "1 check" if monitor.evaluation_count == 1 else f"{formats.number(monitor.evaluation_count)} checks"
    times = "once" if monitor.trigger_count == 1 else f"{formats.number(monitor.trigger_count)} times"
    return f"{checks}, triggered {times if monitor.trigger_count else 'never'}"


def _said(latest: Evaluation, value: str) -> str:
    words = verdict_badge(latest.verdict).words
    return f"{words}: {latest.detail}" if latest.detail else f"{words}. The value is {value}."


def _actions(monitor: Monitor, here: str) -> tuple[Action, ...]:
    pause = (
        Action("Pause", f"{here}/pause", "pause") if monitor.is_active else Action("Resume", f"{here}/resume", "play")
    )
    return (
        pause,
        Action("Duplicate", f"{here}/duplicate", "copy"),
        Action(
            "Delete",
            f"{here}/delete",
            "trash-2",
            "danger",
            f"Delete “{monitor.name}” and everything it has seen?",
            fields={"name": monitor.name},
        ),
    )


def _kept(asked: Asked) -> dict[str, str]:
    given = {"span": asked.span if asked.span != "all" else "", "verdict": asked.verdict.value if asked.verdict else ""}
    return {name: value for name, value in given.items() if value}


def _spans(asked: Asked, here: str) -> tuple[Tab, ...]:
    return tuple(
        Tab(words, f"{here}?{urlencode({'span': name})}#values", current=name == asked.span)
        for name, words in _SPAN_WORDS.items()
    )


def _filters(asked: Asked, here: str) -> tuple[Tab, ...]:
    everything = Tab("All", f"{here}#checks", current=asked.verdict is None)
    return (
        everything,
        *(
            Tab(verdict_badge(each).words, f"{here}?verdict={each.value}#checks", current=each is asked.verdict)
            for each in Verdict
        ),
    )


def _chart(monitor: Monitor, values: MonitorValues, asked: Asked, here: str, formats: Formats) -> ChartView | None:
    known = [(at, value) for at, value in zip(values.times, values.values, strict=True) if value is not None]
    if monitor.fact_type != "number" or len(known) < 2:
        return None
    newest = reversed(known[-TABLE_ROWS:])
    return ChartView(
        src=f"{here}/values?{urlencode({'span': asked.span})}",
        label=monitor.extracted_fact[:1].upper() + monitor.extracted_fact[1:],
        rows=tuple(
            (formats.when(datetime.fromtimestamp(at, UTC)), formats.value(value, values.unit)) for at, value in newest
        ),
    )


def _changes(values: MonitorValues, monitor: Monitor, formats: Formats) -> tuple[Moment, ...]:
    return tuple(
        Moment(formats.value(each.value, monitor.unit), formats.when(each.at), "info" if number == 0 else "neutral")
        for number, each in enumerate(reversed(values.changes))
    )


def _alert(alert: AlertView, root: str, formats: Formats) -> Moment:
    state = STATES[alert.state]
    when = formats.when(alert.started_at)
    return Moment(summary_of(alert), when, state.tone, by=state.words, href=f"{root}/alerts/{alert.id}")
