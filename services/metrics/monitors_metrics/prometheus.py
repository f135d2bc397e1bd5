"""PromQL over the storage: what is read, within limits, and the answer as the Prometheus HTTP API gives it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import compress
from typing import Any

import numpy as np
import zstandard

from monitors_contracts.base import Id
from monitors_contracts.metrics import PromResult, QueryProm

from .domain.batches import duration, milliseconds
from .domain.promql import tree
from .domain.promql.engine import LOOK_BACK, Engine, Found
from .domain.promql.numbers import number_text, number_texts
from .domain.promql.rolled import FoundSummaries, rolled
from .domain.promql.tree import Aggregate, Call, Node, Read, Rolled
from .domain.promql.values import Labels, Ranges, Scalar, String, Value, Vector, key
from .domain.samples import HOUR, Times, Values
from .domain.selectors import NAME, InvalidQuery
from .queries import MOST_SUMMARIES, answering, find
from .storage import Storage

MOST_STEPS = 11_000
"""Points of one line: Prometheus's limit, so that a mistyped step does no harm."""
MOST_BYTES = 1_500_000
"""Of a packed answer: what the bus carries."""
_SELDOMEST = 15_000
_ANSWERED_HERE = 50_000
"""Series times steps up to which an expression is evaluated at once; what is larger goes to a thread."""


class Prometheus:
    """Answers PromQL."""

    def __init__(self, storage: Storage, keep_raw: timedelta) -> None:
        self._storage = storage
        self._keep_raw = keep_raw

    @answering
    async def query(self, query: QueryProm) -> PromResult:
        """The data of an answer, as the Prometheus HTTP API shapes it."""
        times = steps_of(query)
        node = tree.parsed(query.query, int(times[0]), milliseconds(query.until or query.since))
        node = rolled(node, times, milliseconds(datetime.now(UTC)) - duration(self._keep_raw))
        engine = await self._engine(query.organization_id, node, times)
        ranged = query.until is not None
        cells = len(times) * sum(len(each.labels) for each in (*engine.found.values(), *engine.summed.values()))
        if cells <= _ANSWERED_HERE:
            data = answered(node, engine, ranged=ranged)
        else:
            data = await asyncio.to_thread(answered, node, engine, ranged=ranged)
        if len(data) > MOST_BYTES:
            raise InvalidQuery("the answer is too large: ask for fewer series or a longer step")
        return PromResult(data=data)

    async def _engine(self, organization_id: Id, node: Node, times: Times) -> Engine:
        """With the samples and rollups of everything a query reads, each selector once."""
        needed: dict[Read | Rolled, tuple[int, int]] = {}
        for read, since, until in tree.reads(node, int(times[0]), int(times[-1]), LOOK_BACK):
            known_since, known_until = needed.get(read, (since, until))
            needed[read] = min(since, known_since), max(until, known_until)
        found: dict[Read, Found] = {}
        summed: dict[Rolled, FoundSummaries] = {}
        for read, (since, until) in needed.items():
            selector, apart = (
                (read.read.selector, read.span) if isinstance(read, Rolled) else (read.selector, _SELDOMEST)
            )
            known = await find(self._storage, organization_id, selector)
            if (most := (until - since) // apart * len(known)) > MOST_SUMMARIES:
                raise InvalidQuery(
                    f"about {most:,} samples would have to be read: ask for fewer series or a shorter time"
                )
            ids = [series.id for series in known]
            labels: list[Labels] = [{**series.labels, NAME: series.name} for series in known]
            if isinstance(read, Rolled):
                summaries = self._storage.hours if read.span == HOUR else self._storage.minutes
                summed[read] = FoundSummaries(labels, await summaries(ids, since, until))
            else:
                found[read] = Found(labels, await self._storage.samples(ids, since, until + 1))
        return Engine(found, summed, times)


def steps_of(query: QueryProm) -> Times:
    """When to evaluate. Raises InvalidQuery."""
    since = milliseconds(query.since)
    if query.until is None:
        return np.array([since], np.int64)
    step = round((query.step_seconds or 0) * 1000)
    until: datetime = query.until
    if step <= 0:
        raise InvalidQuery("zero or negative query resolution step widths are not accepted: try a positive integer")
    if until < query.since:
        raise InvalidQuery("end timestamp must not be before start time")
    if (milliseconds(until) - since) // step > MOST_STEPS:
        raise InvalidQuery(
            "exceeded maximum resolution of 11,000 points per timeseries: "
            "try decreasing the query resolution (?step=XX)"
        )
    return np.arange(since, milliseconds(until) + 1, step, dtype=np.int64)


@np.errstate(all="ignore")
def answered(node: Node, engine: Engine, *, ranged: bool) -> bytes:
    """The packed JSON of an expression's value. Raises InvalidQuery."""
    times = engine.times
    if isinstance(node, Read) and node.span is not None and not ranged:
        data = _matrix_of_samples(engine.value(node))
    elif isinstance(value := engine.value(node), Vector) and ranged:
        return zstandard.compress(lines(value, times).encode(), 1)
    else:
        data = shaped(value, times, ranged=ranged, order=_order(node))
    return zstandard.compress(json.dumps(data, separators=(",", ":")).encode(), 1)


def _order(node: Node) -> str | None:
    """How the answer to an instant query is to be ordered, where the expression says."""
    match node:
        case Call(function="sort") | Aggregate(op="bottomk"):
            return "ascending"
        case Call(function="sort_desc") | Aggregate(op="topk"):
            return "descending"
        case _:
            return None


def shaped(value: Value, times: Times, *, ranged: bool, order: str | None = None) -> dict[str, Any]:
    """`resultType` and `result` of a value. Raises InvalidQuery."""
    seconds = [time / 1000 for time in times.tolist()]
    match value:
        case Scalar(values) if ranged:
            pairs = _pairs(seconds, values)
            return {"resultType": "matrix", "result": [{"metric": {}, "values": pairs}]}
        case Scalar(values):
            return {"resultType": "scalar", "result": [seconds[0], number_text(float(values[0]))]}
        case String(text) if not ranged:
            return {"resultType": "string", "result": [seconds[0], text]}
        case Vector():
            rows = [
                (float(values[0]), {"metric": dict(labels), "value": [seconds[0], number_text(float(values[0]))]})
                for labels, values, there in _sorted(value)
                if there[0]
            ]
            if order:
                rows.sort(key=lambda row: (np.isnan(row[0]), -row[0] if order == "descending" else row[0]))
            return {"resultType": "vector", "result": [row for _, row in rows]}
        case Ranges() | String():
            raise InvalidQuery("invalid expression type for a range query, must be scalar or instant vector")


def lines(vector: Vector, times: Times) -> str:
    """The JSON of a vector over time. It is most of what is ever asked for, so it is written without detours."""
    stamps = [str(time / 1000) if time % 1000 else str(time // 1000) for time in times.tolist()]
    written: list[str] = []
    for labels, values, there in _sorted(vector):
        if there.any():
            pairs = zip(compress(stamps, there.tolist()), number_texts(values[there]), strict=True)
            points = ",".join([f'[{stamp},"{text}"]' for stamp, text in pairs])
            written.append(f'{{"metric":{json.dumps(dict(labels))},"values":[{points}]}}')
    return f'{{"resultType":"matrix","result":[{",".join(written)}]}}'


def _sorted(vector: Vector) -> list[tuple[Any, Values, Any]]:
    rows = zip(vector.labels, vector.values, vector.there, strict=True)
    return sorted(rows, key=lambda row: key(row[0]))


def _pairs(seconds: Sequence[float], values: Values) -> list[list[Any]]:
    return [[second, text] for second, text in zip(seconds, number_texts(values), strict=True)]


def _matrix_of_samples(value: Value) -> dict[str, Any]:
    """What a range selector alone gives an instant query: the samples themselves."""
    assert isinstance(value, Ranges)
    end = int(value.ends[0])
    lines: list[dict[str, Any]] = []
    for number, labels in enumerate(value.labels):
        times, values = value.samples.of(number)
        inside = (times > end - value.span) & (times <= end)
        if inside.any():
            lines.append({"metric": dict(labels), "values": _pairs((times[inside] / 1000).tolist(), values[inside])})
    return {"resultType": "matrix", "result": lines}
