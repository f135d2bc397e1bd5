"""Subscriptions: asked for, confirmed, ended; and updates that subscribers are told of."""

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import NoReturn

from prometheus_client import Counter

from monitors_contracts.base import Done, new_id
from monitors_contracts.notifications import ChannelKind, ChannelSpec, Unsubscribe
from monitors_contracts.status_pages import StatusPageDeleted, StatusUpdatePosted
from monitors_contracts.subscribers import (
    ConfirmSubscription,
    ListSubscribers,
    ReadSubscription,
    RemoveSubscriber,
    Subscribe,
    Subscribed,
    SubscriberChanged,
    SubscriberList,
    SubscriberState,
    Subscription,
)
from monitors_runtime.consumer import Received
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.erasure import refuse_erased
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..channels import SendError
from ..channels.protocol import Channel as Way
from ..domain.channels import InvalidChannel, Target, make_target
from ..domain.signing import InvalidToken
from ..domain.subscriptions import MOST_ASKED, Purpose, SubscriberLink, read_token
from . import store
from .sending import Sending
from .store import Subscriber

MOST_SUBSCRIBERS = 10_000
MOST_NEW = 300
"""Who asked for a page within an hour and has not confirmed."""
HOUR = timedelta(hours=1)

SUBSCRIPTIONS = Counter("monitors_status_subscriptions_total", "What became of subscriptions", ("kind", "what"))


class Subscribers:
    """The notifier's answers about subscribers."""

    def __init__(
        self,
        service: Service,
        key: str,
        sending: Sending,
        ways: Callable[[], Mapping[ChannelKind, Way]],
    ) -> None:
        self._service, self._key, self._sending, self._ways = service, key, sending, ways

    # -- events -----------------------------------------------------------------------------------------------------

    async def page_event(self, tx: Transaction, received: Received[StatusUpdatePosted | StatusPageDeleted]) -> None:
        """An update is told; a page that is gone has no subscribers."""
        event = received.event
        if isinstance(event, StatusPageDeleted):
            await store.delete_page(tx.db, event.organization_id, event.page_id)
        elif await store.add_news(tx.db, event, tx.now):
            tx.when_committed(self._sending.periodic.wake)

    # -- who subscribes ---------------------------------------------------------------------------------------------

    async def subscribe(self, command: Subscribe) -> Subscribed:
        """Somebody asks for a page's updates. What is answered does not tell who is subscribed already."""
        target = await self._target(command)
        async with self._service.transaction() as tx:
            await refuse_erased(tx.db, self._service.name, [command.organization_id])
            await store.lock(tx.db, command.page_id)
            known = await store.by_address(tx.db, command.page_id, target.address) if target.address else None
            if known is None:
                whole, new = await store.counts(tx.db, command.organization_id, command.page_id, tx.now - HOUR)
                if whole >= MOST_SUBSCRIBERS or new >= MOST_NEW:
                    detail = "Many have asked for this page's updates just now; try again later, or use its feed."
                    raise problem("subscription-limit", "Too many subscriptions", 429, detail)
                known = Subscriber(target, command.page_id, command.page_name, command.page_path, False, tx.now)
                await store.add(tx.db, known)
                _tell(tx, known, SubscriberState.PENDING)
            if known.is_confirmed:
                return Subscribed()
            asked = await store.ask(tx.db, known, MOST_ASKED[command.kind], tx.now)
            SUBSCRIPTIONS.labels(command.kind, "asked" if asked else "asked-too-often").inc()
            if not asked and command.kind == "webhook":
                raise problem("subscription-limit", "Too many subscriptions", 429, "This host was asked often today.")
        self._sending.periodic.wake()
        return Subscribed(secret=known.target.secret)

    async def _target(self, command: Subscribe) -> Target:
        spec = ChannelSpec(kind=command.kind, address=command.address, url=command.url)
        try:
            target = make_target(command.organization_id, new_id(), spec, entropy=os.urandom(32))
            await self._ways()[command.kind].check(target)
        except InvalidChannel as invalid:
            raise problem("invalid-subscription", "Invalid subscription", 422, invalid.detail) from None
        except SendError:
            # Why not, and what is behind a name inside, is nothing to tell a stranger.
            raise problem("refused-address", "Address refused", 422, "This address is not allowed.") from None
        return target

    async def read(self, query: ReadSubscription) -> Subscription:
        """What a confirming link is about."""
        link = self._link(query.token, "confirm")
        known = await store.get(self._service.runtime.pool, link.organization_id, link.subscriber_id)
        return _subscription(known) if known else _not_ours()

    async def confirm(self, command: ConfirmSubscription) -> Subscription:
        """The owner of an address wants it."""
        link = self._link(command.token, "confirm")
        async with self._service.transaction() as tx:
            confirmed = await store.confirm(tx.db, link.organization_id, link.subscriber_id, tx.now)
            if confirmed:
                _tell(tx, confirmed, SubscriberState.CONFIRMED)
                SUBSCRIPTIONS.labels(confirmed.target.kind, "confirmed").inc()
            known = confirmed or await store.get(tx.db, link.organization_id, link.subscriber_id)
        return _subscription(known) if known else _not_ours()

    def or_end(self, otherwise: Callable[[Unsubscribe], Awaitable[Done]]) -> Callable[[Unsubscribe], Awaitable[Done]]:
        """Ends what a message's link names: a subscription, or what it is for others to end."""

        async def unsubscribe(command: Unsubscribe) -> Done:
            try:
                link = read_token(command.token, "end", self._key)
            except InvalidToken:
                return await otherwise(command)
            async with self._service.transaction() as tx:
                await _end(tx, link)
            return Done()

        return unsubscribe

    def _link(self, token: str, purpose: Purpose) -> SubscriberLink:
        try:
            return read_token(token, purpose, self._key)
        except InvalidToken:
            _not_ours()

    # -- whose page it is -------------------------------------------------------------------------------------------

    async def list_subscribers(self, query: ListSubscribers) -> SubscriberList:
        """Who asked and who confirmed."""
        before = cursor_id(query.cursor)
        found, counts = await store.find(
            self._service.runtime.pool, query.organization_id, query.page_id, before, query.limit
        )
        shown = [each.view() for each in found]
        return SubscriberList(subscribers=shown, counts=counts, next_cursor=next_cursor(shown, query.limit))

    async def remove_subscriber(self, command: RemoveSubscriber) -> Done:
        """Whose page it is ends a subscription."""
        async with self._service.transaction() as tx:
            known = await store.get(tx.db, command.organization_id, command.subscriber_id)
            if known is None or known.page_id != command.page_id:
                detail = "The page has no subscriber with this id."
                raise problem("subscriber-not-found", "No such subscriber", 404, detail)
            await _end(tx, SubscriberLink(command.organization_id, command.subscriber_id))
        return Done()


async def _end(tx: Transaction, link: SubscriberLink) -> None:
    gone = await store.end(tx.db, link.organization_id, link.subscriber_id)
    if gone:
        _tell(tx, gone, SubscriberState.ENDED)
        SUBSCRIPTIONS.labels(gone.target.kind, "ended").inc()


def _tell(tx: Transaction, subscriber: Subscriber, state: SubscriberState) -> None:
    tx.publish(
        SubscriberChanged(
            organization_id=subscriber.target.organization_id,
            subscriber_id=subscriber.id,
            page_id=subscriber.page_id,
            kind=subscriber.kind,
            state=state,
        )
    )


def _subscription(known: Subscriber) -> Subscription:
    view = known.view()
    return Subscription(
        page_name=known.page_name, page_path=known.page_path, kind=view.kind, target=view.target, state=view.state
    )


def _not_ours() -> NoReturn:
    detail = "This link is not one of ours, or what it confirms was not confirmed in time, or has ended."
    raise problem("invalid-token", "Invalid link", 400, detail)
