"""Silences, maintenance windows and inhibition rules in PostgreSQL. `apply` is the one way in, live and in replays."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from monitors_contracts.base import Id
from monitors_contracts.inhibition import InhibitionChanged, InhibitionDeleted, InhibitionRule
from monitors_contracts.maintenance import MaintenanceChanged, MaintenanceDeleted, MaintenanceWindow
from monitors_contracts.silences import Silence, SilenceChanged
from monitors_runtime.database import Connection, Pool

from . import inhibitors

Changed: TypeAlias = SilenceChanged | MaintenanceChanged | MaintenanceDeleted | InhibitionChanged | InhibitionDeleted

APPLY_SILENCE = """
INSERT INTO alerter.silences (id, organization_id, starts_at, ends_at, remind_at, version, document)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET
    starts_at = excluded.starts_at, ends_at = excluded.ends_at, remind_at = excluded.remind_at,
    version = excluded.version, document = excluded.document
WHERE silences.version < excluded.version
"""

APPLY = """
INSERT INTO alerter.{table} (id, organization_id, version, document) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, document = excluded.document
WHERE {table}.version < excluded.version
"""
WINDOWS, RULES = "maintenance_windows", "inhibition_rules"
DELETE = "DELETE FROM alerter.{table} WHERE organization_id = $1 AND id = $2"

STAMP = """
INSERT INTO alerter.suppression_stamps (organization_id, stamp) VALUES ($1, gen_random_uuid())
ON CONFLICT (organization_id) DO UPDATE SET stamp = excluded.stamp
"""
STAMPS = "SELECT organization_id, stamp FROM alerter.suppression_stamps WHERE organization_id = ANY($1::uuid[])"

LASTING = "SELECT document::text FROM alerter.silences WHERE organization_id = $1 AND ends_at > $2 ORDER BY id"
ALL = "SELECT document::text FROM alerter.{table} WHERE organization_id = $1 ORDER BY document->'spec'->>'name', id"
COUNT = "SELECT count(*) FROM alerter.{table} WHERE organization_id = $1"
GET = "SELECT document::text FROM alerter.{table} WHERE organization_id = $1 AND id = $2 FOR UPDATE"

EXPIRE = "DELETE FROM alerter.silences WHERE id < $1 AND ends_at < now()"
EXPIRE_HELD = "DELETE FROM alerter.held WHERE alert_id < $1"
_MADE_OF_EVENTS = ("silences", WINDOWS, RULES, "suppression_stamps", "inhibitors")
TABLES = [f"alerter.{table}" for table in _MADE_OF_EVENTS]
_ERASE = "DELETE FROM alerter.{table} WHERE organization_id = $1"
ERASE = tuple(_ERASE.format(table=table) for table in (*_MADE_OF_EVENTS, "held"))
"""All that is kept of an organization."""


async def apply(db: Connection, event: Changed) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    organization = event.organization_id
    match event:
        case SilenceChanged(silence=silence):
            row = (silence.starts_at, silence.ends_at, remind_at(silence), silence.version, silence)
            await db.execute(APPLY_SILENCE, silence.id, organization, *row)
        case MaintenanceChanged(window=window):
            await db.execute(APPLY.format(table=WINDOWS), window.id, organization, window.version, window)
        case MaintenanceDeleted():
            await db.execute(DELETE.format(table=WINDOWS), organization, event.window_id)
        case InhibitionChanged(rule=rule):
            await db.execute(APPLY.format(table=RULES), rule.id, organization, rule.version, rule)
        case InhibitionDeleted():
            await db.execute(DELETE.format(table=RULES), organization, event.inhibition_id)
    await db.execute(STAMP, organization)
    if isinstance(event, (InhibitionChanged, InhibitionDeleted)):
        await inhibitors.rebuild(db, organization, await inhibition_rules(db, organization))


def remind_at(silence: Silence) -> datetime | None:
    """When it is to be reminded that it ends; None when that was done, or nobody asked for it."""
    if silence.reminded_at or not silence.remind:
        return None
    return max(silence.starts_at, silence.ends_at - timedelta(seconds=silence.remind))


async def stamps(db: Connection | Pool, organizations: Sequence[Id]) -> dict[Id, UUID]:
    """The stamp of each of these that ever held anything back."""
    return {row["organization_id"]: row["stamp"] for row in await db.fetch(STAMPS, organizations)}


async def lasting(db: Connection | Pool, organization_id: Id, since: datetime) -> list[Silence]:
    """Silences that end after this, oldest first."""
    return [Silence.model_validate_json(row[0]) for row in await db.fetch(LASTING, organization_id, since)]


async def windows(db: Connection | Pool, organization_id: Id) -> list[MaintenanceWindow]:
    """All windows, by name."""
    rows = await db.fetch(ALL.format(table=WINDOWS), organization_id)
    return [MaintenanceWindow.model_validate_json(row[0]) for row in rows]


async def inhibition_rules(db: Connection | Pool, organization_id: Id) -> list[InhibitionRule]:
    """All inhibition rules, by name."""
    rows = await db.fetch(ALL.format(table=RULES), organization_id)
    return [InhibitionRule.model_validate_json(row[0]) for row in rows]
