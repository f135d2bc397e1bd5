"""Links in messages: what they do, and that each does it once."""

from datetime import UTC, datetime

from monitors_contracts.base import Done
from monitors_contracts.notifications import (
    ActionLink,
    NotificationView,
    ReadActionLink,
    ReturnActionLink,
    UseActionLink,
)
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from . import channel_store, store
from .channel_store import Channel
from .domain.action_links import Link, LinkExpired, read_token
from .domain.signing import InvalidToken
from .domain.wording import plain

USED = "SELECT used_at FROM notifier.used_links WHERE notification_id = $1 AND action = $2"

USE = """
INSERT INTO notifier.used_links (organization_id, notification_id, action, used_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING true
"""

RETURN = "DELETE FROM notifier.used_links WHERE organization_id = $1 AND notification_id = $2 AND action = $3"


class ActionLinks:
    """The notifier's answers about links."""

    def __init__(self, service: Service, key: str) -> None:
        self._service = service
        self._key = key

    async def read(self, query: ReadActionLink) -> ActionLink:
        """What a link does."""
        return await self._describe(self._service.runtime.pool, self._link(query.token))

    async def use(self, command: UseActionLink) -> ActionLink:
        """Take a link. Of several at once the first has it, and the others wait until that is so."""
        link = self._link(command.token)
        async with self._service.transaction() as tx:
            is_first = await tx.db.fetchval(USE, link.organization_id, link.notification_id, link.action, tx.now)
            found = await self._describe(tx.db, link)
        return found.model_copy(update={"used_at": None}) if is_first else found

    async def give_back(self, command: ReturnActionLink) -> Done:
        """It was taken for nothing."""
        link = self._link(command.token)
        async with self._service.transaction() as tx:
            await tx.db.execute(RETURN, link.organization_id, link.notification_id, link.action)
        return Done()

    def _link(self, token: str) -> Link:
        try:
            return read_token(token, self._key, datetime.now(UTC))
        except InvalidToken:
            raise problem("invalid-token", "Invalid link", 400, "This link is not one of ours.") from None
        except LinkExpired:
            raise problem("link-expired", "Link expired", 410, "This link is too old.") from None

    async def _describe(self, db: Connection | Pool, link: Link) -> ActionLink:
        row = await store.ledger(db, link.organization_id, link.notification_id)
        if row is None or not row.notification.alert_ids:
            raise problem("link-expired", "Link expired", 410, "The message that it came with is forgotten by now.")
        message = row.notification
        channel = await channel_store.channel(db, link.organization_id, message.channel_id)
        return ActionLink(
            organization_id=link.organization_id,
            notification_id=message.id,
            action=link.action,
            alert_ids=message.alert_ids,
            subject=message.subject,
            via=_via(message, channel),
            used_at=await db.fetchval(USED, link.notification_id, link.action),
        )


def _via(message: NotificationView, channel: Channel | None) -> str:
    address = channel.target.address if channel else None
    return f"by mail to {address}" if address else f"through {plain(message.channel_name, 100)}"
