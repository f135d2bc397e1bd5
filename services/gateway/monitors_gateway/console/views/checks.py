"""Checks: rows of a history, the steps that explain one, and the events it caused."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitors_contracts.base import Id

from ...api.evaluations import EvaluationReply, ExplanationStep, TraceReply
from ...api.shapes import Evaluation, TraceNode
from ..formats import Formats, When
from .evidence import EvidenceView
from .parts import Badge, Empty, Link, Tone
from .standing import reason_words, verdict_badge

_STEPS = {
    "fetch": "Fetched",
    "find": "Found",
    "compare": "Compared",
    "condition": "Condition",
    "verdict": "Verdict",
    "alert": "Alert",
}
_EVENTS: dict[str, tuple[str, Tone]] = {
    "monitor.refresh-requested": ("Check asked for", "info"),
    "page.fetched": ("Page fetched", "info"),
    "page.fetch-failed": ("Page could not be fetched", "bad"),
    "monitor.evaluated": ("Verdict", "good"),
    "threshold.exceeded": ("Condition crossed", "warn"),
    "threshold.cleared": ("Condition over", "good"),
    "metric.collected": ("Value kept", "neutral"),
    "alert.triggered": ("Alert raised", "warn"),
    "alert.resolved": ("Alert ended", "good"),
    "notification.requested": ("Message prepared", "info"),
    "notification.sent": ("Message sent", "good"),
    "notification.delayed": ("Message delayed", "warn"),
    "notification.failed": ("Message failed", "bad"),
    "notification.tracked": ("Message followed", "good"),
}
_DEEPEST = 6
_LEAST_BAR = 0.8


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check of a history."""

    href: str
    at: When
    value: str
    change: str
    verdict: Badge
    words: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of an explanation."""

    title: str
    words: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One event: how deep it stands in the tree, when it happened (a bar in a 100 wide box), and what it says."""

    depth: int
    title: str
    tone: Tone
    service: str
    at: str
    took: str
    bar_x: float
    bar_width: float
    words: str


@dataclass(frozen=True, slots=True)
class CheckPageView:
    """One check in full."""

    monitor_id: str
    check_id: str
    back: Link
    title: str
    verdict: Badge
    value: str
    at: When
    pending: bool
    steps: tuple[StepView, ...]
    evidence: EvidenceView | None
    trace: tuple[TraceRow, ...]
    trace_words: str
    trace_missing: str


def rows(checks: Sequence[Evaluation], monitor: str, formats: Formats) -> tuple[CheckRow, ...]:
    """Checks as rows; `monitor` is the path of the monitor's page."""
    return tuple(
        CheckRow(
            href=f"{monitor}/checks/{each.refresh_id}",
            at=formats.when(each.timestamp),
            value=formats.value(each.value, each.unit),
            change=formats.change(each.change_amount, each.unit) if each.change_amount else "",
            verdict=verdict_badge(each.verdict),
            words=reason_words(each.reason) if each.reason else "",
        )
        for each in checks
    )


def steps(explanation: Sequence[ExplanationStep]) -> tuple[StepView, ...]:
    """The steps of an explanation."""
    return tuple(StepView(_STEPS[each.step], each.text, "good" if each.ok else "warn") for each in explanation)


def check_view(
    monitor_name: str,
    monitor: str,
    monitor_id: Id,
    found: EvaluationReply,
    evidence: EvidenceView | None,
    trace: TraceReply | None,
    formats: Formats,
) -> CheckPageView:
    """The page of one check; `monitor` is the path of its monitor's page, `trace` None when it can't be looked up now."""
    check = found.evaluation
    events = trace_rows(trace.events, formats) if trace else ()
    return CheckPageView(
        monitor_id=str(monitor_id),
        check_id=str(check.refresh_id),
        back=Link(monitor_name, monitor),
        title="Check under way" if check.status == "pending" else f"Check of {formats.exact(check.timestamp)}",
        verdict=verdict_badge(check.verdict),
        value=formats.value(check.value, check.unit),
        at=formats.when(check.timestamp),
        pending=check.status == "pending",
        steps=steps(found.explanation),
        evidence=evidence,
        trace=events,
        trace_words=_told(events, trace),
        trace_missing="" if trace else "The events can't be looked up right now. Reload the page to try again.",
    )


def trace_rows(trees: Sequence[TraceNode], formats: Formats) -> tuple[TraceRow, ...]:
    """The tree as rows, parents first, with bars on one scale."""
    nodes = list(_walk(trees, 0))
    total = max((node.at_ms for _, node in nodes), default=0) or 1
    return tuple(_row(depth, node, total, formats) for depth, node in nodes)


def _walk(trees: Sequence[TraceNode], depth: int) -> Iterator[tuple[int, TraceNode]]:
    for node in trees:
        yield depth, node
        yield from _walk(node.caused, depth + 1)


def _row(depth: int, node: TraceNode, total: float, formats: Formats) -> TraceRow:
    title, tone = _EVENTS.get(node.type, (node.type.replace(".", " "), "neutral"))
    took = node.took_ms or 0
    end = 100 * node.at_ms / total
    begin = min(end, max(0.0, 100 * (node.at_ms - took) / total))
    width = max(_LEAST_BAR, end - begin)
    return TraceRow(
        depth=min(depth, _DEEPEST),
        title=title,
        tone=tone,
        service=node.service,
        at=formats.span(node.at_ms / 1000),
        took=f"+{formats.span(took / 1000)}" if node.took_ms is not None else "",
        bar_x=round(min(begin, 100 - width), 2),
        bar_width=round(width, 2),
        words=node.summary,
    )


def _told(events: Sequence[TraceRow], trace: TraceReply | None) -> str:
    if trace is None or not events:
        return ""
    more = " There were too many events to look at all; some of this check may be missing." if trace.truncated else ""
    count = "1 event" if len(events) == 1 else f"{len(events)} events"
    return f"{count} across {len({event.service for event in events})} services.{more}"


NO_CHECKS = Empty("history", "No such checks", "Nothing ended this way yet.")
