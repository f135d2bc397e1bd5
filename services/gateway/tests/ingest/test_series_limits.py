"""The limit of series: whoever has room begins series unasked, whoever has none keeps what there is."""

import asyncio

import pytest

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import FindUnknownSeries, GetSeriesUsage, SeriesUsage, UnknownSeries
from monitors_gateway.series_limits import ASK_AGAIN_SECONDS, ON_THE_WAY_SECONDS, SeriesLimits
from monitors_runtime.errors import problem

ORGANIZATION, OTHER = new_id(), new_id()


class Storage:
    """The metrics service, with room for three series an organization."""

    def __init__(self) -> None:
        self.kept: dict[Id, set[str]] = {ORGANIZATION: set(), OTHER: set()}
        self.asked: list[object] = []
        self.away = self.behind = False
        self.now = 0.0
        self.limits = SeriesLimits(self._usage, self._unknown, lambda: self.now)

    async def _usage(self, request: GetSeriesUsage) -> SeriesUsage:
        self._answer(request)
        return SeriesUsage(used=len(self.kept[request.organization_id]), limit=3, refused_samples={})

    async def _unknown(self, request: FindUnknownSeries) -> UnknownSeries:
        self._answer(request)
        kept = self.kept[request.organization_id]
        unknown = [place for place, key in enumerate(request.series) if key not in kept]
        return UnknownSeries(unknown=unknown, used=len(kept), limit=3)

    def _answer(self, request: object) -> None:
        self.asked.append(request)
        if self.away:
            raise problem("service-unavailable", "Away", 503)

    async def send(self, *series: str, organization: Id = ORGANIZATION) -> set[str]:
        refused = await self.limits.refused(organization, series)
        if not self.behind:
            self.kept[organization] |= set(series) - refused
        return refused


@pytest.fixture
def storage() -> Storage:
    return Storage()


async def test_known_series_are_let_through_without_asking(storage: Storage) -> None:
    assert not await storage.send("a", "b")
    asked = len(storage.asked)
    storage.now += 10 * ASK_AGAIN_SECONDS
    assert not await storage.send("a", "b")
    assert len(storage.asked) == asked


async def test_the_series_beyond_the_limit_are_refused_and_those_that_exist_are_not(storage: Storage) -> None:
    storage.kept[ORGANIZATION] = {"x", "y"}
    assert await storage.send("x", "y", "a", "b") == {"b"}
    assert await storage.send("a", "b", "x") == {"b"}
    assert not await storage.send("b", organization=OTHER)


async def test_what_was_refused_is_not_asked_for_each_time_and_comes_in_when_there_is_room(storage: Storage) -> None:
    storage.kept[ORGANIZATION] = {"x", "y", "z"}
    assert await storage.send("a") == {"a"}
    asked = len(storage.asked)
    assert await storage.send("a") == {"a"}
    assert len(storage.asked) == asked
    storage.kept[ORGANIZATION] = {"x"}
    storage.now += ASK_AGAIN_SECONDS + 1
    assert not await storage.send("a")


async def test_requests_of_ever_new_series_do_not_slip_past_between_two_questions(storage: Storage) -> None:
    refused = [await storage.send(f"s{number}") for number in range(10)]
    assert [bool(each) for each in refused] == [False] * 3 + [True] * 7


async def test_series_on_their_way_to_storage_count_however_far_it_is_behind(storage: Storage) -> None:
    storage.behind = True
    assert not await storage.send("a", "b")
    storage.now += ASK_AGAIN_SECONDS + 1
    assert await storage.send("c", "d") == {"d"}
    storage.kept[ORGANIZATION] = {"a"}  # the others come later: counted once
    storage.now += ASK_AGAIN_SECONDS + 1
    assert await storage.send("d") == {"d"}


async def test_a_series_that_never_arrives_does_not_take_its_place_for_ever(storage: Storage) -> None:
    storage.behind = True
    assert not await storage.send("a", "b", "c")
    storage.now += ON_THE_WAY_SECONDS + 1
    assert not await storage.send("d")


async def test_requests_at_once_share_the_room(storage: Storage) -> None:
    refused = await asyncio.gather(*(storage.send(f"s{number}") for number in range(10)))
    assert sum(map(len, refused)) == 7


async def test_while_nobody_answers_every_series_is_let_through_and_not_for_ever(storage: Storage) -> None:
    storage.kept[ORGANIZATION] = {"x", "y", "z"}
    storage.away = True
    assert not await storage.send("a")
    storage.away = False
    storage.kept[ORGANIZATION].discard("a")
    assert await storage.send("a") == {"a"}
