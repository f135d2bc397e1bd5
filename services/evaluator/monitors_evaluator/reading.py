"""Reading the watched fact off a fetched page: nothing at all for an unchanged one, by the plan else, by a new plan at need."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import Counter, Histogram

from monitors_contracts.base import Id
from monitors_contracts.monitors import Evidence, ExtractionPlan
from monitors_contracts.pages import Failure, PageFetched, PageFetchFailed
from monitors_runtime.loader import Loader
from monitors_runtime.runtime import Runtime

from . import store
from .contents import page_of
from .domain.extraction import Extraction, Page, run_plan
from .domain.extraction.pointing import as_pointed
from .providers.chain import Asker, ProviderChain

READ = Counter("monitors_readings_total", "Facts read off pages, by how", ("how",))
READ_SECONDS = Histogram("monitors_reading_seconds", "Time to read a fact off a page", ("how",))
LARGE = 150_000
"""Characters from which a page is read beside the event loop."""


@dataclass(frozen=True, slots=True)
class PageRead:
    """What one page said: an extraction, a failure, or None for a fact that is not there.

    `plan` is set when it was derived just now; `defined_at` names the monitor's definition it was read by.
    """

    outcome: Extraction | Failure | None
    defined_at: datetime
    plan: ExtractionPlan | None = None
    rederived: bool = False
    content_hash: str | None = None
    took_ms: float = 0


class Reader:
    """Reads pages for monitors."""

    def __init__(self, runtime: Runtime, providers: ProviderChain) -> None:
        self._runtime = runtime
        self._providers = providers
        self._known = Loader[tuple[Id, Id], store.Known](lambda monitors: store.get_these(runtime.pool, monitors))

    async def read(self, event: PageFetched | PageFetchFailed) -> PageRead | None:
        """The fact on this page; None when the monitor is gone."""
        known = await self._known.load((event.organization_id, event.monitor_id))
        if known is None:
            return None
        defined_at = known.monitor.updated_at
        if isinstance(event, PageFetchFailed):
            READ.labels("failed").inc()
            return PageRead(event.failure, defined_at)
        if known.reading is not None and known.content_hash == event.content_hash:
            READ.labels("unchanged").inc()
            reading = known.reading
            same = Extraction(reading.value, reading.unit, reading.evidence, reading.confidence)
            return PageRead(same, defined_at, content_hash=event.content_hash)
        begun = time.perf_counter()
        page = await page_of(self._runtime, event)
        outcome, plan, rederived = await self._extract(page, known)
        how = "new-plan" if plan else "plan" if outcome else "not-found"
        took = time.perf_counter() - begun
        READ.labels(how).inc()
        READ_SECONDS.labels(how).observe(took)
        if outcome is not None:
            outcome = _at(outcome, event)
        return PageRead(outcome, defined_at, plan, rederived, event.content_hash, took * 1000)

    async def _extract(self, page: Page, known: store.Known) -> tuple[Extraction | None, ExtractionPlan | None, bool]:
        monitor = known.monitor
        if monitor.plan is not None:
            found = await _run(monitor.plan, page, known)
            if found is not None:
                return found, None, False
        asker = Asker(monitor.organization_id, monitor.user_id)
        plan = (await self._providers.propose_plan(page, monitor.interpretation, asker, monitor.plan)).value
        if plan is None:
            return None, None, False
        return await _run(plan, page, known), plan, monitor.plan is not None


async def _run(plan: ExtractionPlan, page: Page, known: store.Known) -> Extraction | None:
    asked = as_pointed(plan, known.monitor.interpretation)
    if len(page.content) < LARGE:
        return run_plan(plan, page, asked)
    return await asyncio.to_thread(run_plan, plan, page, asked)


def _at(extraction: Extraction, event: PageFetched) -> Extraction:
    evidence: Evidence = extraction.evidence.model_copy(
        update={"snapshot_id": event.snapshot_id, "url": event.final_url}
    )
    return Extraction(extraction.value, extraction.unit, evidence, extraction.confidence)
