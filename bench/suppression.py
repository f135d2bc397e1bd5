"""What holds alerts back, for 100,000 open alerts, 1,000 silences and 20 inhibition rules.

    python bench/suppression.py

Says what one alert costs: matched in memory by the index and by trying all, and asked of the alerter in batches of 64 with
its database; and how long a preview over all of them and a changed inhibition rule take.
"""

import asyncio
import random
import resource
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitors_alerter import app, store, suppressing, suppression_store
from monitors_alerter.domain.inhibition import Rules
from monitors_alerter.domain.labels import labels_of
from monitors_alerter.domain.suppression import Suppressors
from monitors_alerter.open_labels import open_labels
from monitors_contracts.alerts import AlertTriggered, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.inhibition import InhibitionChanged, InhibitionRule, InhibitionSpec
from monitors_contracts.matchers import match_all, parse_matchers
from monitors_contracts.silences import Silence, SilenceChanged
from monitors_runtime.database import Pool, open_pool
from monitors_runtime.embedded.postgres import EmbeddedPostgres
from monitors_runtime.migrations import RUNTIME_MIGRATIONS, migrate

ALERTS, SILENCES, RULES, BATCH = 100_000, 1_000, 20, 64
HOSTS, SERVICES, CLUSTERS = 10_000, 60, 12
NOW = datetime.now(UTC)
ORGANIZATION, USER = new_id(), new_id()
_random = random.Random(1)


def alerts() -> list[AlertView]:
    """Warnings of services on hosts, and a host that is down here and there."""
    return [_alert(number) for number in range(ALERTS)]


def _alert(number: int) -> AlertView:
    down = number % 1000 == 0
    labels = {
        "host": f"{_random.choice(['db', 'web'])}-{_random.randrange(HOSTS)}",
        "service": f"pay-{_random.randrange(SERVICES)}-x",
        "cluster": f"eu-{_random.randrange(CLUSTERS)}",
        "env": _random.choice(["dev", "prod"]),
    }
    return AlertView.model_validate(
        {
            "id": new_id(),
            "organization_id": ORGANIZATION,
            "fingerprint": str(number),
            "state": "firing",
            "severity": "critical" if down else "warning",
            "name": "HostDown" if down else f"Alert{_random.randrange(100)}",
            "summary": "x",
            "condition": "x",
            "labels": labels,
            "started_at": NOW,
        }
    )


def silences() -> list[Silence]:
    """Most name their host, as people's do; some are patterns over services and clusters."""
    return [
        Silence(
            id=new_id(),
            matchers=parse_matchers(_matchers(number)),
            starts_at=NOW - timedelta(hours=1),
            ends_at=NOW + timedelta(days=1),
            created_by=USER,
            created_at=NOW,
            updated_at=NOW,
        )
        for number in range(SILENCES)
    ]


def _matchers(number: int) -> str:
    match number % 10:
        case 0 | 1 | 2 | 3 | 4 | 5:
            return f'host="db-{_random.randrange(HOSTS)}", severity="warning"'
        case 6 | 7:
            return f'host=~"web-{_random.randrange(HOSTS)}|web-{_random.randrange(HOSTS)}"'
        case 8:
            return f'service=~"pay-{_random.randrange(SERVICES)}.*", alertname="Alert{_random.randrange(100)}"'
        case _:
            return f'host=~"db-{_random.randrange(HOSTS)}.?", cluster=~"eu-{_random.randrange(CLUSTERS)}.*"'


def rules() -> list[InhibitionRule]:
    """A host that is down explains the rest; the others are of pairs of alerts."""
    down = InhibitionSpec.model_validate(
        {"name": "down", "source": "alertname=HostDown", "target": 'severity="warning"', "equal": ["host"]}
    )
    pairs = [
        InhibitionSpec.model_validate(
            {
                "name": str(n),
                "source": f"alertname=Alert{n}, env=prod",
                "target": f"alertname=Alert{n + 50}",
                "equal": ["service", "cluster"],
            }
        )
        for n in range(RULES - 1)
    ]
    return [
        InhibitionRule(id=new_id(), spec=spec, created_by=USER, created_at=NOW, updated_at=NOW)
        for spec in (down, *pairs)
    ]


@contextmanager
def timed(what: str, count: int) -> Generator[None]:
    began, used = time.perf_counter(), time.process_time()
    yield
    took, used = time.perf_counter() - began, time.process_time() - used
    print(f"{what:60} {took:7.2f} s ({used:.2f} s of it ours) {used / count * 1e6:10.1f} µs each")


def in_memory(all_alerts: Sequence[AlertView], all_silences: Sequence[Silence]) -> None:
    """The index beside trying all."""
    with timed("1,000 silences compiled", 1):
        compiled = Suppressors(all_silences, [], Rules({}), NOW.date())
    labels = [labels_of(alert) for alert in all_alerts]
    with timed("100,000 alerts held against them by the index", ALERTS):
        held = sum(bool(compiled.timed(each, NOW)) for each in labels)
    some = labels[:1000]
    with timed("1,000 alerts held against them one by one", len(some)):
        tried = [any(match_all(silence.matchers, each) for silence in all_silences) for each in some]
    assert tried == [bool(compiled.timed(each, NOW)) for each in some]
    print(f"{held:,} of {ALERTS:,} alerts are silenced")


async def with_database(pool: Pool, all_alerts: Sequence[AlertView]) -> None:
    """As the alerter asks, in batches."""
    async with pool.acquire() as db:
        with timed("100,000 open alerts written, with 20 inhibition rules", ALERTS):
            for at in range(0, ALERTS, BATCH * 10):
                async with db.transaction():
                    await store.apply_all(db, [_opened(alert) for alert in all_alerts[at : at + BATCH * 10]])
        await db.execute("ANALYZE")
        held = 0
        with timed(f"all of them asked for in batches of {BATCH}, inhibition too", ALERTS):
            for at in range(0, ALERTS, BATCH):
                async with db.transaction():
                    held += len(await suppressing.suppressions(db, ORGANIZATION, all_alerts[at : at + BATCH], NOW))
        print(f"{held:,} of {ALERTS:,} alerts are held back")
        matchers = parse_matchers('severity="critical", env="prod"')
        async with db.transaction():
            with timed("a preview that can look up none of its labels", 1):
                found = sum([1 async for _ in open_labels(db, ORGANIZATION, parse_matchers('severity="critical"'))])
            with timed("a preview with a label", 1):
                found += sum([1 async for _ in open_labels(db, ORGANIZATION, matchers)])
        assert found
        async with db.transaction():
            with timed("an inhibition rule changed", 1):
                await suppression_store.apply(db, _ruled(rules()[0]))


def _opened(alert: AlertView) -> AlertTriggered:
    return AlertTriggered(
        organization_id=ORGANIZATION, alert_id=alert.id, alert=alert, reason="condition-became-true", notify=False
    )


def _ruled(rule: InhibitionRule) -> InhibitionChanged:
    return InhibitionChanged(organization_id=ORGANIZATION, inhibition_id=rule.id, rule=rule)


async def main() -> None:
    all_alerts, all_silences = alerts(), silences()
    in_memory(all_alerts, all_silences)
    with tempfile.TemporaryDirectory(prefix="monitors-bench-") as folder:
        Path(folder).chmod(0o755)
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            await migrate(postgres.url, "runtime", RUNTIME_MIGRATIONS)
            await migrate(postgres.url, "alerter", Path(app.__file__).parent / "migrations")
            pool = await open_pool(postgres.url, 4)
            async with pool.acquire() as db, db.transaction():
                for rule in rules():
                    await suppression_store.apply(db, _ruled(rule))
                for silence in all_silences:
                    event = SilenceChanged(organization_id=ORGANIZATION, silence_id=silence.id, silence=silence)
                    await suppression_store.apply(db, event)
            await with_database(pool, all_alerts)
            await pool.close()
        finally:
            await postgres.stop()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB, the alerts included")


if __name__ == "__main__":
    asyncio.run(main())
