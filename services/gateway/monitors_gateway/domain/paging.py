"""Why somebody was told of an alert, or was not: what happened, what was decided and what became of the messages, in one order.

Made of nothing but what was written down when it happened: each line stands for a step, a decision or a message.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from monitors_contracts.alerts import REASONS, AlertState, AlertStep, AlertView
from monitors_contracts.base import Id
from monitors_contracts.decisions import DECISIONS, AlertDecision, AlertDecisions
from monitors_contracts.notices import NOTICE_REASONS
from monitors_contracts.notifications import DeliveryState, NotificationView
from monitors_contracts.pending import PendingList

from .explaining import shown

TELLING = frozenset(word for word in DECISIONS if word.startswith("told"))
"""Decisions by which a channel is told something."""

UNTOLD = {
    "crossed-again": "It was open already, so this is one more time of the same alert, told to nobody.",
    "refreshed": "It was open already, so nobody is told.",
    "superseded": "A newer change is told instead.",
    "steady": "It was told that it fires, so nobody is told again.",
}
"""What changes an alert and is never told, and why."""

MESSAGES: dict[DeliveryState, str] = {
    DeliveryState.PENDING: "The message waits to be sent.",
    DeliveryState.SENT: "The receiver took the message.",
    DeliveryState.DELIVERED: "The message was delivered.",
    DeliveryState.OPENED: "The message was opened.",
    DeliveryState.CLICKED: "Somebody followed a link in the message.",
    DeliveryState.BOUNCED: "The message came back.",
    DeliveryState.SPAM: "The receiver took the message for spam.",
    DeliveryState.UNSUBSCRIBED: "The receiver wants no more messages.",
    DeliveryState.FAILED: "The message was given up.",
    DeliveryState.SUPERSEDED: "It was never taken; a newer message told its news too.",
}
LOST = frozenset({DeliveryState.BOUNCED, DeliveryState.SPAM, DeliveryState.UNSUBSCRIBED, DeliveryState.FAILED})
"""What reached nobody."""

STEPS = {"commented": "Somebody said something.", "assigned": "It was given to somebody."}
"""What happens to an alert without a reason of its own, or with one that says less."""

_ORDER = {"alert": 0, "decision": 1, "message": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trace. `word` is the stable word that was decided by; `more` are its details."""

    at: datetime
    kind: Literal["alert", "decision", "message"]
    word: str
    text: str
    more: tuple[str, ...] = ()
    ok: bool = True
    """False where something kept the alert from reaching somebody."""
    until: datetime | None = None
    channel_id: Id | None = None
    channel: str = ""
    user_id: Id | None = None
    message_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything about one alert, oldest first, and the answer in a sentence or two."""

    answer: str
    lines: tuple[Line, ...] = field(default=())


def clocks(ahead: PendingList) -> str:
    """Since when what is pending holds and when it fires, in a sentence or two; empty when nothing is."""
    if not ahead.alerts:
        return ""
    first, others = ahead.alerts[0], ahead.total - 1
    more = f" {others} more {'is' if others == 1 else 'are'} pending." if others else ""
    return (
        f"Pending: {first.name} holds since {_at(first.since)}, "
        f"and fires at {_at(first.fires_at)} if it goes on ({first.condition}).{more}"
    )


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def trace(found: AlertDecisions, messages: Sequence[NotificationView]) -> Trace:
    """What happened and why, in the order of time."""
    lines = [
        *(_step(step, found.alert) for step in found.steps),
        *map(_decision, found.decisions),
        *map(_message, messages),
    ]
    return Trace(answer(found, messages), tuple(sorted(lines, key=lambda line: (line.at, _ORDER[line.kind]))))


def answer(found: AlertDecisions, messages: Sequence[NotificationView]) -> str:
    """Whether somebody was told, whom, and else why not."""
    return " ".join(_answer(found, messages))


def _answer(found: AlertDecisions, messages: Sequence[NotificationView]) -> Iterator[str]:
    told = [each for each in found.decisions if each.word in TELLING]
    if told:
        names = dict.fromkeys(each.channel or "a channel that is gone" for each in told)
        yield f"Told: {', '.join(names)}."
    elif messages:
        yield f"Told: {', '.join(dict.fromkeys(each.channel_name for each in messages))}."
    elif found.decisions:
        last = found.decisions[-1]
        yield f"Nobody was told{'' if found.alert.state is AlertState.RESOLVED else ' so far'}."
        yield f"{DECISIONS.get(last.word, last.word)}{_held(last)}"
    else:
        yield "Nothing was decided about telling it."
    lost = [each for each in messages if each.state in LOST]
    if lost:
        yield f"{_count(len(lost))} could not be delivered."
    waiting = [each for each in messages if each.state is DeliveryState.PENDING]
    if waiting:
        yield f"{_count(len(waiting))} still on the way."


def _count(messages: int) -> str:
    return "1 message" if messages == 1 else f"{messages} messages"


def _held(decision: AlertDecision) -> str:
    return f" ({decision.held_words})" if decision.held_words else ""


def _step(step: AlertStep, alert: AlertView) -> Line:
    word = step.reason or step.kind
    why = STEPS.get(step.kind) or REASONS.get(word) or f"{step.kind.replace('-', ' ').capitalize()}."
    more = [f"{alert.condition}: {shown(step.value, step.unit)}"] if step.value is not None else []
    if step.kind == "assigned":
        more.append(f"now with {step.assignee}" if step.assignee else "now with nobody")
    if step.note:
        more.append(f"“{step.note}”")
    if word in UNTOLD:
        more.append(UNTOLD[word])
    return Line(
        step.at, "alert", word if step.kind != "assigned" else step.kind, why, tuple(more), user_id=step.user_id
    )


def _decision(made: AlertDecision) -> Line:
    more = [f"route {made.route}"] if made.route else []
    if made.reason and made.reason != "alerts-changed":
        more.append(NOTICE_REASONS.get(made.reason, made.reason))
    if made.step:
        more.append(f"step {made.step}" + (f": {made.person}" if made.person else ""))
    if made.held_words:
        more.append(made.held_words)
    return Line(
        made.at,
        "decision",
        made.word,
        DECISIONS.get(made.word, made.word),
        tuple(more),
        ok=made.word in TELLING,
        until=made.until,
        channel_id=made.channel_id,
        channel=made.channel,
    )


def _message(message: NotificationView) -> Line:
    more = [f"{message.attempts} tries"] if message.attempts > 1 else []
    if message.fallback_for:
        more.append("in place of a message that could not be delivered")
    if message.error:
        more.append(message.error)
    is_late = message.state is DeliveryState.PENDING and message.error
    return Line(
        message.sent_at or message.created_at,
        "message",
        message.state,
        "A try failed; it is tried again." if is_late else MESSAGES[message.state],
        tuple(more),
        ok=message.state not in LOST and not is_late,
        until=message.next_attempt_at,
        channel_id=message.channel_id,
        channel=message.channel_name,
        message_id=message.id,
    )
