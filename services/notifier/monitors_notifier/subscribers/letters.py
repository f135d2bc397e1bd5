"""What subscribers are sent: a request to confirm, and updates."""

from datetime import datetime

from monitors_contracts.base import Id
from monitors_contracts.notifications import OutboxMessage
from monitors_contracts.status_links import StatusLink, path_of
from monitors_contracts.status_pages import Stage, StatusUpdatePosted

from ..channels.local import outbox_file
from ..domain import wording
from ..domain.channels import Target
from ..domain.messages import Message, compose
from ..domain.subscriptions import SubscriberLink, make_token
from ..domain.unsubscribe import unsubscribe_url
from ..settings import NotifierSettings
from .store import Due, Subscriber

STAGE_WORDS: dict[Stage, str] = {
    "investigating": "investigating",
    "identified": "cause identified",
    "watching": "watching",
    "resolved": "resolved",
    "notice": "",
}


class StatusLetters:
    """Writes messages, with the links that only this installation can make."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._key = settings.secret_key.get_secret_value()

    def write(self, due: Due) -> Message:
        """The message that is to be sent."""
        return self._news(due.subscriber, due.news) if due.news else self._confirmation(due.subscriber)

    def _news(self, subscriber: Subscriber, news: StatusUpdatePosted) -> Message:
        base, update = self._settings.base_url, news.update
        end = unsubscribe_url(base, make_token(self._link(subscriber), "end", self._key))
        page_url = base + self._path(subscriber, news)
        data = {
            "page": news.page_name,
            "pageUrl": page_url,
            "unsubscribeUrl": end,
            "update": {
                "id": str(update.id),
                "threadId": str(update.thread_id),
                "title": update.title,
                "text": update.text,
                "stage": update.stage,
                "components": news.component_names,
                "postedAt": update.posted_at.isoformat(),
            },
        }
        words = {
            "page_name": news.page_name,
            "page_url": page_url,
            "title": update.title,
            "stage_words": STAGE_WORDS[update.stage],
            "components": ", ".join(news.component_names),
            "lines": [wording.plain(line, 4000) for line in update.text.splitlines()],
            "at": wording.moment(update.posted_at),
        }
        return compose("status.update", update.posted_at, data, words, unsubscribe_url=end)

    def _path(self, subscriber: Subscriber, news: StatusUpdatePosted) -> str:
        """Where the page was when this was said: since somebody subscribed, its slug or its link may be another one."""
        if news.link is None:
            return subscriber.page_path
        return path_of(news.slug, StatusLink(news.organization_id, news.page_id, news.link), self._key)

    def _confirmation(self, subscriber: Subscriber) -> Message:
        token = make_token(self._link(subscriber), "confirm", self._key)
        url = f"{self._settings.base_url}/s/{token}"
        data = {
            "page": subscriber.page_name,
            "pageUrl": self._settings.base_url + subscriber.page_path,
            "confirmUrl": url,
        }
        words = {"page_name": subscriber.page_name, "confirm_url": url}
        return compose("status.confirm", subscriber.created_at, data, words, unsubscribe_url=None)

    def outbox_message(self, message_id: Id, target: Target, message: Message, now: datetime) -> OutboxMessage:
        """A mail of the local channel, to be read through the API."""
        return OutboxMessage(
            id=message_id,
            to=target.address or "",
            subject=message.subject,
            text=message.text,
            html=message.html,
            file=str(outbox_file(self._settings.outbox, target.organization_id, message_id)),
            created_at=now,
        )

    def _link(self, subscriber: Subscriber) -> SubscriberLink:
        return SubscriberLink(subscriber.target.organization_id, subscriber.id)
