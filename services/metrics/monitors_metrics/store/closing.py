"""Closing hours: what came in loosely is packed, summed up, and let go of.

Packing changes nothing that a query could see: it merges what the head and an earlier packing hold, and merging twice gives the
same. So it may be interrupted anywhere, and samples that come after it are merged in by the next.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import numpy as np
import structlog

from monitors_runtime.database import Connection, Pool, columns

from ..domain import packing, rollups
from ..domain.batches import milliseconds, moment
from ..domain.samples import DAY, HOUR, MINUTE, merged_by_series
from . import partitions, reading

log = structlog.get_logger(__name__)

LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('metrics closing'))"
PIECES = "SELECT series_id, data FROM metrics.{} ORDER BY series_id"
COUNT = "SELECT count(*) FROM metrics.{}"
PACKED = "SELECT series_id, data FROM metrics.chunks WHERE series_id = ANY($1) AND hour = $2"
DAY_HOURS = "SELECT series_id, data FROM metrics.hours WHERE series_id = ANY($1) AND hour = $2"
KEEP_CHUNKS = """
INSERT INTO metrics.chunks (series_id, hour, samples, data)
SELECT series_id, $1, samples, data FROM unnest($2::bigint[], $3::integer[], $4::bytea[]) AS given (series_id, samples, data)
ON CONFLICT (series_id, hour) DO UPDATE SET samples = excluded.samples, data = excluded.data
"""
KEEP = """
INSERT INTO metrics.{} (series_id, hour, data)
SELECT series_id, $1, data FROM unnest($2::bigint[], $3::bytea[]) AS given (series_id, data)
ON CONFLICT (series_id, hour) DO UPDATE SET data = excluded.data
"""
# Every closed hour that held a number has a row among the hours, and those are kept longest.
FORGET = """
DELETE FROM metrics.known_series AS known
WHERE NOT EXISTS (SELECT FROM metrics.hours WHERE series_id = known.id)
AND NOT EXISTS (SELECT FROM metrics.head WHERE series_id = known.id)
"""
SLICE_BYTES = 4_000_000
"""Samples of the head that are packed at once, 16 bytes each: bounds what is in memory."""

Rows: TypeAlias = Sequence[asyncpg.Record]


async def close_hours(pool: Pool, now: datetime, grace: timedelta) -> int:
    """Pack every hour that ended `grace` ago or longer; how many were. Of several copies one does it, the others pass."""
    closed = 0
    async with pool.acquire() as db:
        for name, begins in await partitions.existing(db, "head"):
            if begins + timedelta(hours=1) + grace <= now:
                async with db.transaction():
                    if not await db.fetchval(LOCK):
                        return closed
                    if not await db.fetchval("SELECT to_regclass('metrics.' || $1) IS NOT NULL", name):
                        continue  # another copy has closed it meanwhile
                    await _close(db, name, milliseconds(begins))
                    closed += 1
    return closed


async def _close(db: Connection, partition: str, hour: int) -> None:
    await partitions.make(db, "chunks", [hour])
    await partitions.make(db, "minutes", [hour])
    await partitions.make(db, "hours", [hour - hour % DAY])
    seen = 0
    async for rows in _slices(db, partition):
        seen += len(rows)
        await _pack(db, hour, rows)
    # Nobody adds anything from here to the end; what was added since we looked is seen now, and stays for the next time.
    await db.execute("SET LOCAL lock_timeout = '2s'")
    await db.execute(f"LOCK TABLE metrics.{partition} IN SHARE ROW EXCLUSIVE MODE")
    if await db.fetchval(COUNT.format(partition)) == seen:
        await partitions.drop(db, partition)
        log.info("hour closed", hour=moment(hour).isoformat(), rows=seen)


async def _slices(db: Connection, partition: str) -> AsyncGenerator[list[tuple[int, bytes]]]:
    """The head's rows in slices that leave no series in two."""
    rows: list[tuple[int, bytes]] = []
    size = 0
    async for row in db.cursor(PIECES.format(partition), prefetch=5000):
        if size >= SLICE_BYTES and row["series_id"] != rows[-1][0]:
            yield rows
            rows, size = [], 0
        rows.append((row["series_id"], row["data"]))
        size += len(row["data"])
    if rows:
        yield rows


async def _pack(db: Connection, hour: int, rows: Sequence[tuple[int, bytes]]) -> None:
    ids = sorted({identifier for identifier, _ in rows})
    known = await db.fetch(PACKED, ids, moment(hour))
    of_days = await db.fetch(DAY_HOURS, ids, moment(hour - hour % DAY))
    # Not on the event loop: others want to be answered meanwhile.
    packed = await asyncio.to_thread(_packed, hour, rows, known, of_days)
    await db.execute(KEEP_CHUNKS, moment(hour), *columns(packed.chunks))
    for table, begins, kept in (("minutes", hour, packed.minutes), ("hours", hour - hour % DAY, packed.hours)):
        if kept:  # nothing, of what is all staleness markers
            await db.execute(KEEP.format(table), moment(begins), *columns(kept))


@dataclass(frozen=True, slots=True)
class _Packed:
    """Rows to keep: series, count and bytes; series and bytes."""

    chunks: list[tuple[int, int, bytes]]
    minutes: list[tuple[int, bytes]]
    hours: list[tuple[int, bytes]]


def _packed(hour: int, rows: Sequence[tuple[int, bytes]], known: Rows, of_days: Rows) -> _Packed:
    """An hour of some series: what came in, with what is packed of it already, and their day."""
    loose, loose_values = reading.raw_samples([data for _, data in rows])
    ids = np.array([identifier for identifier, _ in rows], np.int64)
    all_series = [np.repeat(ids, np.array([len(data) // 16 for _, data in rows], np.int64))]
    all_times, all_values = [loose], [loose_values]
    for row in known:
        times, [values] = packing.unpack(row["data"])
        all_series.append(np.full(len(times), row["series_id"], np.int64))
        all_times.append(times)
        all_values.append(values)
    series, times, values = merged_by_series(
        np.concatenate(all_series), np.concatenate(all_times), np.concatenate(all_values)
    )
    starts = np.flatnonzero(np.append(True, series[1:] != series[:-1]))
    counts = np.diff(np.append(starts, len(series))).tolist()
    packs = packing.pack_many(starts, times, values[None])
    minutes = rollups.folded(rollups.of_samples(series, times, values), MINUTE)
    day = rollups.joined([rollups.unpacked(row["series_id"], row["data"]) for row in of_days])
    fresh = rollups.folded(minutes, HOUR)
    # Of the day's other hours only where this one is there: a series that has none of it keeps its row.
    hours = rollups.joined([day.where((day.times != hour) & np.isin(day.series, fresh.series)), fresh])
    return _Packed(
        list(zip(series[starts].tolist(), counts, packs, strict=True)), rollups.packed(minutes), rollups.packed(hours)
    )


async def expire(pool: Pool, now: datetime, keep_raw: timedelta, keep_rollups: timedelta) -> list[str]:
    """Drop partitions that are past their retention, and forget series of which nothing is left; what was dropped."""
    dropped: list[str] = []
    for table, keep in (("head", keep_raw), ("chunks", keep_raw), ("minutes", keep_rollups), ("hours", keep_rollups)):
        async with pool.acquire() as db:
            for name, begins in await partitions.existing(db, table):
                if partitions.end(table, begins) <= now - keep:
                    async with db.transaction():
                        await partitions.drop(db, name)
                    dropped.append(name)
    if dropped:
        await pool.execute(FORGET)
    return dropped
