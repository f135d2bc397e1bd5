"""On-call settings in PostgreSQL. `apply` is the one way in: live changes and replays write state by it alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from monitors_contracts.base import Event, Id, Model
from monitors_contracts.oncall import (
    Contact,
    ContactChanged,
    ContactDeleted,
    Override,
    OverrideRemoved,
    Schedule,
    ScheduleChanged,
    ScheduleDeleted,
    ScheduleOverridden,
)
from monitors_contracts.policies import Policy, PolicyChanged, PolicyDeleted
from monitors_runtime.database import Connection, Pool

from ..domain.escalation import Directory

EVENTS: Final[tuple[type[Event], ...]] = (
    ContactChanged,
    ContactDeleted,
    ScheduleChanged,
    ScheduleDeleted,
    ScheduleOverridden,
    OverrideRemoved,
    PolicyChanged,
    PolicyDeleted,
)
TABLES = ["alerter.oncall", "alerter.overrides"]

PUT = """
INSERT INTO alerter.oncall (organization_id, id, kind, version, document) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (organization_id, id) DO UPDATE SET version = excluded.version, document = excluded.document
WHERE oncall.version < excluded.version
"""

GET = "SELECT document::text FROM alerter.oncall WHERE organization_id = $1 AND id = $2 AND kind = $3"

ALL = """
SELECT document::text FROM alerter.oncall
WHERE organization_id = $1 AND kind = $2 AND document IS NOT NULL ORDER BY document->>'name', id
"""

# A row says either that the override is there or that it was removed, whichever is heard first.
OVERRIDE = """
INSERT INTO alerter.overrides (organization_id, id, schedule_id, starts_at, ends_at, is_removed, document)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (organization_id, id) DO UPDATE SET is_removed = overrides.is_removed OR excluded.is_removed
"""

OVERRIDES = """
SELECT document::text FROM alerter.overrides
WHERE organization_id = $1 AND schedule_id = ANY($2::uuid[]) AND ends_at > $3
  AND starts_at < coalesce($4, 'infinity'::timestamptz) AND NOT is_removed
ORDER BY starts_at, id
"""

GET_OVERRIDE = """
SELECT document::text FROM alerter.overrides
WHERE organization_id = $1 AND schedule_id = $2 AND id = $3 AND NOT is_removed
"""

STANDING_IN = """
SELECT count(*) FROM alerter.overrides
WHERE organization_id = $1 AND document->>'contactId' = $2 AND ends_at > $3 AND NOT is_removed
"""

CHANNELS = "SELECT id, is_active FROM alerter.channels WHERE organization_id = $1 AND NOT is_gone"

ROUTES_WITH = """
SELECT jsonb_path_query_array(
    document,
    'strict $.** ? (@.policyId == $id || @.channels[*] == $id || @.fallback[*] == $id).name',
    jsonb_build_object('id', $2::text)
) FROM alerter.routing WHERE organization_id = $1
"""

EXPIRE = "DELETE FROM alerter.overrides WHERE id < $1 AND ends_at < now()"
"""Overrides that are over are kept as long as other history."""

ERASE = (
    "DELETE FROM alerter.oncall WHERE organization_id = $1",
    "DELETE FROM alerter.overrides WHERE organization_id = $1",
)
"""All that is kept of an organization's on-call settings."""

_KINDS: Final[dict[type[Model], str]] = {Contact: "contact", Schedule: "schedule", Policy: "policy"}
Setting = TypeVar("Setting", Contact, Schedule, Policy)


async def apply(db: Connection, event: Event) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    organization = event.organization_id
    match event:
        case ContactChanged():
            await _put(db, organization, event.contact)
        case ScheduleChanged():
            await _put(db, organization, event.schedule)
        case PolicyChanged():
            await _put(db, organization, event.policy)
        case ContactDeleted():
            await db.execute(PUT, organization, event.contact_id, "contact", event.contact_version, None)
        case ScheduleDeleted():
            await db.execute(PUT, organization, event.schedule_id, "schedule", event.schedule_version, None)
        case PolicyDeleted():
            await db.execute(PUT, organization, event.policy_id, "policy", event.policy_version, None)
        case ScheduleOverridden() | OverrideRemoved():
            made, is_removed = event.override, isinstance(event, OverrideRemoved)
            known = (made.id, event.schedule_id, made.starts_at, made.ends_at)
            await db.execute(OVERRIDE, organization, *known, is_removed, made)
        case _:
            raise TypeError(f"{type(event).__name__} is no event of on-call settings")


async def _put(db: Connection, organization_id: Id, made: Contact | Schedule | Policy) -> None:
    await db.execute(PUT, organization_id, made.id, _KINDS[type(made)], made.version, made)


async def get(db: Connection | Pool, kind: type[Setting], organization_id: Id, setting_id: Id) -> Setting | None:
    """One contact, schedule or policy of this organization."""
    document = await db.fetchval(GET, organization_id, setting_id, _KINDS[kind])
    return kind.model_validate_json(document) if document else None


async def find(db: Connection | Pool, kind: type[Setting], organization_id: Id) -> list[Setting]:
    """All contacts, schedules or policies of this organization, by name."""
    rows = await db.fetch(ALL, organization_id, _KINDS[kind])
    return [kind.model_validate_json(row["document"]) for row in rows]


async def overrides(
    db: Connection | Pool,
    organization_id: Id,
    schedule_ids: Sequence[Id],
    since: datetime,
    until: datetime | None = None,
) -> dict[Id, list[Override]]:
    """Overrides that reach into the span, by schedule, the first to begin first."""
    found: dict[Id, list[Override]] = {}
    for row in await db.fetch(OVERRIDES, organization_id, schedule_ids, since, until):
        override = Override.model_validate_json(row["document"])
        found.setdefault(override.schedule_id, []).append(override)
    return found


async def get_override(db: Connection | Pool, organization_id: Id, schedule_id: Id, override_id: Id) -> Override | None:
    """One override that is not removed."""
    document = await db.fetchval(GET_OVERRIDE, organization_id, schedule_id, override_id)
    return Override.model_validate_json(document) if document else None


async def stands_in(db: Connection, organization_id: Id, contact_id: Id, now: datetime) -> bool:
    """Whether an override that is not over names this contact."""
    return bool(await db.fetchval(STANDING_IN, organization_id, str(contact_id), now))


async def routes_with(db: Connection | Pool, organization_id: Id, named: Id) -> list[str]:
    """Names of the routes that escalate by this policy, or tell this channel."""
    return await db.fetchval(ROUTES_WITH, organization_id, str(named)) or []


async def policies_with(db: Connection | Pool, organization_id: Id, target_id: Id) -> list[str]:
    """The policies that tell this contact, schedule or channel, in words."""
    return [
        f"policy {each.name!r}"
        for each in await find(db, Policy, organization_id)
        if any(target.id == target_id for step in each.steps for target in step.targets)
    ]


async def channels(db: Connection | Pool, organization_id: Id) -> dict[Id, bool]:
    """The organization's channels, and which are active."""
    return {row["id"]: row["is_active"] for row in await db.fetch(CHANNELS, organization_id)}


async def directory(db: Connection | Pool, organization_id: Id, now: datetime) -> Directory:
    """What is known of those whom policies name, at a moment."""
    schedules = {each.id: each for each in await find(db, Schedule, organization_id)}
    instant = now.resolution
    return Directory(
        contacts={each.id: each for each in await find(db, Contact, organization_id)},
        schedules=schedules,
        overrides=await overrides(db, organization_id, list(schedules), now, now + instant) if schedules else {},
        channels=await channels(db, organization_id),
    )
