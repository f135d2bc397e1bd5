"""The `local` channel: mails as files in a folder, for one machine and for trying things out. Sends nothing anywhere."""

import asyncio
import contextlib
import os
import tempfile
from pathlib import Path

from monitors_contracts.base import Id

from ..domain.channels import Target
from ..domain.messages import Message
from .mime import OUTBOX_ADDRESS, mail, message_id
from .protocol import Recoverable, Sent


def outbox_folder(outbox: Path, organization_id: Id) -> Path:
    """Where an organization's mails lie."""
    return outbox / str(organization_id)


def outbox_file(outbox: Path, organization_id: Id, delivery_id: Id) -> Path:
    """Where a delivery's mail lies: `<outbox>/<organization>/<delivery>.eml`."""
    return outbox_folder(outbox, organization_id) / f"{delivery_id}.eml"


class LocalChannel:
    """Writes each mail whole or not at all; the same delivery twice is one file."""

    def __init__(self, outbox: Path, *, sender_name: str, sender_address: str) -> None:
        self._outbox = outbox
        self._sender_name = sender_name
        self._sender_address = sender_address

    async def check(self, target: Target) -> None:
        """Every organization has an outbox."""

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Write the mail. Recoverable: the disk's errors."""
        content = mail(
            message,
            sender_name=self._sender_name,
            sender_address=self._sender_address,
            to=target.address or OUTBOX_ADDRESS,
            delivery_id=delivery_id,
        ).as_bytes()
        file = outbox_file(self._outbox, target.organization_id, delivery_id)
        try:
            await asyncio.to_thread(_write_once, file, content)
        except OSError as error:
            raise Recoverable(f"outbox: {error.strerror or error}") from error
        return Sent(message_id(delivery_id, self._sender_address))

    async def close(self) -> None:
        """Nothing is held."""


def _write_once(file: Path, content: bytes) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as writer:
            writer.write(content)
            writer.flush()
            os.fsync(writer.fileno())
        os.replace(temporary, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
