from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.escalation import AGAIN, Directory, Target, Targets, escalate, number_of
from monitors_contracts.base import Id, new_id
from monitors_contracts.oncall import Contact, Layer, Schedule
from monitors_contracts.policies import PASSED_OVER, PolicySpec, PolicyStep, PolicyTarget

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
PHONE, MAIL, OFF = new_id(), new_id(), new_id()
CHANNELS = {PHONE: True, MAIL: True, OFF: False}


def contact(name: str, *channels: Id) -> Contact:
    return Contact(id=new_id(), name=name, channels=list(channels), created_at=NOW, updated_at=NOW)


ANSWERS, SECOND, UNREACHABLE = contact("First", PHONE, MAIL), contact("Second", MAIL), contact("Third", OFF)
LOST = contact("Fourth", new_id())
CONTACTS = {each.id: each for each in (ANSWERS, SECOND, UNREACHABLE, LOST)}


def schedule(*people: Id, **parts: Any) -> Schedule:
    layer = Layer.model_validate({"participants": list(people), "start": date(2026, 11, 2)} | parts)
    return Schedule(id=new_id(), name="Platform", layers=[layer], created_at=NOW, updated_at=NOW)


COVERED = schedule(ANSWERS.id)
EMPTY = schedule(ANSWERS.id, restrictions=[{"days": ["sunday"]}])
SCHEDULES = {each.id: each for each in (COVERED, EMPTY)}
DIRECTORY = Directory(CONTACTS, SCHEDULES, {}, CHANNELS)


def target(kind: Any, identifier: Id) -> PolicyTarget:
    return PolicyTarget(kind=kind, id=identifier)


def step(*targets: PolicyTarget, after: float = 0) -> PolicyStep:
    return PolicyStep(after=after, targets=list(targets))


def policy(*steps: PolicyStep, **parts: Any) -> PolicySpec:
    return PolicySpec(name="Urgent", steps=list(steps), **parts)


REACHES = step(target("schedule", COVERED.id), after=300)
NOBODY = step(target("schedule", EMPTY.id), after=300)


def course(
    of: PolicySpec, directory: Directory = DIRECTORY, until: timedelta = timedelta(days=1)
) -> list[tuple[float, Targets]]:
    """All that a policy does while nobody takes the alert: after how many seconds, and whom it tells."""
    found: list[tuple[float, Targets]] = []
    at, following = NOW, 0
    while at - NOW <= until:
        done = escalate(of, following, directory, at)
        found.append(((at - NOW).total_seconds(), done))
        if done.next_step is None:
            return found
        assert done.next_due is not None
        assert done.next_due > at, "time goes on, so that nobody is told without end"
        following, at = done.next_step, done.next_due
    return found


def told(course_: Sequence[tuple[float, Targets]]) -> list[tuple[float, int, set[Id]]]:
    return [(at, each.number, {one.channel_id for one in each.told}) for at, each in course_ if each.told]


def test_steps_come_one_after_the_other_then_all_again_and_then_no_more():
    of = policy(REACHES, step(target("channel", MAIL), after=600), repeat=1, repeat_after=120)
    assert told(course(of)) == [
        (300, 1, {PHONE, MAIL}),
        (900, 2, {MAIL}),
        (1020, 1, {PHONE, MAIL}),
        (1620, 2, {MAIL}),
    ]


def test_a_first_step_without_a_wait_is_told_at_the_beginning_with_the_name_of_who_is_on_call():
    done = escalate(policy(step(target("schedule", COVERED.id))), 0, DIRECTORY, NOW)
    assert done == Targets(1, 1, (Target(PHONE, "First"), Target(MAIL, "First")), (), None, None)


def test_a_step_that_the_next_follows_without_a_wait_is_told_together_with_it_and_no_channel_twice():
    of = policy(step(target("contact", SECOND.id)), step(target("contact", ANSWERS.id)), REACHES)
    done = escalate(of, 0, DIRECTORY, NOW)
    assert done.told == (Target(MAIL, "Second"), Target(PHONE, "First"))
    assert (done.number, done.next_step, done.next_due) == (2, 3, NOW + timedelta(minutes=5))


def test_a_step_whose_schedule_has_nobody_gives_way_to_the_next_at_once_and_says_so():
    of = policy(step(target("schedule", EMPTY.id)), step(target("contact", SECOND.id), after=3600))
    done = escalate(of, 0, DIRECTORY, NOW)
    assert (done.step, [each.channel_id for each in done.told]) == (2, [MAIL])
    assert [(each.step, each.word) for each in done.passed] == [(1, "nobody-on-call")]


@pytest.mark.parametrize(
    ("missed", "word"),
    [
        (target("channel", OFF), "channel-inactive"),
        (target("channel", new_id()), "channel-gone"),
        (target("contact", UNREACHABLE.id), "no-active-channel"),
        (target("contact", LOST.id), "channel-gone"),
        (target("contact", new_id()), "contact-gone"),
        (target("schedule", new_id()), "schedule-gone"),
        (target("schedule", EMPTY.id), "nobody-on-call"),
    ],
)
def test_a_target_that_leads_to_nobody_is_named_with_its_reason_and_the_others_of_its_step_are_told(
    missed: PolicyTarget, word: str
):
    done = escalate(policy(step(missed, target("channel", MAIL))), 0, DIRECTORY, NOW)
    assert [each.channel_id for each in done.told] == [MAIL]
    assert [(each.target, each.word) for each in done.passed] == [(missed, word)]
    assert word in PASSED_OVER


def test_a_schedule_in_a_zone_that_this_machine_does_not_know_keeps_nobody_else_from_being_told():
    lost = COVERED.model_copy(update={"timezone": "Mars/Olympus"})
    directory = Directory(CONTACTS, {lost.id: lost}, {}, CHANNELS)
    done = escalate(policy(step(target("schedule", lost.id), target("channel", MAIL))), 0, directory, NOW)
    assert [each.channel_id for each in done.told] == [MAIL]
    assert [each.word for each in done.passed] == ["unknown-timezone"]


def test_a_round_that_reaches_nobody_is_tried_again_every_minute_until_somebody_comes_on_call():
    sunday = schedule(ANSWERS.id, restrictions=[{"days": ["wednesday"], "start": "12:03"}])
    directory = Directory(CONTACTS, {sunday.id: sunday}, {}, CHANNELS)
    of = policy(step(target("schedule", sunday.id)), step(target("contact", UNREACHABLE.id), after=60))
    done = course(of, directory)
    assert told(done) == [(180, 1, {PHONE, MAIL})]
    assert [(at, each.next_step) for at, each in done] == [(0, 1), (60, 1), (120, 1), (180, 2), (240, 2)] + [
        (240 + 60 * minute, 2) for minute in range(1, len(done) - 4)
    ]
    assert {each.word for each in done[0][1].passed} == {"nobody-on-call", "no-active-channel"}


def test_a_later_step_that_reaches_nobody_leaves_the_next_round_to_its_time():
    of = policy(step(target("channel", MAIL)), NOBODY, repeat=1, repeat_after=3600)
    assert told(course(of, until=timedelta(hours=3))) == [(0, 1, {MAIL}), (3900, 1, {MAIL})]


def test_a_step_beyond_the_last_of_a_policy_that_became_shorter_tells_nobody():
    assert escalate(policy(REACHES), 2, DIRECTORY, NOW) == Targets(2)


kinds = st.sampled_from(
    [
        target("channel", MAIL),
        target("channel", OFF),
        target("contact", SECOND.id),
        target("contact", UNREACHABLE.id),
        target("schedule", COVERED.id),
        target("schedule", EMPTY.id),
    ]
)
steps = st.builds(PolicyStep, after=st.sampled_from([0, 30, 300]), targets=st.lists(kinds, min_size=1, max_size=3))
policies = st.builds(
    PolicySpec,
    name=st.just("Urgent"),
    steps=st.lists(steps, min_size=1, max_size=4),
    repeat=st.integers(0, 3),
    repeat_after=st.sampled_from([60, 600]),
)


def reaches(one: PolicyStep) -> bool:
    good = {MAIL, SECOND.id, COVERED.id}
    return any(each.id in good for each in one.targets)


@given(policies)
def test_every_round_tells_all_who_can_be_reached_in_time_and_says_why_of_every_other(of: PolicySpec):
    total = sum(each.after for each in of.steps)
    done = course(of, until=timedelta(seconds=(total + of.repeat_after) * (1 + of.repeat)))
    if not any(reaches(each) for each in of.steps):
        assert told(done) == []
        assert all(each.passed for at, each in done if at >= of.steps[0].after)
        assert all(each.next_due is not None for _, each in done), "it is tried on and on"
        at, last = done[-1]
        assert last.next_due
        assert last.next_due - NOW - timedelta(seconds=at) <= max(AGAIN, timedelta(minutes=5))
        return
    for first in range(1 + of.repeat):
        numbers = [each for each in done if each[1].told and (each[1].step - 1) // len(of.steps) == first]
        wanted = {channel for one in of.steps for channel in _channels(one)}
        assert {one.channel_id for _, each in numbers for one in each.told} == wanted
    named = {(each.step, each.target.id) for _, done_ in done for each in done_.passed}
    unreachable = {OFF, UNREACHABLE.id, EMPTY.id}
    assert named == {
        (number, each.id) for number, one in enumerate(of.steps, 1) for each in one.targets if each.id in unreachable
    }
    assert all(0 <= number_of(of, each.step) <= len(of.steps) for _, each in done)


def _channels(one: PolicyStep) -> set[Id]:
    leads = {MAIL: {MAIL}, SECOND.id: {MAIL}, COVERED.id: {PHONE, MAIL}}
    return {channel for each in one.targets for channel in leads.get(each.id, set())}
