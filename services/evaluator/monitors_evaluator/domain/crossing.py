"""From a decision to the events it means: the evaluation, a crossed threshold, a sample."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

from monitors_contracts.base import Event, Id
from monitors_contracts.metrics import MetricCollected, Sample
from monitors_contracts.monitors import (
    Crossing,
    Evaluation,
    Evidence,
    ExtractionPlan,
    Fetched,
    MonitorEvaluated,
    MonitorView,
    ThresholdCleared,
    ThresholdExceeded,
    Verdict,
)

from .verdict import Decision

METRIC = "monitor_value"


def fingerprint(monitor: MonitorView, refresh_id: Id) -> str:
    """The same condition of the same monitor has the same fingerprint; each change of a change monitor has its own."""
    interpretation = monitor.interpretation
    parts = [str(monitor.id), interpretation.kind, interpretation.trigger_condition]
    if interpretation.kind == "change":
        parts.append(str(refresh_id))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def evaluation_of(
    pending: Evaluation,
    decision: Decision,
    now: datetime,
    *,
    unit: str | None,
    confidence: float,
    evidence: Evidence | None,
    detail: str | None,
    processing_time_ms: float,
    condition: str = "",
    fetched: Fetched | None = None,
    new_plan: bool = False,
) -> Evaluation:
    """The pending evaluation, done. `detail` replaces the decision's own words (a failed fetch has better ones)."""
    return pending.model_copy(
        update={
            "status": "done",
            "verdict": decision.verdict,
            "reason": decision.reason,
            "detail": detail or decision.detail,
            "value": decision.value,
            "previous_value": decision.previous_value,
            "unit": unit,
            "change_type": decision.change_type,
            "change_amount": decision.change_amount,
            "change_percentage": decision.change_percentage,
            "confidence": confidence,
            "evidence": evidence,
            "evaluated_at": now,
            "confirmed": decision.confirmed,
            "processing_time_ms": processing_time_ms,
            "condition": condition,
            "fetched": fetched,
            "new_plan": new_plan,
        }
    )


def events_of(
    monitor: MonitorView,
    evaluation: Evaluation,
    decision: Decision,
    *,
    plan: ExtractionPlan | None,
    content_hash: str | None,
    batch_id: Id,
    measured_at: datetime,
) -> tuple[MonitorEvaluated, list[Event]]:
    """The evaluation's own event, and those that follow from it."""
    good = decision.verdict in (Verdict.TRIGGERED, Verdict.QUIET)
    evaluated = MonitorEvaluated(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        monitor_name=monitor.name,
        evaluation=evaluation,
        condition_met=decision.condition_met,
        plan=plan,
        content_hash=content_hash if good else None,
        monitor_version=monitor.version + 1,
    )
    return evaluated, list(_following(monitor, evaluation, decision, batch_id, measured_at, good))


def clearing(monitor: MonitorView, reason: str, refresh_id: Id, now: datetime) -> ThresholdCleared | None:
    """What ends the alert of a monitor that is not watched any more as it was; None when its condition is not met."""
    if not monitor.condition_met:
        return None
    return ThresholdCleared(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        monitor_name=monitor.name,
        fingerprint=fingerprint(monitor, refresh_id),
        kind=monitor.interpretation.kind,
        summary=f"{monitor.name}: {reason}",
        condition=monitor.interpretation.trigger_condition,
        value=monitor.current_value,
        unit=monitor.unit,
        url=monitor.interpretation.url,
        labels={"monitor": monitor.name},
        occurred_at=now,
    )


def _following(
    monitor: MonitorView, evaluation: Evaluation, decision: Decision, batch_id: Id, measured_at: datetime, good: bool
) -> Iterator[Event]:
    if decision.crossing == "exceeded":
        yield _crossing(ThresholdExceeded, monitor, evaluation)
    elif decision.crossing == "cleared":
        yield _crossing(ThresholdCleared, monitor, evaluation)
    value = evaluation.value
    if good and isinstance(value, float):
        tags = {"monitor_id": str(monitor.id), "fact": monitor.interpretation.fact[:200]}
        if evaluation.unit:
            tags["unit"] = evaluation.unit
        sample = Sample(name=METRIC, value=value, tags=tags, timestamp=measured_at, source="evaluator")
        yield MetricCollected(organization_id=monitor.organization_id, batch_id=batch_id, samples=[sample])


def _crossing(
    kind: type[ThresholdExceeded] | type[ThresholdCleared], monitor: MonitorView, evaluation: Evaluation
) -> Crossing:
    interpretation = monitor.interpretation
    return kind(
        organization_id=monitor.organization_id,
        monitor_id=monitor.id,
        monitor_name=monitor.name,
        refresh_id=evaluation.id,
        fingerprint=fingerprint(monitor, evaluation.id),
        kind=interpretation.kind,
        summary=f"{monitor.name}: {evaluation.detail}",
        condition=interpretation.trigger_condition,
        value=evaluation.value,
        previous_value=evaluation.previous_value,
        unit=evaluation.unit,
        change_amount=evaluation.change_amount,
        change_percentage=evaluation.change_percentage,
        evidence=evaluation.evidence,
        url=interpretation.url,
        labels={"monitor": monitor.name},
        occurred_at=evaluation.evaluated_at or evaluation.requested_at,
    )
