import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from monitors_alerter import held, routing_store, suppressing, suppression_store
from monitors_alerter.changes import Changes
from monitors_alerter.reminding import Reminding
from monitors_alerter.settings import AlerterSettings
from monitors_alerter.silencing import Silencing
from monitors_contracts.alerts import AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Event, Id, Request, id_floor, new_id
from monitors_contracts.notices import NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_contracts.silences import (
    CreateSilence,
    ExpireSilence,
    GetSilence,
    ListHeld,
    ListHoldings,
    ListSilences,
    PreviewMatchers,
    SilenceChanged,
    SilenceSpec,
    SilenceState,
    SilenceView,
    UpdateSilence,
)
from monitors_runtime.errors import ProblemError
from monitors_runtime.narrowing import narrowed

Reply = TypeVar("Reply", bound=Any)


class Alerter:
    """The alerter's answers about silences, for one organization."""

    def __init__(self, house: Any, organization: Id | None = None) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.changes = Changes(self.service)
        self.silencing = Silencing(self.service, AlerterSettings())
        self.organization, self.user = organization or new_id(), new_id()

    async def fire(self, name: str = "Slow", severity: str = "warning", **labels: str) -> AlertView:
        alert = AlertView.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "fingerprint": f"{name} {labels} {new_id()}",
                "state": "firing",
                "severity": severity,
                "origin": "prometheus",
                "name": name,
                "summary": name,
                "condition": "",
                "labels": labels,
                "started_at": datetime.now(UTC),
            }
        )
        await self.save(AlertTriggered, alert, "condition-became-true")
        return alert

    async def save(self, kind: Any, alert: AlertView, reason: str) -> None:
        async with self.service.transaction() as tx:
            event = kind(organization_id=self.organization, alert_id=alert.id, alert=alert, reason=reason)
            await self.changes.save(tx, [event])

    async def end(self, alert: AlertView) -> None:
        over = {"state": AlertState.RESOLVED, "resolved_at": datetime.now(UTC), "version": alert.version + 1}
        await self.save(AlertResolved, alert.model_copy(update=over), "condition-cleared")

    async def silence(
        self, matchers: str = 'host="db-1"', lasts: str | None = "2h", confirm: bool = False, **parts: Any
    ) -> SilenceView:
        spec = {"matchers": matchers, "for": lasts, "comment": "Disk is replaced", "author": "Owner"} | parts
        return await self.silencing.create_silence(
            self.ask(CreateSilence, silence_id=new_id(), spec=SilenceSpec.model_validate(spec), confirm=confirm)
        )

    async def holders(self, alert: AlertView) -> list[str]:
        found = await self.silencing.list_holdings(self.ask(ListHoldings, alert_ids=[alert.id]))
        return [each.kind for each in found.holdings.get(alert.id, [])]

    async def get(self, silence: SilenceView) -> SilenceView:
        return await self.silencing.get_silence(self.ask(GetSilence, silence_id=silence.id))

    async def expire(self, silence: SilenceView) -> SilenceView:
        return await self.silencing.expire_silence(self.ask(ExpireSilence, silence_id=silence.id))

    async def published(self, kind: type[Event]) -> list[Any]:
        """What was sent of this kind; the database is shared with other tests, their organizations are not."""
        found = await self.house.published(kind)
        return [each for each in found if each.event.organization_id == self.organization]

    def ask(self, kind: type[Request[Reply]], **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


def told(envelopes: list[Any]) -> list[str]:
    return [alert.name for envelope in envelopes for alert in envelope.event.notice.alerts]


async def open_channel(alerter: Alerter) -> Id:
    channel = ChannelInfo(id=new_id(), kind="webhook", name="Hook", is_active=True)
    event = ChannelChanged(organization_id=alerter.organization, channel_id=channel.id, channel=channel)
    async with alerter.house.pool.acquire() as db, db.transaction():
        await routing_store.apply(db, event)
    return channel.id


async def problem_of(asked: Awaitable[Any]) -> tuple[str, int, str]:
    with pytest.raises(ProblemError) as refused:
        await asked
    problem = refused.value.problem
    return problem.type, problem.status, problem.detail or ""


async def test_a_silence_when_made_then_it_holds_back_what_it_matches_and_its_event_says_the_same(alerter: Alerter):
    chosen, other = await alerter.fire(host="db-1"), await alerter.fire(host="db-2")
    silence = await alerter.silence()
    assert await alerter.holders(chosen) == ["silenced"]
    assert await alerter.holders(other) == []
    [envelope] = await alerter.published(SilenceChanged)
    assert envelope.event.silence.model_dump() == silence.model_dump(
        include=set(type(envelope.event.silence).model_fields)
    )
    assert (silence.state, silence.author, silence.ends_at - silence.starts_at) == (
        SilenceState.ACTIVE,
        "Owner",
        timedelta(hours=2),
    )


async def test_a_silence_when_asked_for_twice_with_one_id_then_there_is_one(alerter: Alerter):
    command = alerter.ask(
        CreateSilence, silence_id=new_id(), spec=SilenceSpec.model_validate({"matchers": "host=db-1", "for": "1h"})
    )
    first = await alerter.silencing.create_silence(command)
    assert await alerter.silencing.create_silence(command) == first
    assert len(await alerter.published(SilenceChanged)) == 1


async def test_an_alert_when_it_fires_silenced_then_nobody_is_told_until_the_silence_is_ended(alerter: Alerter):
    await open_channel(alerter)
    silence = await alerter.silence()
    await alerter.fire("Slow", host="db-1")
    assert told(await alerter.published(NoticeIssued)) == []
    shown = await alerter.get(silence)
    assert (shown.held, shown.holding) == (1, 1)
    await alerter.expire(silence)
    while await alerter.changes.flushing.flush():
        pass
    assert told(await alerter.published(NoticeIssued)) == ["Slow"]


async def test_what_a_silence_hid_is_shown_open_ones_first_with_how_many_changes(alerter: Alerter):
    await open_channel(alerter)
    silence = await alerter.silence()
    over, still = await alerter.fire("Over", host="db-1"), await alerter.fire("Still", host="db-1")
    await alerter.end(over)
    found = await alerter.silencing.list_held(alerter.ask(ListHeld, holder_id=silence.id))
    assert [(each.alert.name, each.alert.state) for each in found.held] == [("Still", "firing"), ("Over", "resolved")]
    assert found.total == 2
    assert found.held[0].times == 1
    assert (await alerter.get(silence)).holding == 1
    # The same change counts once, however often it is looked at.
    async with alerter.house.pool.acquire() as db:
        held_by = (await suppressing.suppressions(db, alerter.organization, [still], datetime.now(UTC)))[still.id]
        await held.note(db, [(still, held_by)], datetime.now(UTC))
        worse = still.model_copy(update={"version": 2})
        await held.note(db, [(worse, held_by), (worse, held_by)], datetime.now(UTC))
    found = await alerter.silencing.list_held(alerter.ask(ListHeld, holder_id=silence.id))
    assert [each.times for each in found.held if each.alert.id == still.id] == [2]


async def test_a_silence_of_another_organization_holds_nothing_back_and_is_not_found(alerter: Alerter, house: Any):
    alert = await alerter.fire(host="db-1")
    other = Alerter(house)
    silence = await other.silence()
    assert await alerter.holders(alert) == []
    assert (await problem_of(alerter.get(silence)))[:2] == ("silence-not-found", 404)
    assert (await problem_of(alerter.expire(silence)))[0] == "silence-not-found"
    assert (await alerter.silencing.list_silences(alerter.ask(ListSilences))).silences == []
    assert (await alerter.silencing.list_held(alerter.ask(ListHeld, holder_id=silence.id))).held == []


async def test_a_broad_silence_asks_first_and_says_how_many_firing_alerts_it_would_hide(alerter: Alerter):
    for number in range(10):
        await alerter.fire(host=f"db-{number}", service="db" if number < 6 else "web")
    kind, status, detail = await problem_of(alerter.silence('service="db"'))
    assert (kind, status) == ("silence-too-broad", 409)
    assert "6 of 10 firing alerts" in detail
    assert await alerter.published(SilenceChanged) == []
    assert (await alerter.silence('service="web"')).state is SilenceState.ACTIVE
    assert (await alerter.silence('service="db"', confirm=True)).state is SilenceState.ACTIVE


async def test_a_silence_of_everything_asks_first_though_nothing_fires(alerter: Alerter):
    for matchers in (
        'alertname=~".+"',
        'severity=~"info|warning|critical"',
        'alertname!=""',
        'alertname=~".*", severity!=""',
    ):
        kind, _, detail = await problem_of(alerter.silence(matchers))
        assert kind == "silence-too-broad"
        assert "every alert" in detail
    assert (await alerter.silence('severity=~"info|warning"')).state is SilenceState.ACTIVE


async def test_a_silence_when_widened_asks_as_a_new_one_does_and_when_prolonged_does_not(alerter: Alerter):
    for _ in range(10):
        await alerter.fire(host="db-1")
    silence = await alerter.silence("host=db-2")
    wider = alerter.ask(
        UpdateSilence, silence_id=silence.id, spec=SilenceSpec.model_validate({"matchers": "host=~db-.", "for": "1h"})
    )
    assert (await problem_of(alerter.silencing.update_silence(wider)))[0] == "silence-too-broad"
    broad = await alerter.silencing.update_silence(wider.model_copy(update={"confirm": True}))
    longer = SilenceSpec.model_validate({"matchers": "host=~db-.", "ends_at": broad.ends_at + timedelta(hours=1)})
    changed = await alerter.silencing.update_silence(alerter.ask(UpdateSilence, silence_id=silence.id, spec=longer))
    assert (changed.version, changed.starts_at, changed.author) == (3, silence.starts_at, "Owner")
    assert changed.ends_at == broad.ends_at + timedelta(hours=1)


async def test_a_silence_that_ended_stays_as_it_is(alerter: Alerter):
    silence = await alerter.silence()
    ended = await alerter.expire(silence)
    assert (ended.state, ended.expired_by) == (SilenceState.EXPIRED, alerter.user)
    assert await alerter.expire(silence) == ended
    again = alerter.ask(
        UpdateSilence, silence_id=silence.id, spec=SilenceSpec.model_validate({"matchers": "a=b", "for": 60})
    )
    assert (await problem_of(alerter.silencing.update_silence(again)))[:2] == ("silence-expired", 409)


async def test_a_silence_that_would_have_ended_is_refused(alerter: Alerter):
    past = datetime.now(UTC) - timedelta(hours=3)
    asked = alerter.silence(lasts=None, starts_at=past, ends_at=past + timedelta(hours=1))
    assert (await problem_of(asked))[:2] == ("silence-over", 422)


async def test_a_silence_that_begins_later_is_pending_and_when_ended_never_begins(alerter: Alerter):
    alert = await alerter.fire(host="db-1")
    silence = await alerter.silence(starts_at=datetime.now(UTC) + timedelta(hours=1))
    assert silence.state is SilenceState.PENDING
    assert await alerter.holders(alert) == []
    ended = await alerter.expire(silence)
    assert ended.state is SilenceState.EXPIRED
    assert ended.starts_at <= ended.ends_at


async def test_silences_are_listed_by_state_and_words_newest_first(alerter: Alerter):
    old = await alerter.silence("host=db-1", comment="Old")
    await alerter.expire(old)
    active = await alerter.silence("host=db-2", comment="Rack is moved")
    pending = await alerter.silence("host=db-3", starts_at=datetime.now(UTC) + timedelta(hours=1))

    async def listed(**parts: Any) -> list[Id]:
        found = await alerter.silencing.list_silences(alerter.ask(ListSilences, **parts))
        assert found.total == len(found.silences)
        return [each.id for each in found.silences]

    assert await listed() == [pending.id, active.id, old.id]
    assert await listed(states=[SilenceState.ACTIVE, SilenceState.PENDING]) == [pending.id, active.id]
    assert await listed(states=[SilenceState.EXPIRED]) == [old.id]
    assert await listed(text="RACK") == [active.id]
    assert await listed(text="db-3") == [pending.id]
    page = await alerter.silencing.list_silences(alerter.ask(ListSilences, limit=2))
    rest = await alerter.silencing.list_silences(alerter.ask(ListSilences, limit=2, cursor=page.next_cursor))
    assert [each.id for each in (*page.silences, *rest.silences)] == [pending.id, active.id, old.id]
    assert page.counts == {"active": 1, "pending": 1, "expired": 1}


async def test_a_preview_says_what_matchers_choose_and_saves_nothing(alerter: Alerter):
    await alerter.fire("Mild", "info", host="db-1", service="db")
    worse = await alerter.fire("Bad", "critical", host="db-2", service="db")
    await alerter.fire("Other", host="web", service="web")
    await alerter.end(await alerter.fire("Over", host="db-1", service="db"))
    found = await alerter.silencing.preview_matchers(
        alerter.ask(PreviewMatchers, matchers='service="db", host=~"db-.*"', limit=1)
    )
    assert (found.open, found.matched, found.by_severity) == (3, 2, {"info": 1, "critical": 1})
    assert [each.id for each in found.alerts] == [worse.id]
    assert found.too_broad is None
    by_severity = await alerter.silencing.preview_matchers(alerter.ask(PreviewMatchers, matchers="severity=critical"))
    assert by_severity.matched == 1


async def remind(alerter: Alerter, at: datetime) -> None:
    while await Reminding(alerter.service).remind(at):
        pass


async def test_a_silence_that_ends_soon_is_reminded_of_once_at_the_channels_of_what_it_hides(alerter: Alerter):
    channel = await open_channel(alerter)
    silence = await alerter.silence(remind="10m")
    await alerter.fire("Slow", host="db-1")
    await remind(alerter, silence.ends_at - timedelta(minutes=11))
    assert await alerter.published(NoticeIssued) == []
    await remind(alerter, silence.ends_at - timedelta(minutes=9))
    await remind(alerter, silence.ends_at - timedelta(minutes=8))
    [envelope] = await alerter.published(NoticeIssued)
    notice = envelope.event.notice
    assert (notice.reason, notice.channel_id, notice.alerts) == ("silence-expires", channel, [])
    for part in ('host="db-1"', "Disk is replaced", "Owner", "1 firing alert", "Slow", f"{silence.ends_at:%H:%M}"):
        assert part in notice.note
    assert (await alerter.get(silence)).reminded_at


async def test_a_silence_that_hides_nothing_that_fires_is_reminded_of_to_nobody(alerter: Alerter):
    await open_channel(alerter)
    silence = await alerter.silence()
    await alerter.end(await alerter.fire("Slow", host="db-1"))
    await remind(alerter, silence.ends_at - timedelta(minutes=1))
    assert await alerter.published(NoticeIssued) == []


async def test_a_silence_that_is_prolonged_after_its_reminder_is_reminded_of_again(alerter: Alerter):
    await open_channel(alerter)
    silence = await alerter.silence()
    await alerter.fire("Slow", host="db-1")
    await remind(alerter, silence.ends_at - timedelta(minutes=1))
    longer = SilenceSpec.model_validate({"matchers": "host=db-1", "ends_at": silence.ends_at + timedelta(hours=1)})
    await alerter.silencing.update_silence(alerter.ask(UpdateSilence, silence_id=silence.id, spec=longer))
    await remind(alerter, silence.ends_at - timedelta(minutes=1))
    assert len(await alerter.published(NoticeIssued)) == 1
    await remind(alerter, silence.ends_at + timedelta(minutes=50))
    assert len(await alerter.published(NoticeIssued)) == 2


async def test_two_alerters_that_remind_at_once_remind_once(alerter: Alerter):
    await open_channel(alerter)
    silence = await alerter.silence()
    await alerter.fire("Slow", host="db-1")
    soon = silence.ends_at - timedelta(minutes=1)
    await asyncio.gather(*(remind(alerter, soon) for _ in range(4)))
    assert len(await alerter.published(NoticeIssued)) == 1


async def test_a_silence_is_made_of_its_events_in_any_order(alerter: Alerter):
    silence = await alerter.silence()
    await alerter.expire(silence)
    events = [envelope.event for envelope in await alerter.published(SilenceChanged)]
    live = await alerter.get(silence)
    async with alerter.house.pool.acquire() as db:
        await db.execute("DELETE FROM alerter.silences WHERE organization_id = $1", alerter.organization)
        for event in (*reversed(events), *events):
            await suppression_store.apply(db, event)
    assert await alerter.get(silence) == live


async def test_what_is_past_its_time_is_forgotten_and_what_lasts_is_kept(alerter: Alerter):
    ended, lasting = await alerter.silence("host=db-1"), await alerter.silence("host=db-2")
    await alerter.expire(ended)
    await alerter.house.pool.execute(suppression_store.EXPIRE, id_floor(datetime.now(UTC) + timedelta(seconds=1)))
    found = await alerter.silencing.list_silences(alerter.ask(ListSilences))
    assert [each.id for each in found.silences] == [lasting.id]


async def test_nothing_of_an_erased_organization_is_left(alerter: Alerter):
    await alerter.silence()
    await alerter.fire(host="db-1")
    for statement in suppression_store.ERASE:
        await alerter.house.pool.execute(statement, alerter.organization)
    for table in (*suppression_store.TABLES, "alerter.held"):
        left = await alerter.house.pool.fetchval(
            f"SELECT count(*) FROM {table} WHERE organization_id = $1", alerter.organization
        )
        assert left == 0


async def test_queries_use_their_indexes(alerter: Alerter, plan: Callable[..., Awaitable[str]]):
    now = datetime.now(UTC)
    await alerter.house.pool.execute(
        """
        INSERT INTO alerter.silences (id, organization_id, starts_at, ends_at, remind_at, version, document)
        SELECT gen_random_uuid(), CASE WHEN n % 1000 = 0 THEN $1 ELSE gen_random_uuid() END, now(),
            now() + interval '1 day', CASE WHEN n % 500 = 0 THEN now() + interval '1 hour' END, 1, '{}'
        FROM generate_series(1, 5000) AS n
        """,
        alerter.organization,
    )
    listed, arguments = narrowed(
        suppression_store.SILENCES, (alerter.organization, now, ["active"], None, 50), [("ends_at > ${}", now)]
    )
    assert "silences_" in await plan(listed, *arguments)
    assert "silences_" in await plan(suppression_store.LASTING, alerter.organization, now)
    assert "silences_to_remind" in await plan(suppression_store.TO_REMIND, now)
    await alerter.house.pool.execute("DELETE FROM alerter.silences WHERE document = '{}'")
