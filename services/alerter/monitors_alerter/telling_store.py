"""Groups, their members, what channels were told and why, in PostgreSQL: many rows in each statement.

Who decides what is told of an alert holds the alert's row. So what is here of one alert is written by one transaction at a
time, and read by it as it is. A group's row is held by whoever looks at the whole group; see `telling`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Writes, columns

from .domain.groups import Group, Place, Told

DUE = """
SELECT id, organization_id, (SELECT count(*) FROM alerter.members WHERE group_id = groups.id) AS alerts
FROM alerter.groups WHERE due_at <= $1 ORDER BY due_at LIMIT $2
"""
THIS_IF_DUE = "SELECT id, organization_id, 0 AS alerts FROM alerter.groups WHERE due_at <= $1 AND id = $2"
PUT_OFF = "UPDATE alerter.groups SET due_at = $2 WHERE id = $1"
NEXT_DUE = "SELECT min(due_at) FROM alerter.groups WHERE due_at IS NOT NULL"

# Two who look for groups that are due never have the same one.
HOLD_DUE = """
SELECT * FROM alerter.groups WHERE id = ANY($1::uuid[]) AND due_at <= $2 ORDER BY id FOR UPDATE SKIP LOCKED
"""

MEMBERS = """
SELECT members.* FROM unnest($1::uuid[]) AS wanted (id) JOIN alerter.members ON group_id = wanted.id
UNION ALL
SELECT members.* FROM unnest($2::uuid[]) AS wanted (id) JOIN alerter.members ON group_id = wanted.id AND NOT is_settled
"""

# Who changes an alert at this moment tells of it as well: it is passed over here.
HOLD_ALERTS = "SELECT id, document::text FROM alerter.alerts WHERE id = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED"

MEMBERSHIPS = """
SELECT groups.*, alert_id, members.was_clear, members.word, members.held_by FROM alerter.members
JOIN alerter.groups ON groups.id = group_id WHERE alert_id = ANY($1::uuid[])
"""

TOLD = "SELECT * FROM alerter.told WHERE alert_id = ANY($1::uuid[])"

# One that is there is looked at when its time has come; a digest that has told all gathers anew.
JOIN_GROUPS = """
INSERT INTO alerter.groups
    (id, organization_id, key, route, labels, opened_at, wait, every, told_at, due_at, again_at, is_stale, digest_of)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::timestamptz[], $7::interval[], $8::interval[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::bool[], $13::uuid[]
)
ON CONFLICT (organization_id, key) DO UPDATE SET
    opened_at = CASE WHEN groups.digest_of IS NOT NULL AND groups.due_at IS NULL THEN excluded.opened_at
        ELSE groups.opened_at END,
    wait = excluded.wait, every = excluded.every, is_stale = groups.is_stale OR excluded.is_stale,
    due_at = least(groups.due_at, greatest(
        CASE WHEN groups.digest_of IS NULL THEN excluded.opened_at ELSE excluded.opened_at + excluded.wait END,
        coalesce(groups.told_at + excluded.every, groups.opened_at + excluded.wait)
    ))
RETURNING id, organization_id, key, told_at, due_at
"""

KEEP_GROUPS = """
UPDATE alerter.groups SET
    told_at = given.told_at, due_at = given.due_at, again_at = given.again_at, is_stale = false, step = given.step,
    next_step = given.next_step, next_due = given.next_due, called = given.called
FROM unnest(
    $1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::int[], $7::timestamptz[],
    $8::jsonb[]
) AS given (id, told_at, due_at, again_at, step, next_step, next_due, called)
WHERE groups.id = given.id
"""

WAKE_GROUPS = """
UPDATE alerter.groups SET due_at = least(due_at, $2) WHERE id IN (
    SELECT id FROM alerter.groups WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE
)
"""

# Those that hold these alerts back are over, so that others may be told.
WAKE_INHIBITED = """
UPDATE alerter.groups SET due_at = least(due_at, $2) WHERE id IN (
    SELECT id FROM alerter.groups WHERE id IN (SELECT group_id FROM alerter.members WHERE held_by = ANY($1::uuid[]))
    ORDER BY id FOR UPDATE
)
"""

WAKE_HELD = """
UPDATE alerter.groups SET due_at = now() WHERE id IN (
    SELECT group_id FROM alerter.members
    WHERE organization_id = $1 AND word IN ('silenced', 'maintenance', 'inhibited')
)
"""

WAKE_ALL = "UPDATE alerter.groups SET due_at = now(), is_stale = true WHERE organization_id = $1"

WAKE_ESCALATING = """
UPDATE alerter.groups SET due_at = $2, is_stale = true WHERE id IN (
    SELECT groups.id FROM alerter.groups JOIN alerter.members ON groups.id = group_id
    WHERE alert_id = ANY($1::uuid[]) AND (step > 0 OR next_step IS NOT NULL) ORDER BY groups.id FOR UPDATE OF groups
)
"""

JOIN_MEMBERS = """
INSERT INTO alerter.members
    (organization_id, group_id, alert_id, is_settled, was_clear, word, held_by, reason, correlation_id)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::bool[], $6::text[], $7::uuid[], $8::text[], $9::uuid[]
)
ON CONFLICT (group_id, alert_id) DO NOTHING
"""

KEEP_MEMBERS = JOIN_MEMBERS.replace(
    "NOTHING",
    """UPDATE SET
    is_settled = excluded.is_settled, was_clear = excluded.was_clear, word = excluded.word, held_by = excluded.held_by,
    reason = excluded.reason, correlation_id = excluded.correlation_id""",
)

# To look at again; what is known of it stays.
UNSETTLE_MEMBERS = """
UPDATE alerter.members SET is_settled = false, reason = given.reason, correlation_id = given.correlation_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[]) AS given (group_id, alert_id, reason, correlation_id)
WHERE members.group_id = given.group_id AND members.alert_id = given.alert_id
"""

LEAVE = """
DELETE FROM alerter.members USING unnest($1::uuid[], $2::uuid[]) AS given (group_id, alert_id)
WHERE members.group_id = given.group_id AND members.alert_id = given.alert_id
"""

# Their rows are held, so that nobody joins meanwhile. A digest stays: it knows when it was told last.
CLOSE_EMPTY = """
DELETE FROM alerter.groups WHERE id = ANY($1::uuid[]) AND digest_of IS NULL
AND NOT EXISTS (SELECT FROM alerter.members WHERE group_id = groups.id)
"""

KEEP_TOLD = """
INSERT INTO alerter.told (organization_id, alert_id, channel_id, state, severity, group_id, at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::timestamptz[]
)
ON CONFLICT (alert_id, channel_id) DO UPDATE SET
    state = excluded.state, severity = excluded.severity, group_id = excluded.group_id, at = excluded.at
"""

DECIDE = """
INSERT INTO alerter.decisions (organization_id, alert_id, at, channel_id, route, word, detail)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[]
)
"""

DECISIONS_OF = """
SELECT at, channel_id, route, word, detail FROM alerter.decisions
WHERE organization_id = $1 AND alert_id = $2 ORDER BY position DESC LIMIT $3
"""

ISSUE = """
INSERT INTO alerter.issued (organization_id, channel_id, at, notices)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[])
"""

ISSUED = """
SELECT given.channel_id, coalesce(sum(notices), 0) AS notices
FROM unnest($1::uuid[], $2::timestamptz[]) AS given (channel_id, since)
LEFT JOIN alerter.issued ON issued.channel_id = given.channel_id AND at > since
GROUP BY given.channel_id
"""

# What belongs to alerts that are gone goes with them.
_EXPIRE = """
DELETE FROM alerter.{0} WHERE alert_id < $1 AND NOT EXISTS (SELECT FROM alerter.alerts WHERE alerts.id = {0}.alert_id)
"""
EXPIRE = tuple(_EXPIRE.format(table) for table in ("members", "told", "decisions"))
EXPIRE_ISSUED = "DELETE FROM alerter.issued WHERE at < $1::timestamptz - interval '25 hours'"

_ERASE_BY_ALERT = """
DELETE FROM alerter.{} WHERE alert_id IN (SELECT id FROM alerter.alerts WHERE organization_id = $1)
"""
_ERASE = "DELETE FROM alerter.{} WHERE organization_id = $1"
ERASE = (
    *(_ERASE_BY_ALERT.format(table) for table in ("members", "told", "decisions")),
    "DELETE FROM alerter.issued WHERE channel_id IN (SELECT id FROM alerter.channels WHERE organization_id = $1)",
    *(_ERASE.format(table) for table in ("groups", "channels", "routing", "settings")),
)
"""All that is kept of an organization here; before its alerts are deleted."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A group as it is joined: a new one, or one that is there and is woken."""

    group: Group
    due_at: datetime | None
    again_at: datetime | None = None
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """A group that was joined, as it is."""

    id: Id
    told_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Membership:
    """An alert's place in a group."""

    group_id: Id
    alert_id: Id
    organization_id: Id
    is_settled: bool = False
    was_clear: bool = False
    word: str = ""
    held_by: Id | None = None
    reason: str = ""
    correlation_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A decision as it is written down."""

    organization_id: Id
    alert_id: Id
    at: datetime
    channel_id: Id | None
    route: str
    word: str
    detail: Mapping[str, Any]


def group_of(row: Record) -> Group:
    """A group of its row."""
    return Group(
        id=row["id"],
        organization_id=row["organization_id"],
        key=row["key"],
        route=row["route"],
        labels=row["labels"],
        opened_at=row["opened_at"],
        wait=row["wait"],
        every=row["every"],
        told_at=row["told_at"],
        step=row["step"],
        next_step=row["next_step"],
        next_due=row["next_due"],
        called={UUID(channel): person for channel, person in row["called"].items()},
        digest_of=row["digest_of"],
    )


async def told_of(db: Connection, alert_ids: Sequence[Id]) -> dict[Id, dict[Id, Told]]:
    """What channels were told of these alerts: alert -> channel -> that."""
    found: dict[Id, dict[Id, Told]] = {}
    for row in await db.fetch(TOLD, alert_ids) if alert_ids else ():
        told = Told(row["state"], row["severity"], row["group_id"], row["at"])
        found.setdefault(row["alert_id"], {})[row["channel_id"]] = told
    return found


async def hold_alerts(db: Connection, alert_ids: Sequence[Id]) -> dict[Id, AlertView]:
    """Those of these alerts that nobody is changing now, held until the transaction ends."""
    rows = await db.fetch(HOLD_ALERTS, alert_ids)
    return {row["id"]: AlertView.model_validate_json(row["document"]) for row in rows}


async def join_groups(db: Connection, openings: Sequence[Opening]) -> dict[tuple[Id, str], Joined]:
    """Open these groups, or wake those that are there: how each stands now, by organization and key."""
    if not openings:
        return {}
    ordered = sorted(openings, key=lambda each: (each.group.organization_id, each.group.key))
    rows = await db.fetch(
        JOIN_GROUPS,
        *columns(
            [
                (
                    each.group.id,
                    each.group.organization_id,
                    each.group.key,
                    each.group.route,
                    dict(each.group.labels),
                    each.group.opened_at,
                    each.group.wait,
                    each.group.every,
                    each.group.told_at,
                    each.due_at,
                    each.again_at,
                    each.is_stale,
                    each.group.digest_of,
                )
                for each in ordered
            ]
        ),
    )
    return {(row["organization_id"], row["key"]): Joined(row["id"], row["told_at"], row["due_at"]) for row in rows}


async def keep_groups(db: Connection, groups: Sequence[tuple[Group, datetime | None, datetime | None]]) -> None:
    """Write down groups that are held: each with when to look at it again, and when at all of it."""
    if groups:
        rows = [
            (
                group.id,
                group.told_at,
                due_at,
                again_at,
                group.step,
                group.next_step,
                group.next_due,
                {str(channel): person for channel, person in group.called.items()},
            )
            for group, due_at, again_at in groups
        ]
        await db.execute(KEEP_GROUPS, *columns(rows))


def join_members(writes: Writes, members: Sequence[Membership]) -> None:
    """Put alerts into groups; how those stand that are there stays as it is."""
    _write_members(writes, JOIN_MEMBERS, members)


def keep_members(writes: Writes, members: Sequence[Membership]) -> None:
    """Write down how alerts stand in their groups."""
    _write_members(writes, KEEP_MEMBERS, members)


def _write_members(writes: Writes, statement: str, members: Sequence[Membership]) -> None:
    if members:
        rows = [
            (
                each.organization_id,
                each.group_id,
                each.alert_id,
                each.is_settled,
                each.was_clear,
                each.word,
                each.held_by,
                each.reason,
                each.correlation_id,
            )
            for each in sorted(members, key=lambda each: (each.group_id, each.alert_id))
        ]
        writes.add(statement, *columns(rows))


async def leave(db: Connection, leaving: Sequence[tuple[Id, Id]]) -> None:
    """Take alerts out of groups: group and alert."""
    if leaving:
        await db.execute(LEAVE, *columns(sorted(leaving)))


async def unsettle(db: Connection, members: Sequence[tuple[Id, Id, str, Id]]) -> None:
    """Have alerts looked at again in their groups: group, alert, why it changed, correlation."""
    if members:
        await db.execute(UNSETTLE_MEMBERS, *columns(sorted(members)))


async def wake(db: Connection, groups: Collection[Id], now: datetime) -> None:
    """Have groups looked at now."""
    if groups:
        await db.execute(WAKE_GROUPS, list(groups), now)


async def close_empty(db: Connection, groups: Sequence[Id]) -> None:
    """Forget those of these groups, which are held, that have no alerts left."""
    if groups:
        await db.execute(CLOSE_EMPTY, groups)


def keep_told(writes: Writes, told: Mapping[Place, tuple[Id, Told]]) -> None:
    """Write down what channels were told: alert and channel -> organization and that."""
    if told:
        rows = [
            (organization, alert, channel, each.state, each.severity, each.group_id, each.at)
            for (alert, channel), (organization, each) in sorted(told.items())
        ]
        writes.add(KEEP_TOLD, *columns(rows))


def keep_reasons(writes: Writes, reasons: Sequence[Reason]) -> None:
    """Write down why alerts were told, or were not."""
    if reasons:
        rows = [
            (each.organization_id, each.alert_id, each.at, each.channel_id, each.route, each.word, dict(each.detail))
            for each in reasons
        ]
        writes.add(DECIDE, *columns(rows))


def issue(writes: Writes, sent: Mapping[tuple[Id, Id], int], now: datetime) -> None:
    """Count notices: organization and channel -> how many."""
    if sent:
        rows = [(organization, channel, now, count) for (organization, channel), count in sorted(sent.items())]
        writes.add(ISSUE, *columns(rows))


async def issued(db: Connection, spans: Mapping[Id, timedelta], now: datetime) -> dict[Id, int]:
    """How many notices each channel was sent within a span of time before now."""
    rows = await db.fetch(ISSUED, list(spans), [now - span for span in spans.values()])
    return {row["channel_id"]: int(row["notices"]) for row in rows}


async def next_due(db: Connection) -> datetime | None:
    """When a group is due next, of all organizations."""
    return await db.fetchval(NEXT_DUE)
