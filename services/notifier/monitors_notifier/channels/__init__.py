"""The ways out: one module a channel, all behind `protocol.Channel`."""

from monitors_contracts.notifications import ChannelKind

from ..settings import NotifierSettings
from .apprise import AppriseChannel
from .email import email_channel
from .local import LocalChannel
from .protocol import Channel, Recoverable, SendError, Sent, Unrecoverable
from .webhook import WebhookChannel


def open_channels(settings: NotifierSettings) -> dict[ChannelKind, Channel]:
    """One channel of every kind. Call it in a running event loop, and `close` each at the end."""
    return {
        "local": LocalChannel(settings.outbox, sender_name=settings.from_name, sender_address=settings.from_email),
        "email": email_channel(settings),
        "webhook": WebhookChannel(allow_private=settings.allow_private_addresses, timeout=settings.webhook_timeout),
        "apprise": AppriseChannel(allow_private=settings.allow_private_addresses, timeout=settings.webhook_timeout),
    }


__all__ = ["Channel", "Recoverable", "SendError", "Sent", "Unrecoverable", "open_channels"]
