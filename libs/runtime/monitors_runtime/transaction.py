"""One unit of work: state and the events about it, in one database transaction."""

from collections.abc import Callable
from datetime import UTC, datetime

from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.envelope import Envelope

from . import telemetry
from .database import Connection


class Transaction:
    """What a handler writes with: `db` for state, `publish` for events; both commit together or not at all.

    `cause` is the event being handled: what is published here follows from it and shares its correlation.
    """

    def __init__(
        self, service: str, db: Connection, cause: Envelope | None = None, correlation: Id | None = None
    ) -> None:
        self.service = service
        self.db = db
        self.now = datetime.now(UTC)
        self._cause = cause
        self._correlation = cause.correlation_id if cause else correlation
        self.waiting: list[Envelope] = []
        self._afterwards: list[Callable[[], None]] = []

    def publish(self, *events: Event, correlation: Id | None = None) -> None:
        """Send these events once the transaction has committed."""
        for event in events:
            identifier = new_id()
            self.waiting.append(
                Envelope(
                    event=event,
                    id=identifier,
                    source=f"/monitors/{self.service}",
                    time=datetime.now(UTC),
                    correlation_id=correlation or self._correlation or identifier,
                    causation_id=self._cause.id if self._cause else None,
                    traceparent=telemetry.traceparent() or (self._cause.traceparent if self._cause else None),
                )
            )

    def when_committed(self, call: Callable[[], None]) -> None:
        """Call this once the transaction has committed, in this process. A crash between forgets it."""
        self._afterwards.append(call)

    def committed(self) -> None:
        """The transaction has committed."""
        for call in self._afterwards:
            call()
