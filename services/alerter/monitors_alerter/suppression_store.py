"""Silences, maintenance windows and inhibition rules in PostgreSQL. `apply` is the one way in, live and in replays."""

from datetime import datetime, timedelta
from typing import TypeAlias

from monitors_contracts.base import Id
from monitors_contracts.inhibition import InhibitionChanged, InhibitionDeleted, InhibitionRule
from monitors_contracts.maintenance import MaintenanceChanged, MaintenanceDeleted, MaintenanceWindow
from monitors_contracts.silences import ListSilences, Silence, SilenceChanged, SilenceState
from monitors_runtime.database import Connection, Pool
from monitors_runtime.narrowing import narrowed

from . import inhibitors
from .routing_store import CHANGE_SETTINGS

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
WHERE {table}.version < excluded.version AND {table}.document IS NOT NULL
"""
WINDOWS, RULES = "maintenance_windows", "inhibition_rules"
# What is gone leaves its row, so that an event that is late does not bring it back.
DELETE = """
INSERT INTO alerter.{table} (organization_id, id, version) VALUES ($1, $2, 0)
ON CONFLICT (id) DO UPDATE SET version = 0, document = NULL
"""

GET_SILENCE = "SELECT document::text FROM alerter.silences WHERE organization_id = $1 AND id = $2 {held}"
LASTING = "SELECT document::text FROM alerter.silences WHERE organization_id = $1 AND ends_at > $2 ORDER BY id"
TO_REMIND = """
SELECT organization_id, document::text FROM alerter.silences
WHERE remind_at <= $1 ORDER BY remind_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
COUNT_LASTING = "SELECT count(*) FROM alerter.silences WHERE organization_id = $1 AND ends_at > $2"
_WORDS = (
    "strpos(lower(concat_ws(' ', document->>'name', document->>'comment', document->>'author', document->>'matchers')), "
    "${}) > 0"
)
SILENCES = """
SELECT document::text FROM alerter.silences
WHERE organization_id = $1
  AND CASE WHEN ends_at <= $2 THEN 'expired' WHEN starts_at > $2 THEN 'pending' ELSE 'active' END = ANY($3::text[])
  AND id < coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') {filters}
ORDER BY id DESC LIMIT $5
"""
COUNT_SILENCES = """
SELECT CASE WHEN ends_at <= $2 THEN 'expired' WHEN starts_at > $2 THEN 'pending' ELSE 'active' END AS state, count(*)
FROM alerter.silences WHERE organization_id = $1 {filters} GROUP BY 1
"""

COUNT = "SELECT count(*) FROM alerter.{table} WHERE organization_id = $1 AND document IS NOT NULL"
GET = "SELECT document::text FROM alerter.{table} WHERE organization_id = $1 AND id = $2 {held}"
ALL = """
SELECT document::text FROM alerter.{table} WHERE organization_id = $1 AND document IS NOT NULL
ORDER BY document->'spec'->>'name', id
"""

EXPIRE = "DELETE FROM alerter.silences WHERE id < $1 AND ends_at < now()"
EXPIRE_HELD = "DELETE FROM alerter.held WHERE alert_id < $1"
_EXPIRE_GONE = "DELETE FROM alerter.{table} WHERE id < $1 AND document IS NULL"
EXPIRE_GONE = tuple(_EXPIRE_GONE.format(table=table) for table in (WINDOWS, RULES))
_MADE_OF_EVENTS = ("silences", WINDOWS, RULES, "inhibitors")
TABLES = [f"alerter.{table}" for table in _MADE_OF_EVENTS]
_ERASE = "DELETE FROM alerter.{table} WHERE organization_id = $1"
ERASE = tuple(_ERASE.format(table=table) for table in (*_MADE_OF_EVENTS, "held"))
"""All that is kept of an organization."""


async def apply(db: Connection, event: Changed) -> None:
    """Make the state what the event says; what is known already changes nothing. Whoever tells alerts waits until it is."""
    organization = event.organization_id
    await db.execute(CHANGE_SETTINGS, organization)
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
    if isinstance(event, (InhibitionChanged, InhibitionDeleted)):
        await inhibitors.rebuild(db, organization, await inhibition_rules(db, organization))


def remind_at(silence: Silence) -> datetime | None:
    """When it is to be reminded that it ends; None when that was done, or nobody asked for it."""
    if silence.reminded_at or not silence.remind:
        return None
    return max(silence.starts_at, silence.ends_at - timedelta(seconds=silence.remind))


async def lasting(db: Connection | Pool, organization_id: Id, since: datetime) -> list[Silence]:
    """Silences that end after this, oldest first."""
    return [Silence.model_validate_json(row[0]) for row in await db.fetch(LASTING, organization_id, since)]


async def silence(db: Connection | Pool, organization_id: Id, silence_id: Id) -> Silence | None:
    """One silence."""
    document = await db.fetchval(GET_SILENCE.format(held=""), organization_id, silence_id)
    return Silence.model_validate_json(document) if document else None


async def hold_silence(db: Connection, organization_id: Id, silence_id: Id) -> Silence | None:
    """One silence, held until the transaction ends."""
    document = await db.fetchval(GET_SILENCE.format(held="FOR UPDATE"), organization_id, silence_id)
    return Silence.model_validate_json(document) if document else None


async def hold_to_remind(db: Connection, now: datetime) -> tuple[Id, Silence] | None:
    """A silence of any organization that is to be reminded of, and that nobody else is at; held until the end."""
    row = await db.fetchrow(TO_REMIND, now)
    return (row["organization_id"], Silence.model_validate_json(row["document"])) if row else None


async def count_lasting(db: Connection, organization_id: Id, now: datetime) -> int:
    """How many silences have not ended."""
    return int(await db.fetchval(COUNT_LASTING, organization_id, now) or 0)


async def find_silences(
    db: Pool, asked: ListSilences, before: Id | None, now: datetime
) -> tuple[list[Silence], dict[SilenceState, int]]:
    """Silences, newest first, and how many match in each state."""
    words = (asked.text or "").replace("\0", "").strip().lower()
    states = list(asked.states or SilenceState)
    past = [] if SilenceState.EXPIRED in states else [("ends_at > ${}", now)]
    query, arguments = narrowed(
        SILENCES, (asked.organization_id, now, states, before, asked.limit), [(_WORDS, words), *past]
    )
    rows = await db.fetch(query, *arguments)
    counted, arguments = narrowed(COUNT_SILENCES, (asked.organization_id, now), [(_WORDS, words)])
    counts = {SilenceState(row["state"]): int(row["count"]) for row in await db.fetch(counted, *arguments)}
    return [Silence.model_validate_json(row[0]) for row in rows], counts


async def window(db: Connection | Pool, organization_id: Id, window_id: Id) -> MaintenanceWindow | None:
    """One window."""
    document = await db.fetchval(GET.format(table=WINDOWS, held=""), organization_id, window_id)
    return MaintenanceWindow.model_validate_json(document) if document else None


async def hold_window(db: Connection, organization_id: Id, window_id: Id) -> MaintenanceWindow | None:
    """One window, held until the transaction ends."""
    document = await db.fetchval(GET.format(table=WINDOWS, held="FOR UPDATE"), organization_id, window_id)
    return MaintenanceWindow.model_validate_json(document) if document else None


async def count_windows(db: Connection, organization_id: Id) -> int:
    """How many windows there are."""
    return int(await db.fetchval(COUNT.format(table=WINDOWS), organization_id) or 0)


async def windows(db: Connection | Pool, organization_id: Id) -> list[MaintenanceWindow]:
    """All windows, by name."""
    rows = await db.fetch(ALL.format(table=WINDOWS), organization_id)
    return [MaintenanceWindow.model_validate_json(row[0]) for row in rows]


async def inhibition_rule(db: Connection | Pool, organization_id: Id, rule_id: Id) -> InhibitionRule | None:
    """One inhibition rule."""
    document = await db.fetchval(GET.format(table=RULES, held=""), organization_id, rule_id)
    return InhibitionRule.model_validate_json(document) if document else None


async def hold_rule(db: Connection, organization_id: Id, rule_id: Id) -> InhibitionRule | None:
    """One inhibition rule, held until the transaction ends."""
    document = await db.fetchval(GET.format(table=RULES, held="FOR UPDATE"), organization_id, rule_id)
    return InhibitionRule.model_validate_json(document) if document else None


async def count_rules(db: Connection, organization_id: Id) -> int:
    """How many inhibition rules there are."""
    return int(await db.fetchval(COUNT.format(table=RULES), organization_id) or 0)


async def inhibition_rules(db: Connection | Pool, organization_id: Id) -> list[InhibitionRule]:
    """All inhibition rules, by name."""
    rows = await db.fetch(ALL.format(table=RULES), organization_id)
    return [InhibitionRule.model_validate_json(row[0]) for row in rows]
