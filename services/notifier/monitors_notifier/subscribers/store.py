"""Subscribers and their messages in PostgreSQL. Like channels, they hold addresses and secrets: no events make them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitors_contracts.base import Id, new_id
from monitors_contracts.status_pages import StatusUpdatePosted
from monitors_contracts.subscribers import SubscriberKind, SubscriberState, SubscriberView
from monitors_runtime.database import Connection, Pool

from ..domain.channels import Target, masked
from ..domain.subscriptions import ASKED_IN, asked_as

# Whoever asks for a page is served one after the other, so that its limits hold.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('subscribers of page'), hashtext($1::text))"
COUNT = "SELECT count(*) FROM notifier.subscribers WHERE organization_id = $1 AND page_id = $2"
COUNT_NEW = f"{COUNT} AND NOT is_confirmed AND created_at > $3"
BY_ADDRESS = "SELECT * FROM notifier.subscribers WHERE page_id = $1 AND address = $2 AND kind = 'email'"
ADD = """
INSERT INTO notifier.subscribers
    (id, organization_id, page_id, kind, address, url, secret, page_name, page_path, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
GET = "SELECT * FROM notifier.subscribers WHERE organization_id = $1 AND id = $2"
CONFIRM = """
UPDATE notifier.subscribers SET is_confirmed = true, confirmed_at = $3
WHERE organization_id = $1 AND id = $2 AND NOT is_confirmed RETURNING *
"""
END = "DELETE FROM notifier.subscribers WHERE organization_id = $1 AND id = $2 RETURNING *"
END_MESSAGES = "DELETE FROM notifier.status_messages WHERE subscriber_id = $1"
LIST = """
SELECT * FROM notifier.subscribers
WHERE organization_id = $1 AND page_id = $2 AND id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
ORDER BY id DESC LIMIT $4
"""
COUNTS = """
SELECT is_confirmed, count(*) FROM notifier.subscribers WHERE organization_id = $1 AND page_id = $2 GROUP BY is_confirmed
"""

ASKED = "SELECT count(*) FROM notifier.confirmations WHERE target = $1 AND sent_at > $2"
ASK = "INSERT INTO notifier.confirmations (target, sent_at) VALUES ($1, $2)"
ASK_MESSAGE = """
INSERT INTO notifier.status_messages (id, organization_id, subscriber_id, next_attempt_at) VALUES ($1, $2, $3, $4)
"""

ADD_NEWS = """
INSERT INTO notifier.status_news (id, organization_id, page_id, document) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
CONFIRMED = """
SELECT id FROM notifier.subscribers WHERE organization_id = $1 AND page_id = $2 AND is_confirmed ORDER BY id
"""
ADD_MESSAGES = """
INSERT INTO notifier.status_messages (id, organization_id, subscriber_id, news_id, next_attempt_at)
SELECT message, $3, subscriber, $4, $5 FROM unnest($1::uuid[], $2::uuid[]) AS given (message, subscriber)
ON CONFLICT (subscriber_id, news_id) DO NOTHING
"""

# Another copy that finds one taken leaves it alone until the time for it is over.
TAKE = """
WITH taken AS (
    UPDATE notifier.status_messages SET next_attempt_at = $1::timestamptz + $2::interval, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM notifier.status_messages WHERE state = 'waiting' AND next_attempt_at <= $1
        ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, subscriber_id, news_id, attempts
)
SELECT taken.id AS message_id, taken.attempts, news.document::text AS news, subscribers.*
FROM taken JOIN notifier.subscribers ON subscribers.id = taken.subscriber_id
LEFT JOIN notifier.status_news AS news ON news.id = taken.news_id
"""
SETTLE = "UPDATE notifier.status_messages SET state = $2, next_attempt_at = coalesce($3, next_attempt_at) WHERE id = $1"
NOTE_FAILURE = "UPDATE notifier.subscribers SET last_failure = $2 WHERE id = $1"

DELETE_PAGE = (
    """
    DELETE FROM notifier.status_messages WHERE subscriber_id IN
    (SELECT id FROM notifier.subscribers WHERE organization_id = $1 AND page_id = $2)
    """,
    "DELETE FROM notifier.status_news WHERE organization_id = $1 AND page_id = $2",
    "DELETE FROM notifier.subscribers WHERE organization_id = $1 AND page_id = $2",
)
EXPIRE = (
    "DELETE FROM notifier.status_messages WHERE id < $1",
    "DELETE FROM notifier.status_news WHERE id < $1",
)
EXPIRE_DUE = (
    "DELETE FROM notifier.subscribers WHERE NOT is_confirmed AND created_at < $1::timestamptz - interval '3 days'",
    """
    DELETE FROM notifier.status_messages WHERE state = 'waiting' AND next_attempt_at < $1
      AND NOT EXISTS (SELECT FROM notifier.subscribers WHERE subscribers.id = status_messages.subscriber_id)
    """,
    "DELETE FROM notifier.confirmations WHERE sent_at < $1::timestamptz - interval '1 day'",
)
"""Who did not confirm is forgotten after three days."""
ERASE = (
    "DELETE FROM notifier.status_messages WHERE organization_id = $1",
    "DELETE FROM notifier.status_news WHERE organization_id = $1",
    "DELETE FROM notifier.subscribers WHERE organization_id = $1",
)
"""All that is kept of an organization."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber as stored, its secret included."""

    target: Target
    page_id: Id
    page_name: str
    page_path: str
    is_confirmed: bool
    created_at: datetime
    confirmed_at: datetime | None = None
    last_failure: str | None = None

    @property
    def id(self) -> Id:
        """Its id, under which it is a target."""
        return self.target.channel_id

    @property
    def kind(self) -> SubscriberKind:
        """How it is told."""
        return "email" if self.target.kind == "email" else "webhook"

    @property
    def state(self) -> SubscriberState:
        """Whether it confirmed."""
        return SubscriberState.CONFIRMED if self.is_confirmed else SubscriberState.PENDING

    def view(self) -> SubscriberView:
        """As the page's organization sees it."""
        return SubscriberView(
            id=self.id,
            page_id=self.page_id,
            kind=self.kind,
            target=masked(self.target),
            state=self.state,
            created_at=self.created_at,
            confirmed_at=self.confirmed_at,
            last_failure=self.last_failure,
        )


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is to be tried, the try counted. Without news it asks to confirm."""

    id: Id
    attempts: int
    subscriber: Subscriber
    news: StatusUpdatePosted | None


def _subscriber(row: Any) -> Subscriber:
    target = Target(row["organization_id"], row["id"], row["kind"], row["url"], row["address"], row["secret"])
    return Subscriber(
        target,
        row["page_id"],
        row["page_name"],
        row["page_path"],
        row["is_confirmed"],
        row["created_at"],
        row["confirmed_at"],
        row["last_failure"],
    )


def _one(row: Any) -> Subscriber | None:
    return _subscriber(row) if row else None


async def lock(db: Connection, page_id: Id) -> None:
    """Hold the subscribers of this page until the transaction ends."""
    await db.execute(LOCK, str(page_id))


async def counts(db: Connection, organization_id: Id, page_id: Id, since: datetime) -> tuple[int, int]:
    """How many subscribers a page has, and how many of them asked since then and have not confirmed."""
    whole: int = await db.fetchval(COUNT, organization_id, page_id) or 0
    return whole, await db.fetchval(COUNT_NEW, organization_id, page_id, since) or 0


async def by_address(db: Connection, page_id: Id, address: str) -> Subscriber | None:
    """The subscriber of this mail address."""
    return _one(await db.fetchrow(BY_ADDRESS, page_id, address))


async def add(db: Connection, subscriber: Subscriber) -> None:
    """Keep somebody who asked."""
    target = subscriber.target
    whose = (target.channel_id, target.organization_id, subscriber.page_id)
    where = (target.kind, target.address, target.url, target.secret)
    await db.execute(ADD, *whose, *where, subscriber.page_name, subscriber.page_path, subscriber.created_at)


async def ask(db: Connection, subscriber: Subscriber, most: int, now: datetime) -> bool:
    """Send a request to confirm, unless its target had as many as it may have."""
    target = asked_as(subscriber.target)
    if (await db.fetchval(ASKED, target, now - ASKED_IN) or 0) >= most:
        return False
    await db.execute(ASK, target, now)
    await db.execute(ASK_MESSAGE, new_id(), subscriber.target.organization_id, subscriber.id, now)
    return True


async def get(db: Connection | Pool, organization_id: Id, subscriber_id: Id) -> Subscriber | None:
    """One subscriber."""
    return _one(await db.fetchrow(GET, organization_id, subscriber_id))


async def confirm(db: Connection, organization_id: Id, subscriber_id: Id, now: datetime) -> Subscriber | None:
    """The subscriber confirms; None when it had, or is gone."""
    return _one(await db.fetchrow(CONFIRM, organization_id, subscriber_id, now))


async def end(db: Connection, organization_id: Id, subscriber_id: Id) -> Subscriber | None:
    """Forget a subscriber, and what was still to be sent to it; None when there is none."""
    gone = _one(await db.fetchrow(END, organization_id, subscriber_id))
    if gone:
        await db.execute(END_MESSAGES, gone.id)
    return gone


async def find(
    db: Pool, organization_id: Id, page_id: Id, before: Id | None, limit: int
) -> tuple[list[Subscriber], dict[SubscriberState, int]]:
    """A page's subscribers, newest first, and how many there are in each state."""
    rows = await db.fetch(LIST, organization_id, page_id, before, limit)
    states = {True: SubscriberState.CONFIRMED, False: SubscriberState.PENDING}
    counted = await db.fetch(COUNTS, organization_id, page_id)
    return [_subscriber(row) for row in rows], {states[row["is_confirmed"]]: row["count"] for row in counted}


async def add_news(db: Connection, event: StatusUpdatePosted, now: datetime) -> int:
    """A message to each confirmed subscriber, once an update; how many subscribers there are."""
    ids = [row["id"] for row in await db.fetch(CONFIRMED, event.organization_id, event.page_id)]
    if ids:
        await db.execute(ADD_NEWS, event.update.id, event.organization_id, event.page_id, event)
        messages = [new_id() for _ in ids]
        await db.execute(ADD_MESSAGES, messages, ids, event.organization_id, event.update.id, now)
    return len(ids)


async def delete_page(db: Connection, organization_id: Id, page_id: Id) -> None:
    """Forget the subscribers of a page that is gone."""
    for statement in DELETE_PAGE:
        await db.execute(statement, organization_id, page_id)


async def take(db: Pool, now: datetime, lasting: timedelta, most: int) -> list[Due]:
    """Messages that are to be tried now; nobody else tries them for as long."""
    return [
        Due(
            row["message_id"],
            row["attempts"],
            _subscriber(row),
            StatusUpdatePosted.model_validate_json(row["news"]) if row["news"] else None,
        )
        for row in await db.fetch(TAKE, now, lasting, most)
    ]


async def settle(
    db: Connection, due: Due, state: str, failure: str | None = None, again: datetime | None = None
) -> None:
    """Write down what a try came to: `sent`, `failed`, or `waiting` to be tried again."""
    await db.execute(SETTLE, due.id, state, again)
    if failure != due.subscriber.last_failure:
        await db.execute(NOTE_FAILURE, due.subscriber.id, failure)
