"""A message as mail (RFC 5322): the same delivery always gives the same mail."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from monitors_contracts.base import Id, id_time

from ..domain.messages import Message
from ..domain.wording import plain

OUTBOX_ADDRESS = "outbox@localhost"


def message_id(delivery_id: Id, sender_address: str) -> str:
    """The Message-ID of a delivery: receivers drop a second mail with the same one."""
    return f"<{delivery_id}@{sender_address.rpartition('@')[2]}>"


def mail(message: Message, *, sender_name: str, sender_address: str, to: str, delivery_id: Id) -> EmailMessage:
    """The mail, text and HTML, dated by when its delivery was made."""
    result = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
    result["From"] = Address(plain(sender_name, 100), addr_spec=sender_address)
    result["To"] = Address(username=to.rpartition("@")[0], domain=to.rpartition("@")[2])
    result["Subject"] = message.subject
    result["Date"] = format_datetime(id_time(delivery_id))
    result["Message-ID"] = message_id(delivery_id, sender_address)
    for name, value in message.headers.items():
        result[name] = value
    result.set_content(message.text)
    result.add_alternative(message.html, subtype="html")
    # Part boundaries are random by default, and a second try would be another mail.
    result.set_boundary(f"=_{delivery_id.hex}")
    return result
