"""Monitors, facts and verdicts as the API shows them, made from what their owners answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from monitors_contracts import monitors as contracts
from monitors_contracts.base import Id, Model, Problem, ShortText, Url, Value
from monitors_contracts.collection import RecentValue
from monitors_contracts.monitors import ChangeType, Evidence, MonitorStatus, SourceSettings, Verdict
from monitors_contracts.notifications import NotificationView
from monitors_contracts.times import years
from monitors_runtime.traces import Node

from ..refreshes import Started

Moment = Annotated[AwareDatetime, years(1970, 2999)]
"""A time of what was measured or happened, that is asked for."""
FactType = Literal["number", "string", "boolean", "object"]


class Success(Model):
    """It is done."""

    success: Literal[True] = True


class Monitor(Model):
    """A monitor and how it stands."""

    id: Id
    name: str
    prompt: str
    type: Literal["state", "change"]
    is_active: bool
    last_checked: AwareDatetime | None
    current_value: Value
    trigger_count: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    extracted_fact: str
    trigger_condition: str
    fact_type: FactType
    previous_value: Value
    unit: str | None
    url: str | None
    source: SourceSettings
    condition_met: bool | None
    evaluation_count: int
    last_verdict: Verdict | None
    last_reason: str | None
    last_manual_refresh: AwareDatetime | None
    next_allowed_refresh: AwareDatetime | None
    version: int
    status: MonitorStatus
    recent_values: list[RecentValue] = Field(description="Oldest first; as many as a list was asked for, else none")


class Interpretation(Model):
    """What a sentence was understood to mean."""

    type: Literal["state", "change"]
    extracted_fact: str
    trigger_condition: str
    suggested_name: str
    subject: str
    fact_type: FactType
    condition: contracts.Condition | None
    change: contracts.Change | None
    url: str | None
    confidence: float
    provider: str


class GivenInterpretation(Model):
    """What a person says their sentence means: an interpretation as it is shown, with what they corrected."""

    type: Literal["state", "change"]
    extracted_fact: ShortText = Field(examples=["price"])
    subject: ShortText = ""
    fact_type: FactType
    condition: contracts.Condition | None = Field(default=None, description="Needed by a state")
    change: contracts.Change | None = None
    url: Url | None = Field(default=None, examples=["https://shop.example/kettle"])
    suggested_name: str = Field(default="", max_length=100)

    @model_validator(mode="after")
    def _state_has_a_condition(self) -> Self:
        if self.type == "state" and self.condition is None:
            raise PydanticCustomError("condition_missing", "A state needs a condition: when is it true?")
        return self


class MonitorFact(Model):
    """A value that was read from the source."""

    id: Id
    monitor_id: Id
    value: Value
    unit: str | None
    extracted_at: AwareDatetime
    source: str
    processing_time: float | None
    triggered_alert: bool
    change_from_previous: float | None
    confidence: float
    evidence: Evidence | None
    errors: list[str]


class FactHistory(Model):
    """One check: what it found and what was decided."""

    id: Id
    monitor_id: Id
    value: Value
    previous_value: Value
    unit: str | None
    timestamp: AwareDatetime
    triggered_alert: bool
    source: str
    change_type: ChangeType | None
    change_amount: float | None
    change_percentage: float | None
    verdict: Verdict | None
    reason: str
    detail: str
    confidence: float
    evidence: Evidence | None
    processing_time: float | None
    errors: list[str]


class Evaluation(Model):
    """The result of a refresh, or that it is still pending. A check that failed has no value and says why."""

    monitor_id: Id
    refresh_id: Id
    status: Literal["pending", "done"]
    value: Value
    triggered: bool
    timestamp: AwareDatetime
    next_allowed_refresh: AwareDatetime | None
    verdict: Verdict | None
    reason: str
    detail: str
    unit: str | None
    previous_value: Value
    change_type: ChangeType | None
    change_amount: float | None
    change_percentage: float | None
    confidence: float
    evidence: Evidence | None
    condition: str
    confirmed: bool
    fetched: contracts.Fetched | None
    processing_time: float | None


class TraceNode(Model):
    """An event, milliseconds since the first one and since its cause, and the events that follow from it."""

    id: str
    type: str
    service: str
    time: AwareDatetime
    at_ms: float
    took_ms: float | None
    summary: str
    caused: list["TraceNode"]


class Notification(NotificationView):
    """A message about an alert, and how far it came."""

    delivery_status: str
    send_grid_message_id: str | None


class RefusedRefresh(Model):
    """A monitor of a batch that is not refreshed, and why."""

    monitor_id: Id
    problem: Problem


def monitor(
    view: contracts.MonitorView,
    last_refresh: datetime | None,
    next_allowed: datetime | None,
    recent_values: Sequence[RecentValue] = (),
) -> Monitor:
    """A monitor with its refresh times; `next_allowed` is null when it may be refreshed now."""
    return Monitor(
        id=view.id,
        name=view.name,
        prompt=view.prompt,
        type=view.interpretation.kind,
        is_active=view.is_active,
        last_checked=view.last_checked,
        current_value=view.current_value,
        trigger_count=view.trigger_count,
        created_at=view.created_at,
        updated_at=view.updated_at,
        extracted_fact=view.interpretation.fact,
        trigger_condition=view.interpretation.trigger_condition,
        fact_type=view.interpretation.fact_type,
        previous_value=view.previous_value,
        unit=view.unit,
        url=view.interpretation.url,
        source=view.source,
        condition_met=view.condition_met,
        evaluation_count=view.evaluation_count,
        last_verdict=view.last_verdict,
        last_reason=view.last_reason,
        last_manual_refresh=last_refresh,
        next_allowed_refresh=next_allowed,
        version=view.version,
        status=view.status,
        recent_values=list(recent_values),
    )


def interpretation(found: contracts.Interpretation) -> Interpretation:
    """What a sentence was understood to mean."""
    return Interpretation(
        type=found.kind,
        extracted_fact=found.fact,
        trigger_condition=found.trigger_condition,
        suggested_name=found.name,
        subject=found.subject,
        fact_type=found.fact_type,
        condition=found.condition,
        change=found.change,
        url=found.url,
        confidence=found.confidence,
        provider=found.provider,
    )


def meant(given: GivenInterpretation) -> contracts.Interpretation:
    """What a person says, for the owner of the monitors."""
    return contracts.Interpretation(
        kind=given.type,
        fact=given.extracted_fact,
        subject=given.subject,
        fact_type=given.fact_type,
        condition=given.condition,
        change=given.change,
        url=given.url,
        name=given.suggested_name,
        confidence=1,
        provider=contracts.BY_HAND,
    )


def facts(found: Sequence[contracts.Evaluation], source: str | None) -> list[MonitorFact]:
    """The checks that read a value, as facts."""
    return [
        MonitorFact(
            id=each.id,
            monitor_id=each.monitor_id,
            value=each.value,
            unit=each.unit,
            extracted_at=each.evaluated_at or each.requested_at,
            source=_source(each, source),
            processing_time=each.processing_time_ms,
            triggered_alert=each.verdict is Verdict.TRIGGERED,
            change_from_previous=each.change_amount,
            confidence=each.confidence,
            evidence=each.evidence,
            errors=_errors(each),
        )
        for each in found
        if each.status == "done" and each.value is not None
    ]


def history(found: Sequence[contracts.Evaluation], source: str | None) -> list[FactHistory]:
    """All checks that have ended."""
    return [
        FactHistory(
            id=each.id,
            monitor_id=each.monitor_id,
            value=each.value,
            previous_value=each.previous_value,
            unit=each.unit,
            timestamp=each.evaluated_at or each.requested_at,
            triggered_alert=each.verdict is Verdict.TRIGGERED,
            source=_source(each, source),
            change_type=each.change_type,
            change_amount=each.change_amount,
            change_percentage=each.change_percentage,
            verdict=each.verdict,
            reason=each.reason,
            detail=each.detail,
            confidence=each.confidence,
            evidence=each.evidence,
            processing_time=each.processing_time_ms,
            errors=_errors(each),
        )
        for each in found
        if each.status == "done"
    ]


def notification(view: NotificationView) -> Notification:
    """A delivery."""
    return Notification(
        **view.model_dump(by_alias=False),
        delivery_status=view.state,
        send_grid_message_id=view.provider_message_id,
    )


def evaluation(found: contracts.Evaluation, next_allowed: datetime | None) -> Evaluation:
    """A check's result, pending or done."""
    return Evaluation(
        monitor_id=found.monitor_id,
        refresh_id=found.id,
        status=found.status,
        value=found.value,
        triggered=found.verdict is Verdict.TRIGGERED,
        timestamp=found.evaluated_at or found.requested_at,
        next_allowed_refresh=next_allowed,
        verdict=found.verdict,
        reason=found.reason,
        detail=found.detail,
        unit=found.unit,
        previous_value=found.previous_value,
        change_type=found.change_type,
        change_amount=found.change_amount,
        change_percentage=found.change_percentage,
        confidence=found.confidence,
        evidence=found.evidence,
        condition=found.condition,
        confirmed=found.confirmed,
        fetched=found.fetched,
        processing_time=found.processing_time_ms,
    )


def trace_node(node: Node) -> TraceNode:
    """An event with what it caused."""
    step = node.step
    return TraceNode(
        id=step.id,
        type=step.type,
        service=step.source,
        time=step.time,
        at_ms=round(node.at_ms, 3),
        took_ms=None if node.took_ms is None else round(node.took_ms, 3),
        summary=step.summary,
        caused=[trace_node(child) for child in node.children],
    )


def started(refresh: Started) -> Evaluation:
    """A refresh with its result, or as still pending."""
    found = refresh.evaluation or contracts.Evaluation(
        id=refresh.refresh_id,
        monitor_id=refresh.monitor_id,
        status="pending",
        reason="pending",
        detail="The check is under way.",
        requested_at=refresh.at,
    )
    return evaluation(found, refresh.next_allowed)


def _source(found: contracts.Evaluation, source: str | None) -> str:
    return (found.evidence.url if found.evidence else None) or source or ""


def _errors(found: contracts.Evaluation) -> list[str]:
    ended_badly = found.verdict in (Verdict.FAILED, Verdict.UNCERTAIN)
    return [found.detail or found.reason] if ended_badly else []
