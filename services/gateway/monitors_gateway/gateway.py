"""What the routes share: one of each, made at the start, closed at the end."""

import asyncio
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.platform import AuditRecorded
from monitors_contracts.rules import TakesMeasurements
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.transaction import Transaction

from .auth import counting
from .auth.passwords import Passwords
from .auth.remembered import Remembered
from .auth.sessions import Sessions
from .auth.tokens import AccessTokens
from .dead_man import DeadMan
from .domain.clients import networks
from .feed import Feed
from .intake import Intake
from .ping_keys import PingKeys
from .refreshes import Refreshes
from .senders import Senders
from .settings import GatewaySettings
from .sns import Sns
from .status.serving import Published
from .store import api_tokens, audit
from .store.api_tokens import ApiToken
from .system import System
from .verdicts import Verdicts

PURGE_EVERY_SECONDS = 3600
REVOKED_SUBJECT = "gateway.token-revoked"
REFUSE_TOKEN_SECONDS = 60


class Gateway:
    """The gateway's parts. Raises ValueError when the platform has no good secret key."""

    def __init__(self, runtime: Runtime, service: Service, settings: GatewaySettings) -> None:
        self.runtime = runtime
        self.service = service
        self.settings = settings
        token_life = timedelta(minutes=settings.access_token_minutes)
        self.tokens = AccessTokens(runtime.settings.secret_key, token_life)
        self.sessions = Sessions(token_life)
        self.api_tokens: Remembered[ApiToken] = Remembered(REVOKED_SUBJECT, REFUSE_TOKEN_SECONDS, api_tokens.active)
        self.ping_keys = PingKeys(runtime, service)
        self.passwords = Passwords()
        self.trusted_proxies = networks(settings.trusted_proxies)
        self.feed = Feed(runtime, settings.event_streams_per_user)
        self._verdicts = Verdicts()
        self.refreshes = Refreshes(runtime, service, settings, self._verdicts)
        self.intake = Intake(runtime, settings)
        self.senders = Senders(runtime)
        self.sns = Sns()
        self.published = Published(runtime)
        self.system = System(runtime, service, settings.health_seconds)
        audit_kept_for = timedelta(days=settings.audit_keep_days)
        self._chores = [
            self.senders.periodic,
            self.system.periodic,
            Periodic("audit log", lambda: audit.purge(runtime.pool, audit_kept_for), PURGE_EVERY_SECONDS),
            Periodic("open sessions", lambda: counting.count(runtime.pool, datetime.now(UTC)), counting.EVERY_SECONDS),
        ]
        self._dead_man: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen before the first request comes."""
        await self.sessions.listen(self.runtime.pool, self.runtime.connection)
        await self.api_tokens.listen(self.runtime.pool, self.runtime.connection)
        await self.ping_keys.listen()
        await self._verdicts.listen(self.runtime.connection)
        self.intake.start()
        for chore in self._chores:
            await chore.start()
        if url := self.settings.deadman_url:
            dead_man = DeadMan(self.runtime, self.service, self.system, str(url), self.settings.deadman_seconds)
            self._dead_man = asyncio.create_task(dead_man.signal_always(), name="gateway dead man")

    async def stop(self) -> None:
        """End what is open."""
        self.feed.close()
        for chore in self._chores:
            await chore.stop()
        if self._dead_man:
            self._dead_man.cancel()
        self.intake.stop()
        self.passwords.close()

    async def takes_measurements(self, _: TakesMeasurements) -> Done:
        """Measurements can come in here."""
        return Done()

    async def audit(
        self,
        tx: Transaction,
        what: str,
        *,
        organization_id: Id,
        user_id: Id | None,
        address: str,
        target: Id | None = None,
        data: dict[str, JsonValue] | None = None,
    ) -> None:
        """Keep that somebody did something, in the log and as an event."""
        entry = AuditRecorded(
            organization_id=organization_id,
            audit_id=new_id(),
            user_id=user_id,
            what=what,
            target=str(target) if target else None,
            ip=address,
            occurred_at=tx.now,
            data=data or {},
        )
        await audit.record(tx.db, entry)
        tx.publish(entry)
