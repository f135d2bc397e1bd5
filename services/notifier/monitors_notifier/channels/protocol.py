"""What every channel can do, and the two ways it can fail."""

from dataclasses import dataclass
from typing import Protocol

from monitors_contracts.base import Id

from ..domain.channels import Target
from ..domain.messages import Message
from ..domain.retry import Failure


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver took the message, and knows it by this id, if it told one."""

    provider_message_id: str | None = None


class SendError(Exception):
    """A message did not go out. `failure` says why, and whether trying again may help."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class Recoverable(SendError):
    """Trying again may help. `retry_after`: seconds the receiver asked for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(Failure(reason, recoverable=True, retry_after=retry_after))


class Unrecoverable(SendError):
    """Trying again cannot help."""

    def __init__(self, reason: str) -> None:
        super().__init__(Failure(reason, recoverable=False))


class Channel(Protocol):
    """Delivers messages of one kind. A channel never retries and never sleeps on a failure."""

    async def check(self, target: Target) -> None:
        """Raises Unrecoverable, with a reason that begins `refused-address` or `unsupported`, for a target never to
        be sent to. What is only out of reach now passes."""
        ...

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        """Send once. The same delivery id names the same message, so that receivers can drop a second copy.

        Raises Recoverable or Unrecoverable.
        """
        ...

    async def close(self) -> None:
        """Release connections and threads."""
        ...
