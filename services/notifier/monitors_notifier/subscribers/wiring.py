"""What the notifier hears and answers about subscribers of status pages."""

from collections.abc import Awaitable, Callable, Mapping

from monitors_contracts.base import Done
from monitors_contracts.notifications import ChannelKind, Unsubscribe
from monitors_contracts.status_pages import StatusPageDeleted, StatusUpdatePosted
from monitors_contracts.subscribers import (
    ConfirmSubscription,
    ListSubscribers,
    ReadSubscription,
    RemoveSubscriber,
    Subscribe,
)
from monitors_runtime.runtime import Service

from ..channels.protocol import Channel as Way
from ..settings import NotifierSettings
from . import store
from .handlers import Subscribers
from .letters import StatusLetters
from .sending import Sending


def wire(
    service: Service,
    settings: NotifierSettings,
    ways: Callable[[], Mapping[ChannelKind, Way]],
    unsubscribe: Callable[[Unsubscribe], Awaitable[Done]],
) -> None:
    """Let the service keep subscribers and tell them; what it erases is in `store.ERASE`.

    `ways` are the ways out, once the service has started; `unsubscribe` ends what is no subscription.
    """
    by_mail = bool(settings.sendgrid_api_key or settings.smtp_url)
    sending = Sending(service, settings.retry_policy, StatusLetters(settings), ways, by_mail=by_mail)
    subscribers = Subscribers(service, settings.secret_key.get_secret_value(), sending, ways)
    service.on_start(sending.periodic.start)
    service.on_stop(sending.periodic.stop)
    service.consume(StatusUpdatePosted, StatusPageDeleted, save=subscribers.page_event)
    service.answer(Subscribe, subscribers.subscribe)
    service.answer(ReadSubscription, subscribers.read)
    service.answer(ConfirmSubscription, subscribers.confirm)
    service.answer(ListSubscribers, subscribers.list_subscribers)
    service.answer(RemoveSubscriber, subscribers.remove_subscriber)
    service.answer(Unsubscribe, subscribers.or_end(unsubscribe))
    service.expire(*store.EXPIRE)
    service.expire_due(*store.EXPIRE_DUE)
