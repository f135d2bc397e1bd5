"""All services of production on one database, and a bus that carries their events as far as it is told."""

import asyncio
import hashlib
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

import monitors_alerter.app
import monitors_evaluator.app
import monitors_metrics.app
import monitors_notifier.app
import monitors_scraper.app
from monitors_alerter.settings import AlerterSettings
from monitors_contracts.base import Event, Request
from monitors_contracts.envelope import Envelope
from monitors_contracts.pages import Failure
from monitors_evaluator.providers.settings import AiSettings
from monitors_evaluator.rules.settings import RuleSettings
from monitors_metrics.settings import MetricsSettings
from monitors_notifier import sendgrid_events
from monitors_notifier.channels import Recoverable, Sent
from monitors_notifier.settings import NotifierSettings
from monitors_runtime.runtime import Runtime, Service
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, FetchResult
from monitors_scraper.fetcher import Fetcher
from monitors_scraper.settings import ScraperSettings

PAGE = """<html><head><title>Kettle</title><script type="application/ld+json">{{"@context": "https://schema.org",
"@type": "Product", "name": "Kettle", "offers": {{"@type": "Offer", "price": "{price}.00", "priceCurrency": "USD"}}}}
</script></head><body><h1>Kettle</h1><p>Price: ${price}.00</p><p>A literal \\u0000 and a NUL \x00.</p></body></html>"""
SCHEMAS = ("alerter", "evaluator", "metrics", "notifier", "scraper")

# What a table holds, without the numbers that PostgreSQL gives to rows.
DUMPS = {
    # `due` brings the next try forward in the column alone: the document says when the events put it.
    "notifier.notifications": "SELECT to_jsonb(r) - 'next_attempt_at' AS row FROM notifier.notifications AS r ORDER BY id",
    "evaluator.rules": "SELECT id, organization_id, version, document FROM evaluator.rules ORDER BY id",
    # Samples by 16 bytes: how they are spread over rows, and how often one is there, means nothing.
    "metrics.head": "SELECT DISTINCT series_id, hour, substring(data FROM at FOR 16) AS sample "
    "FROM metrics.head, generate_series(1, length(data), 16) AS at ORDER BY 1, 2, 3",
}


@dataclass(frozen=True)
class Heard:
    """What a service does with some events."""

    events: tuple[type[Event], ...]
    save: Callable[..., Awaitable[None]] | None
    save_all: Callable[..., Awaitable[None]] | None
    work: Callable[..., Awaitable[Any]] | None
    waiting: list[Envelope] = field(default_factory=list[Envelope])


class Wired(Service):
    """A service that remembers how it was wired."""

    def __init__(self, name: str, runtime: Runtime, migrations: Path | None = None) -> None:
        super().__init__(name, runtime, migrations)
        self.heard: list[Heard] = []
        self.answers: dict[type[Request[Any]], Callable[[Any], Awaitable[Any]]] = {}

    def consume(self, *events: type[Event], **how: Any) -> None:
        self.heard.append(Heard(events, how.get("save"), how.get("save_all"), how.get("work")))

    def answer(self, request: Any, handler: Any) -> None:
        self.answers[request] = handler


class Way:
    """A receiver that can be dead."""

    def __init__(self) -> None:
        self.dead = False

    async def check(self, _: Any) -> None: ...

    async def send(self, *_: Any) -> Sent:
        if self.dead:
            raise Recoverable("time-out")
        return Sent("taken")

    async def close(self) -> None: ...


class Platform:
    """The services, and their state live and rebuilt. Requests are answered at once, a page says what `prices` says."""

    def __init__(self, house: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        runtime = house.runtime
        self.services: dict[str, Wired] = {}
        monkeypatch.setattr(runtime, "service", self._service)
        monkeypatch.setattr(runtime, "ask", self.ask)
        monkeypatch.setattr(Fetcher, "fetch", lambda _, request: self.fetch(request))
        monkeypatch.setattr(sendgrid_events, "verify", lambda *_, **__: None)
        monitors_scraper.app.build(runtime, ScraperSettings())
        monitors_evaluator.app.build(runtime, AiSettings(), RuleSettings())
        monitors_alerter.app.build(runtime, AlerterSettings())
        notifier_settings = NotifierSettings(
            data_dir=folder,
            secret_key=SecretStr("a secret of sixteen"),
            retry_first_wait=0.001,
            sendgrid_webhook_public_key="not looked at",
        )
        monitors_notifier.app.build(runtime, notifier_settings)
        monitors_metrics.app.build(runtime, MetricsSettings())
        self.notifier: Any = self._handlers("notifier")
        self.delivering = self.notifier._delivering
        self.way = Way()
        self.notifier._ways = self.delivering._ways = {"webhook": self.way}
        self.prices: dict[str, int | Failure] = {}
        self.seen = 0

    async def begin(self) -> None:
        """Nothing has happened yet."""
        tables = await self.house.pool.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname = ANY($1)", SCHEMAS
        )
        names = [row["name"] for row in tables]
        await self.house.pool.execute(f"TRUNCATE {', '.join([*names, 'runtime.outbox', 'runtime.inbox'])}")
        self.prices, self.seen = {}, 0
        for service in self.services.values():
            for heard in service.heard:
                heard.waiting.clear()
        await self.receiver(dead=False)
        if not self.delivering._tasks:
            self.delivering._tasks = [asyncio.create_task(self.delivering._committer.run())]

    async def end(self) -> None:
        await self.delivering.stop()

    async def ask(self, request: Any, _: float = 10) -> Any:
        [answer] = [each.answers[type(request)] for each in self.services.values() if type(request) in each.answers]
        return await answer(request)

    async def fetch(self, request: FetchRequest) -> FetchResult:
        url = request.urls[0]
        shown = self.prices.get(url, 60)
        if isinstance(shown, Failure):
            return FetchFailed(url, shown, "It did not work.")
        text = PAGE.format(price=shown)
        digest = hashlib.sha256(text.encode()).hexdigest()
        same = request.known is not None and request.known.content_hash == digest
        return FetchedPage(
            url=url,
            final_url=url,
            status=200,
            headers={},
            content_type="text/html",
            content=None if same else text,
            content_hash=digest,
            rendered_by="http",
            duration_ms=1,
            not_modified=same,
        )

    async def carry(self, count: int, which: int | None = None) -> None:
        """The bus delivers the next messages of one consumer, or of all in turn: each is as far as it is."""
        consumers = [(service, heard) for service in self.services.values() for heard in service.heard]
        chosen = consumers if which is None else [consumers[which % len(consumers)]]
        for turn in range(count):
            for envelope in await self._new():
                for _, heard in consumers:
                    if isinstance(envelope.event, heard.events):
                        heard.waiting.append(envelope)
            busy = [(service, heard) for service, heard in chosen if heard.waiting]
            if not busy:
                return
            service, heard = busy[turn % len(busy)]
            deliver = self.house.deliver if heard.save else self.house.deliver_all
            save = heard.save or heard.save_all or nothing_to_save
            await deliver(service, save, heard.waiting.pop(0), work=heard.work, attempt=2)

    async def _new(self) -> list[Envelope]:
        published = await self.house.published()
        fresh, self.seen = published[self.seen :], len(published)
        return fresh

    async def receiver(self, dead: bool) -> None:
        self.way.dead = dead
        self.delivering._lanes = type(self.delivering._lanes)()

    async def due(self) -> None:
        await self.house.pool.execute(
            "UPDATE notifier.notifications SET next_attempt_at = now() - interval '1 second' "
            "WHERE next_attempt_at IS NOT NULL"
        )
        await self.delivering.retry_due()
        await asyncio.gather(*self.delivering._retrying)

    async def erase(self) -> None:
        """What can't be brought back any more is erased."""
        for service in self.services.values():
            for statement in service.due:
                await self.house.pool.execute(statement, datetime.now(UTC))

    async def dump(self) -> dict[str, list[Any]]:
        """Every table that is made of events, without what was due to go."""
        await self.erase()
        found: dict[str, list[Any]] = {}
        for service in self.services.values():
            for table in itertools.chain.from_iterable(projection.tables for projection in service.projections):
                query = DUMPS.get(table, f"SELECT * FROM {table} AS r ORDER BY r")
                found[table] = [dict(row) for row in await self.house.pool.fetch(query)]
        return found

    async def rebuild(self, history: Sequence[Event], *, from_empty: bool = False) -> None:
        """Apply the history, service by service, as a replay does."""
        async with self.house.pool.acquire() as db, db.transaction():
            for service in self.services.values():
                tables = [table for projection in service.projections for table in projection.tables]
                if from_empty and tables:
                    await db.execute(f"TRUNCATE {', '.join(tables)}")
                for projection in service.projections:
                    for event in history:
                        if isinstance(event, projection.events):
                            await projection.apply(db, event)

    def _service(self, name: str, migrations: Path | None = None) -> Wired:
        self.services[name] = Wired(name, self.house.runtime, migrations)
        return self.services[name]

    def _handlers(self, name: str) -> Any:
        method: Any = next(iter(self.services[name].answers.values()))
        return method.__self__


async def nothing_to_save(_: Sequence[Any]) -> None:
    """Of consumers whose work writes what follows from it."""
