from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.correlating import NEWEST, Correlation, Known, Member, may_belong, place, relation
from monitors_contracts.alerts import AlertState
from monitors_contracts.base import Id, new_id
from monitors_contracts.incidents import MOST_ALERTS

T = datetime(2026, 11, 21, 8, tzinfo=UTC)
HOW = Correlation()


def alert(name: str = "Slow", minutes: float = 0, severity: Any = "warning", **parts: Any) -> Member:
    labels = {key: value for key, value in parts.items() if key not in ("fingerprint", "is_change")}
    rest = {key: value for key, value in parts.items() if key not in labels}
    identity = new_id()
    known: dict[str, Any] = {
        "alert_id": identity,
        "fingerprint": f"{name} {identity}",
        "name": name,
        "severity": severity,
        "state": AlertState.FIRING,
        "started_at": T + timedelta(minutes=minutes),
        "labels": labels,
    }
    return Member(**known | rest)


def incident(*members: Member, number: int = 1, resolved_after: float | None = None, size: int | None = None) -> Known:
    starts = [each.started_at for each in members]
    over = None if resolved_after is None else T + timedelta(minutes=resolved_after)
    return Known(new_id(), number, min(starts), max(starts), over, size or len(members), members)


def joined(placed: Any) -> list[tuple[Id, list[Id]]]:
    return [(each.incident_id, [joining.alert_id for joining in each.joined]) for each in placed]


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [
        ({"service": "checkout"}, {"service": "checkout"}, True),
        ({"service": "checkout"}, {"service": "cart"}, False),
        ({"service": "checkout", "host": "a"}, {"service": "checkout", "host": "b"}, True),
        ({"service": "checkout", "host": "a"}, {"service": "cart", "host": "a"}, True),
        ({"service": "checkout", "cluster": "eu"}, {"service": "checkout", "cluster": "us"}, False),
        ({"service": "checkout", "env": "live"}, {"service": "checkout", "env": "test"}, False),
        ({"service": "checkout", "env": "live"}, {"service": "checkout"}, True),
        ({"namespace": "shop", "cluster": "eu"}, {"namespace": "shop", "cluster": "eu"}, False),
        ({"team": "payments"}, {"team": "payments"}, False),
        ({}, {}, False),
    ],
)
def test_alerts_are_related_by_what_they_are_about(one: dict[str, Any], other: dict[str, Any], related: bool) -> None:
    assert bool(relation(alert("Errors", **one), alert("Latency", **other), HOW)) is related


def test_alike_names_make_up_for_weak_labels_and_for_none_they_do_not() -> None:
    assert relation(alert("Disk is full", cluster="eu"), alert("Disk is full", cluster="eu"), HOW)
    assert not relation(alert("Disk is full", cluster="eu"), alert("Certificate ends", cluster="eu"), HOW)
    assert not relation(alert("Disk is full"), alert("Disk is full"), HOW)


def test_two_warnings_of_one_service_open_an_incident_and_say_why() -> None:
    first, second = alert("Errors", service="checkout"), alert("Latency", 2, service="checkout")
    [opened] = place([second], [], [first], HOW, new_id)
    assert opened.is_new
    assert [(each.alert_id, each.words) for each in opened.joined] == [
        (first.alert_id, "same service=checkout"),
        (second.alert_id, "same service=checkout, 2 min after the first"),
    ]


def test_an_incident_that_many_open_at_once_is_compared_by_its_newest() -> None:
    first = alert("Errors", service="checkout", host="a")
    others = [alert("Latency", n, service="checkout") for n in range(1, NEWEST + 1)]
    of_the_first, of_the_last = alert("Disk", 9, host="a"), alert("Queue", 9, service="checkout")
    [opened] = place([others[-1], of_the_first, of_the_last], [], [first, *others[:-1]], HOW, new_id)
    assert [each.alert_id for each in opened.joined] == [each.alert_id for each in (first, *others, of_the_last)]


def test_alerts_of_one_batch_find_each_other() -> None:
    first, second, third = (alert(f"A{n}", n, service="checkout") for n in range(3))
    [opened] = place([first, second, third], [], [], HOW, new_id)
    assert [each.alert_id for each in opened.joined] == [first.alert_id, second.alert_id, third.alert_id]


def test_a_lone_warning_opens_nothing_and_a_critical_one_does() -> None:
    assert place([alert(service="checkout")], [], [], HOW, new_id) == []
    [opened] = place([alert(severity="critical")], [], [], HOW, new_id)
    assert opened.joined[0].words == "critical"


@pytest.mark.parametrize("parts", [{"severity": "info"}, {"severity": "critical", "is_change": True}])
def test_what_has_no_end_or_is_no_trouble_belongs_nowhere(parts: dict[str, Any]) -> None:
    known = incident(alert(service="checkout"))
    assert place([alert(service="checkout", **parts)], [known], [], HOW, new_id) == []


@pytest.mark.parametrize(("minutes", "joins"), [(29, True), (31, False), (-29, True), (-31, False)])
def test_an_alert_joins_within_the_window_of_the_last(minutes: float, joins: bool) -> None:
    known = incident(alert(service="checkout"))
    assert bool(place([alert("Other", minutes, service="checkout")], [known], [], HOW, new_id)) is joins


def test_the_same_alert_joins_however_late_while_the_incident_is_open() -> None:
    first = alert(service="checkout")
    again = alert(minutes=600, service="checkout", fingerprint=first.fingerprint)
    known = incident(first)
    [placed] = place([again], [known], [], HOW, new_id)
    assert (placed.incident_id, placed.is_new) == (known.incident_id, False)


@pytest.mark.parametrize(("minutes", "joins"), [(69, True), (71, False)])
def test_an_incident_that_is_over_takes_what_fires_soon_after(minutes: float, joins: bool) -> None:
    known = incident(alert(service="checkout"), resolved_after=40)
    assert bool(place([alert("Other", minutes, service="checkout")], [known], [], HOW, new_id)) is joins


def test_of_several_incidents_the_one_with_most_in_common_is_chosen_then_the_oldest() -> None:
    by_host = incident(alert("A", host="db-1"), number=1)
    by_service = incident(alert("B", service="checkout"), number=2)
    same = incident(alert("C", service="checkout"), number=3)
    fresh = alert("D", host="db-1", service="checkout")
    [placed] = place([fresh], [same, by_host, by_service], [], HOW, new_id)
    assert placed.incident_id == by_service.incident_id


def test_a_full_incident_takes_no_more() -> None:
    full = incident(alert(service="checkout"), size=MOST_ALERTS)
    assert place([alert("Other", service="checkout")], [full], [], HOW, new_id) == []


def test_weights_are_the_operators() -> None:
    how = Correlation(weights={"team": 5})
    assert relation(alert("A", team="payments"), alert("B", team="payments"), how)
    assert not relation(alert("A", service="checkout"), alert("B", service="checkout"), how)
    assert not may_belong(alert(service="checkout"), how)


ALERTS = st.lists(
    st.builds(
        alert,
        st.sampled_from(["Slow", "Errors", "Disk full"]),
        st.integers(0, 90),
        st.sampled_from(["info", "warning", "critical"]),
        service=st.sampled_from(["cart", "checkout"]),
        host=st.sampled_from(["a", "b", "c"]),
    ),
    max_size=15,
)


def counting() -> Callable[[], Id]:
    ids = iter([new_id() for _ in range(40)])
    return lambda: next(ids)


@given(ALERTS, ALERTS)
def test_every_alert_is_placed_at_most_once_critical_ones_always_and_the_same_way_each_time(
    fired: list[Member], loners: list[Member]
) -> None:
    placed = place(fired, [], loners, HOW, new_id)
    ids = [joining.alert_id for each in placed for joining in each.joined]
    assert len(ids) == len(set(ids))
    assert {each.alert_id for each in fired if each.severity == "critical"} <= set(ids)
    assert not {each.alert_id for each in fired if each.severity == "info"} & set(ids)
    first, second = (place(fired, [], loners, HOW, counting()) for _ in range(2))
    assert [alerts for _, alerts in joined(first)] == [alerts for _, alerts in joined(second)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Errors", "Latency", "Disk is full"]),
            st.integers(0, 45),
            st.sampled_from(["warning", "critical"]),
            st.dictionaries(
                st.sampled_from(["service", "host", "cluster", "region"]), st.sampled_from("ab"), min_size=1
            ),
        ),
        max_size=12,
    )
)
def test_alerts_placed_together_are_placed_as_each_after_the_other(given_alerts: list[Any]) -> None:
    """Whoever looks for related alerts among many finds the same as who compares with each."""
    alerts = [alert(name, minutes, severity, **labels) for name, minutes, severity, labels in given_alerts]
    numbers = iter(range(1000))
    known: dict[Id, Known] = {}
    members: dict[Id, list[Member]] = {}
    alone: dict[Id, Member] = {}
    for each in alerts:
        for placed in place([each], list(known.values()), list(alone.values()), HOW, new_id):
            about = {one.alert_id: one for one in (*alone.values(), each)}
            now = members.setdefault(placed.incident_id, [])
            now += [about[joining.alert_id] for joining in placed.joined]
            number = next(numbers) if placed.is_new else known[placed.incident_id].number
            # What the store remembers of an incident: the newest of its alerts, and the time of the last of all.
            remembered = incident(*now, number=number)
            known[placed.incident_id] = replace(
                remembered, incident_id=placed.incident_id, members=tuple(now[-NEWEST:])
            )
            for joining in placed.joined:
                alone.pop(joining.alert_id, None)
            break
        else:
            alone[each.alert_id] = each
    one_by_one = sorted(sorted(member.alert_id for member in each) for each in members.values())
    together = place(alerts, [], [], HOW, new_id)
    assert sorted(sorted(joining.alert_id for joining in each.joined) for each in together) == one_by_one
    assert all(
        any(relation(a, b, HOW) for b in each if b is not a) or a.severity == "critical"
        for each in members.values()
        for a in each
    )
