"""Escalation: whom a step of a policy tells, and when the next one is due. Pure; time comes in.

Steps are counted from 1, on through the repeats: of two steps the third is the first again. Step 0 is the beginning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitors_contracts.base import Id
from monitors_contracts.oncall import Contact, Override, Schedule
from monitors_contracts.policies import PassedWord, PolicySpec, PolicyTarget

from .oncall import turn_at
from .wall_clock import UnknownTimezone

AGAIN = timedelta(minutes=1)
"""When a step that reached nobody is tried again: somebody may come on call, or a channel be switched on."""


@dataclass(frozen=True, slots=True)
class Target:
    """A channel to tell, and whose it is where a contact or a schedule led to it."""

    channel_id: Id
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """A target that could not be told: of which step (within the policy), and why (a word of `PASSED_OVER`)."""

    step: int
    target: PolicyTarget
    word: PassedWord


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom to tell now, and which step to ask for next (`next_step` at `next_due`; None after the last).

    `step` is the step that was reached, `number` the same within the policy, both 0 at the beginning. Nobody is told at
    the beginning of a policy that waits before its first step; after the last step; and when neither the step nor any
    later one of its round reaches anybody: then `passed` says why, and the next step is to try again.
    """

    step: int
    number: int = 0
    told: tuple[Target, ...] = ()
    passed: tuple[Passed, ...] = ()
    next_step: int | None = None
    next_due: datetime | None = None


@dataclass(frozen=True)
class Directory:
    """What is known of those whom policies name. `channels` says which are active."""

    contacts: Mapping[Id, Contact] = field(default_factory=dict[Id, Contact])
    schedules: Mapping[Id, Schedule] = field(default_factory=dict[Id, Schedule])
    overrides: Mapping[Id, Sequence[Override]] = field(default_factory=dict[Id, Sequence[Override]])
    channels: Mapping[Id, bool] = field(default_factory=dict[Id, bool])


def escalate(policy: PolicySpec, step: int, directory: Directory, now: datetime) -> Targets:
    """Whom the step that is due tells.

    A step that reaches nobody gives way at once to the next of its round; one that the next follows without a wait is
    told together with it.
    """
    if step > _last(policy):  # the policy became shorter meanwhile
        return Targets(step)
    told: dict[Id, Target] = {}
    passed: list[Passed] = []
    reached = step
    while True:
        number = number_of(policy, reached)
        if number:
            found, missed = whom(policy.steps[number - 1].targets, directory, now)
            for each in found:
                told.setdefault(each.channel_id, each)
            passed += [Passed(number, target, word) for target, word in missed]
        following = step_after(policy, reached)
        gives_way = number > 0 and not told and number < len(policy.steps)
        if following is None or not (gives_way or wait_before(policy, following) == 0):
            break
        reached = following
    if number and not told and (following is None or number_of(policy, step) <= 1):
        return Targets(step, number_of(policy, step), (), tuple(passed), max(step, 1), now + AGAIN)
    due = None if following is None else now + timedelta(seconds=wait_before(policy, following))
    return Targets(reached, number, tuple(told.values()), tuple(passed), following, due)


def number_of(policy: PolicySpec, step: int) -> int:
    """A step's number within the policy, from 1 on; 0 for the beginning."""
    return (step - 1) % len(policy.steps) + 1 if step else 0


def step_after(policy: PolicySpec, step: int) -> int | None:
    """The step that follows; None after the last of the last round."""
    return step + 1 if step < _last(policy) else None


def _last(policy: PolicySpec) -> int:
    return len(policy.steps) * (1 + policy.repeat)


def wait_before(policy: PolicySpec, step: int) -> float:
    """Seconds from the step before to this one."""
    number = number_of(policy, step)
    return policy.repeat_after if number == 1 and step > 1 else policy.steps[number - 1].after


def whom(
    targets: Sequence[PolicyTarget], directory: Directory, now: datetime
) -> tuple[list[Target], list[tuple[PolicyTarget, PassedWord]]]:
    """The channels that these lead to now, and which of them lead to none, with the reason."""
    found: list[Target] = []
    missed: list[tuple[PolicyTarget, PassedWord]] = []
    for target in targets:
        reached = _reach(target, directory, now)
        if isinstance(reached, str):
            missed.append((target, reached))
        else:
            found += reached
    return found, missed


def _reach(target: PolicyTarget, directory: Directory, now: datetime) -> list[Target] | PassedWord:
    if target.kind == "channel":
        if target.id not in directory.channels:
            return "channel-gone"
        return [Target(target.id)] if directory.channels[target.id] else "channel-inactive"
    if target.kind == "contact":
        return _reach_contact(target.id, directory)
    schedule = directory.schedules.get(target.id)
    if schedule is None:
        return "schedule-gone"
    try:
        turn = turn_at(schedule, directory.overrides.get(schedule.id, ()), now)
    except UnknownTimezone:
        return "unknown-timezone"
    return _reach_contact(turn.contact_id, directory) if turn.contact_id else "nobody-on-call"


def _reach_contact(contact_id: Id, directory: Directory) -> list[Target] | PassedWord:
    contact = directory.contacts.get(contact_id)
    if contact is None:
        return "contact-gone"
    there = [each for each in contact.channels if each in directory.channels]
    if contact.channels and not there:
        return "channel-gone"
    return [Target(each, contact.name) for each in there if directory.channels[each]] or "no-active-channel"
