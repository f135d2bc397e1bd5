"""Channels, the delivery ledger and the local outbox in PostgreSQL. What is only shown is read in `queries`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.notifications import (
    ChannelView,
    NotificationEvent,
    NotificationRequested,
    NotificationView,
    OutboxMessage,
)
from monitors_contracts.platform import UserUpdated
from monitors_runtime.database import Connection, Pool, columns

from .domain.channels import Target, masked

ADD_RECIPIENT = "INSERT INTO notifier.recipients VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

ADD_CHANNEL = """
INSERT INTO notifier.channels (id, organization_id, kind, name, url, address, secret, is_active, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING
"""

CHANNELS = "SELECT * FROM notifier.channels WHERE organization_id = ANY($1) ORDER BY organization_id, id"

THESE_CHANNELS = """
SELECT channels.* FROM notifier.channels
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
"""

CHANNEL = "SELECT * FROM notifier.channels WHERE organization_id = $1 AND id = $2"

UPDATE_CHANNEL = """
UPDATE notifier.channels SET
    name = coalesce($3, name),
    is_active = coalesce($4, is_active),
    unsubscribed_at = CASE WHEN $4 THEN NULL ELSE unsubscribed_at END
WHERE organization_id = $1 AND id = $2 RETURNING *
"""

UNSUBSCRIBE = """
UPDATE notifier.channels SET is_active = false, unsubscribed_at = coalesce(unsubscribed_at, $3)
WHERE organization_id = $1 AND id = $2
"""

DELETE_CHANNEL = "DELETE FROM notifier.channels WHERE organization_id = $1 AND id = $2"

CLAIM = """
INSERT INTO notifier.deliveries (alert_id, alert_version, channel_id, notification_id)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[])
ON CONFLICT DO NOTHING RETURNING notification_id
"""

APPLY = """
INSERT INTO notifier.notifications
    (id, organization_id, alert_id, monitor_id, channel_id, state, version, next_attempt_at, document, alert, reason)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::int[], $8::timestamptz[], $9::jsonb[],
    $10::jsonb[], $11::text[]
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, version = excluded.version, next_attempt_at = excluded.next_attempt_at,
    document = excluded.document,
    alert = coalesce(excluded.alert, notifications.alert), reason = coalesce(excluded.reason, notifications.reason)
WHERE notifications.version < excluded.version
"""

NOTIFICATION = (
    "SELECT document::text, alert::text, reason FROM notifier.notifications WHERE organization_id = $1 AND id = $2"
)

THESE_NOTIFICATIONS = """
SELECT notifications.id, notifications.organization_id, document::text, alert::text, reason FROM notifier.notifications
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
"""

DUE = """
SELECT document::text, alert::text, reason FROM notifier.notifications
WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 200 FOR UPDATE SKIP LOCKED
"""

EXPIRE_NOTIFICATIONS = "DELETE FROM notifier.notifications WHERE id < $1"

EXPIRE_OUTBOX = "DELETE FROM notifier.outbox_messages WHERE id < $1"

EXPIRE_DELIVERIES = "DELETE FROM notifier.deliveries WHERE alert_id < $1"

ADD_OUTBOX_MESSAGE = """
INSERT INTO notifier.outbox_messages
    (id, organization_id, recipient, subject, body_text, body_html, file, alert_id, monitor_id, created_at)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[],
    $10::timestamptz[]
)
ON CONFLICT (id) DO NOTHING
"""

UPDATE_RECIPIENT = "UPDATE notifier.recipients SET email = $2, name = $3 WHERE organization_id = $1 RETURNING true"

# The account's first channel is called after its address, until somebody names it.
READDRESS = """
UPDATE notifier.channels SET
    address = $4, name = CASE WHEN kind = 'email' AND name = left($3, 100) THEN left($4, 100) ELSE name END
WHERE organization_id = $1 AND id = $2 AND address = $3
"""

ERASE = (
    "DELETE FROM notifier.deliveries WHERE alert_id IN "
    "(SELECT alert_id FROM notifier.notifications WHERE organization_id = $1)",
    "DELETE FROM notifier.notifications WHERE organization_id = $1",
    "DELETE FROM notifier.outbox_messages WHERE organization_id = $1",
    "DELETE FROM notifier.channels WHERE organization_id = $1",
    "DELETE FROM notifier.recipients WHERE organization_id = $1",
)
"""All that is kept of an organization."""


@dataclass(frozen=True)
class Channel:
    """A channel as stored: its target (secrets included), and the rest."""

    target: Target
    name: str
    is_active: bool
    created_at: datetime
    unsubscribed_at: datetime | None

    def view(self, *, reveal: bool = False) -> ChannelView:
        """As its owners see it; `reveal` shows the webhook secret, at creation."""
        return ChannelView(
            id=self.target.channel_id,
            kind=self.target.kind,
            name=self.name,
            target=masked(self.target),
            is_active=self.is_active,
            secret=self.target.secret if reveal else None,
            created_at=self.created_at,
            unsubscribed_at=self.unsubscribed_at,
        )


@dataclass(frozen=True)
class Ledger:
    """One row of the delivery ledger: the delivery, and the alert it tells of (none for a test message)."""

    notification: NotificationView
    alert: AlertView | None
    reason: str


def channel_of(row: asyncpg.Record) -> Channel:
    """A row of the channels."""
    target = Target(row["organization_id"], row["id"], row["kind"], row["url"], row["address"], row["secret"])
    return Channel(target, row["name"], row["is_active"], row["created_at"], row["unsubscribed_at"])


def _ledger(row: asyncpg.Record) -> Ledger:
    alert = AlertView.model_validate_json(row["alert"]) if row["alert"] else None
    return Ledger(NotificationView.model_validate_json(row["document"]), alert, row["reason"] or "")


async def add_recipient(db: Connection, organization_id: Id, email: str, name: str) -> None:
    """Remember whom the organization's mail goes to."""
    await db.execute(ADD_RECIPIENT, organization_id, email, name)


async def update_recipient(db: Connection, user: UserUpdated) -> bool:
    """Mail goes to the user's new address; the account's first channel follows it. False when the user is not known yet."""
    known = await db.fetchval(UPDATE_RECIPIENT, user.organization_id, user.email, user.name)
    await db.execute(READDRESS, user.organization_id, user.user_id, user.previous_email, user.email)
    return bool(known)


async def add_channel(db: Connection, target: Target, name: str, is_active: bool, now: datetime) -> None:
    """Add a channel; one known by its id already is left as it is."""
    ids = (target.channel_id, target.organization_id)
    await db.execute(ADD_CHANNEL, *ids, target.kind, name, target.url, target.address, target.secret, is_active, now)


async def channels(db: Connection | Pool, organizations: Sequence[Id]) -> list[Channel]:
    """All channels of these organizations, oldest first."""
    return [channel_of(row) for row in await db.fetch(CHANNELS, list(set(organizations)))]


async def these_channels(db: Pool, ids: Sequence[tuple[Id, Id]]) -> dict[tuple[Id, Id], Channel]:
    """Those of these channels (organization id, id) that exist."""
    found = [channel_of(row) for row in await db.fetch(THESE_CHANNELS, *columns(ids))]
    return {(channel.target.organization_id, channel.target.channel_id): channel for channel in found}


async def channel(db: Connection | Pool, organization_id: Id, channel_id: Id) -> Channel | None:
    """One channel of this organization."""
    row = await db.fetchrow(CHANNEL, organization_id, channel_id)
    return channel_of(row) if row else None


async def update_channel(
    db: Connection, organization_id: Id, channel_id: Id, name: str | None, is_active: bool | None
) -> Channel | None:
    """Change what is given; switching on again ends an unsubscription."""
    row = await db.fetchrow(UPDATE_CHANNEL, organization_id, channel_id, name, is_active)
    return channel_of(row) if row else None


async def unsubscribe(db: Connection, organization_id: Id, channel_id: Id, now: datetime) -> None:
    """Send nothing more to this channel."""
    await db.execute(UNSUBSCRIBE, organization_id, channel_id, now)


async def delete_channel(db: Connection, organization_id: Id, channel_id: Id) -> bool:
    """Remove a channel; False when there is none."""
    return (await db.execute(DELETE_CHANNEL, organization_id, channel_id)) == "DELETE 1"


async def claim(db: Connection, deliveries: Sequence[tuple[Id, int, Id, Id]]) -> set[Id]:
    """Which of these (alert id, its version, channel id, notification id) are the first about a change to a channel."""
    rows = await db.fetch(CLAIM, *columns(sorted(deliveries)))
    return {row["notification_id"] for row in rows}


async def apply(db: Connection, event: NotificationEvent) -> None:
    """Make the ledger what the event says; a version known already changes nothing."""
    await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[NotificationEvent]) -> None:
    """Make the ledger what events about different deliveries say."""
    rows = [_row(event) for event in sorted(events, key=lambda event: event.notification_id)]
    if rows:
        await db.execute(APPLY, *columns(rows))


def _row(event: NotificationEvent) -> tuple[Any, ...]:
    notification = event.notification
    requested = event if isinstance(event, NotificationRequested) else None
    return (
        notification.id,
        event.organization_id,
        notification.alert_id,
        notification.monitor_id,
        notification.channel_id,
        notification.state,
        notification.version,
        notification.next_attempt_at,
        notification,
        requested.alert if requested else None,
        requested.reason if requested else None,
    )


async def these_ledgers(
    db: Connection | Pool, ids: Sequence[tuple[Id, Id]], *, for_update: bool = False
) -> dict[tuple[Id, Id], Ledger]:
    """Those rows of the ledger (organization id, id) that exist; taken in one order where they are held."""
    query = THESE_NOTIFICATIONS + ("ORDER BY notifications.id FOR UPDATE OF notifications" if for_update else "")
    return {(row["organization_id"], row["id"]): _ledger(row) for row in await db.fetch(query, *columns(ids))}


async def ledger(
    db: Connection | Pool, organization_id: Id, notification_id: Id, *, for_update: bool = False
) -> Ledger | None:
    """One row of the ledger."""
    query = NOTIFICATION + (" FOR UPDATE" if for_update else "")
    row = await db.fetchrow(query, organization_id, notification_id)
    return _ledger(row) if row else None


async def due(db: Connection, now: datetime) -> list[Ledger]:
    """Failed tries to repeat now, held until the transaction ends."""
    return [_ledger(row) for row in await db.fetch(DUE, now)]


async def add_outbox_messages(db: Connection, messages: Sequence[tuple[Id, OutboxMessage]]) -> None:
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
        await db.execute(ADD_OUTBOX_MESSAGE, *columns(rows))
