"""Samples and summaries out of PostgreSQL."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import ParamSpec, TypeVar

import asyncpg
import numpy as np

from monitors_runtime.database import Connection, Pool

from ..domain import packing, rollups
from ..domain.batches import milliseconds, moment
from ..domain.rollups import Summaries
from ..domain.samples import DAY, HOUR, MINUTE, Times, Values, merged_by_series
from ..domain.series import SeriesSamples

CHUNKS = """
SELECT series_id, data FROM metrics.chunks
WHERE series_id = ANY($1) AND hour >= $2 AND hour < $3 ORDER BY series_id, hour
"""
HEAD = "SELECT series_id, data FROM metrics.head WHERE series_id = ANY($1) AND hour >= $2 AND hour < $3"
CHUNKS_OF = """
SELECT series_id, data FROM metrics.chunks WHERE series_id = ANY($1) AND hour = ANY($2) ORDER BY series_id, hour
"""
HEAD_OF = "SELECT series_id, data FROM metrics.head WHERE series_id = ANY($1) AND hour = ANY($2)"
OPEN_HOURS = "SELECT DISTINCT hour FROM metrics.head WHERE series_id = ANY($1) AND hour >= $2 AND hour < $3"
"""Hours of which something is not yet packed, or came after they were."""
MINUTES = "SELECT series_id, data FROM metrics.minutes WHERE series_id = ANY($1) AND hour >= $2 AND hour < $3"
HOURS = "SELECT series_id, data FROM metrics.hours WHERE series_id = ANY($1) AND hour >= $2 AND hour < $3"

MANY_ROWS = 300
"""Rows that are unpacked in some ten milliseconds."""

P = ParamSpec("P")
R = TypeVar("R")


async def samples(db: Connection | Pool, ids: Sequence[int], since: int, until: int) -> SeriesSamples:
    """The samples from `since` to before `until` (milliseconds) of these series, in their order."""
    first, end = moment(since - since % HOUR), moment(until)
    chunks = await db.fetch(CHUNKS, ids, first, end)
    head = await db.fetch(HEAD, ids, first, end)
    series, times, values = await _away(_columns, ids, chunks, head)
    inside = slice(None)
    if len(times) and (times.min() < since or times.max() >= until):
        inside = (times >= since) & (times < until)
    return SeriesSamples(len(ids), series[inside], times[inside], values[inside])


async def _away(work: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Do it here when it is little, and otherwise beside the event loop: others want to be answered meanwhile."""
    if sum(len(each) for each in given if isinstance(each, list)) <= MANY_ROWS:
        return work(*given, **named)
    return await asyncio.to_thread(work, *given, **named)


def _columns(
    ids: Sequence[int], chunks: Sequence[asyncpg.Record], head: Sequence[asyncpg.Record]
) -> tuple[Times, Times, Values]:
    numbers = {identifier: number for number, identifier in enumerate(ids)}
    of: list[int] = []
    counts: list[int] = []
    all_times: list[Times] = []
    all_values: list[Values] = []
    for row in chunks:
        times, [values] = packing.unpack(row["data"])
        of.append(numbers[row["series_id"]])
        counts.append(len(times))
        all_times.append(times)
        all_values.append(values)
    times, values = raw_samples([row["data"] for row in head])
    of += [numbers[row["series_id"]] for row in head]
    counts += [len(row["data"]) // 16 for row in head]
    series = np.repeat(np.array(of, np.int64), np.array(counts, np.int64))
    times, values = np.concatenate([*all_times, times]), np.concatenate([*all_values, values])
    later = (series[1:] > series[:-1]) | ((series[1:] == series[:-1]) & (times[1:] > times[:-1]))
    return (series, times, values) if later.all() else merged_by_series(series, times, values)


def raw_samples(pieces: Sequence[bytes]) -> tuple[Times, Values]:
    """Times and values of the head's rows."""
    pairs = np.frombuffer(b"".join(pieces), [("time", ">i8"), ("value", ">f8")])
    return pairs["time"].astype(np.int64), pairs["value"].astype(np.float64)


async def minutes(db: Connection | Pool, ids: Sequence[int], since: int, until: int) -> Summaries:
    """Summaries by minute, from `since` to before `until`, of these series, numbered in their order.

    Hours that are still open are summed up from their samples.
    """
    first, end = moment(since - since % HOUR), moment(until)
    opened = await _open_hours(db, ids, first, end)
    rows = await db.fetch(MINUTES, ids, first, end)
    return await _completed(db, ids, await _away(_summaries, ids, rows), opened, MINUTE, since, until)


async def hours(db: Connection | Pool, ids: Sequence[int], since: int, until: int) -> Summaries:
    """Summaries by hour; see `minutes`."""
    first, end = moment(since - since % HOUR), moment(until)
    opened = await _open_hours(db, ids, first, end)
    rows = await db.fetch(HOURS, ids, moment(since - since % DAY), end)
    return await _completed(db, ids, await _away(_summaries, ids, rows), opened, HOUR, since, until)


async def _open_hours(db: Connection | Pool, ids: Sequence[int], first: datetime, end: datetime) -> list[datetime]:
    return [row["hour"] for row in await db.fetch(OPEN_HOURS, ids, first, end)]


def _summaries(ids: Sequence[int], rows: Sequence[asyncpg.Record]) -> Summaries:
    numbers = {identifier: number for number, identifier in enumerate(ids)}
    return rollups.joined([rollups.unpacked(numbers[row["series_id"]], row["data"]) for row in rows])


async def _completed(
    db: Connection | Pool,
    ids: Sequence[int],
    closed: Summaries,
    opened: Sequence[datetime],
    span: int,
    since: int,
    until: int,
) -> Summaries:
    if opened:
        fresh = np.array([milliseconds(hour) for hour in opened], np.int64)
        chunks, head = await db.fetch(CHUNKS_OF, ids, opened), await db.fetch(HEAD_OF, ids, opened)
        raw = await _away(_columns, ids, chunks, head)
        of_opened = rollups.folded(rollups.of_samples(*raw), span)
        closed = rollups.joined([closed.where(~np.isin(closed.times - closed.times % HOUR, fresh)), of_opened])
    return closed.where((closed.times >= since) & (closed.times < until))
