"""Whatever comes between a notice and its receiver: each alert that arrived as firing gets exactly one end."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import MOST_ALERTS, Notice, NoticeReason
from monitors_notifier.domain.merging import Arrival, Arrivals, is_open, merge, stand_in

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORGANIZATION = UUID("01a1ff00-add6-700d-ab5d-c7ab567703bb")


def an_id(number: int) -> Id:
    return UUID(int=(0x01A1FF00ADD6 << 80) | (0x7 << 76) | (0b10 << 62) | number)


PRIMARY, STAND_IN, GROUP = an_id(1), an_id(2), an_id(3)


def alert(number: int, version: int = 1, severity: str = "warning") -> AlertView:
    """Odd versions fire, even ones are over."""
    return AlertView(
        id=an_id(1000 + number),
        organization_id=ORGANIZATION,
        fingerprint=str(number),
        state=AlertState.FIRING if version % 2 else AlertState.RESOLVED,
        severity=severity,  # pyright: ignore[reportArgumentType]
        name=f"alert {number}",
        summary="",
        condition="",
        started_at=BEGIN + timedelta(seconds=number),
        version=version,
    )


def notice(number: int, *alerts: AlertView, reason: NoticeReason = "alerts-changed", more: int = 0) -> Notice:
    return Notice(
        id=an_id(2000 + number),
        group_id=GROUP,
        channel_id=PRIMARY,
        alerts=list(alerts),
        reason=reason,
        more={"info": more} if more else {},
        fallback=[STAND_IN],
        issued_at=BEGIN + timedelta(seconds=number),
    )


def arrived(one: AlertView, version: int | None = None) -> dict[Id, Arrivals]:
    return {one.id: Arrivals(Arrival(PRIMARY, version or one.version, is_open(one), an_id(99)))}


# -- single decisions ------------------------------------------------------------------------------------------------------


def test_one_notice_when_nothing_is_known_then_it_is_told_as_it_is():
    only = notice(1, alert(1), alert(2))
    assert merge([only], {}).notice is only


def test_an_alert_when_it_fired_and_ended_while_it_waited_then_it_is_told_once_as_unseen():
    merged = merge([notice(1, alert(1)), notice(2, alert(1, 2))], {})
    assert merged.notice
    assert [(told.version, told.id in merged.unseen) for told in merged.notice.alerts] == [(2, True)]
    assert merged.notice.id == an_id(2002), "the newest carries the news of all"


def test_an_end_when_it_was_told_already_then_it_is_not_told_again():
    merged = merge([notice(2, alert(1, 2))], arrived(alert(1, 2)))
    assert (merged.notice, merged.told_by) == (None, an_id(99))


def test_a_reminder_when_nothing_changed_then_it_is_told():
    merged = merge([notice(2, alert(1), reason="repeated")], arrived(alert(1)))
    assert merged.notice
    assert merged.notice.reason == "repeated"


def test_a_reminder_when_the_first_notice_still_waits_then_it_is_news():
    merged = merge([notice(1, alert(1)), notice(2, alert(1), reason="repeated")], {})
    assert merged.notice
    assert merged.notice.reason == "alerts-changed"


def test_counts_when_notices_are_put_together_then_add_up_and_critical_ones_come_first():
    merged = merge([notice(1, alert(1), alert(3, 2), more=5), notice(2, alert(2, severity="critical"), more=7)], {})
    assert merged.notice
    assert merged.notice.more == {"info": 12}
    assert [told.name for told in merged.notice.alerts] == ["alert 2", "alert 1", "alert 3"]


def test_notices_when_they_hold_more_alerts_than_fit_then_the_oldest_go_first_and_none_is_dropped():
    many = [notice(n, *(alert(60 * n + k) for k in range(60))) for n in range(3)]
    merged = merge(many, {})
    assert (list(merged.merged), list(merged.later)) == (many[:1], many[1:])
    assert all(len(each.alerts) <= MOST_ALERTS for each in merged.merged)


def test_an_end_when_it_fired_elsewhere_instead_then_it_goes_there_alone():
    there = Arrival(STAND_IN, 1, True, an_id(98))
    merged = merge([notice(2, alert(1, 2))], {alert(1).id: Arrivals(None, (there,))})
    assert merged.notice is None
    assert [each.version for each in merged.elsewhere[STAND_IN]] == [2]


def test_what_stands_in_tells_what_is_news_there():
    failed = notice(3, alert(1), alert(2, 2), alert(3, 2))
    news = stand_in(failed, {alert(3).id})
    assert news
    assert [each.name for each in news.alerts] == ["alert 1", "alert 3"], (
        "the end of what arrived is not theirs to hear"
    )
    assert stand_in(notice(3, alert(2, 2)), ()) is None


# -- whatever happens ------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """An alerter that tells a channel of alerts, two receivers, and what is between them; all that a restart keeps."""

    versions: dict[int, int] = field(default_factory=dict[int, int])
    stream: list[Notice] = field(default_factory=list[Notice])
    ledger: dict[Id, list[Notice]] = field(default_factory=lambda: {PRIMARY: [], STAND_IN: []})
    arrivals: dict[tuple[Id, Id], Arrival] = field(default_factory=dict[tuple[Id, Id], Arrival])
    heard: dict[tuple[Id, Id], str] = field(default_factory=dict[tuple[Id, Id], str])
    lost: set[tuple[Id, Id]] = field(default_factory=set[tuple[Id, Id]])
    issued: int = 0

    def change(self, *numbers: int) -> None:
        """These alerts fire when they are over, and are over when they fire; one notice tells it."""
        for number in numbers:
            self.versions[number] = self.versions.get(number, 0) + 1
        self.issued += 1
        told = [alert(number, self.versions[number]) for number in numbers]
        self.stream.append(notice(self.issued, *told))

    def deliver(self, how: str, overtaking: bool) -> None:
        """A copy of the notifier takes the next notice off the stream, or the one behind it."""
        if self.stream:
            fresh = self.stream.pop(1 if overtaking and len(self.stream) > 1 else 0)
            self._try(PRIMARY, [*self.ledger[PRIMARY], fresh], how)

    def retry(self, channel: Id, how: str) -> None:
        """What waits in the ledger is due."""
        if self.ledger[channel]:
            self._try(channel, self.ledger[channel], how)

    def _try(self, channel: Id, waiting: list[Notice], how: str) -> None:
        known = {one.id: self._seen_by(channel, one.id) for each in waiting for one in each.alerts}
        merged = merge(waiting, known)
        self.ledger[channel] = list(merged.later)
        for other, ended in merged.elsewhere.items():
            self._wait_at(other, merged.merged[-1].model_copy(update={"alerts": list(ended)}))
        if merged.notice is None:
            return
        if how == "down":
            self.ledger[channel].append(merged.notice)
        elif how == "refused":
            news = stand_in(merged.notice, merged.unseen) if channel == PRIMARY else None
            stands_in = {one.id for one in news.alerts} if news else set[Id]()
            self.lost |= {(channel, one.id) for one in merged.notice.alerts if one.id not in stands_in}
            if news:
                self._wait_at(STAND_IN, news)
        else:
            for one in merged.notice.alerts:
                word = "F" if is_open(one) else "U" if one.id in merged.unseen else "R"
                self.heard[channel, one.id] = self.heard.get((channel, one.id), "") + word
                self._arrive(channel, one.id, Arrival(channel, one.version, is_open(one), merged.notice.id))

    def _wait_at(self, channel: Id, told: Notice) -> None:
        self.issued += 1
        self.ledger[channel].append(told.model_copy(update={"id": an_id(5000 + self.issued), "channel_id": channel}))
        for one in told.alerts:
            self._arrive(channel, one.id, Arrival(channel, one.version, True, told.id, is_expected=True))

    def _arrive(self, channel: Id, one: Id, arrival: Arrival) -> None:
        known = self.arrivals.get((channel, one))
        if known is None or known.version <= arrival.version:
            took_nothing = arrival.is_expected and (known is None or known.is_expected or not known.is_open)
            self.arrivals[channel, one] = replace(arrival, is_expected=took_nothing)

    def _seen_by(self, channel: Id, one: Id) -> Arrivals:
        there = self.arrivals.get((STAND_IN, one)) if channel == PRIMARY else None
        return Arrivals(self.arrivals.get((channel, one)), (there,) if there else ())


HOW = st.sampled_from(["up", "up", "down", "down", "refused"])
ALERTS = st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True)
STEPS = st.one_of(
    st.tuples(st.just("change"), ALERTS),
    st.tuples(st.just("deliver"), HOW, st.booleans()),
    st.tuples(st.just("retry"), st.sampled_from([PRIMARY, STAND_IN]), HOW),
)


@settings(max_examples=500)
@given(st.lists(STEPS, max_size=40))
@example([("change", [0]), ("deliver", "down", False), ("change", [0])])
@example([("change", [0]), ("change", [0]), ("deliver", "up", True)])
@example([("change", [0]), ("deliver", "refused", False), ("change", [0]), ("deliver", "up", False)])
def test_each_alert_that_arrived_as_firing_gets_exactly_one_end_where_it_arrived(steps: list[tuple[object, ...]]):
    world = World()
    for name, *given_ in steps:
        if name == "change":
            world.change(*given_[0])  # pyright: ignore[reportGeneralTypeIssues, reportUnknownArgumentType]
        else:
            getattr(world, str(name))(*given_)
    while world.stream:
        world.deliver("up", overtaking=False)
    for _ in range(3):
        for channel in (PRIMARY, STAND_IN):
            world.retry(channel, "up")
    assert not any(world.ledger.values()), "nothing waits for ever"
    for number, version in world.versions.items():
        one = alert(number, version)
        words = {place: world.heard.get((place, one.id), "") for place in (PRIMARY, STAND_IN)}
        gave_up = any((place, one.id) in world.lost for place in words)
        for heard in words.values():
            assert re.fullmatch(r"(F+R|U)*(F+)?", heard), f"{heard}: an end for each that fired, and no other"
            if not is_open(one) and not gave_up:  # what is given up for good, people see in the ledger
                assert not heard.endswith("F"), f"{heard}: it is over, and was told so where it fired"
        assert gave_up or any(words.values()), "what happened was told"
        if is_open(one) and not gave_up:
            assert any(heard.endswith("F") for heard in words.values()), "what fires is known to fire"
