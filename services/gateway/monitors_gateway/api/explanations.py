"""“Why was I (not) told?”: one readable trace of an alert, from its condition to each message."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field

from monitors_contracts.alerts import AlertView, ListAlerts
from monitors_contracts.base import Id, Model
from monitors_contracts.decisions import AlertDecisions, AlertPlace, ExplainAlert, HeldBy
from monitors_contracts.matchers import Matcher
from monitors_contracts.notifications import ListNotifications
from monitors_contracts.pending import ListPending, PendingAlert, PendingList
from monitors_contracts.routing import Destination, TestRouting
from monitors_contracts.rules import AbsenceRule, GetRule, LeveledRule
from monitors_runtime.errors import ProblemError

from ..domain import paging
from ..domain.paging import Line
from ..gateway import Gateway
from ..http.callers import Caller
from ..store import users


class TraceLine(Model):
    """Something that happened to the alert (`alert`), was decided about telling it (`decision`), or became of a message."""

    at: AwareDatetime
    kind: str = Field(description="`alert`, `decision` or `message`")
    word: str = Field(
        description="The stable word that was decided by: an event's reason, a decision, a message's state"
    )
    text: str = Field(description="The same in a sentence")
    more: list[str] = Field(description="Details: what was read, the route, the silence, the step, the error")
    ok: bool = Field(description="False where something kept the alert from reaching somebody")
    until: AwareDatetime | None = Field(description="When what it waits for ends, or when it is tried again")
    channel_id: Id | None
    channel: str
    user_id: Id | None
    user_name: str | None
    message_id: Id | None


class RuleClocks(Model):
    """How long a rule waits, as it is now; seconds."""

    fires_after: float = Field(description="How long the condition must hold before it fires")
    ends_after: float = Field(description="How long it must be back to normal before it is over")


class Explanation(Model):
    """Why somebody was told of an alert, or was not. What stands below `trace` is how it is now."""

    alert: AlertView
    answer: str = Field(description="In a sentence or two")
    trace: list[TraceLine] = Field(description="Oldest first")
    decided: int = Field(description="How many decisions there are; of very many the newest are shown")
    labels: dict[str, str] = Field(description="As routes and silences see them")
    groups: list[AlertPlace] = Field(description="The groups that it waits or stays in")
    held_by: list[HeldBy] = Field(description="What holds it back")
    destinations: list[Destination] = Field(description="Where the routes lead it")
    rule: RuleClocks | None = Field(description="The rule's clocks, of an alert that a rule opened")
    unavailable: list[str] = Field(description="Parts that can't be shown now")


class LabelsExplanation(Model):
    """What became of alerts with these labels: what is pending, the newest explained, others named; where one would go."""

    answer: str
    explanation: Explanation | None = Field(description="Of the newest alert")
    others: list[AlertView] = Field(description="The next ones, newest first")
    pending: list[PendingAlert] = Field(
        description="What would fire next: conditions that hold, and not yet long enough"
    )
    destinations: list[Destination] = Field(description="Where such an alert would go now, if there is none")
    held_by: list[str] = Field(description="What would keep it from being told, in words, if there is none")
    unavailable: list[str] = Field(description="Parts that can't be shown now")


MOST_OTHERS = 20
NOTHING_FIRED = "No alert with these labels is kept: nothing like it fired, or it was deleted since."


async def explain_labels(gateway: Gateway, caller: Caller, matchers: list[Matcher]) -> LabelsExplanation:
    """Why was I not told of this? By the labels of what should have been told."""
    whose: dict[str, Any] = {"organization_id": caller.organization_id, "matchers": matchers}
    opened, waiting = await asyncio.gather(
        gateway.runtime.ask(ListAlerts(**whose, limit=MOST_OTHERS + 1)),
        gateway.runtime.ask(ListPending(**whose, limit=MOST_OTHERS)),
        return_exceptions=True,
    )
    if isinstance(opened, BaseException):
        raise opened
    if isinstance(waiting, BaseException) and not isinstance(waiting, ProblemError):
        raise waiting
    ahead = PendingList(alerts=[], total=0) if isinstance(waiting, ProblemError) else waiting
    parts: dict[str, Any] = {
        "pending": ahead.alerts,
        "unavailable": ["pending"] if isinstance(waiting, ProblemError) else [],
    }
    clocks = paging.clocks(ahead)
    if found := opened.alerts:
        newest = await explanation(gateway, caller, found[0].id)
        answer = f"{clocks} The newest alert with these labels: {newest.answer}" if clocks else newest.answer
        return LabelsExplanation(
            answer=answer, explanation=newest, others=found[1:], destinations=[], held_by=[], **parts
        )
    labels = {each.label: each.value for each in matchers if each.op == "=" and each.value}
    leads = await gateway.runtime.ask(TestRouting(organization_id=caller.organization_id, labels=labels))
    return LabelsExplanation(
        answer=clocks or NOTHING_FIRED,
        explanation=None,
        others=[],
        destinations=leads.destinations,
        held_by=leads.held_by,
        **parts,
    )


async def explanation(gateway: Gateway, caller: Caller, alert_id: Id) -> Explanation:
    """The trace of one alert."""
    organization_id, runtime = caller.organization_id, gateway.runtime
    about = ListNotifications(organization_id=organization_id, alert_id=alert_id, limit=200)
    found, sent = await asyncio.gather(
        runtime.ask(ExplainAlert(organization_id=organization_id, alert_id=alert_id)),
        runtime.ask(about),
        return_exceptions=True,
    )
    if isinstance(found, BaseException):
        raise found
    if isinstance(sent, BaseException) and not isinstance(sent, ProblemError):
        raise sent
    messages = None if isinstance(sent, BaseException) else sent.notifications
    traced = paging.trace(found, messages)
    named = {line.user_id for line in traced.lines if line.user_id}
    names = await users.names(runtime.pool, organization_id, named)
    return Explanation(
        alert=found.alert,
        answer=traced.answer,
        trace=[_line(line, names) for line in traced.lines],
        decided=found.decided,
        labels=found.labels,
        groups=found.places,
        held_by=found.held_by,
        destinations=found.destinations,
        rule=await _clocks(gateway, found),
        unavailable=["notifications"] if isinstance(sent, BaseException) else [],
    )


async def _clocks(gateway: Gateway, found: AlertDecisions) -> RuleClocks | None:
    """The rule's clocks; None where there is no rule, or none that can be asked for."""
    alert = found.alert
    if alert.rule_id is None:
        return None
    try:
        rule = await gateway.runtime.ask(GetRule(organization_id=alert.organization_id, rule_id=alert.rule_id))
    except ProblemError:
        return None
    match rule.spec:
        case LeveledRule() as spec:
            return RuleClocks(fires_after=spec.hold, ends_after=spec.recover_for)
        case AbsenceRule() as spec:
            return RuleClocks(fires_after=spec.hold, ends_after=0)
        case _:
            return None


def _line(line: Line, names: Mapping[Id, str]) -> TraceLine:
    return TraceLine(
        at=line.at,
        kind=line.kind,
        word=line.word,
        text=line.text,
        more=list(line.more),
        ok=line.ok,
        until=line.until,
        channel_id=line.channel_id,
        channel=line.channel,
        user_id=line.user_id,
        user_name=names.get(line.user_id) if line.user_id else None,
        message_id=line.message_id,
    )
