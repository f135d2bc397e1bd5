"""What people are shown of channels, deliveries and the local outbox, read from PostgreSQL."""

import asyncpg

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelView, ListNotifications, NotificationView, OutboxMessage
from monitors_runtime.database import Pool
from monitors_runtime.narrowing import narrowed

from .channel_store import channel_of

CHANNELS = """
SELECT channels.*, last.document AS last_delivery FROM notifier.channels
LEFT JOIN LATERAL (
    SELECT document::text FROM notifier.notifications
    WHERE organization_id = $1 AND channel_id = channels.id ORDER BY id DESC LIMIT 1
) AS last ON true
WHERE channels.organization_id = $1 ORDER BY channels.id
"""

NOTIFICATIONS = """
SELECT document::text FROM notifier.notifications
WHERE organization_id = $1 AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') {filters}
ORDER BY id DESC LIMIT $3
"""

COUNT_NOTIFICATIONS = "SELECT count(*) FROM notifier.notifications WHERE organization_id = $1 {filters}"

# A message has the first alert it tells of; those that tell of several have all of them beside.
ABOUT = """id IN (
    SELECT first.id FROM notifier.notifications AS first WHERE first.organization_id = $1 AND first.alert_id = ${0}
    UNION SELECT notification_id FROM notifier.told_of WHERE organization_id = $1 AND alert_id = ${0}
)"""

OUTBOX = """
SELECT * FROM notifier.outbox_messages
WHERE organization_id = $1 AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY id DESC LIMIT $3
"""

COUNT_OUTBOX = "SELECT count(*) FROM notifier.outbox_messages WHERE organization_id = $1"

OUTBOX_MESSAGE = "SELECT * FROM notifier.outbox_messages WHERE organization_id = $1 AND id = $2"


async def channels(db: Pool, organization_id: Id) -> list[ChannelView]:
    """All channels of the organization, oldest first, each with the newest message to it."""
    rows = await db.fetch(CHANNELS, organization_id)
    return [channel_of(row).view().model_copy(update={"last_delivery": _last(row)}) for row in rows]


def _last(row: asyncpg.Record) -> NotificationView | None:
    document = row["last_delivery"]
    return NotificationView.model_validate_json(document) if document else None


def filters(asked: ListNotifications) -> list[tuple[str, object]]:
    """What a list of deliveries is narrowed by: conditions and their values."""
    return [
        ("monitor_id = ${}", asked.monitor_id),
        (ABOUT, asked.alert_id),
        ("channel_id = ${}", asked.channel_id),
        ("state = ${}", asked.state),
    ]


async def notifications(db: Pool, asked: ListNotifications, before: Id | None) -> tuple[list[NotificationView], int]:
    """Deliveries, newest first, and how many match in all."""
    query, arguments = narrowed(NOTIFICATIONS, (asked.organization_id, before, asked.limit), filters(asked))
    rows = await db.fetch(query, *arguments)
    counted, arguments = narrowed(COUNT_NOTIFICATIONS, (asked.organization_id,), filters(asked))
    total = await db.fetchval(counted, *arguments)
    return [NotificationView.model_validate_json(row["document"]) for row in rows], total


async def outbox(db: Pool, organization_id: Id, before: Id | None, limit: int) -> tuple[list[OutboxMessage], int]:
    """Messages of the local channel, newest first, and how many there are."""
    rows = await db.fetch(OUTBOX, organization_id, before, limit)
    return [_message(row) for row in rows], await db.fetchval(COUNT_OUTBOX, organization_id)


async def outbox_message(db: Pool, organization_id: Id, message_id: Id) -> OutboxMessage | None:
    """One message of the local channel."""
    row = await db.fetchrow(OUTBOX_MESSAGE, organization_id, message_id)
    return _message(row) if row else None


def _message(row: asyncpg.Record) -> OutboxMessage:
    return OutboxMessage(
        id=row["id"],
        to=row["recipient"],
        subject=row["subject"],
        text=row["body_text"],
        html=row["body_html"],
        file=row["file"],
        alert_id=row["alert_id"],
        monitor_id=row["monitor_id"],
        created_at=row["created_at"],
    )
