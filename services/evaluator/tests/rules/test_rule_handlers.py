"""Rules as they are kept, and the shards they are judged in, on a real database."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

import monitors_evaluator
from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import ListSeries, MetricGraph, MetricLine, QueryMetrics, SeriesList, SeriesView
from monitors_contracts.pending import ListPending, PendingAlert
from monitors_contracts.rules import (
    CreateRule,
    DeleteRule,
    GetRule,
    GetRuleState,
    GetRuleStates,
    ListRules,
    PreviewRule,
    RuleCreated,
    RuleDeleted,
    RuleUpdated,
    RuleView,
    UpdateRule,
)
from monitors_evaluator.domain.rules.keeping import keep
from monitors_evaluator.rules import store
from monitors_evaluator.rules.handlers import RuleHandlers
from monitors_evaluator.rules.leases import SHARDS, Fenced, Leases, shard_of
from monitors_evaluator.rules.settings import RuleSettings
from monitors_runtime.database import Pool, open_pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.migrations import RUNTIME_MIGRATIONS, migrate

pytestmark = pytest.mark.integration

BEGIN = 1_790_000_000


class Keeper:
    """Rules of one organization."""

    def __init__(self, house: Any, court: Any, **settings: Any) -> None:
        self.house = house
        self.handlers = RuleHandlers(house.service("evaluator"), RuleSettings(**settings))
        self.organization = new_id()
        self.court = court

    async def create(self, rule_id: Id | None = None, **fields: Any) -> RuleView:
        spec = self.court.rule(**({"warning": 80} | fields)).spec
        wish = CreateRule(
            organization_id=self.organization, rule_id=rule_id or new_id(), user_id=self.organization, spec=spec
        )
        return await self.handlers.create(wish)

    async def update(self, rule: RuleView, version: int | None = None, **fields: Any) -> RuleView:
        spec = self.court.rule(**({"warning": 80} | fields)).spec
        wish = UpdateRule(
            organization_id=self.organization,
            rule_id=rule.id,
            user_id=self.organization,
            spec=spec,
            expected_version=version,
        )
        return await self.handlers.update(wish)

    async def delete(self, rule: RuleView) -> None:
        await self.handlers.delete(DeleteRule(organization_id=self.organization, rule_id=rule.id))

    async def names(self, **asked: Any) -> list[str]:
        found = await self.handlers.find(ListRules(organization_id=self.organization, **asked))
        return [rule.name for rule in found.rules]


@pytest.fixture
def keeper(house: Any, court: Any) -> Keeper:
    return Keeper(house, court)


async def test_a_rule_when_made_changed_and_deleted_then_each_is_told_once(keeper: Keeper) -> None:
    rule_id = new_id()
    rule = await keeper.create(rule_id)
    assert await keeper.create(rule_id) == rule, "asked again, it is the same"
    assert (await keeper.update(rule)).version == 1, "what is so already is no change"
    changed = await keeper.update(rule, version=1, warning=90)
    assert changed.version == 2
    await keeper.handlers.delete(DeleteRule(organization_id=keeper.organization, rule_id=rule.id))
    events = [each.event for each in await keeper.house.published(RuleCreated, RuleUpdated, RuleDeleted)]
    assert [type(each) for each in events] == [RuleCreated, RuleUpdated, RuleDeleted]
    assert await refusal(keeper.handlers.get(GetRule(organization_id=keeper.organization, rule_id=rule.id))) == 404


async def test_a_rule_when_changed_by_two_at_once_then_the_second_is_told(keeper: Keeper) -> None:
    rule = await keeper.create()
    outcomes = await asyncio.gather(
        keeper.update(rule, version=1, warning=90), keeper.update(rule, version=1, warning=95), return_exceptions=True
    )
    [refused] = [each for each in outcomes if isinstance(each, ProblemError)]
    assert (refused.problem.type, refused.problem.status) == ("rule-changed", 409)


async def test_rules_when_events_come_twice_or_late_then_are_as_the_newest_says(keeper: Keeper) -> None:
    rule = await keeper.create()
    newest = await keeper.update(rule, warning=90)
    async with keeper.house.pool.acquire() as db, db.transaction():
        await store.apply(db, RuleCreated(organization_id=rule.organization_id, rule_id=rule.id, rule=rule))
    assert await keeper.handlers.get(GetRule(organization_id=keeper.organization, rule_id=rule.id)) == newest


async def test_a_rule_when_somebody_elses_then_is_not_found(keeper: Keeper, house: Any, court: Any) -> None:
    rule, other = await keeper.create(), Keeper(house, court)
    asked: dict[str, Any] = {"organization_id": other.organization, "rule_id": rule.id}
    assert await refusal(other.handlers.get(GetRule(**asked))) == 404
    assert await refusal(other.handlers.state(GetRuleState(**asked))) == 404
    assert await refusal(other.handlers.delete(DeleteRule(**asked))) == 404
    assert await refusal(other.update(rule, warning=1)) == 404
    assert await other.names() == []
    composite = court.rule(kind="composite", operator="or", rules=[rule.id]).spec
    wish = CreateRule(organization_id=other.organization, rule_id=new_id(), user_id=other.organization, spec=composite)
    assert await refusal(other.handlers.create(wish)) == 422
    async with house.pool.acquire() as db, db.transaction():
        stolen = rule.model_copy(update={"organization_id": other.organization, "version": 9})
        await store.apply(db, RuleUpdated(organization_id=other.organization, rule_id=rule.id, rule=stolen))
    assert (await keeper.handlers.get(GetRule(organization_id=keeper.organization, rule_id=rule.id))).version == 1


async def test_rules_when_listed_then_are_found_by_what_was_asked(keeper: Keeper) -> None:
    for number in range(3):
        await keeper.create(name=f"CPU {number}", group="machines")
    await keeper.create(name="Disk", metric="disk")
    assert await keeper.names() == ["Disk", "CPU 2", "CPU 1", "CPU 0"]
    assert await keeper.names(text="cpu") == ["CPU 2", "CPU 1", "CPU 0"]
    assert await keeper.names(name="CPU 1") == ["CPU 1"]
    assert await keeper.names(group="machines", metric="disk") == []
    assert await keeper.names(metric="disk", kind="threshold") == ["Disk"]
    first = await keeper.handlers.find(ListRules(organization_id=keeper.organization, limit=2))
    assert (len(first.rules), first.total) == (2, 4)
    assert await keeper.names(limit=2, cursor=first.next_cursor) == ["CPU 1", "CPU 0"]


async def test_a_rule_when_a_composite_is_made_of_it_then_stays_until_that_is_gone(keeper: Keeper) -> None:
    one, two = await keeper.create(), await keeper.create(name="Two")
    both: dict[str, Any] = {"kind": "composite", "operator": "and", "name": "Both"}
    composite = await keeper.create(None, **both, rules=[one.id, two.id])
    assert await keeper.names(part=one.id) == ["Both"]
    with pytest.raises(ProblemError) as refused:
        await keeper.delete(one)
    problem = refused.value.problem
    assert (problem.status, problem.type) == (409, "rule-in-use")
    assert "'Both'" in str(problem.detail)
    await keeper.update(composite, None, **both, rules=[two.id])
    await keeper.delete(one)
    await keeper.delete(composite)
    await keeper.delete(two)
    assert await keeper.names() == []


async def test_a_composite_when_made_while_its_part_is_deleted_then_one_of_both_is_refused(keeper: Keeper) -> None:
    for _ in range(5):
        part = await keeper.create()
        outcomes = await asyncio.gather(
            keeper.create(kind="composite", operator="or", rules=[part.id]), keeper.delete(part), return_exceptions=True
        )
        [refused] = [each for each in outcomes if isinstance(each, ProblemError)]
        assert refused.problem.type in ("invalid-rule", "rule-in-use")


async def test_a_composite_when_it_lost_a_part_then_can_be_paused_and_not_made_of_nothing(keeper: Keeper) -> None:
    part = await keeper.create()
    both: dict[str, Any] = {"kind": "composite", "operator": "or", "rules": [part.id]}
    composite = await keeper.create(None, **both)
    async with keeper.house.pool.acquire() as db, db.transaction():
        gone = RuleDeleted(organization_id=part.organization_id, rule_id=part.id, rule_version=2)
        await store.apply(db, gone)
    paused = await keeper.update(composite, None, **both, isActive=False)
    assert not paused.spec.is_active
    assert await refusal(keeper.update(composite, None, **(both | {"rules": [new_id()]}))) == 422


async def test_rules_when_there_are_as_many_as_allowed_then_another_is_refused(house: Any, court: Any) -> None:
    keeper = Keeper(house, court, rule_limit=1)
    await keeper.create()
    assert await refusal(keeper.create()) == 422


async def test_what_is_pending_when_asked_then_is_that_of_the_organization_alone(
    keeper: Keeper, house: Any, court: Any
) -> None:
    """Kept with a sample of now, for what nothing is heard of any more waits no more."""
    rule = await keeper.create(hold=300)
    assert await pending(keeper) == []
    subject = keeper.court(rule)
    since = datetime.now(UTC).timestamp() - BEGIN
    subject.take(("a1", since, 90), ("a2", since, 10))
    await write_down(keeper, subject)
    [alert] = await pending(keeper)
    assert (alert.rule_id, alert.labels["host"], alert.fires_at - alert.since) == (rule.id, "a1", timedelta(minutes=5))
    assert await pending(Keeper(house, court)) == []


async def pending(keeper: Keeper) -> list[PendingAlert]:
    return (await keeper.handlers.pending(ListPending(organization_id=keeper.organization))).alerts


async def write_down(keeper: Keeper, subject: Any) -> None:
    kept = keep(subject.judge)
    await keeper.house.pool.execute(
        "INSERT INTO evaluator.rule_states VALUES ($1, $2, $3, $4, now())",
        *(keeper.organization, shard_of(keeper.organization), kept.names, kept.numbers),
    )


async def test_how_rules_stand_when_asked_then_is_as_written_down_and_a_silence_of_ours_is_called_so(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule, other = await keeper.create(), await keeper.create(name="Other", warning=1000)
    subject = keeper.court(rule, other)
    subject.take(("a1", 0, 90), ("a2", 0, 10))
    await write_down(keeper, subject)

    async def ask(*_: Any, **__: Any) -> None:
        raise problem("service-unavailable", "Away", 503)

    monkeypatch.setattr(keeper.house.runtime, "ask", ask)
    state = await keeper.handlers.state(GetRuleState(organization_id=keeper.organization, rule_id=rule.id))
    assert [(each.labels["host"], each.condition, each.data) for each in state.series] == [
        ("a1", "firing", "gateway-down"),
        ("a2", "ok", "gateway-down"),
    ]
    both = await keeper.handlers.states(
        GetRuleStates(organization_id=keeper.organization, rule_ids=[rule.id, other.id, new_id()])
    )
    assert [(each.rule_id, dict(each.counts)) for each in both.states] == [
        (rule.id, {"firing": 1, "ok": 1}),
        (other.id, {"ok": 2}),
    ]


class Storage:
    """What is stored of `cpu`: a value a minute of some hosts since a beginning, and of pings; asked as storage is."""

    def __init__(self, begin: datetime, **hosts: list[float | None]) -> None:
        self.begin, self.hosts = begin, hosts
        self.asked: list[QueryMetrics] = []

    async def ask(self, asked: Any, patience: float = 0) -> Any:
        if isinstance(asked, ListSeries):
            return SeriesList(series=[SeriesView(name="cpu", labels={"host": host}) for host in self.hosts])
        self.asked.append(asked)
        step, first = asked.step_seconds * 1000, round(asked.since.timestamp() * 1000)
        times = list(range(first - first % step, round(asked.until.timestamp() * 1000), step))
        lines = [
            MetricLine(name="cpu", labels={"host": host}, values=[self._at(values, time) for time in times])
            for host, values in self.hosts.items()
        ]
        return MetricGraph(step_seconds=asked.step_seconds, resolution="raw", times=times, series=lines)

    def _at(self, values: list[float | None], time: int) -> float | None:
        minute, rest = divmod(time - round(self.begin.timestamp() * 1000), 60_000)
        return values[minute] if rest == 0 and 0 <= minute < len(values) else None


LOW, HIGH = [10.0] * 10, [90.0] * 10
PREVIEWED: dict[str, tuple[dict[str, Any], list[str | None]]] = {
    "threshold": ({"warning": 80, "for": "2m"}, ["warning", None]),
    "window": ({"kind": "window", "window": "3m", "function": "avg", "warning": 50, "critical": 85}, ["warning"]),
    "rate": ({"kind": "rate", "window": "2m", "function": "delta", "warning": 0.5}, ["warning", None]),
    "nOfM": ({"kind": "nOfM", "n": 3, "m": 5, "warning": 80}, ["warning", None]),
    "ratio": ({"kind": "ratio", "window": "1m", "offset": "1h", "warning": 3}, ["warning", None]),
    "absence": ({"kind": "absence", "for": "4m"}, ["warning"]),
}
"""Of each kind, what makes it fire over ten minutes of 10, ten of 90, ten of 10, and nothing; and how it goes."""


@pytest.mark.parametrize("kind", PREVIEWED)
@pytest.mark.parametrize("by", [None, ["host"], []])
async def test_a_rule_of_each_kind_when_previewed_then_judges_what_is_stored(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, kind: str, by: list[str] | None
) -> None:
    fields, expected = PREVIEWED[kind]
    begin = datetime.fromtimestamp(1_790_000_000 // 3600 * 3600, UTC)
    before: list[float | None] = [10.0] * 60
    storage = Storage(begin - timedelta(hours=1), a=[*before, *LOW, *HIGH, *LOW])
    monkeypatch.setattr(keeper.house.runtime, "ask", storage.ask)
    spec = keeper.court.rule(**(fields | ({} if by is None else {"by": by}))).spec
    asked = PreviewRule(
        organization_id=keeper.organization, spec=spec, since=begin, until=begin + timedelta(minutes=40)
    )
    shown = await keeper.handlers.preview(asked)
    severities = [each.severity for each in shown.transitions]
    assert severities[: len(expected)] == expected, shown.transitions
    assert (shown.series, shown.total) == (1, len(severities))
    moments = [each.at for each in shown.transitions]
    assert moments == sorted(moments)


async def test_rules_together_when_previewed_then_by_what_is_stored_of_their_parts(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    high, low = await keeper.create(), await keeper.create(name="Low", op="lt", warning=20)
    begin = datetime.fromtimestamp(1_790_000_000 // 3600 * 3600, UTC)
    storage = Storage(begin, a=[*LOW, *HIGH], b=[*LOW, *HIGH[:5], *LOW[:5]])
    monkeypatch.setattr(keeper.house.runtime, "ask", storage.ask)
    spec = keeper.court.rule(kind="composite", operator="and", rules=[high.id, low.id]).spec
    until = begin + timedelta(minutes=30)
    asked = PreviewRule(organization_id=keeper.organization, spec=spec, since=begin, until=until)
    shown = await keeper.handlers.preview(asked)
    [fired] = shown.transitions
    assert (fired.at, fired.severity) == (begin + timedelta(minutes=15), "warning")
    assert shown.series == 4
    unsaved = new_id()
    part = high.spec.model_copy(update={"warning": 95.0})
    never = spec.model_copy(update={"rules": [unsaved, low.id]})
    tried = await keeper.handlers.preview(asked.model_copy(update={"spec": never, "parts": {unsaved: part}}))
    assert (tried.series, tried.total) == (4, 0), "by a part that is not saved"
    spec = spec.model_copy(update={"rules": [new_id()]})
    assert await refusal(keeper.handlers.preview(asked.model_copy(update={"spec": spec}))) == 422


async def test_a_heartbeat_when_previewed_then_by_its_pings_and_a_new_one_has_none(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, rule_id = datetime.fromtimestamp(1_790_000_000 // 3600 * 3600, UTC), new_id()
    spec = keeper.court.rule(kind="heartbeat", period="5m", grace="1m").spec
    until = begin + timedelta(minutes=30)
    asked = PreviewRule(organization_id=keeper.organization, spec=spec, since=begin, until=until)
    assert await refusal(keeper.handlers.preview(asked)) == 422

    class Pings(Storage):
        async def ask(self, asked: Any, patience: float = 0) -> Any:
            found = await super().ask(asked, patience)
            if isinstance(found, MetricGraph):
                assert asked.selector == f'heartbeat{{heartbeat_id="{rule_id}"}}'
                labels = {"heartbeat_id": str(rule_id)}
                lines = [each.model_copy(update={"name": "heartbeat", "labels": labels}) for each in found.series]
                return found.model_copy(update={"series": lines})
            return found

    pings: list[float | None] = [None] * 20
    pings[2], pings[15] = 0.0, 0.0
    monkeypatch.setattr(keeper.house.runtime, "ask", Pings(begin, job=pings).ask)
    shown = await keeper.handlers.preview(asked.model_copy(update={"rule_id": rule_id}))
    assert [(each.at - begin).total_seconds() // 60 for each in shown.transitions] == [8, 15, 21]
    assert [each.reason for each in shown.transitions] == ["not-pinged", "back", "not-pinged"]


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "`since` is before `until`"), (0, "`since` is before"), (9, "eight days")]
)
async def test_a_preview_when_its_times_make_no_sense_then_is_refused_with_the_reason(
    keeper: Keeper, days: int, said: str
) -> None:
    since = datetime.fromtimestamp(BEGIN, UTC)
    spec = keeper.court.rule(warning=80).spec
    until = since + timedelta(days=days)
    with pytest.raises(ProblemError, match=said):
        await keeper.handlers.preview(
            PreviewRule(organization_id=keeper.organization, spec=spec, since=since, until=until)
        )


async def test_a_preview_of_many_series_when_asked_for_then_no_graph_is_too_large(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = datetime.fromtimestamp(1_790_000_000 // 3600 * 3600, UTC)
    values: list[float | None] = [*LOW, *HIGH]
    storage = Storage(begin, **{f"h{number}": values for number in range(700)})
    monkeypatch.setattr(keeper.house.runtime, "ask", storage.ask)
    spec = keeper.court.rule(warning=80, **{"for": "2m"}).spec
    until = begin + timedelta(days=1)
    asked = PreviewRule(organization_id=keeper.organization, spec=spec, since=begin, until=until)
    shown = await keeper.handlers.preview(asked)
    assert (shown.series, shown.total, len(shown.transitions)) == (700, 700, 700)
    steps = [(each.until - each.since).total_seconds() / each.step_seconds for each in storage.asked]
    assert len(steps) > 1
    assert all(many * 700 <= 50_000 for many in steps)
    assert storage.asked[0].since == begin
    assert max(each.until for each in storage.asked) == until


# -- shards -----------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def pool(empty_database: str) -> Any:
    await migrate(empty_database, "runtime", RUNTIME_MIGRATIONS)
    await migrate(empty_database, "evaluator", Path(monitors_evaluator.__file__).parent / "migrations")
    pool = await open_pool(empty_database, 4)
    yield pool
    await pool.close()


async def test_shards_when_evaluators_come_and_go_then_all_are_judged_and_fairly(pool: Pool) -> None:
    one, two = Leases(pool, new_id()), Leases(pool, new_id())
    assert len(await one.renew()) == SHARDS
    assert await two.renew() == [], "all are taken; but now there are two"
    await one.renew()
    assert len(await two.renew()) == SHARDS // 2
    assert one.held.keys() | two.held.keys() == set(range(SHARDS))
    assert not one.held.keys() & two.held.keys()
    await one.leave()
    assert len(await two.renew()) == SHARDS // 2, "what was given back is free at once"
    assert two.held.keys() == set(range(SHARDS))


async def test_an_evaluator_when_it_was_taken_for_dead_then_writes_nothing_more(pool: Pool) -> None:
    slow, quick = Leases(pool, new_id(), seconds=0.2), Leases(pool, new_id(), seconds=5)
    await slow.renew()
    await asyncio.sleep(0.3)
    taken = await quick.renew()
    assert taken
    for shard in (*slow.held.values(), *quick.held.values()):
        shard.judged = 7
    with pytest.raises(Fenced):
        await advance(pool, slow)
    with pytest.raises(Fenced):
        await slow.renew()
    await advance(pool, quick)
    assert await pool.fetchval("SELECT max(position) FROM evaluator.rule_shards") == 7


async def test_shards_when_kept_during_long_work_then_nobody_takes_them_and_after_it_somebody_may(pool: Pool) -> None:
    busy, other = Leases(pool, new_id(), seconds=0.6), Leases(pool, new_id(), seconds=5)
    await busy.renew()
    for _ in range(4):
        await asyncio.sleep(0.3)
        await busy.keep()
        assert await other.renew() == []
    await asyncio.sleep(0.7)
    assert await other.renew()
    with pytest.raises(Fenced):
        await busy.keep()


async def test_a_position_when_it_is_not_where_its_owner_left_it_then_is_not_moved(pool: Pool) -> None:
    leases = Leases(pool, new_id())
    [first, *_] = await leases.renew()
    await pool.execute("UPDATE evaluator.rule_shards SET position = 5 WHERE shard = $1", first.number)
    first.judged = 9
    with pytest.raises(Fenced):
        await advance(pool, leases)


async def test_changes_of_rules_when_looked_for_then_none_is_passed_over(pool: Pool, court: Any) -> None:
    """A later change never commits before an earlier one: whoever looks meanwhile would never see that."""
    first, second = court.rule(warning=80), court.rule(warning=80)
    events = [RuleCreated(organization_id=each.organization_id, rule_id=each.id, rule=each) for each in (first, second)]
    async with pool.acquire() as one, pool.acquire() as two:
        begun = one.transaction()
        await begun.start()
        await store.apply(one, events[0])
        waiting = asyncio.create_task(commit(two, events[1]))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        assert await store.changed_since(pool, 0) == []
        await begun.commit()
        await waiting
    assert [each.id for each in await store.changed_since(pool, 0)] == [first.id, second.id]


async def commit(db: Any, event: RuleCreated) -> None:
    async with db.transaction():
        await store.apply(db, event)


async def advance(pool: asyncpg.Pool, leases: Leases) -> None:
    async with pool.acquire() as db, db.transaction():
        await leases.advance(db)
    leases.advanced()


async def refusal(work: Awaitable[Any]) -> int:
    with pytest.raises(ProblemError) as refused:
        await work
    return refused.value.problem.status
