"""Messages with what only this installation knows: how links begin, and how they are signed."""

from collections.abc import Collection
from datetime import datetime

from monitors_contracts.alerts import AlertState, LinkAction
from monitors_contracts.base import Id
from monitors_contracts.notices import Notice
from monitors_contracts.notifications import NotificationView, OutboxMessage

from .channel_store import Channel
from .channels.local import outbox_file
from .channels.mime import OUTBOX_ADDRESS
from .domain.action_links import GOOD_FOR, Link, Links
from .domain.action_links import make_token as action_token
from .domain.channels import Target
from .domain.merging import is_open
from .domain.messages import Message, channel_test_message
from .domain.notices import notice_message, notice_subject
from .domain.unsubscribe import Subscription, make_token, unsubscribe_url
from .settings import NotifierSettings


class Letters:
    """Writes messages."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings = settings
        self._key = settings.secret_key.get_secret_value()

    def write(self, channel: Channel, notice: Notice, unseen: Collection[Id]) -> Message:
        """The message that tells a channel of a notice; of the alerts `unseen` it hears when they are over."""
        return notice_message(
            notice,
            unseen=unseen,
            base_url=self._settings.base_url,
            channel_name=channel.name,
            unsubscribe_url=self._unsubscribe_link(channel.target),
            links=self._links(channel.target, notice),
        )

    def subject(self, notice: Notice) -> str:
        """What the message will be called."""
        return notice_subject(notice)

    def test(self, channel: Channel, now: datetime) -> Message:
        """The message that shows that a channel works."""
        return channel_test_message(
            now=now,
            base_url=self._settings.base_url,
            channel_name=channel.name,
            unsubscribe_url=self._unsubscribe_link(channel.target),
        )

    def outbox_message(self, row: NotificationView, target: Target, message: Message, now: datetime) -> OutboxMessage:
        """A message of the local channel, to be read through the API."""
        return OutboxMessage(
            id=row.id,
            to=target.address or OUTBOX_ADDRESS,
            subject=message.subject,
            text=message.text,
            html=message.html,
            file=str(outbox_file(self._settings.outbox, target.organization_id, row.id)),
            alert_id=row.alert_id,
            monitor_id=row.monitor_id,
            created_at=now,
        )

    def _links(self, target: Target, notice: Notice) -> Links | None:
        """For people; programs have the API."""
        alerts = [alert for alert in notice.alerts if is_open(alert)]
        if target.kind == "webhook" or not alerts:
            return None
        until = notice.issued_at + GOOD_FOR  # the same however often it is tried

        def address(action: LinkAction) -> str:
            token = action_token(Link(target.organization_id, notice.id, action, until), self._key)
            return f"{self._settings.base_url}/a/{token}"

        untaken = any(alert.state is AlertState.FIRING for alert in alerts)
        return Links(address("acknowledge") if untaken else None, address("resolve"))

    def _unsubscribe_link(self, target: Target) -> str | None:
        if target.kind not in ("email", "local"):
            return None
        token = make_token(Subscription(target.organization_id, target.channel_id), self._key)
        return unsubscribe_url(self._settings.base_url, token)
