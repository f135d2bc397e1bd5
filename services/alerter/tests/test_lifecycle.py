from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.lifecycle import Past, acknowledge, cross, resolve
from monitors_contracts.alerts import AlertEvent, AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORGANIZATION, MONITOR, USER = new_id(), new_id(), new_id()


def crossing(kind: type[Crossing], minute: int, fingerprint: str = "a", *, change: bool = False) -> Crossing:
    return kind(
        organization_id=ORGANIZATION,
        monitor_id=MONITOR,
        monitor_name="Kettle",
        fingerprint=fingerprint,
        kind="change" if change else "state",
        summary="Kettle: 45",
        condition="price < 50",
        value=float(minute),
        occurred_at=BEGIN + timedelta(minutes=minute),
    )


class World:
    """The alerter with its tables as dictionaries."""

    def __init__(self) -> None:
        self.alerts: dict[Id, AlertView] = {}
        self.past: dict[str, Past] = {}
        self.told: list[AlertEvent] = []

    @property
    def open(self) -> list[AlertView]:
        return [alert for alert in self.alerts.values() if alert.state is not AlertState.RESOLVED]

    def hear(self, *crossings: Crossing) -> "World":
        for each in crossings:
            past = self.past.get(each.fingerprint, Past())
            self.tell(cross(each, self.open, past, new_id()))
            exceeded, cleared = [past.exceeded_at], [past.cleared_at]
            (exceeded if isinstance(each, ThresholdExceeded) else cleared).append(each.occurred_at)
            newest = [max((time for time in times if time), default=None) for times in (exceeded, cleared)]
            self.past[each.fingerprint] = Past(exceeded_at=newest[0], cleared_at=newest[1])
        return self

    def tell(self, events: Sequence[AlertEvent]) -> None:
        for event in events:
            known = self.alerts.get(event.alert_id)
            assert event.alert.version == (known.version + 1 if known else 1)
            if isinstance(event, AlertResolved):
                assert known
                assert known.state is not AlertState.RESOLVED
            self.alerts[event.alert_id] = event.alert
            self.told.append(event)
            prints = [alert.fingerprint for alert in self.open]
            assert len(prints) == len(set(prints)), "one open alert a fingerprint"

    def do(self, what: str, which: int, minute: int) -> None:
        now = BEGIN + timedelta(minutes=minute)
        alerts = list(self.alerts.values())
        if what in ("exceeded", "cleared"):
            kind = ThresholdExceeded if what == "exceeded" else ThresholdCleared
            self.hear(crossing(kind, minute, "ab"[which % 2]))
        elif what == "change":
            self.hear(crossing(ThresholdExceeded, minute, f"change-{minute}-{which}", change=True))
        elif alerts:
            alert = alerts[which % len(alerts)]
            if what == "acknowledge" and alert.state is AlertState.RESOLVED:
                with pytest.raises(ValueError, match="alert-already-resolved"):
                    acknowledge(alert, USER, None, now)
                return
            event = (acknowledge if what == "acknowledge" else resolve)(alert, USER, "mine", now)
            self.tell([event] if event else [])


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["exceeded", "cleared", "change", "acknowledge", "resolve"]),
        st.integers(0, 9),
        st.integers(0, 60),
    ),
    max_size=25,
)


@given(OPERATIONS)
def test_whatever_happens_then_versions_grow_and_a_condition_has_one_open_alert(operations: Any):
    world = World()
    for operation in operations:
        world.do(*operation)  # the world checks each event
    ended = [event.alert_id for event in world.told if isinstance(event, AlertResolved)]
    assert len(ended) == len(set(ended)), "an alert ends once"
    for alert in world.alerts.values():
        first = next(event for event in world.told if event.alert_id == alert.id)
        assert isinstance(first, AlertTriggered)
        assert (alert.resolved_at is None) == (alert.state is not AlertState.RESOLVED)


# One monitor's history in the order in which it happened: each condition is exceeded and cleared in turn.
HISTORY = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=8).map(
    lambda prints: [
        crossing(ThresholdCleared if prints[:n].count(each) % 2 else ThresholdExceeded, n + 1, each)
        for n, each in enumerate(prints)
    ]
)
CHANGES = st.integers(1, 6).map(
    lambda count: [crossing(ThresholdExceeded, n, f"change-{n}", change=True) for n in range(count)]
)


@given(st.one_of(HISTORY, CHANGES).flatmap(lambda told: st.tuples(st.just(told), st.permutations(told + told))))
def test_crossings_when_doubled_and_permuted_then_the_same_conditions_are_open(
    both: tuple[list[Crossing], list[Crossing]],
):
    told, jumbled = both

    def opened(world: World) -> set[str]:
        return {alert.fingerprint for alert in world.open}

    assert opened(World().hear(*jumbled)) == opened(World().hear(*told))


def test_a_condition_when_exceeded_and_cleared_then_is_told_once_each():
    world = World().hear(crossing(ThresholdExceeded, 1), crossing(ThresholdCleared, 5))
    assert [(type(event), event.reason) for event in world.told] == [
        (AlertTriggered, "condition-became-true"),
        (AlertResolved, "condition-cleared"),
    ]
    [alert] = world.alerts.values()
    assert alert.resolved_at == BEGIN + timedelta(minutes=5)


def test_a_condition_when_exceeded_again_while_open_then_is_counted_and_nobody_is_told():
    world = World().hear(crossing(ThresholdExceeded, 1), crossing(ThresholdExceeded, 3))
    [alert] = world.open
    assert (alert.occurrences, alert.value) == (2, 3.0)
    [_, again] = world.told
    assert isinstance(again, AlertTriggered)
    assert again.notify is False


def test_a_crossing_when_it_arrives_after_its_own_end_then_is_told_and_ended_at_once():
    world = World().hear(crossing(ThresholdCleared, 5), crossing(ThresholdExceeded, 1))
    assert [type(event) for event in world.told] == [AlertTriggered, AlertResolved]
    assert world.open == []


def test_a_clearing_when_it_arrives_after_the_next_crossing_then_leaves_that_one_open():
    world = World().hear(crossing(ThresholdExceeded, 1), crossing(ThresholdExceeded, 9), crossing(ThresholdCleared, 5))
    assert len(world.open) == 1


def test_a_change_when_another_follows_then_takes_its_place():
    first, second = (crossing(ThresholdExceeded, n, f"change-{n}", change=True) for n in (1, 2))
    world = World().hear(first, second)
    assert [event.reason for event in world.told] == ["fact-changed", "superseded", "fact-changed"]
    assert [alert.fingerprint for alert in world.open] == ["change-2"]


def test_acknowledge_when_taken_before_then_nothing_follows_and_the_note_stays():
    world = World().hear(crossing(ThresholdExceeded, 1))
    [alert] = world.open
    taken = acknowledge(alert, USER, "on it", BEGIN)
    assert taken
    assert (taken.alert.state, taken.alert.acknowledged_by, taken.alert.note) == ("acknowledged", USER, "on it")
    assert acknowledge(taken.alert, new_id(), "me too", BEGIN) is None
    ended = resolve(taken.alert, USER, None, BEGIN)
    assert ended
    assert (ended.alert.note, ended.alert.resolved_by, ended.alert.acknowledged_by) == ("on it", USER, USER)
    assert resolve(ended.alert, USER, None, BEGIN) is None
