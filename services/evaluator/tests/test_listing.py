"""A user's monitors searched, filtered, sorted and paged, with their latest values."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_contracts.base import new_id
from monitors_contracts.collection import ListMonitors, MonitorList, MonitorOrder
from monitors_contracts.monitors import MonitorCreated, MonitorStatus, MonitorView, Verdict
from monitors_contracts.pages import Failure
from monitors_evaluator import listing, store
from monitors_evaluator.domain.searching import searchable
from monitors_runtime.errors import ProblemError

PROMPT = "Tell me when the price at https://shop.example/kettle drops below $50"


class Shelf:
    """One user's monitors."""

    def __init__(self, evaluator: Any) -> None:
        self.evaluator = evaluator
        self.pool = evaluator.house.pool

    async def ask(self, **asked: Any) -> MonitorList:
        who = {"organization_id": self.evaluator.organization, "user_id": self.evaluator.user}
        return await self.evaluator.handlers.list_monitors(ListMonitors(**who, **asked))

    async def names(self, **asked: Any) -> list[str]:
        return [each.name for each in (await self.ask(**asked)).monitors]

    async def all_pages(self, **asked: Any) -> list[str]:
        """The names on all pages of two."""
        names: list[str] = []
        cursor = None
        while True:
            page = await self.ask(limit=2, cursor=cursor, **asked)
            names += [each.name for each in page.monitors]
            if (cursor := page.next_cursor) is None:
                return names

    async def put(self, name: str, **state: Any) -> MonitorView:
        """A monitor in some state."""
        made: MonitorView = await self.evaluator.create(PROMPT, name=name)
        changed = made.model_copy(update={"version": 2, **state})
        event = MonitorCreated(organization_id=made.organization_id, monitor_id=made.id, monitor=changed)
        async with self.pool.acquire() as db:
            await store.apply(db, event)
        return changed


@pytest.fixture
def shelf(evaluator: Any) -> Shelf:
    return Shelf(evaluator)


async def test_search_when_text_stands_in_name_prompt_address_or_fact_then_finds_it_whatever_the_case(
    evaluator: Any, shelf: Shelf
):
    await evaluator.create(PROMPT, name="ÄRGER in der Straße")
    await evaluator.create("Tell me when the snow depth at https://Alm.example/Lift is above 30 cm", name="Winter")
    await evaluator.create(
        "Let me know when https://uni.example/apply says registration is\x00 open", name="100%_\\ sure"
    )
    for text, expected in {
        "ärger": ["ÄRGER in der Straße"],
        "STRASSE": ["ÄRGER in der Straße"],
        "alm.EXAMPLE/lift": ["Winter"],
        "snow depth": ["Winter"],
        " snow\n  depth ": ["Winter"],
        "registration": ["100%_\\ sure"],
        "%": ["100%_\\ sure"],
        "_": ["100%_\\ sure"],
        "\\": ["100%_\\ sure"],
        "'; DROP TABLE evaluator.monitors; --": [],
        "\x00winter\x00": ["Winter"],
        "nothing like that": [],
    }.items():
        assert await shelf.names(text=text) == expected, text
    for text in ("", "   ", "\x00", None):
        assert len(await shelf.names(text=text)) == 3


async def test_search_when_a_monitor_changes_then_is_found_by_what_it_is_now(evaluator: Any, shelf: Shelf):
    monitor = await evaluator.create(PROMPT, name="Kettle")
    await evaluator.update(monitor, name="Copper")
    await evaluator.check(monitor, 60)
    assert (await shelf.names(text="copper"), await shelf.names(text="kettle at https")) == (["Copper"], [])


async def test_status_when_filtered_then_is_what_the_monitor_says_of_itself(shelf: Shelf):
    """The database's way to tell the status, held against the contract's."""
    states = itertools.product([True, False], [None, *Verdict], [None, True, False])
    made = [
        await shelf.put(f"{n}", is_active=active, last_verdict=verdict, condition_met=met)
        for n, (active, verdict, met) in enumerate(states)
    ]
    for status in MonitorStatus:
        found = await shelf.ask(status=status, limit=500)
        expected = {each.name for each in made if each.status is status}
        assert {each.name for each in found.monitors} == expected != set()
        assert (found.total, found.owned) == (len(expected), len(made))


async def test_status_when_checks_end_then_follows_them(evaluator: Any, shelf: Shelf):
    monitor = await evaluator.create(PROMPT)
    seen = [(await evaluator.get(monitor)).status]
    for price in (60, 45, 44):
        await evaluator.check(monitor, price)
        seen.append((await evaluator.get(monitor)).status)
    refresh = await evaluator.refresh(monitor)
    await evaluator.hear(evaluator.failed(monitor, refresh, Failure.DNS))
    seen.append((await evaluator.get(monitor)).status)
    assert seen == ["new", "quiet", "triggered", "triggered", "failed"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", ["b", "Ab", "ä", "C", "a", "A"]),
        ("name", ["A", "a", "Ab", "b", "C", "ä"]),
        ("lastChecked", ["Ab", "C", "A", "b", "ä", "a"]),
    ],
)
async def test_list_when_sorted_then_every_monitor_comes_once_in_order_on_whatever_pages(
    shelf: Shelf, sort: MonitorOrder, expected: list[str]
):
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    ages: dict[str, int | None] = {"A": 60, "a": None, "C": 1, "ä": None, "Ab": 0, "b": None}
    for name, minutes in ages.items():
        checked = None if minutes is None else now - timedelta(minutes=minutes, microseconds=minutes % 7)
        await shelf.put(name, last_checked=checked)
    assert await shelf.names(sort=sort) == expected
    assert await shelf.all_pages(sort=sort) == expected
    assert await shelf.all_pages(sort=sort, text="a", status="new") == expected


async def test_list_when_names_are_the_same_and_long_then_pages_are_whole(shelf: Shelf):
    for _ in range(5):
        await shelf.put("ﬃ" * 100)
    page = await shelf.ask(sort="name", limit=1)
    assert len(page.next_cursor or "") <= 500, "as long as the gateway takes"
    assert len(await shelf.all_pages(sort="name")) == 5


@pytest.mark.parametrize("cursor", ["x", "é", "bnVsbA==", "e30=", "WyJuYW1lIl0=", "", "WyJuYW1lIiwgMSwgMl0=", "\ud800"])
@pytest.mark.parametrize("sort", ["newest", "name", "lastChecked"])
async def test_list_when_a_cursor_is_none_of_ours_then_says_so(shelf: Shelf, sort: MonitorOrder, cursor: str):
    if not cursor and sort == "newest":
        return
    with pytest.raises(ProblemError) as raised:
        await shelf.ask(sort=sort, cursor=cursor)
    assert raised.value.problem.type == "invalid-cursor"


async def test_list_when_a_cursor_is_of_another_order_then_says_so(shelf: Shelf):
    for name in "abc":
        await shelf.put(name)
    cursors = {sort: (await shelf.ask(sort=sort, limit=1)).next_cursor for sort in ("newest", "name", "lastChecked")}
    for mine, other in itertools.permutations(cursors, 2):
        with pytest.raises(ProblemError):
            await shelf.ask(sort=mine, cursor=cursors[other])


async def test_recent_values_when_asked_for_then_come_oldest_first_by_monitor(evaluator: Any, shelf: Shelf):
    kettle, other, unchecked = [await evaluator.create(PROMPT) for _ in range(3)]
    for price in (60, 45, 44):
        await evaluator.check(kettle, price)
    await evaluator.check(other, 70)
    refresh = await evaluator.refresh(other)
    await evaluator.hear(evaluator.failed(other, refresh, Failure.DNS))
    await evaluator.refresh(kettle)  # pending: nothing to show yet
    found = (await shelf.ask(recent=2)).recent_values
    assert {monitor: [(each.value, each.verdict) for each in values] for monitor, values in found.items()} == {
        kettle.id: [(45, Verdict.TRIGGERED), (44, Verdict.QUIET)],
        other.id: [(70, Verdict.QUIET), (None, Verdict.FAILED)],
        unchecked.id: [],
    }
    assert found[kettle.id][0].at < found[kettle.id][1].at
    assert (await shelf.ask()).recent_values == {}


async def test_list_when_there_is_nothing_or_nobody_asks_for_theirs_then_is_empty(
    evaluator: Any, other_evaluator: Any, shelf: Shelf
):
    await evaluator.create(PROMPT)
    empty = await Shelf(other_evaluator).ask(recent=5, sort="name")
    assert (empty.monitors, empty.total, empty.owned, empty.next_cursor) == ([], 0, 0, None)
    none = await shelf.ask(text="nothing like that", recent=5)
    assert (none.monitors, none.total, none.owned) == ([], 0, 1)


@pytest.mark.parametrize("sort", ["newest", "name", "lastChecked"])
async def test_list_when_there_are_many_rows_then_reads_indexes(
    evaluator: Any, plan: Any, shelf: Shelf, sort: MonitorOrder
):
    monitor = await shelf.put("Kettle")
    await shelf.pool.execute(
        "INSERT INTO evaluator.monitors (id, organization_id, user_id, version, document) "
        "SELECT gen_random_uuid(), $2, gen_random_uuid(), 1, $1 FROM generate_series(1, 5000)",
        monitor,
        evaluator.organization,
    )
    await shelf.pool.execute(
        "INSERT INTO evaluator.evaluations SELECT gen_random_uuid(), organization_id, id, 'done', now(), NULL, '{}' "
        "FROM evaluator.monitors"
    )
    who = (evaluator.organization, evaluator.user)
    for after, key in ((None, None), (new_id(), datetime.now(UTC).isoformat())):
        explained = await plan(listing.query(sort), *who, "kettle", "new", 50, after, key, 20)
        assert "Seq Scan" not in explained, explained
        assert "user_id = " in "".join(line for line in explained.splitlines() if "Index Cond" in line)
        assert "evaluations_of_monitor" in explained


def test_what_is_searched_by_begins_with_the_name_alone():
    now = datetime.now(UTC)
    meaning = {
        "kind": "change",
        "factType": "number",
        "fact": "Price",
        "name": "x",
        "confidence": 1,
        "url": "https://A.example",
    }
    who = {"id": new_id(), "organizationId": new_id(), "userId": new_id(), "createdAt": now, "updatedAt": now}
    view = MonitorView.model_validate({**who, "name": "Two\nlines ", "prompt": "Şee İt", "interpretation": meaning})
    assert searchable(view).split("\n") == ["two lines", "şee i̇t", "https://a.example", "price"]
