"""Replays from outside: the projections of a service that does not run here, on the platform's database and streams."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
from pydantic import SecretStr

from monitors_runtime.database import DATABASE_AWAY, open_pool
from monitors_runtime.replay import replay
from monitors_runtime.runtime import Runtime
from monitors_runtime.settings import RuntimeSettings

from .bootstrap import SERVICES, build
from .bus import open_bus, settings_of
from .errors import BadInput, Failed
from .render import progress


@dataclass(frozen=True)
class Rebuilt:
    """What a replay did, and to which tables."""

    events: int
    unreadable: int
    tables: tuple[str, ...]


def replay_service(
    name: str, data_dir: Path, since: datetime | None, until: datetime | None, *, from_empty: bool
) -> Rebuilt:
    """Apply this span of the service's events to its tables. Raises BadInput and Failed."""
    if name not in SERVICES:
        raise BadInput(f"there is no service {name!r}: say one of {', '.join(SERVICES)}")
    settings = settings_of(data_dir)
    return asyncio.run(_replay(name, settings, since, until, from_empty))


async def _replay(
    name: str, settings: RuntimeSettings, since: datetime | None, until: datetime | None, from_empty: bool
) -> Rebuilt:
    # Nothing is signed here, so any key does for what insists on one.
    unused = settings.model_copy(update={"secret_key": settings.secret_key or SecretStr("-" * 64)})
    runtime = Runtime(unused)
    build(runtime, [name])
    projections = runtime.services[0].projections
    if not projections:
        raise BadInput(f"the {name} keeps nothing that is made of events")
    tables = tuple(table for projection in projections for table in projection.tables)
    try:
        pool = await open_pool(settings.database_url, 2)
    except DATABASE_AWAY as away:
        raise Failed(f"PostgreSQL does not answer: {away}") from None
    try:
        async with open_bus(settings) as bus:
            with progress(f"Replaying {name} ...") as shown:
                begun = time.monotonic()

                def count(events: int) -> None:
                    if events % 500 == 0:
                        rate = events / max(0.001, time.monotonic() - begun)
                        shown.update(f"Replaying {name}: {events} events, {rate:,.0f}/s ...")

                done = await replay(
                    pool, bus.streams, projections, since=since, until=until, from_empty=from_empty, progress=count
                )
    except asyncpg.PostgresError as refused:
        raise Failed(f"the database refused: {refused}; nothing was changed") from None
    finally:
        await pool.close()
    return Rebuilt(done.events, done.unreadable, tables)
