"""From a body of measurements to the stream: decoded and judged in a thread of their own, answered when durable."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from prometheus_client import Counter

from monitors_contracts.base import Id, Problem
from monitors_contracts.measuring import batches
from monitors_contracts.metrics import MetricDescription
from monitors_runtime import direct, telemetry
from monitors_runtime.runtime import Runtime

from .backlog import Backlog
from .http.problems import Refused
from .ingest.incoming import Incoming, Refusals, Times, arranged
from .ingest.remote_write import KnownSeries
from .ingest.unpacking import TooLarge, Unreadable
from .series_limits import SeriesLimits
from .settings import GatewaySettings

T = TypeVar("T")

MEASUREMENTS = Counter("monitors_measurements_total", "Samples taken in or refused, by way", ("way", "outcome"))
SERVICE = "gateway"
_HELD_BYTES = 128 * 1024 * 1024
_DECODED = 4  # what a byte of a body weighs while it is worked on
_DESCRIPTIONS = 20_000
_DESCRIPTIONS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request's samples: those accepted are durable."""

    accepted: int
    refusals: Refusals


class _Descriptions:
    """What metrics are is told once, with samples: senders repeat it all the time, and apart from them."""

    def __init__(self) -> None:
        self._told: dict[tuple[Id, str], MetricDescription] = {}
        self._waiting: dict[Id, dict[str, MetricDescription]] = {}

    def add(self, organization_id: Id, given: Mapping[str, MetricDescription]) -> None:
        """Somebody described these."""
        news = {name: each for name, each in given.items() if self._told.get((organization_id, name)) != each}
        waiting = self._waiting.setdefault(organization_id, {})
        if len(waiting) + len(news) <= _DESCRIPTIONS:
            waiting.update(news)

    def take(self, organization_id: Id) -> dict[str, MetricDescription]:
        """Some of those that wait."""
        waiting = self._waiting.get(organization_id, {})
        return {name: waiting.pop(name) for name in list(waiting)[:_DESCRIPTIONS_AT_ONCE]}

    def told(self, organization_id: Id, descriptions: Mapping[str, MetricDescription]) -> None:
        """These are durable."""
        if len(self._told) > _DESCRIPTIONS:
            self._told.clear()
        self._told.update({(organization_id, name): each for name, each in descriptions.items()})


class Intake:
    """Takes measurements in, whichever way they come. One a process."""

    def __init__(self, runtime: Runtime, settings: GatewaySettings) -> None:
        self.known = KnownSeries()
        self.largest = settings.metrics_body_bytes
        self._runtime = runtime
        # Storage keeps or drops an hour as a whole, and gets it a little later.
        self._keep = timedelta(days=settings.metrics_raw_days) - timedelta(hours=2)
        self._ahead = timedelta(minutes=settings.metrics_future_minutes)
        self._descriptions = _Descriptions()
        self.backlog = Backlog(runtime)
        self._watching: asyncio.Task[None] | None = None
        self._held = 0

    def start(self) -> None:
        """Begin, inside the event loop."""
        ask, clock = self._runtime.ask, asyncio.get_running_loop().time
        self._limits = SeriesLimits(lambda usage: ask(usage, 2), lambda unknown: ask(unknown, 2), clock)
        # One thread: decoding holds the interpreter most of the time, and requests wait for their turn, not in each other's.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="measurements")
        self._watching = asyncio.create_task(self.backlog.watch(), name="gateway backlog")

    def stop(self) -> None:
        """Let the thread go."""
        if self._watching:
            self._watching.cancel()
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def take(self, organization_id: Id, way: str, body: bytes, decode: Callable[[bytes], Incoming]) -> Taken:
        """Keep what may be kept of the samples in this body, for good.

        Problems: `malformed-measurements`, `body-too-large`, `busy`, `storage-behind`, `not-stored`.
        """
        if self.backlog.full:
            raise _behind()
        weight = _DECODED * len(body)
        if self._held and self._held + weight > _HELD_BYTES:
            raise _busy()
        self._held += weight
        try:
            return await self._take(organization_id, way, body, decode)
        except Unreadable as unreadable:
            raise _malformed(str(unreadable)) from unreadable
        except TooLarge as large:
            raise Refused(
                Problem(type="body-too-large", title="Request body too large", status=413, detail=str(large))
            ) from large
        finally:
            self._held -= weight

    async def _take(self, organization_id: Id, way: str, body: bytes, decode: Callable[[bytes], Incoming]) -> Taken:
        incoming = await self._aside(lambda: decode(body))
        too_many = await self._limits.refused(organization_id, incoming.series) if incoming.series else set[str]()
        now = datetime.now(UTC)
        times = Times(_milliseconds(now - self._keep), _milliseconds(now + self._ahead))
        self._descriptions.add(organization_id, incoming.metrics)
        described = self._descriptions.take(organization_id)
        traceparent = telemetry.traceparent()

        def pack() -> tuple[int, list[direct.Sealed]]:
            columns = arranged(incoming, times, too_many, described)
            events = batches(organization_id, incoming.source or way, columns)
            return len(columns.times) // 8, [direct.sealed(SERVICE, event, traceparent) for event in events]

        accepted, messages = await self._aside(pack)
        try:
            await direct.publish(self._runtime, SERVICE, messages)
        except BaseException:
            self._descriptions.add(organization_id, described)
            raise
        (self._descriptions.told if messages else self._descriptions.add)(organization_id, described)
        MEASUREMENTS.labels(way, "accepted").inc(accepted)
        for reason, count in incoming.refusals.counts.items():
            MEASUREMENTS.labels(way, reason).inc(count)
        return Taken(accepted, incoming.refusals)

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _malformed(detail: str) -> Refused:
    title = "Measurements can't be read"
    return Refused(Problem(type="malformed-measurements", title=title, status=400, detail=detail[:500]))


def _behind() -> Refused:
    detail = "Storage is too far behind to take more in safely; keep the measurements and send them again later."
    return Refused(Problem(type="storage-behind", title="Storage is behind", status=503, detail=detail))


def _busy() -> Refused:
    detail = "This gateway has as many measurements in hand as it can hold; send them again in a moment."
    return Refused(Problem(type="busy", title="Too much at once", status=503, detail=detail))
