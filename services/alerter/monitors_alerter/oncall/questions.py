"""What is asked about on-call settings: one short function a query."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitors_contracts.base import Id
from monitors_contracts.oncall import (
    LONGEST_SPAN,
    Contact,
    ContactList,
    GetOnCall,
    GetSchedule,
    GetShifts,
    ListContacts,
    ListOverrides,
    ListSchedules,
    OnCall,
    OnCallList,
    Override,
    OverrideList,
    Schedule,
    ScheduleList,
    Shift,
    ShiftList,
)
from monitors_contracts.policies import (
    PASSED_OVER,
    ListPolicies,
    PassedOver,
    Policy,
    PolicyList,
    PolicyPreview,
    PolicyPreviews,
    PreviewPolicies,
    Reached,
    StepPreview,
)
from monitors_contracts.routing import ChannelUsers, GetChannelUsers
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from ..domain.escalation import Directory, whom
from ..domain.oncall import LOOK_AHEAD, Turn, now_and_next, pieces, turns
from . import store
from .handlers import not_found

MOST_PIECES = 20_000
"""Hand-overs and hours of layers that one answer is made of."""
MOST_SHIFTS = 2500
"""That one answer tells of: it travels as one message."""


class OnCallQuestions:
    """The alerter's answers to questions about contacts, schedules and policies."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def list_contacts(self, query: ListContacts) -> ContactList:
        """All contacts."""
        return ContactList(contacts=await store.find(self._service.runtime.pool, Contact, query.organization_id))

    async def get_schedule(self, query: GetSchedule) -> Schedule:
        """One schedule."""
        found = await store.get(self._service.runtime.pool, Schedule, query.organization_id, query.schedule_id)
        return found or not_found("schedule")

    async def list_schedules(self, query: ListSchedules) -> ScheduleList:
        """All schedules."""
        return ScheduleList(schedules=await store.find(self._service.runtime.pool, Schedule, query.organization_id))

    async def list_overrides(self, query: ListOverrides) -> OverrideList:
        """Overrides that are not over."""
        schedule = await self.get_schedule(
            GetSchedule(organization_id=query.organization_id, schedule_id=query.schedule_id)
        )
        pool, now = self._service.runtime.pool, datetime.now(UTC)
        found = await store.overrides(pool, query.organization_id, [schedule.id], now)
        return OverrideList(overrides=found.get(schedule.id, []))

    async def get_on_call(self, query: GetOnCall) -> OnCallList:
        """Who is on call, and who is next."""
        pool, organization, at = self._service.runtime.pool, query.organization_id, query.at or datetime.now(UTC)
        if query.schedule_id:
            schedules = [
                await self.get_schedule(GetSchedule(organization_id=organization, schedule_id=query.schedule_id))
            ]
        else:
            schedules = await store.find(pool, Schedule, organization)
        ids = [each.id for each in schedules]
        overrides = await store.overrides(pool, organization, ids, at - LOOK_AHEAD, at + LOOK_AHEAD)
        names = {each.id: each.name for each in await store.find(pool, Contact, organization)}
        found = await asyncio.to_thread(_on_call, schedules, overrides, names, at)
        return OnCallList(on_call=found)

    async def get_shifts(self, query: GetShifts) -> ShiftList:
        """The turns of a span of time."""
        organization = query.organization_id
        if not query.since < query.until <= query.since + LONGEST_SPAN:
            raise problem("invalid-span", "No such span", 422, "A span ends after it begins, and within 366 days.")
        schedule = await self.get_schedule(GetSchedule(organization_id=organization, schedule_id=query.schedule_id))
        pool = self._service.runtime.pool
        overrides = await store.overrides(pool, organization, [schedule.id], query.since, query.until)
        names = {each.id: each.name for each in await store.find(pool, Contact, organization)}
        if pieces(schedule, query.until - query.since) > MOST_PIECES:
            raise problem("invalid-span", "Too many turns", 422, "Ask for a shorter span of a schedule like this.")
        # A year of turns takes a while, and others wait for their answers.
        found = await asyncio.to_thread(turns, schedule, overrides.get(schedule.id, ()), query.since, query.until)
        if len(found) > MOST_SHIFTS:
            detail = f"There are {len(found):,} turns in this span; at most {MOST_SHIFTS:,} are told of at once."
            raise problem("invalid-span", "Too many turns", 422, detail)
        return ShiftList(schedule=schedule, shifts=[_shift(each, schedule, names) for each in found])

    async def channel_users(self, query: GetChannelUsers) -> ChannelUsers:
        """What names a channel."""
        pool, organization, channel = self._service.runtime.pool, query.organization_id, query.channel_id
        routes = await store.routes_with(pool, organization, channel)
        contacts = [each for each in await store.find(pool, Contact, organization) if channel in each.channels]
        return ChannelUsers(
            users=[
                *(f"route {each!r}" for each in routes),
                *(f"contact {each.name!r}" for each in contacts),
                *await store.policies_with(pool, organization, channel),
            ]
        )

    async def list_policies(self, query: ListPolicies) -> PolicyList:
        """All policies."""
        return PolicyList(policies=await store.find(self._service.runtime.pool, Policy, query.organization_id))

    async def preview_policies(self, query: PreviewPolicies) -> PolicyPreviews:
        """Whom each step would tell."""
        pool, organization, now = self._service.runtime.pool, query.organization_id, datetime.now(UTC)
        if query.policy_id:
            policies = [await store.get(pool, Policy, organization, query.policy_id) or not_found("policy")]
        else:
            policies = await store.find(pool, Policy, organization)
        directory = await store.directory(pool, organization, now)
        return PolicyPreviews(previews=[_preview(each, directory, now) for each in policies])


def _on_call(
    schedules: Sequence[Schedule], overrides: Mapping[Id, Sequence[Override]], names: Mapping[Id, str], at: datetime
) -> list[OnCall]:
    found: list[OnCall] = []
    for schedule in schedules:
        now, following = now_and_next(schedule, overrides.get(schedule.id, ()), at)
        found.append(
            OnCall(
                schedule_id=schedule.id,
                schedule=schedule.name,
                timezone=schedule.timezone,
                at=at,
                now=_shift(now, schedule, names),
                ends_in_sight=now.ends_at < at + LOOK_AHEAD,
                next=_shift(following, schedule, names) if following else None,
            )
        )
    return found


def _preview(policy: Policy, directory: Directory, now: datetime) -> PolicyPreview:
    steps: list[StepPreview] = []
    after = 0.0
    for number, step in enumerate(policy.steps, 1):
        after += step.after
        found, missed = whom(step.targets, directory, now)
        reached = {each.channel_id: Reached(channel_id=each.channel_id, person=each.person) for each in found}
        passed = [PassedOver(target=each, word=word, words=PASSED_OVER[word]) for each, word in missed]
        steps.append(StepPreview(step=number, after=after, reached=list(reached.values()), passed=passed))
    return PolicyPreview(policy=policy, steps=steps)


def _shift(turn: Turn, schedule: Schedule, names: Mapping[Id, str]) -> Shift:
    return Shift(
        starts_at=turn.starts_at,
        ends_at=turn.ends_at,
        contact_id=turn.contact_id,
        name=names.get(turn.contact_id) if turn.contact_id else None,
        layer=schedule.layers[turn.layer].name if turn.layer is not None else None,
        override_id=turn.override_id,
    )
