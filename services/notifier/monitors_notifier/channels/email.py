"""The `email` channel: by SendGrid when it has a key, else by SMTP when a server is named, else not at all."""

from monitors_contracts.base import Id

from ..domain.channels import Target
from ..domain.messages import Message
from ..settings import NotifierSettings
from .protocol import Channel, Sent, Unrecoverable
from .sendgrid import SendGridChannel
from .smtp import SmtpChannel, SmtpServer


def email_channel(settings: NotifierSettings) -> Channel:
    """The channel the settings ask for."""
    if settings.sendgrid_api_key:
        return SendGridChannel(
            settings.sendgrid_api_key.get_secret_value(),
            url=str(settings.sendgrid_url),
            sender_name=settings.from_name,
            sender_address=settings.from_email,
            timeout=settings.mail_timeout,
        )
    if settings.smtp_url:
        return SmtpChannel(
            SmtpServer.from_url(settings.smtp_url.get_secret_value()),
            sender_name=settings.from_name,
            sender_address=settings.from_email,
            timeout=settings.mail_timeout,
        )
    return NoMail()


class NoMail:
    """Says that no way to send mail is set, rather than claiming to have sent it."""

    async def check(self, target: Target) -> None:
        """A channel may be made before the operator sets the way."""

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Always Unrecoverable."""
        raise Unrecoverable("email-not-configured: set MONITORS_SENDGRID_API_KEY or MONITORS_SMTP_URL")

    async def close(self) -> None:
        """Nothing is held."""
