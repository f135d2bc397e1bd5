"""Messages to subscribers are tried until they are taken or given up; copies of the notifier share them.

A copy that dies between a receiver's answer and the commit leaves the message to be sent once more, under the same id.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter

from monitors_contracts.notifications import ChannelKind
from monitors_runtime.database import Connection, Writes
from monitors_runtime.erasure import erased_among
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service

from .. import store as outbox
from ..channels import SendError
from ..channels.protocol import Channel as Way
from ..domain.retry import Failure, GiveUp, RetryPolicy, after_failure
from . import store
from .letters import StatusLetters
from .store import Due

log = structlog.get_logger(__name__)

SENT = Counter("monitors_status_messages_total", "Tries to tell a subscriber of a status page", ("kind", "outcome"))

AT_ONCE = 32
LASTING = timedelta(minutes=2)
"""How long a try may take before another copy takes its message over."""
REST_SECONDS = 5
Ways = Callable[[], Mapping[ChannelKind, Way]]


class Sending:
    """Sends what is due."""

    def __init__(
        self, service: Service, policy: RetryPolicy, letters: StatusLetters, ways: Ways, *, by_mail: bool
    ) -> None:
        self._service, self._policy, self._letters, self._ways = service, policy, letters, ways
        self._by_mail = by_mail
        self.periodic = Periodic("messages to subscribers", self.send_due, REST_SECONDS)

    async def send_due(self) -> bool:
        """Try what is due, so many at once; whether there was any."""
        due = await store.take(self._service.runtime.pool, datetime.now(UTC), LASTING, AT_ONCE)
        await asyncio.gather(*(self._try(each) for each in due))
        return bool(due)

    async def _try(self, due: Due) -> None:
        target, message = due.subscriber.target, self._letters.write(due)
        kind: ChannelKind = "local" if target.kind == "email" and not self._by_mail else target.kind
        try:
            await self._ways()[kind].send(replace(target, kind=kind), message, due.id)
        except SendError as refused:
            await self._failed(due, refused.failure)
            return
        except Exception as broken:
            log.exception("a subscriber could not be told", subscriber=str(due.subscriber.id))
            await self._failed(due, Failure(f"error: {type(broken).__name__}", recoverable=True))
            return
        SENT.labels(target.kind, "sent").inc()
        async with self._transaction() as db:
            await store.settle(db, due, "sent")
            organization = target.organization_id
            if kind == "local" and not await erased_among(db, self._service.name, [organization]):
                letter = self._letters.outbox_message(due.id, target, message, datetime.now(UTC))
                writes = Writes()
                outbox.add_outbox_messages(writes, [(organization, letter)])
                await writes.send(db)

    async def _failed(self, due: Due, failure: Failure) -> None:
        SENT.labels(due.subscriber.target.kind, "recoverable" if failure.recoverable else "refused").inc()
        jitter = random.random()  # noqa: S311 - spreads load, keeps no secret
        follows = after_failure(failure, due.attempts, jitter=jitter, policy=self._policy)
        async with self._transaction() as db:
            if isinstance(follows, GiveUp):
                await store.settle(db, due, "failed", follows.reason[:500])
            else:
                again = datetime.now(UTC) + timedelta(seconds=follows.seconds)
                await store.settle(db, due, "waiting", failure.reason[:500], again)

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[Connection]:
        async with self._service.runtime.pool.acquire() as db, db.transaction():
            yield db
