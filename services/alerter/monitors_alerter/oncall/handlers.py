"""What people do with on-call settings and ask of them: one short function a message."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NoReturn, TypeVar

from monitors_contracts.base import Done, Event, Id
from monitors_contracts.oncall import (
    AddOverride,
    Contact,
    ContactChanged,
    ContactDeleted,
    ContactSpec,
    DeleteContact,
    DeleteSchedule,
    LinkCalendar,
    Override,
    OverrideRemoved,
    RemoveOverride,
    SaveContact,
    SaveSchedule,
    Schedule,
    ScheduleChanged,
    ScheduleDeleted,
    ScheduleOverridden,
    ScheduleSpec,
)
from monitors_contracts.policies import (
    DeletePolicy,
    Policy,
    PolicyChanged,
    PolicyDeleted,
    PolicySpec,
    SavePolicy,
)
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..changes import reconsider
from ..channels import those_there
from ..domain.wall_clock import UnknownTimezone, zone_of
from . import store

MOST = {"contact": 500, "schedule": 100, "policy": 100}
MOST_OVERRIDES = 200
"""Of one schedule, that are not over."""
START_YEARS = range(1900, 2200)
"""When layers may start: weeks before and after it, in any zone, are times too."""

Setting = TypeVar("Setting", Contact, Schedule, Policy)


class OnCallHandlers:
    """The alerter's answers about contacts, schedules and policies."""

    def __init__(self, service: Service) -> None:
        self._service = service

    # -- contacts ---------------------------------------------------------------------------------------------------

    async def save_contact(self, command: SaveContact) -> Contact:
        """Somebody can be reached, or is reached otherwise."""
        organization, spec = command.organization_id, command.spec
        if not command.is_new:
            await _existing(self._service.runtime.pool, Contact, organization, command.contact_id)
        await self._check_channels(organization, spec.channels)
        async with self._changing(organization) as tx:
            known = await store.get(tx.db, Contact, organization, command.contact_id)
            if known and (command.is_new or ContactSpec.model_validate(known.model_dump()) == spec):
                return known
            await _check(tx, Contact, organization, command.contact_id, spec.name, known, is_new=command.is_new)
            contact = Contact(**_next(command.contact_id, spec, known, tx.now))
            await _do(tx, ContactChanged(organization_id=organization, contact_id=contact.id, contact=contact))
            return contact

    async def delete_contact(self, command: DeleteContact) -> Done:
        """Somebody is gone."""
        organization, contact_id = command.organization_id, command.contact_id
        async with self._changing(organization) as tx:
            known = await _existing(tx.db, Contact, organization, contact_id)
            users = [
                f"schedule {each.name!r}"
                for each in await store.find(tx.db, Schedule, organization)
                if any(contact_id in layer.participants for layer in each.layers)
            ] + await store.policies_with(tx.db, organization, contact_id)
            if await store.stands_in(tx.db, organization, contact_id, tx.now):
                users.append("an override")
            _refuse_in_use("contact", known.name, users)
            version = known.version + 1
            await _do(tx, ContactDeleted(organization_id=organization, contact_id=contact_id, contact_version=version))
        return Done()

    # -- schedules --------------------------------------------------------------------------------------------------

    async def save_schedule(self, command: SaveSchedule) -> Schedule:
        """Turns are new, or others."""
        organization, spec = command.organization_id, command.spec
        try:
            zone_of(spec.timezone)
        except UnknownTimezone as wrong:
            raise problem("unknown-timezone", "No such time zone", 422, str(wrong)) from wrong
        for number, layer in enumerate(spec.layers):
            if layer.start.year not in START_YEARS:
                detail = f"layers.{number}.start: a layer starts from the year {START_YEARS[0]} to {START_YEARS[-1]}."
                raise problem("invalid-start", "No such start", 422, detail)
        async with self._changing(organization) as tx:
            known = await store.get(tx.db, Schedule, organization, command.schedule_id)
            if known and (command.is_new or ScheduleSpec.model_validate(known.model_dump()) == spec):
                return known
            await _check(tx, Schedule, organization, command.schedule_id, spec.name, known, is_new=command.is_new)
            await _check_contacts(tx, organization, {each for layer in spec.layers for each in layer.participants})
            calendar = known.calendar_id if known else None
            schedule = Schedule(**_next(command.schedule_id, spec, known, tx.now), calendar_id=calendar)
            await _do(tx, ScheduleChanged(organization_id=organization, schedule_id=schedule.id, schedule=schedule))
            return schedule

    async def delete_schedule(self, command: DeleteSchedule) -> Done:
        """Turns are no more."""
        organization, schedule_id = command.organization_id, command.schedule_id
        async with self._changing(organization) as tx:
            known = await _existing(tx.db, Schedule, organization, schedule_id)
            _refuse_in_use("schedule", known.name, await store.policies_with(tx.db, organization, schedule_id))
            for each in await _overrides_ahead(tx, organization, schedule_id):
                await _do(tx, OverrideRemoved(organization_id=organization, schedule_id=schedule_id, override=each))
            version = known.version + 1
            await _do(
                tx, ScheduleDeleted(organization_id=organization, schedule_id=schedule_id, schedule_version=version)
            )
        return Done()

    async def link_calendar(self, command: LinkCalendar) -> Schedule:
        """Another calendar link is good, or none."""
        organization = command.organization_id
        async with self._changing(organization) as tx:
            known = await _existing(tx.db, Schedule, organization, command.schedule_id)
            changes = {"calendar_id": command.calendar_id, "version": known.version + 1, "updated_at": tx.now}
            schedule = known.model_copy(update=changes)
            await _do(tx, ScheduleChanged(organization_id=organization, schedule_id=schedule.id, schedule=schedule))
            return schedule

    # -- overrides --------------------------------------------------------------------------------------------------

    async def add_override(self, command: AddOverride) -> Override:
        """Somebody stands in."""
        organization, schedule_id, spec = command.organization_id, command.schedule_id, command.spec
        async with self._changing(organization) as tx:
            await _existing(tx.db, Schedule, organization, schedule_id)
            known = await store.get_override(tx.db, organization, schedule_id, command.override_id)
            if known:
                return known
            await _check_contacts(tx, organization, {spec.contact_id})
            if spec.ends_at <= tx.now:
                raise problem("override-is-past", "It is over already", 422, "An override ends in the future.")
            if len(await _overrides_ahead(tx, organization, schedule_id)) >= MOST_OVERRIDES:
                limit = f"A schedule has at most {MOST_OVERRIDES} overrides that are not over."
                raise problem("override-limit", "Too many overrides", 422, limit)
            override = Override(**spec.model_dump(), id=command.override_id, schedule_id=schedule_id, created_at=tx.now)
            await _do(tx, ScheduleOverridden(organization_id=organization, schedule_id=schedule_id, override=override))
            return override

    async def remove_override(self, command: RemoveOverride) -> Done:
        """The turns are as the layers say."""
        organization, schedule_id = command.organization_id, command.schedule_id
        async with self._changing(organization) as tx:
            known = await store.get_override(tx.db, organization, schedule_id, command.override_id)
            if known is None:
                not_found("override")
            await _do(tx, OverrideRemoved(organization_id=organization, schedule_id=schedule_id, override=known))
        return Done()

    # -- policies ---------------------------------------------------------------------------------------------------

    async def save_policy(self, command: SavePolicy) -> Policy:
        """Escalation goes another way."""
        organization, spec = command.organization_id, command.spec
        if not command.is_new:
            await _existing(self._service.runtime.pool, Policy, organization, command.policy_id)
        targets = [target for step in spec.steps for target in step.targets]
        await self._check_channels(organization, [each.id for each in targets if each.kind == "channel"])
        async with self._changing(organization) as tx:
            known = await store.get(tx.db, Policy, organization, command.policy_id)
            if known and (command.is_new or PolicySpec.model_validate(known.model_dump()) == spec):
                return known
            await _check(tx, Policy, organization, command.policy_id, spec.name, known, is_new=command.is_new)
            await _check_contacts(tx, organization, {each.id for each in targets if each.kind == "contact"})
            schedules = {each.id for each in await store.find(tx.db, Schedule, organization)}
            if unknown := {each.id for each in targets if each.kind == "schedule"} - schedules:
                raise problem("unknown-schedule", "No such schedule", 422, f"There is no schedule {min(unknown)}.")
            policy = Policy(**_next(command.policy_id, spec, known, tx.now))
            await _do(tx, PolicyChanged(organization_id=organization, policy_id=policy.id, policy=policy))
            return policy

    async def delete_policy(self, command: DeletePolicy) -> Done:
        """Nothing escalates by it any more."""
        organization, policy_id = command.organization_id, command.policy_id
        async with self._changing(organization) as tx:
            known = await _existing(tx.db, Policy, organization, policy_id)
            routes = await store.routes_with(tx.db, organization, policy_id)
            _refuse_in_use("policy", known.name, [f"route {each!r}" for each in routes])
            version = known.version + 1
            await _do(tx, PolicyDeleted(organization_id=organization, policy_id=policy_id, policy_version=version))
        return Done()

    # -- helpers ----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _changing(self, organization_id: Id) -> AsyncGenerator[Transaction]:
        """Changes of an organization's settings take turns: what one refers to is not removed by another meanwhile."""
        async with self._service.transaction() as tx:
            await reconsider(tx.db, organization_id)
            yield tx

    async def _check_channels(self, organization_id: Id, channels: Collection[Id]) -> None:
        """Raises `unknown-channel`."""
        unknown = set(channels) - await those_there(self._service.runtime, organization_id, channels)
        if unknown:
            raise problem("unknown-channel", "No such channel", 422, f"There is no channel {min(unknown)}.")


async def _do(tx: Transaction, event: Event) -> None:
    await store.apply(tx.db, event)
    tx.publish(event)


def _next(
    identifier: Id,
    spec: ContactSpec | ScheduleSpec | PolicySpec,
    known: Contact | Schedule | Policy | None,
    now: datetime,
) -> dict[str, Any]:
    """The fields of what is saved: as the spec says, with another version."""
    return spec.model_dump() | {
        "id": identifier,
        "version": known.version + 1 if known else 1,
        "created_at": known.created_at if known else now,
        "updated_at": now,
    }


async def _check(
    tx: Transaction,
    kind: type[Setting],
    organization_id: Id,
    identifier: Id,
    name: str,
    known: Setting | None,
    *,
    is_new: bool,
) -> None:
    """That it is there, or there is room for it, and that nothing else has its name."""
    word = kind.__name__.lower()
    if known is None and not is_new:
        not_found(word)
    there = await store.find(tx.db, kind, organization_id)
    if known is None and len(there) >= MOST[word]:
        raise problem(f"{word}-limit", "Too many", 422, f"An organization has at most {MOST[word]} of each.")
    if any(each.name == name and each.id != identifier for each in there):
        raise problem("name-taken", "The name is taken", 409, f"There is another {word} called {name!r}.")


async def _check_contacts(tx: Transaction, organization_id: Id, contacts: Collection[Id]) -> None:
    unknown = set(contacts) - {each.id for each in await store.find(tx.db, Contact, organization_id)}
    if unknown:
        raise problem("unknown-contact", "No such contact", 422, f"There is no contact {min(unknown)}.")


async def _existing(db: Connection | Pool, kind: type[Setting], organization_id: Id, identifier: Id) -> Setting:
    return await store.get(db, kind, organization_id, identifier) or not_found(kind.__name__.lower())


async def _overrides_ahead(tx: Transaction, organization_id: Id, schedule_id: Id) -> list[Override]:
    return (await store.overrides(tx.db, organization_id, [schedule_id], tx.now)).get(schedule_id, [])


def _refuse_in_use(word: str, name: str, users: Collection[str]) -> None:
    if users:
        raise problem(f"{word}-in-use", "It is in use", 409, f"{name!r} is used by {', '.join(users)}.")


def not_found(word: str) -> NoReturn:
    """Raises `<word>-not-found`."""
    raise problem(f"{word}-not-found", f"No such {word}", 404, f"There is no {word} with this id in your organization.")
