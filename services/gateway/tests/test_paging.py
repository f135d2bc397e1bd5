"""“Why was I (not) told?”, made of what was written down: each word has a sentence, and the order is that of time."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from monitors_contracts.alerts import AlertState, AlertStep, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.decisions import DECISIONS, AlertDecision, AlertDecisions
from monitors_contracts.notices import NOTICE_REASONS, NoticeReason
from monitors_contracts.notifications import DeliveryState, NotificationView
from monitors_gateway.domain import paging

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def found(*decisions: AlertDecision, steps: tuple[AlertStep, ...] = (), **parts: Any) -> AlertDecisions:
    known = {
        "id": new_id(),
        "organization_id": new_id(),
        "fingerprint": "a",
        "state": AlertState.FIRING,
        "name": "Disk",
        "summary": "Disk is full",
        "condition": "used > 90 %",
        "started_at": NOW,
    }
    return AlertDecisions(
        alert=AlertView.model_validate(known | parts),
        labels={},
        steps=list(steps),
        decisions=list(decisions),
        decided=len(decisions),
        places=[],
        held_by=[],
        destinations=[],
    )


def message(state: DeliveryState = DeliveryState.SENT, **parts: Any) -> NotificationView:
    known = {
        "id": new_id(),
        "channel_id": new_id(),
        "channel_kind": "email",
        "channel_name": "Mail",
        "subject": "Disk",
        "state": state,
        "created_at": NOW + timedelta(seconds=1),
    }
    return NotificationView.model_validate(known | parts)


def test_a_trace_tells_condition_decision_and_message_in_the_order_of_time() -> None:
    opened = AlertStep(key="1", kind="opened", at=NOW, reason="condition-became-true", value=95.0, unit="%")
    sent = message(attempts=3)
    told = AlertDecision(
        at=NOW,
        word="told",
        channel_id=sent.channel_id,
        channel="Mail",
        route="root/db",
        reason="escalated",
        step=2,
        person="Robin",
    )
    made = paging.trace(found(told, steps=(opened,)), [sent])
    assert [(line.kind, line.word) for line in made.lines] == [
        ("alert", "condition-became-true"),
        ("decision", "told"),
        ("message", "sent"),
    ]
    first, second, third = made.lines
    assert first.more == ("used > 90 %: 95 %",)
    assert second.more == ("route root/db", "A step of the escalation policy was due.", "step 2: Robin")
    assert third.more == ("3 tries",)
    assert made.answer == "Told: Mail."


@pytest.mark.parametrize("word", sorted(DECISIONS))
def test_every_decision_is_told_in_its_sentence_and_answers(word: str) -> None:
    decision = AlertDecision(at=NOW, word=word, channel="Chat", held_words="silenced by Robin: moving")
    made = paging.trace(found(decision), [])
    [line] = made.lines
    assert (line.text, line.ok) == (DECISIONS[word], word in paging.TELLING)
    if word in paging.TELLING:
        assert made.answer == "Nobody was told so far: Chat was to be told, and no message to it is known."
    else:
        assert made.answer == f"Nobody was told so far. {DECISIONS[word]} (silenced by Robin: moving)"


@pytest.mark.parametrize("state", list(DeliveryState))
def test_every_state_of_a_message_has_a_sentence(state: DeliveryState) -> None:
    [line] = paging.trace(found(), [message(state)]).lines
    assert line.text.endswith(".")
    assert line.ok == (state not in paging.LOST)


def test_every_reason_of_a_notice_has_a_sentence() -> None:
    assert set(NOTICE_REASONS) == set(get_args(NoticeReason))
    assert all(sentence.endswith(".") for sentence in NOTICE_REASONS.values())


def test_what_is_told_to_nobody_says_why() -> None:
    again = AlertStep(key="2", kind="crossed-again", at=NOW, reason="crossed-again", value=97.0)
    [line] = paging.trace(found(steps=(again,)), []).lines
    assert paging.UNTOLD["crossed-again"] in line.more


def test_the_answer_tells_apart_what_was_lost_and_what_is_on_the_way() -> None:
    waiting = message(DeliveryState.PENDING, error="timeout", next_attempt_at=NOW + timedelta(minutes=1))
    told = AlertDecision(at=NOW, word="told", channel="Mail", channel_id=waiting.channel_id)
    lost = message(DeliveryState.FAILED, error="http-410", channel_name="Hook")
    made = paging.trace(found(told), [lost, waiting])
    assert made.answer == (
        "Nobody was told so far: Hook did not take it (http-410), and it was given up. "
        "Mail did not take it (timeout); it is tried again at 2026-11-21 12:01:00 UTC."
    )
    assert [(line.text, line.ok, line.until) for line in made.lines[1:]] == [
        ("The message was given up.", False, None),
        ("A try failed; it is tried again.", False, waiting.next_attempt_at),
    ]


def to(channel: Id, name: str, state: DeliveryState, **parts: Any) -> NotificationView:
    return message(state, channel_id=channel, channel_name=name, **parts)


def test_a_channel_that_did_not_take_it_was_not_told_and_who_stood_in_for_it_was() -> None:
    down, office, mail = new_id(), new_id(), new_id()
    decided = [AlertDecision(at=NOW, word="told", channel="Down", channel_id=down)]
    soon = NOW + timedelta(seconds=30)
    trying = to(down, "Down", DeliveryState.PENDING, error="http-503", attempts=3, next_attempt_at=soon)
    answer = paging.answer(found(*decided), [trying])
    assert (
        answer
        == "Nobody was told so far: Down did not take it (http-503); it is tried again at 2026-11-21 12:00:30 UTC."
    )

    error = "others-stand-in-after-9-tries: http-503"
    lost = to(down, "Down", DeliveryState.FAILED, error=error)
    instead = to(office, "Office", DeliveryState.PENDING, fallback_for=lost.id, stands_in_for=down)
    assert paging.answer(found(*decided), [lost, instead]) == (
        "Nobody was told so far: Down did not take it (http-503), and it was given up. "
        "Office, in place of Down, is still to be told."
    )
    took = instead.model_copy(update={"state": DeliveryState.SENT})
    assert paging.answer(found(*decided), [lost, took]) == "Told: Office, in place of Down."
    also = to(mail, "Mail", DeliveryState.OPENED)
    decided.append(AlertDecision(at=NOW, word="told", channel="Mail", channel_id=mail))
    assert paging.answer(found(*decided), [lost, took, also]) == "Told: Mail; Office, in place of Down."


def test_a_channel_that_took_one_message_and_not_another_was_told_and_that_is_said() -> None:
    down = new_id()
    first = to(down, "Down", DeliveryState.FAILED, error="http-410")
    assert paging.answer(found(), [first, to(down, "Down", DeliveryState.SENT)]) == (
        "Told: Down. Down did not take another message (http-410), and it was given up."
    )


@pytest.mark.parametrize("state", sorted(paging.LOST))
def test_what_reached_nobody_is_not_told(state: DeliveryState) -> None:
    assert paging.answer(found(state=AlertState.RESOLVED), [message(state)]).startswith("Nobody was told: Mail ")


def test_when_messages_can_not_be_had_it_says_what_was_decided() -> None:
    told = AlertDecision(at=NOW, word="told", channel="Mail")
    made = paging.answer(found(told), None)
    assert made == "It was decided to tell Mail; what became of the messages is not known now."


def test_the_answer_of_what_is_over_does_not_leave_it_open() -> None:
    hidden = AlertDecision(at=NOW, word="over-while-held-back")
    made = paging.answer(found(hidden, state=AlertState.RESOLVED), [])
    assert made == f"Nobody was told. {DECISIONS['over-while-held-back']}"
    assert paging.answer(found(), []) == "Nothing was decided about telling it."


def test_an_assignment_says_to_whom() -> None:
    given = AlertStep(key="2", kind="assigned", at=NOW, reason="by-hand", assignee="Robin", note="your shift")
    [line] = paging.trace(found(steps=(given,)), []).lines
    assert (line.word, line.more) == ("assigned", ("now with Robin", "“your shift”"))
