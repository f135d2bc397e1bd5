"""The delivery ledger, what arrived where, and the local outbox in PostgreSQL. What is only shown is read in `queries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import Notice
from monitors_contracts.notifications import (
    DeliveryState,
    NotificationDelayed,
    NotificationEvent,
    NotificationRequested,
    NotificationView,
    OutboxMessage,
)
from monitors_runtime.database import Connection, Pool, Writes, columns

from .domain import delivery
from .domain.merging import Arrival

APPLY = """
INSERT INTO notifier.notifications
    (id, organization_id, alert_id, monitor_id, channel_id, group_id, state, version, next_attempt_at, document, notice)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::int[], $9::timestamptz[],
    $10::jsonb[], $11::jsonb[]
)
ON CONFLICT (id) DO UPDATE SET
    alert_id = excluded.alert_id, monitor_id = excluded.monitor_id, state = excluded.state, version = excluded.version,
    next_attempt_at = excluded.next_attempt_at, document = excluded.document,
    notice = CASE WHEN excluded.state IN ('pending', 'failed') THEN coalesce(excluded.notice, notifications.notice) END
WHERE notifications.version < excluded.version
"""

ADD_TOLD_OF = """
INSERT INTO notifier.told_of (organization_id, alert_id, notification_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) ON CONFLICT DO NOTHING
"""

ARRIVE = """
INSERT INTO notifier.arrivals
    (organization_id, alert_id, channel_id, stands_in_for, version, is_open, notification_id, is_expected)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::boolean[], $7::uuid[], $8::boolean[]
)
ON CONFLICT (organization_id, alert_id, channel_id) DO UPDATE SET
    version = excluded.version, is_open = excluded.is_open, notification_id = excluded.notification_id,
    is_expected = excluded.is_expected AND (arrivals.is_expected OR NOT arrivals.is_open),
    stands_in_for = coalesce(excluded.stands_in_for, arrivals.stands_in_for)
WHERE arrivals.version <= excluded.version
"""

ARRIVALS = """
SELECT arrivals.* FROM notifier.arrivals
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, alert_id) USING (organization_id, alert_id)
"""

NOTIFICATION = """
SELECT organization_id, document::text, notice::text, alert::text, reason FROM notifier.notifications
WHERE organization_id = $1 AND id = $2
"""

WAITING = """
SELECT id, true AS waits, organization_id, channel_id, group_id, document::text, notice::text, alert::text, reason
FROM notifier.notifications
JOIN unnest($1::uuid[], $2::uuid[]) AS given (channel_id, group_id) USING (channel_id, group_id)
WHERE state = 'pending'
UNION ALL
SELECT id, false, organization_id, NULL, NULL, NULL, NULL, NULL, NULL FROM notifier.notifications WHERE id = ANY($3)
"""

KNOWN = "SELECT id FROM notifier.notifications WHERE id = ANY($1)"

MOST_DUE = 200

# A channel that rests is passed over, and its messages stay due.
DUE = """
SELECT organization_id, channel_id, group_id FROM notifier.notifications
WHERE next_attempt_at <= $1 AND channel_id <> ALL($2::uuid[]) AND group_id IS NOT NULL
ORDER BY next_attempt_at LIMIT $3
"""

# What the release before left waiting; its messages had no groups.
ADOPT = """
UPDATE notifier.notifications SET group_id = alert_id, next_attempt_at = coalesce(next_attempt_at, now())
WHERE state = 'pending' AND group_id IS NULL
"""

EXPIRE = (
    "DELETE FROM notifier.told_of WHERE notification_id < $1",
    "DELETE FROM notifier.notifications WHERE id < $1",
    "DELETE FROM notifier.outbox_messages WHERE id < $1",
    "DELETE FROM notifier.arrivals WHERE alert_id < $1",
    "DELETE FROM notifier.deliveries WHERE alert_id < $1",
    "DELETE FROM notifier.used_links WHERE notification_id < $1",
)
"""What is past its retention. (`deliveries` is of the release before.)"""

ADD_OUTBOX_MESSAGE = """
INSERT INTO notifier.outbox_messages
    (id, organization_id, recipient, subject, body_text, body_html, file, alert_id, monitor_id, created_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[],
    $10::timestamptz[]
)
ON CONFLICT (id) DO NOTHING
"""

ERASE = (
    "DELETE FROM notifier.deliveries WHERE alert_id IN "
    "(SELECT alert_id FROM notifier.notifications WHERE organization_id = $1)",
    "DELETE FROM notifier.told_of WHERE organization_id = $1",
    "DELETE FROM notifier.arrivals WHERE organization_id = $1",
    "DELETE FROM notifier.used_links WHERE organization_id = $1",
    "DELETE FROM notifier.notifications WHERE organization_id = $1",
    "DELETE FROM notifier.outbox_messages WHERE organization_id = $1",
    "DELETE FROM notifier.channels WHERE organization_id = $1",
    "DELETE FROM notifier.recipients WHERE organization_id = $1",
)
"""All that is kept of an organization."""

LEDGER_TABLES = ["notifier.notifications", "notifier.told_of", "notifier.arrivals"]
"""What is made of the notifier's events."""

_ON_THE_WAY = {DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.SUPERSEDED}


class Key(NamedTuple):
    """Messages of one group to one channel go one after the other."""

    organization_id: Id
    channel_id: Id
    group_id: Id


@dataclass(frozen=True)
class Ledger:
    """One row of the delivery ledger: the message, and what it is to tell, as long as it was not taken."""

    organization_id: Id
    notification: NotificationView
    notice: Notice | None


def _ledger(row: asyncpg.Record) -> Ledger:
    notification = NotificationView.model_validate_json(row["document"])
    notice = None
    if row["notice"]:
        notice = Notice.model_validate_json(row["notice"])
    elif row["alert"]:  # written by the release before
        alert = AlertView.model_validate_json(row["alert"])
        notice = delivery.notice_of(notification, alert, row["reason"] or "")
    return Ledger(row["organization_id"], notification, notice)


async def apply(db: Connection, event: NotificationEvent) -> None:
    """Make the ledger what the event says; a version known already changes nothing."""
    await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[NotificationEvent]) -> None:
    """Make the ledger what these events say."""
    writes = Writes()
    await write_all(db, writes, events)
    await writes.send(db)


async def write_all(db: Connection, writes: Writes, events: Sequence[NotificationEvent]) -> None:
    """The same; the last of it along with other writes."""
    *turns, last = _turns(events) or [[]]
    for turn in turns:
        await db.execute(APPLY, *columns([_row(event) for event in turn]))
    if last:
        writes.add(APPLY, *columns([_row(event) for event in last]))
    told_of = {
        (event.organization_id, alert, event.notification_id)
        for event in events
        if len(event.notification.alert_ids) > 1
        for alert in event.notification.alert_ids
    }
    if told_of:
        writes.add(ADD_TOLD_OF, *columns(sorted(told_of)))
    if arrived := _arrived(events):
        writes.add(ARRIVE, *columns(arrived))


def _turns(events: Sequence[NotificationEvent]) -> list[list[NotificationEvent]]:
    """Events in turns: in each every message comes once, in one order, and each message's events keep theirs."""
    turns: list[list[NotificationEvent]] = []
    waiting: list[NotificationEvent] = list(events)
    while waiting:
        first = {event.notification_id: event for event in reversed(waiting)}
        turns.append([first[identifier] for identifier in sorted(first)])
        waiting = [event for event in waiting if first[event.notification_id] is not event]
    return turns


def _row(event: NotificationEvent) -> tuple[Any, ...]:
    notification = event.notification
    return (
        notification.id,
        event.organization_id,
        notification.alert_id,
        notification.monitor_id,
        notification.channel_id,
        notification.group_id or notification.alert_id,
        notification.state,
        notification.version,
        notification.next_attempt_at,
        notification,
        _notice(event),
    )


def _notice(event: NotificationEvent) -> Notice | None:
    if isinstance(event, NotificationRequested):
        return event.notice or delivery.notice_of(event.notification, event.alert, event.reason)
    return event.notice if isinstance(event, NotificationDelayed) else None


def _arrived(events: Sequence[NotificationEvent]) -> list[tuple[Any, ...]]:
    """What channels took of each alert, and what is on its way to those that stand in for others."""
    rows: dict[tuple[Id, Id, Id], tuple[Any, ...]] = {}
    for event in events:
        message = event.notification
        expected = message.state is DeliveryState.PENDING and message.stands_in_for is not None
        if message.state in _ON_THE_WAY and not expected:
            continue
        for alert in message.told:
            key = (event.organization_id, alert.id, message.channel_id)
            is_open = expected or alert.state is not AlertState.RESOLVED
            if key not in rows or rows[key][4] <= alert.version:
                rows[key] = (*key, message.stands_in_for, alert.version, is_open, message.id, expected)
    return [rows[key] for key in sorted(rows)]


async def arrivals(
    db: Connection | Pool, alerts: Sequence[tuple[Id, Id]]
) -> dict[tuple[Id, Id], list[tuple[Arrival, Id | None]]]:
    """By (organization id, alert id): what each channel took last, with the channel that it stood in for."""
    found: dict[tuple[Id, Id], list[tuple[Arrival, Id | None]]] = {}
    for row in await db.fetch(ARRIVALS, *columns(alerts)) if alerts else ():
        arrival = Arrival(row["channel_id"], row["version"], row["is_open"], row["notification_id"], row["is_expected"])
        found.setdefault((row["organization_id"], row["alert_id"]), []).append((arrival, row["stands_in_for"]))
    return found


async def waiting(
    db: Connection | Pool, keys: Sequence[Key], ids: Sequence[Id]
) -> tuple[dict[Key, list[Ledger]], set[Id]]:
    """What waits to be tried, by group and channel; and which of these messages the ledger has."""
    found: dict[Key, list[Ledger]] = {}
    rows = await db.fetch(WAITING, *columns([(key.channel_id, key.group_id) for key in keys]), ids)
    for row in rows:
        if not row["waits"]:
            continue
        key = Key(row["organization_id"], row["channel_id"], row["group_id"])
        found.setdefault(key, []).append(_ledger(row))
    return found, {row["id"] for row in rows if not row["waits"]}


async def known(db: Connection | Pool, ids: Sequence[Id]) -> set[Id]:
    """Which of these messages the ledger has."""
    return {row["id"] for row in await db.fetch(KNOWN, list(ids))} if ids else set()


async def ledger(
    db: Connection | Pool, organization_id: Id, notification_id: Id, *, for_update: bool = False
) -> Ledger | None:
    """One row of the ledger."""
    query = NOTIFICATION + (" FOR UPDATE" if for_update else "")
    row = await db.fetchrow(query, organization_id, notification_id)
    return _ledger(row) if row else None


async def due(db: Connection | Pool, now: datetime, resting: Sequence[Id]) -> list[Key]:
    """Where messages are to be tried now, the longest due first; as often as there are messages."""
    rows = await db.fetch(DUE, now, list(resting), MOST_DUE)
    return [Key(row["organization_id"], row["channel_id"], row["group_id"]) for row in rows]


def add_outbox_messages(writes: Writes, messages: Sequence[tuple[Id, OutboxMessage]]) -> None:
    """Make messages of the local channel readable, each for its organization."""
    rows = [
        (
            message.id,
            organization,
            message.to,
            message.subject,
            message.text,
            message.html,
            message.file,
            message.alert_id,
            message.monitor_id,
            message.created_at,
        )
        for organization, message in messages
    ]
    if rows:
        writes.add(ADD_OUTBOX_MESSAGE, *columns(rows))
