"""Channels and whom the first of them leads to, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelInfo, ChannelView
from monitors_contracts.platform import UserUpdated
from monitors_runtime.database import Connection, Pool, columns

from .domain.channels import Target, masked

ADD_RECIPIENT = "INSERT INTO notifier.recipients VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"

ADD_CHANNEL = """
INSERT INTO notifier.channels (id, organization_id, kind, name, url, address, secret, is_active, created_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT (id) DO NOTHING RETURNING *
"""

THESE_CHANNELS = """
SELECT channels.* FROM notifier.channels
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
"""

CHANNEL = "SELECT * FROM notifier.channels WHERE organization_id = $1 AND id = $2"

UPDATE_CHANNEL = """
UPDATE notifier.channels SET
    name = coalesce($3, name),
    is_active = coalesce($4, is_active),
    unsubscribed_at = CASE WHEN $4 THEN NULL ELSE unsubscribed_at END,
    version = version + 1
WHERE organization_id = $1 AND id = $2 RETURNING *
"""

UNSUBSCRIBE = """
UPDATE notifier.channels SET is_active = false, unsubscribed_at = coalesce(unsubscribed_at, $3), version = version + 1
WHERE organization_id = $1 AND id = $2 RETURNING *
"""

DELETE_CHANNEL = "DELETE FROM notifier.channels WHERE organization_id = $1 AND id = $2"

UPDATE_RECIPIENT = "UPDATE notifier.recipients SET email = $2, name = $3 WHERE organization_id = $1 RETURNING true"

# The account's first channel is called after its address, until somebody names it.
READDRESS = """
UPDATE notifier.channels SET
    address = $4, name = CASE WHEN kind = 'email' AND name = left($3, 100) THEN left($4, 100) ELSE name END,
    version = version + 1
WHERE organization_id = $1 AND id = $2 AND address = $3 RETURNING *
"""

ANNOUNCE_SOME = """
UPDATE notifier.channels SET version = 1
WHERE id IN (SELECT id FROM notifier.channels WHERE version = 0 ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED) RETURNING *
"""


@dataclass(frozen=True)
class Channel:
    """A channel as stored: its target (secrets included), and the rest."""

    target: Target
    name: str
    is_active: bool
    created_at: datetime
    unsubscribed_at: datetime | None
    version: int

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

    @property
    def info(self) -> ChannelInfo:
        """As other services know it."""
        return ChannelInfo(
            id=self.target.channel_id,
            kind=self.target.kind,
            name=self.name,
            is_active=self.is_active,
            version=self.version,
        )


def channel_of(row: asyncpg.Record) -> Channel:
    """A row of the channels."""
    target = Target(row["organization_id"], row["id"], row["kind"], row["url"], row["address"], row["secret"])
    return Channel(target, row["name"], row["is_active"], row["created_at"], row["unsubscribed_at"], row["version"])


def _one(row: asyncpg.Record | None) -> Channel | None:
    return channel_of(row) if row else None


async def add_recipient(db: Connection, organization_id: Id, email: str, name: str) -> None:
    """Remember whom the organization's mail goes to."""
    await db.execute(ADD_RECIPIENT, organization_id, email, name)


async def update_recipient(db: Connection, user: UserUpdated) -> bool:
    """Mail goes to the user's new address. False when the user is not known yet."""
    return bool(await db.fetchval(UPDATE_RECIPIENT, user.organization_id, user.email, user.name))


async def readdress(db: Connection, user: UserUpdated) -> Channel | None:
    """The account's first channel follows the user's address; None when it leads elsewhere by now."""
    given = (user.organization_id, user.user_id, user.previous_email, user.email)
    return _one(await db.fetchrow(READDRESS, *given))


async def add_channel(db: Connection, target: Target, name: str, is_active: bool, now: datetime) -> Channel | None:
    """Add a channel; one known by its id already is left as it is, and None."""
    ids = (target.channel_id, target.organization_id)
    given = (target.kind, name, target.url, target.address, target.secret, is_active, now)
    return _one(await db.fetchrow(ADD_CHANNEL, *ids, *given))


async def these_channels(db: Connection | Pool, ids: Sequence[tuple[Id, Id]]) -> dict[tuple[Id, Id], Channel]:
    """Those of these channels (organization id, id) that exist."""
    found = [channel_of(row) for row in await db.fetch(THESE_CHANNELS, *columns(ids))]
    return {(channel.target.organization_id, channel.target.channel_id): channel for channel in found}


async def channel(db: Connection | Pool, organization_id: Id, channel_id: Id) -> Channel | None:
    """One channel of this organization."""
    return _one(await db.fetchrow(CHANNEL, organization_id, channel_id))


async def update_channel(
    db: Connection, organization_id: Id, channel_id: Id, name: str | None, is_active: bool | None
) -> Channel | None:
    """Change what is given; switching on again ends an unsubscription."""
    return _one(await db.fetchrow(UPDATE_CHANNEL, organization_id, channel_id, name, is_active))


async def unsubscribe(db: Connection, organization_id: Id, channel_id: Id, now: datetime) -> Channel | None:
    """Send nothing more to this channel."""
    return _one(await db.fetchrow(UNSUBSCRIBE, organization_id, channel_id, now))


async def delete_channel(db: Connection, organization_id: Id, channel_id: Id) -> bool:
    """Remove a channel; False when there is none."""
    return (await db.execute(DELETE_CHANNEL, organization_id, channel_id)) == "DELETE 1"


async def announce_some(db: Connection) -> list[Channel]:
    """Some channels that were never announced, taken for announced from now on."""
    return [channel_of(row) for row in await db.fetch(ANNOUNCE_SOME)]
