"""A monitor's checks over time, and its kept pages: on a real database, with pages from a dictionary."""

import base64
import hashlib
import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import zstandard

from monitors_contracts.base import Id, id_floor, new_id
from monitors_contracts.evaluations import GetMonitorValues, ListEvaluations, PointMonitor
from monitors_contracts.monitors import MonitorUpdated, ThresholdCleared, ThresholdExceeded, Verdict
from monitors_contracts.snapshots import CompareSnapshots, ShowSnapshot
from monitors_evaluator import history
from monitors_evaluator.contents import unpacked
from monitors_evaluator.domain.extraction import Page
from monitors_evaluator.kept import Kept
from monitors_runtime.errors import ProblemError, problem

SHOP = """<html><head><title>Kettles</title></head><body><h1>Copper kettle</h1><p>Price: $60.00</p>
<table><tr><th>Shop</th><th>Price</th></tr><tr><td>North</td><td>$45</td></tr><tr><td>South</td><td>$52</td></tr></table>
<p>Made by hand.</p></body></html>"""


class Pages(dict[tuple[Id, Id], Page]):
    """Kept pages by organization and snapshot."""

    async def of(self, organization_id: Id, snapshot_id: Id) -> Page:
        if (organization_id, snapshot_id) not in self:
            raise problem("snapshot-not-found", "No such snapshot", 404)
        return self[organization_id, snapshot_id]

    def keep(self, organization_id: Id, content: str) -> Id:
        self[organization_id, snapshot := new_id()] = Page(content, "text/html", "https://shop.example/kettle")
        return snapshot


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def kept(evaluator: Any, pages: Pages) -> Kept:
    return Kept(evaluator.service, pages.of)


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


async def fill(evaluator: Any, monitor: Any, count: int, begin: datetime) -> list[Id]:
    """Checks a minute apart: the number of the check as its value, every hundredth failed, every thousandth fired."""
    ids = [UUID(int=id_floor(begin + timedelta(minutes=n)).int | random.getrandbits(60)) for n in range(count)]
    await evaluator.house.pool.execute(
        """
        INSERT INTO evaluator.evaluations (id, organization_id, monitor_id, status, requested_at, document)
        SELECT ids.id, $1, $2::uuid, 'done', moment, jsonb_build_object(
            'id', ids.id, 'monitorId', $2::uuid, 'requestedAt', moment, 'unit', 'USD', 'reason', 'not-met',
            'value', CASE WHEN n % 100 = 99 THEN NULL ELSE n END,
            'verdict', CASE WHEN n % 100 = 99 THEN 'failed' WHEN n % 1000 = 0 THEN 'triggered' ELSE 'quiet' END)
        FROM unnest($3::uuid[]) WITH ORDINALITY AS ids (id, place),
             LATERAL (SELECT place - 1 AS n, $4::timestamptz + (place - 1) * interval '1 minute' AS moment) AS at
        """,
        evaluator.organization,
        monitor.id,
        ids,
        begin,
    )
    return ids


# -- checks over time -------------------------------------------------------------------------------------------------


async def test_history_when_long_then_every_check_comes_once_page_by_page_newest_first(evaluator: Any, kept: Kept):
    monitor = await evaluator.create()
    await fill(evaluator, monitor, 1200, datetime(2026, 1, 1, tzinfo=UTC))
    seen: list[Id] = []
    cursor = None
    while True:
        asked = ListEvaluations(organization_id=evaluator.organization, monitor_id=monitor.id, limit=500, cursor=cursor)
        page = await kept.list_evaluations(asked)
        seen += [each.id for each in page.evaluations]
        if (cursor := page.next_cursor) is None:
            break
    assert len(set(seen)) == len(seen) == 1200
    assert seen == sorted(seen, reverse=True)


async def test_history_when_filtered_then_only_such_checks_of_that_time_come(evaluator: Any, kept: Kept):
    monitor, begin = await evaluator.create(), datetime(2026, 1, 1, tzinfo=UTC)
    await fill(evaluator, monitor, 1200, begin)

    async def values(**filters: Any) -> list[Any]:
        asked = ListEvaluations(organization_id=evaluator.organization, monitor_id=monitor.id, **filters)
        return [each.value for each in (await kept.list_evaluations(asked)).evaluations]

    assert await values(verdict=Verdict.TRIGGERED) == [1000, 0]
    assert len(await values(verdict=Verdict.FAILED)) == 12
    span = {"since": begin + timedelta(minutes=10), "until": begin + timedelta(minutes=13)}
    assert await values(**span) == [12, 11, 10]
    assert await values(**span, verdict=Verdict.TRIGGERED) == []
    assert await values(verdict=Verdict.TRIGGERED, limit=1) == [1000]


async def test_history_when_the_monitor_is_another_organizations_then_there_is_none(
    evaluator: Any, other_evaluator: Any, kept: Kept
):
    monitor = await other_evaluator.create()
    mine = {"organization_id": evaluator.organization, "monitor_id": monitor.id}
    assert await refused(kept.list_evaluations(ListEvaluations(**mine))) == "monitor-not-found"
    assert await refused(kept.get_monitor_values(GetMonitorValues(**mine))) == "monitor-not-found"


async def test_values_when_few_then_all_come_with_gaps_where_nothing_was_read(evaluator: Any, kept: Kept):
    monitor, begin = await evaluator.create(), datetime(2026, 1, 1, tzinfo=UTC)
    await fill(evaluator, monitor, 102, begin)
    asked = GetMonitorValues(organization_id=evaluator.organization, monitor_id=monitor.id)
    found = await kept.get_monitor_values(asked)
    assert found.unit == "USD"
    assert found.values == [*range(99), None, 100, 101]
    assert found.times[:2] == [begin.timestamp(), begin.timestamp() + 60]
    assert found.changes == []


async def test_values_when_many_then_so_few_points_as_asked_keep_every_extreme(evaluator: Any, kept: Kept):
    monitor, begin = await evaluator.create(), datetime(2026, 1, 1, tzinfo=UTC)
    ids = await fill(evaluator, monitor, 10_000, begin)
    change = "UPDATE evaluator.evaluations SET document = document || '{\"value\": -77}' WHERE id = $1"
    await evaluator.house.pool.execute(change, ids[4321])
    asked = GetMonitorValues(organization_id=evaluator.organization, monitor_id=monitor.id, points=200)
    found = await kept.get_monitor_values(asked)
    assert 100 <= len(found.values) <= 200
    assert found.times == sorted(found.times)
    numbers = [value for value in found.values if value is not None]
    assert (min(numbers), max(numbers), numbers[0]) == (-77, 9998, 0)
    assert found.times[-1] == begin.timestamp() + 9999 * 60


async def test_values_when_texts_then_only_their_changes_come(evaluator: Any, kept: Kept):
    prompt = "Let me know when https://uni.example/apply says registration is open"
    monitor, begin = await evaluator.create(prompt), datetime(2026, 1, 1, tzinfo=UTC)
    ids = await fill(evaluator, monitor, 6, begin)
    texts = "UPDATE evaluator.evaluations SET document = jsonb_set(document, '{value}', $2) WHERE id = $1"
    for identifier, text in zip(ids, ["closed", "closed", "open", "open", "open", "closed"], strict=True):
        await evaluator.house.pool.execute(texts, identifier, text)
    asked = GetMonitorValues(organization_id=evaluator.organization, monitor_id=monitor.id)
    found = await kept.get_monitor_values(asked)
    assert [(each.value, each.at) for each in found.changes] == [
        ("closed", begin),
        ("open", begin + timedelta(minutes=2)),
        ("closed", begin + timedelta(minutes=5)),
    ]
    assert (found.times, found.values) == ([], [])


async def test_queries_when_there_are_many_rows_then_read_an_index(evaluator: Any, plan: Any):
    monitor = await evaluator.create()
    for each in (monitor, *(SimpleNamespace(id=new_id()) for _ in range(9))):
        await fill(evaluator, each, 2000, datetime(2026, 1, 1, tzinfo=UTC))
    span = (evaluator.organization, monitor.id, id_floor(datetime(2026, 1, 2, tzinfo=UTC)), new_id())
    for query, arguments, index in (
        (history.PAGE, (*span, 50), "evaluations_of_monitor"),
        (history.PAGE_OF_VERDICT, (*span, "triggered", 50), "evaluations_by_verdict"),
    ):
        explained = await plan(query, *arguments)
        assert index in explained, explained
        assert "Sort" not in explained, explained
    for query in (history.NUMBERS, history.CHANGES):
        explained = await plan(query, *span, 500)
        assert "Seq Scan on evaluations" not in explained, explained


# -- kept pages -------------------------------------------------------------------------------------------------------


async def test_snapshot_when_shown_for_a_check_then_the_fact_is_marked(evaluator: Any, kept: Kept, pages: Pages):
    monitor = await evaluator.create()
    evaluation, _ = await evaluator.check(monitor, 60)
    snapshot = pages.keep(evaluator.organization, SHOP)
    asked = ShowSnapshot(
        organization_id=evaluator.organization, snapshot_id=snapshot, refresh_id=evaluation.id, with_places=True
    )
    shown = await kept.show_snapshot(asked)
    html = unpacked_text(shown.content)
    assert shown.is_marked
    assert '<mark id="fact">$60.00</mark>' in html or '<mark id="fact">Price: $60.00</mark>' in html
    assert 'href="place:c0.1.1"' in html


async def test_snapshot_when_the_check_or_the_page_is_not_mine_then_there_is_none(
    evaluator: Any, other_evaluator: Any, kept: Kept, pages: Pages
):
    theirs = await other_evaluator.create()
    evaluation, _ = await other_evaluator.check(theirs, 60)
    mine, foreign = pages.keep(evaluator.organization, SHOP), pages.keep(other_evaluator.organization, SHOP)
    organization = evaluator.organization
    asked = ShowSnapshot(organization_id=organization, snapshot_id=mine, refresh_id=evaluation.id)
    assert await refused(kept.show_snapshot(asked)) == "evaluation-not-found"
    shown = ShowSnapshot(organization_id=organization, snapshot_id=foreign)
    assert await refused(kept.show_snapshot(shown)) == "snapshot-not-found"
    compared = CompareSnapshots(organization_id=organization, snapshot_id=mine, against_id=foreign)
    assert await refused(kept.compare_snapshots(compared)) == "snapshot-not-found"


async def test_snapshots_when_compared_then_tells_what_came_and_went(evaluator: Any, kept: Kept, pages: Pages):
    organization = evaluator.organization
    before, after = pages.keep(organization, SHOP), pages.keep(organization, SHOP.replace("$52", "$49"))
    asked = CompareSnapshots(organization_id=organization, snapshot_id=after, against_id=before)
    found = await kept.compare_snapshots(asked)
    changed = [(line.kind, line.text) for hunk in found.hunks for line in hunk if line.kind != "equal"]
    assert changed == [("removed", "South | $52"), ("added", "South | $49")]
    assert (found.added, found.removed, found.is_truncated) == (1, 1, False)


# -- pointing ---------------------------------------------------------------------------------------------------------


def pointing(evaluator: Any, monitor: Any, snapshot: Id, **more: Any) -> PointMonitor:
    return PointMonitor(organization_id=evaluator.organization, monitor_id=monitor.id, snapshot_id=snapshot, **more)


async def test_point_when_dry_then_tells_the_reading_and_changes_nothing(evaluator: Any, kept: Kept, pages: Pages):
    monitor = await evaluator.create()
    snapshot = pages.keep(evaluator.organization, SHOP)
    found = await kept.point(pointing(evaluator, monitor, snapshot, place="c0.2.1", dry_run=True))
    assert (found.reading.value, found.reading.unit, found.monitor) == (52, "USD", None)
    assert (found.reading.evidence.quote, found.reading.evidence.snapshot_id) == ("$52", snapshot)
    assert await evaluator.get(monitor) == monitor


async def test_point_when_saved_then_the_next_check_reads_that_place_and_the_switch_tells_nothing(
    evaluator: Any, kept: Kept, pages: Pages
):
    prompt = "Tell me when the price of the copper kettle at https://shop.example/kettle changes"
    monitor = await evaluator.create(prompt)
    refresh = await evaluator.refresh(monitor)
    await evaluator.hear(evaluator.fetched(monitor, refresh, 60))
    snapshot = pages.keep(evaluator.organization, SHOP)
    found = await kept.point(pointing(evaluator, monitor, snapshot, text="$52"))
    assert found.monitor is not None
    assert (found.place, found.monitor.current_value, found.monitor.condition_met) == ("c0.2.1", None, None)
    updated = [each.event for each in await evaluator.house.published(MonitorUpdated)]
    assert [each.monitor for each in updated] == [found.monitor]

    changed = SHOP.replace("$52", "$38")
    refresh = await evaluator.refresh(monitor)
    await evaluator.hear(evaluator.fetched(monitor, refresh, 0, **fetched_fields(changed)))
    evaluation = await evaluator.evaluation(refresh)
    assert (evaluation.value, evaluation.reason, evaluation.verdict) == (38, "first-value", Verdict.QUIET)


async def test_point_when_an_alert_was_open_then_it_ends(evaluator: Any, kept: Kept, pages: Pages):
    monitor = await evaluator.create()
    evaluation, _ = await evaluator.check(monitor, 40)
    assert evaluation.verdict is Verdict.TRIGGERED
    snapshot = pages.keep(evaluator.organization, SHOP)
    await kept.point(pointing(evaluator, monitor, snapshot, place="c0.2.1"))
    [cleared] = await evaluator.house.published(ThresholdCleared)
    assert "another place" in cleared.event.summary


async def test_point_when_the_alert_is_as_true_of_the_new_place_then_it_stays_and_is_not_told_again(
    evaluator: Any, kept: Kept, pages: Pages
):
    monitor = await evaluator.create()
    await evaluator.check(monitor, 40)
    snapshot = pages.keep(evaluator.organization, SHOP)
    found = await kept.point(pointing(evaluator, monitor, snapshot, text="$45"))
    assert found.monitor is not None
    assert found.monitor.condition_met
    assert await evaluator.house.published(ThresholdCleared) == []
    refresh = await evaluator.refresh(monitor)
    events = await evaluator.hear(evaluator.fetched(monitor, refresh, 0, **fetched_fields(SHOP)))
    evaluation = await evaluator.evaluation(refresh)
    assert (evaluation.value, evaluation.reason, evaluation.verdict) == (45, "still-met", Verdict.QUIET)
    assert not [each for each in events if isinstance(each, ThresholdCleared | ThresholdExceeded)]


async def test_point_when_nothing_can_be_read_there_then_says_so(evaluator: Any, kept: Kept, pages: Pages):
    monitor = await evaluator.create()
    snapshot = pages.keep(evaluator.organization, SHOP)
    assert await refused(kept.point(pointing(evaluator, monitor, snapshot, text="Made by hand"))) == (
        "nothing-to-read-there"
    )
    for place in ("b99", "c0.0.0", "x", ""):
        assert await refused(kept.point(pointing(evaluator, monitor, snapshot, place=place))) == "no-such-place"
    assert await refused(kept.point(pointing(evaluator, monitor, new_id(), place="b1"))) == "snapshot-not-found"
    assert await evaluator.get(monitor) == monitor


async def test_point_when_the_monitor_is_another_organizations_then_there_is_none(
    evaluator: Any, other_evaluator: Any, kept: Kept, pages: Pages
):
    monitor = await other_evaluator.create()
    snapshot = pages.keep(evaluator.organization, SHOP)
    assert await refused(kept.point(pointing(evaluator, monitor, snapshot, place="b1"))) == "monitor-not-found"


def unpacked_text(content: str) -> str:
    return unpacked(base64.b64decode(content))


def fetched_fields(content: str) -> dict[str, Any]:
    return {
        "content": base64.b64encode(zstandard.compress(content.encode())).decode(),
        "content_hash": hashlib.sha256(content.encode()).hexdigest(),
    }
