"""What a process of ours holds: one bus, one database pool, one outbox relay, and the services it hosts."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import structlog
from faststream.nats import NatsBroker
from faststream.nats.message import NatsMessage
from faststream.response import Response
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.js import JetStreamContext
from pydantic import BaseModel, ValidationError

from monitors_contracts.base import Event, Id, JsonValue, Problem, Request, id_floor
from monitors_contracts.nul import has_nul

from . import depths, erasure, outbox, presence, telemetry, topology
from .consumer import Consumer, Received, Save, SaveAll, Work
from .database import DATABASE_AWAY, DATABASE_CONFLICT, DATABASE_REFUSES_TEXT, Connection, Pool, open_pool
from .errors import UNKEPT_TEXT, ProblemError, problem
from .migrations import RUNTIME_MIGRATIONS, migrate
from .replay import Apply, Projection
from .settings import RuntimeSettings
from .transaction import Transaction

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=BaseModel)
Q = TypeVar("Q", bound=Request[Any])
PURGE_INBOX = "DELETE FROM runtime.inbox WHERE handled_at < now() - $1::interval"


class Service:
    """One service: its schema, what it consumes, what it answers. Wired in its `app.py`, hosted by a Runtime."""

    def __init__(self, name: str, runtime: "Runtime", migrations: Path | None = None) -> None:
        self.name = name
        self.runtime = runtime
        self.migrations = migrations
        self.consumers: list[tuple[Consumer, list[str]]] = []
        self.projections: list[Projection] = []
        self.expiries: list[str] = []
        self.due: list[str] = []
        self.erasures: list[str] = []
        self._starting: list[Callable[[], Awaitable[None]]] = []
        self._stopping: list[Callable[[], Awaitable[None]]] = []

    def consume(
        self,
        *events: type[Event],
        save: Save | None = None,
        save_all: SaveAll | None = None,
        work: Work | None = None,
        concurrency: int = 16,
        pace: float = 0,
    ) -> None:
        """Handle every event of these types once; see Consumer.

        One type has the durable `<service>-<aggregate>-<event>`; several, of one aggregate, share `<service>-<aggregate>` and
        keep their order.
        """
        first = events[0]
        durable = f"{self.name}-{first.aggregate}" + (f"-{first.action}" if len(events) == 1 else "")
        consumer = Consumer(
            service=self.name,
            durable=durable,
            stream=first.stream,
            save=save,
            save_all=save_all,
            work=work,
            concurrency=concurrency,
            pace=pace,
            attempts=self.runtime.settings.handler_attempts,
        )
        self.consumers.append((consumer, [f"evt.{event.aggregate}.{event.action}.>" for event in events]))

    def answer(self, request: type[Q], handler: Callable[[Q], Awaitable[BaseModel]]) -> None:
        """Answer this command or query; copies of the service share the requests. ProblemError answers a problem."""

        async def respond(message: NatsMessage) -> Response:
            name = request.__name__
            with (
                telemetry.tracer.start_as_current_span(name, context=telemetry.parent(message.headers)),
                telemetry.REQUEST_SECONDS.labels(name).time(),
            ):
                reply = await _reply(request, handler, message.body)
            outcome = "problem" if isinstance(reply, Problem) else "ok"
            telemetry.REQUESTS.labels(name, outcome).inc()
            return Response(
                reply.model_dump_json(exclude_none=True).encode(),
                headers={"reply": outcome, "content-type": "application/json"},
            )

        subscriber = self.runtime.broker.subscriber(
            request.request_subject(), queue=self.name, max_workers=64, title=request.__name__, decoder=_undecoded
        )
        subscriber(respond)

    def project(self, *events: type[Event], apply: Apply, tables: list[str]) -> None:
        """These tables are made of these events of ours, by `apply`: that is what a replay rebuilds."""
        self.projections.append(Projection(events, apply, tuple(tables)))

    def expire(self, *statements: str) -> None:
        """Delete what is past the retention; each statement gets the smallest id that is kept (ids tell their time)."""
        self.expiries += statements

    def expire_due(self, *statements: str) -> None:
        """Delete what has a time of its own to go; each statement gets the moment of now."""
        self.due += statements

    def erase(
        self, event: type[Event], *statements: str, first: Callable[[Connection, Id], Awaitable[None]] | None = None
    ) -> None:
        """When this event says that an organization is gone, delete what these statements find of it ($1).

        `first` is awaited before, to let go of what lies outside the database. See `erasure`.
        """
        self.erasures += statements

        async def save(tx: Transaction, received: Received[Event]) -> None:
            organization = received.event.organization_id
            if first:
                await first(tx.db, organization)
            await erasure.erase(tx.db, self.name, organization, statements)

        self.consume(event, save=save)

    def on_start(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Await this before the first message (opening sessions, say)."""
        self._starting.append(hook)

    def on_stop(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Await this after the last message."""
        self._stopping.append(hook)

    @asynccontextmanager
    async def transaction(self, correlation: Id | None = None) -> AsyncGenerator[Transaction]:
        """State and events in one commit, for what does not begin with an event.

        Problem: `organization-deleted`, when an event is of an organization that was erased meanwhile.
        """
        async with self.runtime.pool.acquire() as db, db.transaction():
            transaction = Transaction(self.name, db, correlation=correlation)
            yield transaction
            await outbox.save_unless_erased(db, self.name, transaction.waiting)
        transaction.committed()
        if transaction.waiting:
            self.runtime.relay.wake(self.name)

    async def start(self) -> None:
        """Migrate, and make what the handlers need."""
        if self.migrations:
            await migrate(self.runtime.settings.database_url, self.name, self.migrations)
        for hook in self._starting:
            await hook()

    def start_consuming(self) -> None:
        for consumer, _ in self.consumers:
            consumer.start(self.runtime.connection, self.runtime.pool, self.runtime.relay)

    async def stop_consuming(self) -> None:
        await asyncio.gather(*(consumer.stop() for consumer, _ in self.consumers))

    async def stop(self) -> None:
        """Let go of what the handlers needed."""
        for hook in reversed(self._stopping):
            with contextlib.suppress(Exception):
                await hook()


class Runtime:
    """Hosts services in this process: `Runtime(settings)`, `service(...)` for each, then `start()` and `stop()`."""

    pool: Pool
    connection: Client
    bus: JetStreamContext
    relay: outbox.Relay

    def __init__(self, settings: RuntimeSettings) -> None:
        self.settings = settings
        token = settings.nats_token.get_secret_value() if settings.nats_token else None
        options: dict[str, Any] = {"token": token} if token else {}
        self.broker = NatsBroker(
            settings.nats_url.split(","),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # pyright: ignore[reportArgumentType] - nats-py sleeps this long, fractions are fine
            connect_timeout=3,
            ping_interval=5,
            pending_size=64 * 1024 * 1024,
            apply_types=False,
            logger=None,
            graceful_timeout=5,
            error_cb=_bus_trouble,
            **options,
        )
        self.services: list[Service] = []
        self._chores: list[asyncio.Task[None]] = []

    def service(self, name: str, migrations: Path | None = None) -> Service:
        """A service hosted here."""
        service = Service(name, self, migrations)
        self.services.append(service)
        return service

    async def start(self) -> None:
        """Connect, bring database and streams up to date, then consume and answer."""
        settings = self.settings
        await migrate(settings.database_url, "runtime", RUNTIME_MIGRATIONS)
        self.pool = await open_pool(settings.database_url, settings.database_pool)
        await self.broker.connect()
        self.connection = self.broker._connection  # pyright: ignore - FastStream has no public way to it
        self.bus = self.connection.jetstream(timeout=10, publish_async_max_pending=4000)
        await topology.apply_streams(self.bus, settings.nats_replicas)
        for service in self.services:
            for consumer, subjects in service.consumers:
                await topology.apply_consumer(self.bus, consumer.stream, consumer.durable, subjects)
        keep = timedelta(minutes=settings.outbox_keep_minutes)
        self.relay = outbox.Relay(
            self.pool, self.connection, settings.database_url, [service.name for service in self.services], keep
        )
        await asyncio.gather(*(service.start() for service in self.services))
        self.relay.start()
        await self.broker.start()
        for service in self.services:
            service.start_consuming()
        await presence.answer(self)
        await self.connection.flush()  # until the server knows what is answered here, it asks others
        self._chores = [
            asyncio.create_task(self._expire(), name="expiry"),
            asyncio.create_task(depths.watch(self), name="queue depths"),
        ]
        # What a process is made of stays: the collector need not look at it again with every pass.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)

    async def stop(self) -> None:
        """Take no more, finish what is in hand, publish what is committed, let go."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*(service.stop_consuming() for service in self.services))
        await asyncio.gather(*(service.stop() for service in self.services))
        if hasattr(self, "relay"):
            await self.relay.stop()
        await self.broker.stop()
        if hasattr(self, "pool"):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(5):
                    await self.pool.close()

    async def ask(self, request: Request[R], patience: float = 10) -> R:
        """Send a command or query to the service that owns the answer. Raises ProblemError."""
        headers = {"content-type": "application/json"}
        if parent := telemetry.traceparent():
            headers["traceparent"] = parent
        try:
            message = await self.connection.request(
                request.request_subject(),
                request.model_dump_json(exclude_none=True).encode(),
                patience,
                headers=headers,
            )
        except NoRespondersError as away:
            raise problem(
                "service-unavailable",
                "Service unavailable",
                503,
                f"The {request.service} is not running or not reachable right now; try again in a moment.",
            ) from away
        except (TimeoutError, NatsError) as late:
            raise problem(
                "service-timeout",
                "No answer in time",
                504,
                f"The {request.service} did not answer within {patience:g} s.",
            ) from late
        if (message.headers or {}).get("reply") == "problem":
            raise ProblemError(Problem.model_validate_json(message.data))
        return type(request).reply.model_validate_json(message.data)  # pyright: ignore[reportReturnType]

    async def unready(self) -> str | None:
        """Why this process can't serve now, or None."""
        if not self.connection.is_connected:
            return "NATS is not connected"
        try:
            async with asyncio.timeout(2):
                await self.pool.fetchval("SELECT 1")
        except (TimeoutError, asyncpg.PostgresError, *DATABASE_AWAY):
            return "PostgreSQL does not answer"
        for service in self.services:
            for consumer, _ in service.consumers:
                if not consumer.healthy:
                    return f"consumer {consumer.durable} is not running"
        return None

    async def _expire(self) -> None:
        """Every hour: forget handled events' ids, and what is past the retention."""
        while True:
            await asyncio.sleep(3600)
            await self.expire_now(datetime.now(UTC))

    async def expire_now(self, now: datetime) -> None:
        """Delete what is past its retention. What fails is logged, and tried again with the next round."""
        oldest = id_floor(now - timedelta(days=self.settings.retention_days))
        try:
            await self.pool.execute(PURGE_INBOX, timedelta(days=self.settings.inbox_keep_days))
            for service in self.services:
                for statement in service.expiries:
                    await self.pool.execute(statement, oldest)
                for statement in service.due:
                    await self.pool.execute(statement, now)
        except (TimeoutError, asyncpg.PostgresError, *DATABASE_AWAY) as failure:
            log.warning("expiry interrupted", error=repr(failure)[:300])


async def _bus_trouble(trouble: Exception) -> None:
    log.warning("bus trouble, connecting again where needed", error=repr(trouble)[:300])


async def _undecoded(message: NatsMessage) -> NatsMessage:
    """Handlers get the message whole: its headers carry the trace, its body is for pydantic."""
    return message


async def _reply(request: type[Q], handler: Callable[[Q], Awaitable[BaseModel]], body: bytes) -> BaseModel:
    if has_nul(body):
        return UNKEPT_TEXT
    try:
        asked = request.model_validate_json(body)
    except ValidationError as invalid:
        return _invalid(invalid)
    for attempt in range(4):
        try:
            return await handler(asked)
        except ProblemError as refused:
            return refused.problem
        except DATABASE_CONFLICT:
            await asyncio.sleep(0.02 * (attempt + 1))
        except DATABASE_AWAY as away:
            log.warning("database is away", request=request.__name__, error=repr(away)[:200])
            return Problem(
                type="service-unavailable",
                title="Service unavailable",
                status=503,
                detail="The database is not reachable right now; try again in a moment.",
            )
        except DATABASE_REFUSES_TEXT:
            return UNKEPT_TEXT
        except Exception:
            log.exception("request failed", request=request.__name__)
            return Problem(type="internal-error", title="Internal error", status=500, detail="The error was logged.")
    return Problem(type="conflict", title="Too many changes at once", status=409, detail="Try again.")


def _invalid(request: ValidationError) -> Problem:
    errors: list[dict[str, JsonValue]] = [
        {"field": ".".join(str(part) for part in error["loc"]), "message": error["msg"]}
        for error in request.errors(include_url=False, include_input=False)
    ]
    return Problem(type="invalid-request", title="Invalid request", status=422, errors=errors)
