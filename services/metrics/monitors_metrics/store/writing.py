"""Samples into PostgreSQL: as many rows as there are series in a commit, not as there are samples."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import numpy as np
import structlog

from monitors_contracts.base import Id
from monitors_contracts.measuring import Reason
from monitors_contracts.metrics import MetricBatchCollected, MetricCollected
from monitors_contracts.series import parse_series_key
from monitors_runtime.database import Connection, columns

from ..domain import batches
from ..domain.batches import Batch
from ..domain.samples import Mask, Times, Values, hour_of
from ..settings import MetricsSettings
from . import partitions

log = structlog.get_logger(__name__)

MISSING = """
SELECT given.id FROM unnest($1::bigint[]) AS given (id)
WHERE NOT EXISTS (SELECT FROM metrics.known_series AS known WHERE known.id = given.id)
"""
# One copy at a time adds series to an organization: each would fill the room that is left. Who adds none waits for nobody.
ALONE = "SELECT pg_advisory_xact_lock(hashtext('metrics series'), hashtext($1::uuid::text))"
# No further than the limit: what lies beyond makes no difference.
SERIES_COUNT = """
SELECT count(*) FROM (SELECT FROM metrics.known_series WHERE organization_id = $1 LIMIT $2) AS counted
"""
SERIES = """
INSERT INTO metrics.known_series (id, organization_id, name, labels)
SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::jsonb[])
ON CONFLICT DO NOTHING
"""
DESCRIPTIONS = """
INSERT INTO metrics.descriptions AS known (organization_id, name, described_by, description)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::jsonb[])
ON CONFLICT (organization_id, name) DO UPDATE SET described_by = excluded.described_by, description = excluded.description
WHERE known.described_by < excluded.described_by AND known.description <> excluded.description
"""
REFUSALS = """
INSERT INTO metrics.refusals AS known (organization_id, reason, samples) VALUES ($1, $2, $3)
ON CONFLICT (organization_id, reason) DO UPDATE SET samples = known.samples + excluded.samples
"""
# Postgres counts microseconds from the year 2000.
_YEAR_2000 = 946_684_800_000
_COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TRAILER = b"\xff\xff"
_REMEMBERED = 200_000
_AT_ONCE = 100_000
"""Samples sorted and copied at once: bounds memory, and how long others wait for the processor."""


@dataclass(slots=True)
class _Refused:
    """Samples not kept, by organization and reason."""

    counts: dict[tuple[Id, Reason], int] = field(default_factory=dict[tuple[Id, Reason], int])

    def add(self, organization: Id, reason: Reason, samples: int) -> None:
        if samples:
            self.counts[organization, reason] = self.counts.get((organization, reason), 0) + samples


class Writer:
    """Puts batches of samples into the head. What it remembers are fingerprints, which never change."""

    def __init__(self, settings: MetricsSettings) -> None:
        self._keep = timedelta(days=settings.metrics_raw_days)
        self._ahead = timedelta(minutes=settings.metrics_future_minutes)
        self._limit = settings.metrics_series_per_organization
        self._ids: dict[Id, dict[str, int]] = {}

    async def apply(self, db: Connection, event: MetricCollected | MetricBatchCollected) -> None:
        """Keep a batch of samples; those known already change nothing."""
        await self.apply_all(db, [event])

    async def apply_all(self, db: Connection, events: Sequence[MetricCollected | MetricBatchCollected]) -> None:
        """Keep the samples of many batches at once."""
        given: list[Batch] = []
        for event in events:
            given.append(batches.batch_of(event))
            if sum(len(batch.times) for batch in given) >= _AT_ONCE:
                await self._apply(db, given)
                given = []
        if given:
            await self._apply(db, given)

    async def _apply(self, db: Connection, given: Sequence[Batch]) -> None:
        refused = _Refused()
        given = [self._within_time(batch, refused) for batch in given]
        ids = [self._ids_of(batch) for batch in given]
        unknown = await self._make_known(db, given, ids)
        for batch, series in zip(given, ids, strict=True):
            for lost, reason in unknown.items():
                refused.add(batch.organization_id, reason, int(batch.counts[np.isin(series, list(lost))].sum()))
        series = np.concatenate([np.repeat(ids, batch.counts) for ids, batch in zip(ids, given, strict=True)])
        times = np.concatenate([batch.times for batch in given])
        values = np.concatenate([batch.values for batch in given])
        if unknown:
            kept = ~np.isin(series, [each for lost in unknown for each in lost])
            series, times, values = series[kept], times[kept], values[kept]
        await _copy(db, series, times, values)
        await self._describe(db, given)
        for (organization, reason), samples in sorted(refused.counts.items()):
            log.warning("samples refused", organization=str(organization), reason=reason, samples=samples)
            await db.execute(REFUSALS, organization, reason, samples)

    def _ids_of(self, batch: Batch) -> Times:
        """The fingerprints of a batch's series, from memory where they have been seen."""
        known = self._ids.setdefault(batch.organization_id, {})
        found = [known.get(key) for key in batch.keys]
        if None in found:
            if sum(map(len, self._ids.values())) >= _REMEMBERED:
                self._ids = {batch.organization_id: (known := {})}
            for key in batch.keys:
                if key not in known:
                    known[key] = batches.series_id(batch.organization_id, key)
            found = [known[key] for key in batch.keys]
        return np.array(found, np.int64)

    def _within_time(self, batch: Batch, refused: _Refused) -> Batch:
        old, new = batches.outside(batch, self._keep, self._ahead)
        if not (old.any() or new.any()):
            return batch
        refused.add(batch.organization_id, Reason.TOO_OLD, int(old.sum()))
        refused.add(batch.organization_id, Reason.FROM_THE_FUTURE, int(new.sum()))
        kept: Mask = ~(old | new)
        of = np.repeat(np.arange(len(batch.keys)), batch.counts)[kept]
        counts = np.bincount(of, minlength=len(batch.keys))
        return Batch(
            batch.organization_id,
            batch.batch_id,
            batch.keys,
            counts.astype(np.int64),
            batch.times[kept],
            batch.values[kept],
            batch.descriptions,
        )

    async def _make_known(
        self, db: Connection, given: Sequence[Batch], ids: Sequence[Times]
    ) -> dict[frozenset[int], Reason]:
        """Keep series not seen before, up to the limit; ids of those that are not kept, with the reason."""
        rows = await db.fetch(MISSING, np.unique(np.concatenate(ids)).tolist())
        missing = [row["id"] for row in rows]
        if not missing:
            return {}
        growing = zip(given, ids, strict=True)
        for organization in sorted({batch.organization_id for batch, of in growing if np.isin(of, missing).any()}):
            await db.execute(ALONE, organization)
        missing = {row["id"] for row in await db.fetch(MISSING, missing)}
        unreadable: set[int] = set()
        fresh: dict[Id, dict[int, tuple[str, dict[str, str]]]] = {}
        for batch, series in zip(given, ids, strict=True):
            for identifier, key, count in zip(series.tolist(), batch.keys, batch.counts.tolist(), strict=True):
                if identifier in missing and count:
                    try:
                        fresh.setdefault(batch.organization_id, {})[identifier] = parse_series_key(key)
                    except ValueError:
                        unreadable.add(identifier)
        refused: dict[frozenset[int], Reason] = {frozenset(unreadable): Reason.MALFORMED} if unreadable else {}
        rows_of_series: list[tuple[int, Id, str, dict[str, str]]] = []
        for organization, series in fresh.items():
            room = max(0, self._limit - int(await db.fetchval(SERIES_COUNT, organization, self._limit) or 0))
            if len(series) > room:
                refused[frozenset(list(series)[room:])] = Reason.TOO_MANY_SERIES
            rows_of_series += [(each, organization, *series[each]) for each in list(series)[:room]]
        if rows_of_series:
            await db.execute(SERIES, *columns(sorted(rows_of_series, key=lambda row: row[0])))
        return refused

    async def _describe(self, db: Connection, given: Sequence[Batch]) -> None:
        latest = {
            (batch.organization_id, name): (batch.organization_id, name, batch.batch_id, description)
            for batch in sorted(given, key=lambda batch: batch.batch_id)
            for name, description in batch.descriptions.items()
        }
        if latest:
            await db.execute(DESCRIPTIONS, *columns([latest[key] for key in sorted(latest)]))


async def _copy(db: Connection, series: Times, times: Times, values: Values) -> None:
    """One row a series and hour, copied in PostgreSQL's binary form, which numpy writes many rows at a time."""
    if not len(series):
        return
    order = np.lexsort((times, series))
    series, times, values = series[order], times[order], values[order]
    hours = hour_of(times)
    starts = np.flatnonzero(np.append(True, (series[1:] != series[:-1]) | (hours[1:] != hours[:-1])))
    counts = np.diff(np.append(starts, len(series)))
    samples = np.empty(len(times), [("time", ">i8"), ("value", ">f8")])
    samples["time"], samples["value"] = times, values
    await partitions.make(db, "head", np.unique(hours))
    parts = [_COPY_HEADER]
    for count in np.unique(counts).tolist():
        begins = starts[counts == count]
        rows = np.empty(len(begins), _row(16 * count))
        rows["columns"], rows["size1"], rows["size2"], rows["size3"] = 3, 8, 8, 16 * count
        rows["series"], rows["hour"] = series[begins], (hours[begins] - _YEAR_2000) * 1000
        rows["data"] = np.ascontiguousarray(samples[begins[:, None] + np.arange(count)]).view(f"V{16 * count}").ravel()
        parts.append(rows.tobytes())
    parts.append(_COPY_TRAILER)
    try:
        await db.copy_to_table(
            "head", schema_name="metrics", columns=["series_id", "hour", "data"], source=_sent(parts), format="binary"
        )
    except (
        asyncpg.CheckViolationError
    ) as gone:  # another copy closed the hour since; the next try has its partition made
        raise asyncpg.SerializationError("an hour was closed meanwhile") from gone


async def _sent(parts: Sequence[bytes]) -> AsyncGenerator[bytes]:
    """The parts one by one. Of a file, asyncpg makes a class that stays with all it holds until a full garbage collection."""
    for part in parts:
        yield part


def _row(size: int) -> np.dtype[np.void]:
    return np.dtype(
        [
            ("columns", ">i2"),
            *(("size1", ">i4"), ("series", ">i8")),
            *(("size2", ">i4"), ("hour", ">i8")),
            *(("size3", ">i4"), ("data", f"V{size}")),
        ]
    )
