from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import GetMetrics, MetricCollected, Sample
from monitors_metrics import store
from monitors_metrics.handlers import Handlers

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sample(value: float, *, minutes: float = 0, name: str = "monitor_value", **tags: str) -> Sample:
    return Sample(name=name, value=value, tags=tags, timestamp=NOW + timedelta(minutes=minutes))


def collected(organization: Id, *samples: Sample) -> MetricCollected:
    return MetricCollected(organization_id=organization, batch_id=new_id(), samples=list(samples))


@pytest.fixture
def metrics(house: Any) -> tuple[Any, Handlers]:
    service = house.service("metrics")
    return service, Handlers(service)


async def test_a_batch_when_it_comes_in_twice_then_is_kept_once(house: Any, metrics: tuple[Any, Handlers]):
    service, handlers = metrics
    organization = new_id()
    batch = collected(organization, sample(1, monitor="a"), sample(2, minutes=1, monitor="a"), sample(3, monitor="b"))
    for _ in range(2):
        await house.deliver_all(service, handlers.metrics_collected, batch)
    reply = await handlers.get_metrics(GetMetrics(organization_id=organization, name="monitor_value"))
    assert [(series.tags, [value for _, value in series.samples]) for series in reply.series] == [
        ({"monitor": "a"}, [1, 2]),
        ({"monitor": "b"}, [3]),
    ]


async def test_a_batch_when_it_holds_one_instant_twice_then_keeps_one_value(house: Any, metrics: tuple[Any, Handlers]):
    service, handlers = metrics
    organization = new_id()
    await house.deliver_all(service, handlers.metrics_collected, collected(organization, sample(1), sample(2)))
    [series] = (await handlers.get_metrics(GetMetrics(organization_id=organization, name="monitor_value"))).series
    assert len(series.samples) == 1


async def test_get_metrics_when_asked_by_tags_and_times_then_gives_just_those_oldest_first(
    house: Any, metrics: tuple[Any, Handlers]
):
    service, handlers = metrics
    organization = new_id()
    samples = [sample(n, minutes=n, host=host) for n in range(10) for host in ("a", "b")]
    await house.deliver_all(service, handlers.metrics_collected, collected(organization, *samples))

    async def values(**asked: Any) -> list[list[float]]:
        query = GetMetrics(organization_id=organization, name="monitor_value", **asked)
        return [[value for _, value in series.samples] for series in (await handlers.get_metrics(query)).series]

    assert await values(tags={"host": "a"}) == [list(range(10))]
    assert await values(tags={"host": "a"}, limit=3) == [[7, 8, 9]]
    assert await values(tags={"host": "c"}) == []
    bounds = {"since": NOW + timedelta(minutes=2), "until": NOW + timedelta(minutes=4)}
    assert await values(**bounds) == [[2, 3], [2, 3]]


async def test_get_metrics_when_asked_by_another_organization_then_gives_nothing(
    house: Any, metrics: tuple[Any, Handlers]
):
    service, handlers = metrics
    await house.deliver_all(service, handlers.metrics_collected, collected(new_id(), sample(1)))
    reply = await handlers.get_metrics(GetMetrics(organization_id=new_id(), name="monitor_value"))
    assert reply.series == []


async def test_query_when_there_are_many_samples_then_reads_an_index(house: Any, plan: Any):
    organization = new_id()
    await house.pool.execute(
        "INSERT INTO metrics.series (organization_id, name, tags, type) "
        "SELECT CASE WHEN n <= 5 THEN $1::uuid ELSE gen_random_uuid() END, 'v', jsonb_build_object('n', n::text), 'gauge' "
        "FROM generate_series(1, 2000) AS n",
        organization,
    )
    await house.pool.execute(
        "INSERT INTO metrics.samples SELECT id, now() - m * interval '1 minute', m "
        "FROM metrics.series, generate_series(1, 10) AS m"
    )
    explained = await plan(store.QUERY, organization, "v", {}, None, None, 100)
    assert "Seq Scan" not in explained, explained
