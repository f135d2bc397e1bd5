"""Why somebody was told of an alert, or was not: what happened, what was decided and what became of the messages, in one order.

Made of nothing but what was written down when it happened: each line stands for a step, a decision or a message.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
"""Decisions to tell a channel something. Whether it took the message is the message's to say."""

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
TAKEN = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.OPENED, DeliveryState.CLICKED})
"""What reached somebody."""
LOST = frozenset({DeliveryState.BOUNCED, DeliveryState.SPAM, DeliveryState.UNSUBSCRIBED, DeliveryState.FAILED})
"""What reached nobody."""

STEPS = {"commented": "Somebody said something.", "assigned": "It was given to somebody."}
"""What happens to an alert without a reason of its own, or with one that says less."""

_LOST_HOW = {
    DeliveryState.BOUNCED: "sent {it} back",
    DeliveryState.SPAM: "took {it} for spam",
    DeliveryState.UNSUBSCRIBED: "wants no more messages",
    DeliveryState.FAILED: "did not take {it}{why}, and it was given up",
}
_GONE = "a channel that is gone"
_TRIES = re.compile(r"^(?:gave-up|others-stand-in)-after-\d+-tries: ")

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


def trace(found: AlertDecisions, messages: Sequence[NotificationView] | None) -> Trace:
    """What happened and why, in the order of time. `messages` are all about the alert; None when they can't be had."""
    lines = [
        *(_step(step, found.alert) for step in found.steps),
        *map(_decision, found.decisions),
        *map(_message, messages or ()),
    ]
    return Trace(answer(found, messages), tuple(sorted(lines, key=lambda line: (line.at, _ORDER[line.kind]))))


def answer(found: AlertDecisions, messages: Sequence[NotificationView] | None) -> str:
    """Whether somebody was told, whom, and else why not. Who took no message was not told, whatever was decided."""
    if messages is None:
        if meant := dict.fromkeys(each.channel or _GONE for each in found.decisions if each.word in TELLING):
            return f"It was decided to tell {', '.join(meant)}; what became of the messages is not known now."
        messages = ()
    told = [each for each in messages if each.state in TAKEN]
    untold = list(dict.fromkeys(_untold(found, messages)))
    if told:
        return " ".join([f"Told: {_names(told, _known_names(found, messages))}.", *(f"{each}." for each in untold)])
    is_over = found.alert.state is AlertState.RESOLVED and all(
        each.state is not DeliveryState.PENDING for each in messages
    )
    nobody = f"Nobody was told{'' if is_over else ' so far'}"
    if untold:
        return f"{nobody}: {'. '.join(untold)}."
    if found.decisions:
        last = found.decisions[-1]
        return f"{nobody}. {DECISIONS.get(last.word, last.word)}{_held(last)}"
    return "Nothing was decided about telling it."


def _names(told: Sequence[NotificationView], names: Mapping[Id, str]) -> str:
    """Who took a message; those that stood in for others come last, with these."""
    own = dict.fromkeys(each.channel_name for each in told if not each.stands_in_for)
    stood_in = dict.fromkeys(_named(each, names) for each in told if each.stands_in_for)
    return "; ".join([*([", ".join(own)] if own else []), *stood_in])


def _named(message: NotificationView, names: Mapping[Id, str]) -> str:
    if message.stands_in_for:
        return f"{message.channel_name}, in place of {names.get(message.stands_in_for) or _GONE}"
    return message.channel_name


def _known_names(found: AlertDecisions, messages: Sequence[NotificationView]) -> dict[Id, str]:
    decided = {each.channel_id: each.channel for each in found.decisions if each.channel_id and each.channel}
    return decided | {each.channel_id: each.channel_name for each in messages}


def _untold(found: AlertDecisions, messages: Sequence[NotificationView]) -> Iterator[str]:
    """What is on its way, what was lost though nobody stood in for it, and what no message was made of."""
    took = {each.channel_id for each in messages if each.state in TAKEN}
    replaced = {each.fallback_for for each in messages if each.state in TAKEN}
    names = _known_names(found, messages)
    for each in messages:
        name, it = _named(each, names), "another message" if each.channel_id in took else "it"
        why = f" ({_TRIES.sub('', each.error)})" if each.error else ""
        comma = "," if each.stands_in_for else ""
        if each.state is DeliveryState.PENDING and why:
            again = f"; it is tried again at {_at(each.next_attempt_at)}" if each.next_attempt_at else ""
            yield f"{name}{comma} did not take {it}{why}{again}"
        elif each.state is DeliveryState.PENDING:
            yield f"{name}{comma} is still to be told"
        elif each.state in LOST and each.id not in replaced:
            yield f"{name}{comma} {_LOST_HOW[each.state].format(it=it, why=why)}"
    heard_of = {each.channel_id for each in messages} | {each.stands_in_for for each in messages}
    for made in found.decisions:
        if made.word in TELLING and made.channel_id not in heard_of:
            yield f"{made.channel or 'A channel that is gone'} was to be told, and no message to it is known"


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
