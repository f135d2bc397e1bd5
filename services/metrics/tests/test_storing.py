"""What is stored is what was sent, once, whatever came how often and in which order."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.metrics import (
    DescribeMetrics,
    FindUnknownSeries,
    GetMetrics,
    GetSeriesUsage,
    ListLabels,
    ListSeries,
    MetricBatchCollected,
    MetricCollected,
    MetricDescription,
    QueryMetrics,
    Sample,
)
from monitors_metrics.domain.samples import HOUR, STALE, merged
from monitors_metrics.domain.selectors import parse_selector
from monitors_metrics.handlers import Handlers
from monitors_metrics.maintenance import Maintenance
from monitors_metrics.store import ERASE, closing, partitions, reading, series
from monitors_runtime.database import DATABASE_CONFLICT

Make = Callable[..., MetricBatchCollected]
MINUTES = timedelta(minutes=10)
VALUES = st.sampled_from([0.0, -0.0, 1.0, 1.25, -3.0, 1e300, float("inf"), -float("inf"), float("nan"), STALE])


async def stored(metrics: Any, text: str = "m", since: int | None = None, until: int | None = None) -> dict[str, Any]:
    """Samples of the series that are meant, by their labels: pairs of time (since `start`) and bits."""
    known = await metrics.storage.find(metrics.organization, parse_selector(text))
    first, end = since or metrics.start - 40 * 24 * HOUR, until or metrics.start + 24 * HOUR
    found = await metrics.storage.samples([each.id for each in known], first, end) if known else None
    shown: dict[str, Any] = {}
    for number, each in enumerate(known):
        assert found is not None
        times, values = found.of(number)
        pairs = list(zip((times - metrics.start).tolist(), values.view(np.uint64).tolist(), strict=True))
        shown[",".join(each.labels.values())] = pairs
    return shown


def bits(value: float) -> int:
    return int(np.array([value]).view(np.uint64)[0])


async def test_samples_of_both_forms_of_event_are_kept(metrics: Any, batch: Make, house: Any) -> None:
    handlers = Handlers(metrics.writer)
    at = datetime.fromtimestamp(metrics.start / 1000, UTC)
    written = Sample(name="m", value=1.5, tags={"host": "a"}, timestamp=at, type="counter")
    event = MetricCollected(organization_id=metrics.organization, batch_id=new_id(), samples=[written])
    packed = batch(metrics.organization, {'m{host="b"}': [(metrics.start, 2.5), (metrics.start + 1, float("inf"))]})
    await house.deliver_all(house.service("metrics"), handlers.metrics_collected, event, packed)
    assert await stored(metrics) == {
        "a": [(0, bits(1.5))],
        "b": [(0, bits(2.5)), (1, bits(float("inf")))],
    }
    described = await metrics.queries.describe_metrics(DescribeMetrics(organization_id=metrics.organization))
    assert described.metrics == {"m": MetricDescription(type="counter")}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_any_order_and_repetition_of_batches_and_closings_gives_the_same(
    metrics: Any, batch: Make, data: st.DataObject
) -> None:
    metrics.organization = new_id()
    pairs = st.tuples(st.integers(-2, 2).map(lambda n: metrics.start + n * HOUR // 2), VALUES)
    drawn = data.draw(
        st.lists(
            st.dictionaries(st.sampled_from(['m{i="a"}', 'm{i="b"}']), st.lists(pairs, max_size=6), min_size=1),
            min_size=1,
            max_size=4,
        )
    )
    batches = [batch(metrics.organization, each) for each in drawn]
    again = data.draw(st.lists(st.sampled_from(batches), max_size=4))
    for event in data.draw(st.permutations([*batches, *again])):
        await metrics.take(event)
        if data.draw(st.booleans()):
            await closing.close_hours(metrics.pool, metrics.hour + timedelta(hours=3), MINUTES)
    expected: dict[str, Any] = {}
    for name in ("a", "b"):
        all_pairs = [pair for each in drawn for pair in each.get(f'm{{i="{name}"}}', [])]
        if all_pairs:
            kept = merged(np.array([time for time, _ in all_pairs]), np.array([value for _, value in all_pairs]))
            expected[name] = list(
                zip((kept.times - metrics.start).tolist(), kept.values.view(np.uint64).tolist(), strict=True)
            )
    assert {name: pairs for name, pairs in (await stored(metrics)).items() if pairs} == expected


async def test_a_closed_hour_is_packed_and_its_partition_gone(metrics: Any, batch: Make) -> None:
    pairs = [(metrics.start + n * 15_000, round(50 + n / 8, 2)) for n in range(240)]
    for part in (pairs[:100], pairs[100:]):
        await metrics.take(batch(metrics.organization, {f'm{{i="{n}"}}': part for n in range(20)}))
    before = await stored(metrics)
    partition = metrics.hour.strftime("head_%Y%m%d%H")
    for minutes, there in ((9, True), (10, False)):
        await closing.close_hours(metrics.pool, metrics.hour + timedelta(hours=1, minutes=minutes), MINUTES)
        async with metrics.pool.acquire() as db:
            assert (partition in [name for name, _ in await partitions.existing(db, "head")]) == there
    assert await stored(metrics) == before
    ids = [each.id for each in await metrics.storage.find(metrics.organization, parse_selector("m"))]
    size = await metrics.pool.fetchval("SELECT sum(length(data)) FROM metrics.chunks WHERE series_id = ANY($1)", ids)
    assert size / (20 * 240) < 4


async def test_a_closing_that_samples_overtake_leaves_them_to_the_next(
    metrics: Any, batch: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    await metrics.take(batch(metrics.organization, {"m": [(metrics.start, 1.0)]}))
    pack = closing._pack  # pyright: ignore[reportPrivateUsage]

    async def overtaken(*arguments: Any) -> None:
        await pack(*arguments)
        await metrics.take(batch(metrics.organization, {"m": [(metrics.start + 1, 2.0)]}))

    monkeypatch.setattr(closing, "_pack", overtaken)
    now = metrics.hour + timedelta(hours=2)
    await closing.close_hours(metrics.pool, now, MINUTES)
    assert await stored(metrics) == {"": [(0, bits(1.0)), (1, bits(2.0))]}
    monkeypatch.undo()
    await closing.close_hours(metrics.pool, now, MINUTES)
    assert await stored(metrics) == {"": [(0, bits(1.0)), (1, bits(2.0))]}


async def test_copies_that_write_close_and_read_at_once_lose_nothing(metrics: Any, batch: Make) -> None:
    hours = [metrics.start - hour * HOUR for hour in range(6)]

    def part(number: int) -> MetricBatchCollected:
        samples = {f'm{{i="{n}"}}': [(at + number * 1000, float(number)) for at in hours] for n in range(5)}
        return batch(metrics.organization, samples)

    async def close() -> None:
        with contextlib.suppress(*DATABASE_CONFLICT):  # as the next round of maintenance does it
            await closing.close_hours(metrics.pool, metrics.hour + timedelta(hours=2), MINUTES)

    async def take(event: MetricBatchCollected) -> None:
        for _ in range(20):  # as the consumer does
            with contextlib.suppress(*DATABASE_CONFLICT):
                return await metrics.take(event)
        raise AssertionError("never got its turn")

    await asyncio.gather(*(take(part(number)) for number in range(12)), close(), close(), stored(metrics))
    await close()
    found = await stored(metrics)
    assert {name: len(pairs) for name, pairs in found.items()} == {str(n): 12 * len(hours) for n in range(5)}


async def test_samples_too_old_or_too_new_are_refused_and_counted(metrics: Any, batch: Make) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    day = 24 * HOUR
    pairs = [(now - 31 * day, 1.0), (now - 29 * day, 2.0), (now + HOUR // 12, 3.0), (now + HOUR, 4.0)]
    await metrics.take(batch(metrics.organization, {"m": pairs}))
    assert [pair[1] for pair in (await stored(metrics))[""]] == [bits(2.0), bits(3.0)]
    usage = await metrics.queries.get_series_usage(GetSeriesUsage(organization_id=metrics.organization))
    assert usage.refused_samples == {"from-the-future": 1, "too-old": 1}


async def test_series_beyond_the_limit_are_refused_and_the_others_go_on(
    metrics_with: Callable[..., Any], batch: Make
) -> None:
    metrics = metrics_with(metrics_series_per_organization=3)
    start = metrics.start
    await metrics.take(batch(metrics.organization, {f'm{{i="{n}"}}': [(start, n)] for n in range(2)}))
    many = {f'm{{i="{n}"}}': [(start + 1, n), (start + 2, n)] for n in range(5)}
    await metrics.take(batch(metrics.organization, many), batch(metrics.organization, {"not{a series": [(start, 1.0)]}))
    await metrics.take(batch(new_id(), {f'm{{i="{n}"}}': [(start, n)] for n in range(3)}))
    found = await stored(metrics)
    assert sorted(found) == ["0", "1", "2"]
    assert len(found["0"]) == 3
    usage = await metrics.queries.get_series_usage(GetSeriesUsage(organization_id=metrics.organization))
    assert (usage.used, usage.limit) == (3, 3)
    assert usage.refused_samples == {"too-many-series": 4, "malformed": 1}


async def test_copies_that_add_series_at_once_keep_no_more_than_the_limit(
    metrics_with: Callable[..., Any], batch: Make
) -> None:
    metrics = metrics_with(metrics_series_per_organization=20)

    async def add(number: int) -> None:
        mine = {f'm{{i="{number * 4 + n}"}}': [(metrics.start, 1.0)] for n in range(4)}
        shared = {f'm{{i="shared-{n}"}}': [(metrics.start, 1.0)] for n in range(3)}
        await metrics.take(batch(metrics.organization, shared | mine))

    await asyncio.gather(*(add(number) for number in range(8)))
    found = await stored(metrics)
    assert len(found) == 20
    assert {"shared-0", "shared-1", "shared-2"} <= set(found)
    usage = await metrics.queries.get_series_usage(GetSeriesUsage(organization_id=metrics.organization))
    assert usage.refused_samples == {"too-many-series": 8 * 4 + 3 - 20}


async def test_the_unknown_among_series_are_told_by_their_places(metrics: Any, batch: Make) -> None:
    await metrics.take(batch(metrics.organization, {key: [(metrics.start, 1.0)] for key in ('m{i="1"}', "n")}))
    asked = ["other", 'm{i="1"}', 'm{i="2"}', "n"]
    ask = FindUnknownSeries(organization_id=metrics.organization, series=asked)
    found = await metrics.queries.find_unknown_series(ask)
    assert (found.unknown, found.used) == ([0, 2], 2)
    elsewhere = await metrics.queries.find_unknown_series(ask.model_copy(update={"organization_id": new_id()}))
    assert (elsewhere.unknown, elsewhere.used) == ([0, 1, 2, 3], 0)


async def test_what_one_organization_has_no_other_sees(metrics: Any, batch: Make) -> None:
    other = new_id()
    await metrics.take(
        batch(metrics.organization, {'m{i="mine"}': [(metrics.start, 1.0)]}),
        batch(other, {'m{i="theirs"}': [(metrics.start, 2.0)]}, {"m": MetricDescription(type="gauge")}),
    )
    assert list(await stored(metrics)) == ["mine"]
    ask = {"organization_id": metrics.organization}
    listed = await metrics.queries.list_series(ListSeries(**ask, selectors=['{i=~".+"}']))
    assert [each.labels for each in listed.series] == [{"i": "mine"}]
    values = await metrics.queries.list_labels(ListLabels(**ask, label="i"))
    assert values.names == ["mine"]
    assert (await metrics.queries.describe_metrics(DescribeMetrics(**ask))).metrics == {}


async def test_of_an_organization_that_is_erased_nothing_stays_and_of_others_everything(
    metrics: Any, batch: Make
) -> None:
    other = new_id()
    for hours in (0, -24):
        pairs = [(metrics.start + hours * HOUR, 1.0)]
        events = [
            batch(each, {"m": pairs}, {"m": MetricDescription(type="gauge")}) for each in (metrics.organization, other)
        ]
        await metrics.take(*events)
    await closing.close_hours(metrics.pool, metrics.hour, MINUTES)  # one hour is packed, the other is not
    ids = {
        each: (await metrics.storage.find(each, parse_selector("m")))[0].id for each in (metrics.organization, other)
    }

    async def kept(organization: Any) -> list[int]:
        by_series = [
            await metrics.pool.fetchval(f"SELECT count(*) FROM metrics.{table} WHERE series_id = $1", ids[organization])
            for table in ("head", "chunks", "minutes", "hours")
        ]
        by_organization = [
            await metrics.pool.fetchval(
                f"SELECT count(*) FROM metrics.{table} WHERE organization_id = $1", organization
            )
            for table in ("known_series", "descriptions")
        ]
        return by_series + by_organization

    assert await kept(metrics.organization) == [1] * 6
    for statement in ERASE:
        await metrics.pool.execute(statement, metrics.organization)
    assert await kept(metrics.organization) == [0] * 6
    assert await kept(other) == [1] * 6


async def test_get_metrics_gives_the_newest_of_each_series_oldest_first(metrics: Any, batch: Make) -> None:
    pairs = [(metrics.start + n * 60_000, float(n)) for n in range(10)]
    await metrics.take(batch(metrics.organization, {'m{host="a"}': pairs, 'm{host="b",x="y"}': pairs}))

    async def values(**asked: Any) -> list[list[float]]:
        query = GetMetrics(organization_id=metrics.organization, name="m", **asked)
        reply = await metrics.queries.get_metrics(query)
        return [[value for _, value in series.samples] for series in reply.series]

    assert await values(tags={"x": "y"}) == [list(range(10))]
    assert await values(limit=3) == [[7, 8, 9], [7, 8, 9]]
    assert await values(tags={"host": "c"}) == []
    bounds = {"since": metrics.hour + timedelta(minutes=2), "until": metrics.hour + timedelta(minutes=4)}
    assert await values(**bounds) == [[2, 3], [2, 3]]


async def test_what_is_past_its_retention_is_dropped_by_partition_and_its_series_forgotten(
    metrics: Any, batch: Make
) -> None:
    old = metrics.start - 20 * 24 * HOUR
    await metrics.take(batch(metrics.organization, {'m{i="old"}': [(old, 1.0)], 'm{i="new"}': [(metrics.start, 1.0)]}))
    now = metrics.hour + timedelta(hours=2)
    await closing.close_hours(metrics.pool, now, MINUTES)
    keep = timedelta(days=19), timedelta(days=400)
    dropped = await closing.expire(metrics.pool, now, *keep)
    assert f"chunks_{datetime.fromtimestamp(old / 1000, UTC):%Y%m%d}00" in dropped
    assert {name: len(pairs) for name, pairs in (await stored(metrics)).items()} == {"old": 0, "new": 1}
    graph = await metrics.queries.query_metrics(_hourly(metrics, old))
    assert [line.labels["i"] for line in graph.series] == ["old"]  # its rollups are kept
    await closing.expire(metrics.pool, now + timedelta(days=80), timedelta(days=1), timedelta(days=1))
    assert await stored(metrics) == {}


def _hourly(metrics: Any, at: int) -> QueryMetrics:
    since = datetime.fromtimestamp(at / 1000, UTC)
    return QueryMetrics(
        organization_id=metrics.organization,
        selector="m",
        since=since,
        until=since + timedelta(hours=1),
        step_seconds=3600,
    )


async def test_maintenance_makes_partitions_ahead_and_may_be_done_twice(metrics: Any, house: Any) -> None:
    maintenance = Maintenance(house.service("metrics"), metrics.settings)
    now = datetime.now(UTC)
    await maintenance.once(now)
    await maintenance.once(now)
    async with metrics.pool.acquire() as db:
        names = {name for name, _ in await partitions.existing(db, "head")}
    assert {(now + timedelta(hours=hour)).strftime("head_%Y%m%d%H") for hour in range(4)} <= names


async def test_hot_queries_read_indexes(metrics: Any, batch: Make, plan: Any) -> None:
    pairs = [(metrics.start + n * 15_000, float(n)) for n in range(4)]
    await metrics.take(batch(metrics.organization, {f'm{{i="{n}"}}': pairs for n in range(3000)}))
    await metrics.take(batch(new_id(), {f'o{{i="{n}"}}': pairs for n in range(3000)}))
    known = await metrics.storage.find(metrics.organization, parse_selector('m{i="7"}'))
    times = (metrics.hour, metrics.hour + timedelta(hours=1))
    queries: list[tuple[Any, ...]] = [
        (reading.HEAD, [known[0].id], *times),
        (reading.CHUNKS, [known[0].id], *times),
        (reading.MINUTES, [known[0].id], *times),
        (series.FIND_BY_NAME, metrics.organization, "m", {"i": "7"}),
        (series.FIND_BY_LABELS, metrics.organization, {"i": "7"}),
    ]
    others = "SELECT -n, $1, '', 0 FROM generate_series(1, 5000) AS n"  # few rows would be read through whichever way
    async with metrics.pool.acquire() as db:
        for table, last in (("chunks", ", samples"), ("minutes", "")):
            await partitions.make(db, table, [metrics.start])
            chosen = others if last else others.replace(", 0", "")
            await db.execute(f"INSERT INTO metrics.{table} (series_id, hour, data{last}) {chosen}", metrics.hour)
    try:
        for query in queries:
            explained = await plan(*query)
            assert "Seq Scan" not in explained, explained
    finally:
        for table in ("chunks", "minutes"):
            await metrics.pool.execute(f"DELETE FROM metrics.{table} WHERE series_id BETWEEN -5000 AND -1")
