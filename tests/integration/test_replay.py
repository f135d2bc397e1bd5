"""For any history, the state that is rebuilt from the events equals the live one.

The services are wired as they are in production; a bus in memory carries their events in the order of the outbox, and
stops wherever the history says, so that monitors end while their pages are on the way.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

import monitors_alerter.app
import monitors_evaluator.app
import monitors_metrics.app
import monitors_notifier.app
import monitors_scraper.app
from monitors_alerter.settings import AlerterSettings
from monitors_contracts.alerts import AcknowledgeAlert, AlertView, CommentAlert, ListAlerts, ResolveAlert
from monitors_contracts.base import Event, Id, Request, new_id
from monitors_contracts.collection import DeleteMonitor, DuplicateMonitor, RestoreMonitor
from monitors_contracts.envelope import Envelope
from monitors_contracts.incidents import (
    AcknowledgeIncident,
    ListIncidents,
    MergeIncidents,
    OpenIncident,
    ReopenIncident,
    ResolveIncident,
)
from monitors_contracts.inhibition import CreateInhibition, DeleteInhibition, UpdateInhibition
from monitors_contracts.maintenance import CreateWindow, DeleteWindow, UpdateWindow
from monitors_contracts.monitors import CreateMonitor, RefreshItem, RequestRefreshes, UpdateMonitor
from monitors_contracts.notifications import (
    ChannelSpec,
    CreateChannel,
    ListNotifications,
    RecordProviderEvents,
    UpdateChannel,
)
from monitors_contracts.oncall import AddOverride, DeleteSchedule, RemoveOverride, SaveContact, SaveSchedule
from monitors_contracts.pages import Failure
from monitors_contracts.policies import DeletePolicy, SavePolicy
from monitors_contracts.routing import Route, SaveRouting
from monitors_contracts.rules import CreateRule, DeleteRule, UpdateRule
from monitors_contracts.silences import CreateSilence, ExpireSilence, UpdateSilence
from monitors_contracts.status_pages import (
    CreateStatusPage,
    DeleteStatusPage,
    ListStatusPages,
    ListStatusUpdates,
    OverrideComponent,
    PostStatusUpdate,
    RemoveStatusUpdate,
    UpdateStatusPage,
)
from monitors_contracts.uptime import CreateUptimeCheck, DeleteUptimeCheck, UpdateUptimeCheck
from monitors_evaluator.providers.settings import AiSettings
from monitors_evaluator.rules.settings import RuleSettings
from monitors_metrics.settings import MetricsSettings
from monitors_notifier import sendgrid_events
from monitors_notifier.channels import Recoverable, Sent
from monitors_notifier.settings import NotifierSettings
from monitors_runtime.errors import ProblemError
from monitors_runtime.runtime import Runtime, Service
from monitors_scraper.domain.pages import FetchedPage, FetchFailed, FetchRequest, FetchResult
from monitors_scraper.fetcher import Fetcher
from monitors_scraper.settings import ScraperSettings

pytestmark = pytest.mark.integration

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
MADE_BY_THE_CLOCK = {"metrics.chunks", "metrics.minutes", "metrics.hours"}
"""Of what is in metrics.head, when its hour is over."""
MADE_OF_GROUPS = {"notifier.told_of"}
"""Of messages about several alerts: without a routing tree, each is told of alone."""


def by_hand(url: str, limit: int, fact: str = "price") -> dict[str, Any]:
    """What a person says a sentence means."""
    condition = {"op": "le", "value": limit, "unit": "USD"}
    said = {"kind": "state", "fact": fact, "fact_type": "number", "condition": condition, "url": url}
    return said | {"name": "", "confidence": 1}


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
    """All services on one database, one organization, and the history that happens to it."""

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
        self.organization = self.user = new_id()
        self.called: dict[str, Id] = {}
        self.monitors: list[Id] = []
        self.rules: list[Id] = []
        self.holders: list[tuple[Id, Id, Id]] = []
        self.checks: list[Id] = []
        self.prices: dict[str, int | Failure] = {}
        self.seen = 0

    def _service(self, name: str, migrations: Path | None = None) -> Wired:
        self.services[name] = Wired(name, self.house.runtime, migrations)
        return self.services[name]

    def _handlers(self, name: str) -> Any:
        return getattr(next(iter(self.services[name].answers.values())), "__self__")  # noqa: B009 - a bound method's

    async def begin(self) -> None:
        """Nothing has happened yet."""
        tables = await self.house.pool.fetch(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname = ANY($1)", SCHEMAS
        )
        names = [row["name"] for row in tables]
        await self.house.pool.execute(f"TRUNCATE {', '.join([*names, 'runtime.outbox', 'runtime.inbox'])}")
        self.organization, self.user = new_id(), new_id()
        self.monitors, self.checks, self.prices, self.seen = [], [], {}, 0
        for service in self.services.values():
            for heard in service.heard:
                heard.waiting.clear()
        await self.receiver(dead=False)
        if not self.delivering._tasks:
            self.delivering._tasks = [asyncio.create_task(self.delivering._committer.run())]
        await self.channel()

    async def end(self) -> None:
        await self.delivering.stop()

    # -- what the services reach for --------------------------------------------------------------------------------

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

    # -- what happens -----------------------------------------------------------------------------------------------

    async def create(self, which: int) -> None:
        url = f"https://shop.example/kettle/{which % 2}"  # two monitors may watch one page
        prompts = (f"Tell me when the price at {url} drops below $50", f"Tell me when the price at {url} changes")
        identifier = new_id()
        await self.ask(
            CreateMonitor(
                organization_id=self.organization,
                monitor_id=identifier,
                user_id=self.user,
                prompt=prompts[which // 2 % 2],
            )
        )
        self.monitors.append(identifier)

    async def show(self, which: int, what: int | Failure) -> None:
        self.prices[f"https://shop.example/kettle/{which % 2}"] = what

    async def refresh(self, which: int) -> None:
        if self.monitors:
            item = RefreshItem(monitor_id=self._monitor(which), refresh_id=new_id())
            await self.ask(RequestRefreshes(organization_id=self.organization, items=[item]))

    async def edit(self, which: int, how: str) -> None:
        url = f"https://shop.example/kettle/{which % 2}"
        changes: dict[str, Any] = {
            "rename": {"name": "Another name"},
            "pause": {"is_active": False},
            "resume": {"is_active": True},
            "prompt": {"prompt": f"Tell me when the price at {url} is above $80"},
            "source": {"source": {"render": "browser"}},
            "condition": {"interpretation": by_hand(url, 58)},
            "fact": {"interpretation": by_hand(url, 58, fact="shipping")},
        }[how]
        if self.monitors:
            who = {"organization_id": self.organization, "monitor_id": self._monitor(which), "user_id": self.user}
            await self.ask(UpdateMonitor.model_validate(who | changes))

    async def delete(self, which: int, minutes: int = 60) -> None:
        if self.monitors:
            who = {"organization_id": self.organization, "monitor_id": self._monitor(which)}
            await self.ask(DeleteMonitor(**who, restorable_minutes=minutes))

    async def restore(self, which: int) -> None:
        if self.monitors:
            await self.ask(RestoreMonitor(organization_id=self.organization, monitor_id=self._monitor(which)))

    async def copy(self, which: int) -> None:
        if self.monitors:
            who = {"organization_id": self.organization, "user_id": self.user, "monitor_id": self._monitor(which)}
            self.monitors.append(new_id())
            await self.ask(DuplicateMonitor.model_validate(who | {"copy_id": self.monitors[-1]}))

    async def rule(self, which: int, what: str) -> None:
        """Make a rule, or change or delete one there is."""
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.user}
        spec = {"kind": "threshold", "name": f"Rule {which}", "metric": "cpu_usage", "op": "gt", "critical": 90 + which}
        if what == "make":
            self.rules.append(new_id())
            await self.ask(CreateRule.model_validate(who | {"rule_id": self.rules[-1], "spec": spec}))
        elif self.rules:
            known = {"rule_id": self.rules[which % len(self.rules)]}
            kind = UpdateRule if what == "change" else DeleteRule
            await self.ask(kind.model_validate(who | known | {"spec": spec}))

    async def check(self, which: int, what: str) -> None:
        """Make an uptime check, or change or delete one there is."""
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.user}
        spec = {"name": f"Check {which}", "kind": "dns", "host": "shop.example", "failures": which + 1}
        if what == "make":
            self.checks.append(new_id())
            await self.ask(CreateUptimeCheck.model_validate(who | {"check_id": self.checks[-1], "spec": spec}))
        elif self.checks:
            known = {"check_id": self.checks[which % len(self.checks)]}
            kind = UpdateUptimeCheck if what == "change" else DeleteUptimeCheck
            await self.ask(kind.model_validate(who | known | {"spec": spec}))

    async def erase(self) -> None:
        """What can't be brought back any more is erased."""
        for service in self.services.values():
            for statement in service.due:
                await self.house.pool.execute(statement, datetime.now(UTC))

    async def person(self, which: int, what: str) -> None:
        known: Sequence[AlertView] = (await self.ask(ListAlerts(organization_id=self.organization))).alerts
        if known:
            kind = {"acknowledge": AcknowledgeAlert, "resolve": ResolveAlert, "comment": CommentAlert}[what]
            said = {"comment_id": new_id(), "text": "mine"} if what == "comment" else {"note": "mine"}
            whose = {"organization_id": self.organization, "alert_id": known[which % len(known)].id}
            await self.ask(kind.model_validate({**whose, "user_id": self.user, **said}))

    async def route(self, which: int) -> None:
        critical = Route(name=f"critical-{which}", severities=["critical"])
        root = Route(name="root", routes=[critical])
        await self.ask(SaveRouting(organization_id=self.organization, user_id=self.user, root=root))

    async def incident(self, which: int, what: str) -> None:
        whose = {"organization_id": self.organization, "user_id": self.user}
        known = (await self.ask(ListIncidents(organization_id=self.organization))).incidents
        if what == "open":
            alerts: Sequence[AlertView] = (await self.ask(ListAlerts(organization_id=self.organization))).alerts
            made = {"incident_id": new_id(), "title": "Down", "alert_ids": [each.id for each in alerts[:which]]}
            await self.ask(OpenIncident.model_validate(whose | made))
        elif what == "merge" and which and known:
            others = [each.id for each in known[:which]]
            await self.ask(MergeIncidents.model_validate(whose | {"incident_id": known[-1].id, "others": others}))
        elif known and what != "merge":
            one = {"incident_id": known[which % len(known)].id}
            kind = {"acknowledge": AcknowledgeIncident, "resolve": ResolveIncident, "reopen": ReopenIncident}[what]
            await self.ask(kind.model_validate(whose | one))

    async def status(self, which: int, what: str) -> None:
        """Make a status page, change it, say something on it, take back what was said, or delete it."""
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.user}
        known = (await self.ask(ListStatusPages(organization_id=self.organization))).pages
        component = {"key": f"part-{which}", "name": "Part", "matchers": 'alertname=~".+"'}
        spec = {"name": "Acme", "slug": f"acme-{which}", "components": [component]}
        if what == "make":
            await self.ask(CreateStatusPage.model_validate(who | {"page_id": new_id(), "spec": spec}))
        if what == "make" or not known:
            return
        who |= {"page_id": known[which % len(known)].id}
        if what == "change":
            await self.ask(UpdateStatusPage.model_validate(who | {"spec": spec}))
        elif what == "override":
            said = {"key": known[which % len(known)].spec.components[0].key, "override": {"status": "degraded"}}
            await self.ask(OverrideComponent.model_validate(who | said))
        elif what == "post":
            await self.ask(PostStatusUpdate.model_validate(who | {"update_id": new_id(), "title": "T", "text": "Slow"}))
        elif what == "remove":
            updates = (await self.ask(ListStatusUpdates.model_validate(who))).updates
            for each in updates[:1]:
                await self.ask(RemoveStatusUpdate.model_validate(who | {"update_id": each.id}))
        elif what == "delete":
            await self.ask(DeleteStatusPage.model_validate(who))

    async def on_call(self, what: str) -> None:
        """Somebody to call, when, and after whom; or no longer."""
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.user, **self.called}
        if what == "begin":
            self.called = {name: new_id() for name in ("contact_id", "schedule_id", "override_id", "policy_id")}
            who |= self.called
            contact = str(self.called["contact_id"])
            turns = {"name": contact, "layers": [{"start": "2026-11-23", "participants": [contact]}]}
            times = {"starts_at": "2090-01-01T00:00:00Z", "ends_at": "2090-01-02T00:00:00Z", "contact_id": contact}
            steps = [{"targets": [{"kind": "contact", "id": contact}]}]
            specs = {
                SaveContact: {"name": contact, "channels": [str(self.last_channel)]},
                SaveSchedule: turns,
                AddOverride: times,
                SavePolicy: {"name": contact, "steps": steps},
            }
            for kind, spec in specs.items():
                await self.ask(kind.model_validate(who | {"spec": spec, "is_new": True}))
        else:
            for kind in (RemoveOverride, DeletePolicy, DeleteSchedule):
                await self.ask(kind.model_validate(who))

    async def hold(self, which: int, what: str) -> None:
        """Make what holds alerts back, or change, end or delete what there is."""
        who: dict[str, Any] = {"organization_id": self.organization, "user_id": self.user}
        matchers = f'alertname=~".+", severity!="{("info", "warning")[which % 2]}"'
        lasting = {"matchers": matchers, "for": 3600 + which}
        window = {"name": f"Window {which}", "matchers": matchers, "starts_at": "2026-03-01T02:30", "duration": 3600}
        rule = {"name": f"Rule {which}", "source": 'alertname=~".+"', "target": matchers}
        if what == "make":
            self.holders.append((new_id(), new_id(), new_id()))
        elif not self.holders:
            return
        silence_id, window_id, rule_id = self.holders[-1 if what == "make" else which % len(self.holders)]
        silence, planned, inhibition = {
            "make": (CreateSilence, CreateWindow, CreateInhibition),
            "change": (UpdateSilence, UpdateWindow, UpdateInhibition),
            "delete": (ExpireSilence, DeleteWindow, DeleteInhibition),
        }[what]
        for kind, named in (
            (silence, {"silence_id": silence_id, "spec": lasting, "confirm": True}),
            (planned, {"window_id": window_id, "spec": window}),
            (inhibition, {"inhibition_id": rule_id, "spec": rule}),
        ):
            with contextlib.suppress(ProblemError):
                await self.ask(kind.model_validate(who | named))

    async def channel(self) -> None:
        spec = ChannelSpec(kind="webhook", url="https://hooks.example/a")
        self.last_channel = new_id()
        await self.ask(CreateChannel(organization_id=self.organization, channel_id=self.last_channel, spec=spec))

    async def switch(self, on: bool) -> None:
        await self.ask(UpdateChannel(organization_id=self.organization, channel_id=self.last_channel, is_active=on))

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

    async def report(self, which: int, what: str) -> None:
        rows = (await self.ask(ListNotifications(organization_id=self.organization))).notifications
        if rows:
            event = {
                "event": what,
                "organization_id": str(self.organization),
                "delivery_id": str(rows[which % len(rows)].id),
                "timestamp": int(datetime.now(UTC).timestamp()),
            }
            await self.ask(RecordProviderEvents(body=json.dumps([event]), signature="", timestamp=""))

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

    def _monitor(self, which: int) -> Id:
        return self.monitors[which % len(self.monitors)]

    # -- what is left -------------------------------------------------------------------------------------------------

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


async def nothing_to_save(_: Sequence[Any]) -> None:
    """Of consumers whose work writes what follows from it."""


WHICH = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("create"), WHICH),
    st.tuples(st.just("show"), WHICH, st.sampled_from([60, 55, 45, 44, 90, 4, Failure.CAPTCHA, Failure.TIMEOUT])),
    st.tuples(st.just("refresh"), WHICH),
    st.tuples(st.just("refresh"), WHICH),
    st.tuples(st.just("carry"), st.integers(1, 40)),
    st.tuples(st.just("carry"), st.integers(1, 9), st.integers(0, 9)),
    st.tuples(
        st.just("edit"), WHICH, st.sampled_from(["rename", "pause", "resume", "prompt", "source", "condition", "fact"])
    ),
    st.tuples(st.just("delete"), WHICH, st.sampled_from([60, 60, 0])),
    st.tuples(st.just("restore"), WHICH),
    st.tuples(st.just("copy"), WHICH),
    st.tuples(st.just("rule"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("check"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("erase")),
    st.tuples(st.just("person"), WHICH, st.sampled_from(["acknowledge", "resolve", "comment"])),
    st.tuples(st.just("channel")),
    st.tuples(st.just("route"), WHICH),
    st.tuples(
        st.just("incident"), WHICH, st.sampled_from(["open", "open", "merge", "acknowledge", "resolve", "reopen"])
    ),
    st.tuples(
        st.just("status"), WHICH, st.sampled_from(["make", "change", "override", "post", "post", "remove", "delete"])
    ),
    st.tuples(st.just("on_call"), st.sampled_from(["begin", "end"])),
    st.tuples(st.just("hold"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.just("receiver"), st.booleans()),
    st.tuples(st.just("due")),
    st.tuples(st.just("report"), WHICH, st.sampled_from(["delivered", "open", "bounce", "dropped", "spamreport"])),
)
# Something to be told of, before anything else happens.
BEGINNING: list[tuple[Any, ...]] = [
    *(("create", n) for n in range(4)),
    *(("refresh", n) for n in range(4)),
    ("rule", 0, "make"),
    ("route", 0),
    ("hold", 1, "make"),
    ("check", 0, "make"),
    ("check", 1, "make"),
    ("check", 1, "delete"),
    ("incident", 0, "open"),
    ("status", 3, "make"),
    ("status", 2, "make"),
    ("status", 2, "post"),
    ("status", 3, "override"),
    ("carry", 99),
    ("on_call", "begin"),
    *(("show", n, 45) for n in range(2)),
    *(("refresh", n) for n in range(4)),
]


@pytest.fixture
async def platform(house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Platform]:
    made = Platform(house, tmp_path, monkeypatch)
    yield made
    await made.end()


async def live(platform: Platform, steps: Sequence[tuple[Any, ...]]) -> SimpleNamespace:
    """Let a history happen; the events it left and the state it led to."""
    await platform.begin()
    for name, *arguments in steps:
        with contextlib.suppress(ProblemError):
            await getattr(platform, name)(*arguments)
    await platform.carry(10_000)  # metrics and pages follow others' events: they are all there once the bus is at rest
    events = [envelope.event for envelope in await platform.house.published()]
    return SimpleNamespace(events=events, state=await platform.dump())


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEPS, min_size=10, max_size=30), st.data())
async def test_state_when_rebuilt_from_any_history_then_equals_the_live_one(
    platform: Platform, steps: list[tuple[Any, ...]], data: st.DataObject
):
    happened = await live(platform, [*BEGINNING, *steps])
    await platform.rebuild(happened.events, from_empty=True)
    assert await platform.dump() == happened.state, "rebuilt from nothing"
    await platform.rebuild(happened.events)
    assert await platform.dump() == happened.state, "applied twice"
    begin = data.draw(st.integers(0, len(happened.events)), label="suffix from")
    await platform.rebuild(happened.events[begin:])
    assert await platform.dump() == happened.state, "the end applied once more"
    late = data.draw(st.lists(st.sampled_from(happened.events), max_size=30), label="late and out of order")
    await platform.rebuild(late)
    assert await platform.dump() == happened.state, "some that came late"
    assert len(await platform.house.published()) == len(happened.events), "nobody was told anything by that"


async def test_a_history_when_everything_is_carried_then_reaches_every_table(platform: Platform):
    """What the property stands on: its beginning alone fills every table that is made of events."""
    happened = await live(platform, [*BEGINNING, ("carry", 200), ("delete", 3), ("carry", 50), ("restore", 3)])
    assert {table for table, rows in happened.state.items() if not rows} == MADE_BY_THE_CLOCK | MADE_OF_GROUPS
    kinds = {type(event).__name__ for event in happened.events}
    assert kinds >= {
        "MonitorCreated",
        "MonitorRefreshRequested",
        "PageFetched",
        "MonitorEvaluated",
        "ThresholdExceeded",
        "AlertTriggered",
        "NoticeIssued",
        "NotificationSent",
        "MetricCollected",
        "MonitorDeleted",
        "MonitorRestored",
    }
