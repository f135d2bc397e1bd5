from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.inhibition import Rules, Source, inhibitor, rank
from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id, new_id
from monitors_contracts.inhibition import InhibitionRule, InhibitionSpec
from monitors_contracts.matchers import match_all

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
USER = new_id()


@dataclass(frozen=True)
class Firing:
    """An alert that fires, as inhibition sees it."""

    id: Id
    labels: dict[str, str]
    minute: int = 0

    @property
    def severity(self) -> Severity:
        return {"critical": "critical", "info": "info"}.get(self.labels.get("severity", ""), "warning")  # type: ignore

    @property
    def rank(self) -> tuple[int, datetime, Id]:
        return rank(self.severity, NOW + timedelta(minutes=self.minute), self.id)


def rule(source: str, target: str, *equal: str, is_active: bool = True) -> InhibitionRule:
    spec = InhibitionSpec(name="a", source=source, target=target, equal=list(equal), is_active=is_active)  # pyright: ignore[reportArgumentType]
    return InhibitionRule(id=new_id(), spec=spec, created_by=USER, created_at=NOW, updated_at=NOW)


def held(rules: Sequence[InhibitionRule], alerts: Sequence[Firing]) -> dict[Id, Id]:
    """Which alerts are held back, and by which."""
    compiled = Rules.active(rules)
    aims = {alert.id: compiled.targets(alert.labels) for alert in alerts}
    sources: dict[UUID, list[Source]] = {}
    for alert in alerts:
        for side in compiled.sources(alert.labels):
            sources.setdefault(side.key, []).append(Source(alert.id, "", side.both, alert.rank, aims[alert.id]))
    found = {alert.id: inhibitor(alert.id, alert.rank, aims[alert.id], sources) for alert in alerts}
    return {alert_id: each[1].alert_id for alert_id, each in found.items() if each}


def pairs(rules: Sequence[InhibitionRule], alerts: Sequence[Firing]) -> dict[Id, set[Id]]:
    """Target -> those that hold it back, as the rules say it, pair by pair."""
    found: dict[Id, set[Id]] = {alert.id: set() for alert in alerts}
    for each in (each.spec for each in rules if each.spec.is_active):
        for source in alerts:
            for target in alerts:
                if (
                    source is not target
                    and match_all(each.source, source.labels)
                    and match_all(each.target, target.labels)
                    and all(source.labels.get(name, "") == target.labels.get(name, "") for name in each.equal)
                    and not (match_all(each.target, source.labels) and match_all(each.source, target.labels))
                ):
                    found[target.id].add(source.id)
    return found


def behind(relation: Mapping[Id, set[Id]], alert: Id) -> set[Id]:
    """All that hold an alert back, through others too."""
    found: set[Id] = set()
    waiting = [alert]
    while waiting:
        new = relation[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def test_an_alert_when_another_on_the_same_host_is_down_then_it_is_held_back_by_it():
    down = Firing(new_id(), {"alertname": "HostDown", "host": "db-1"})
    slow = Firing(new_id(), {"alertname": "Slow", "host": "db-1"})
    other = Firing(new_id(), {"alertname": "Slow", "host": "db-2"})
    rules = [rule('alertname="HostDown"', 'alertname="Slow"', "host")]
    assert held(rules, [down, slow, other]) == {slow.id: down.id}
    assert held([rule('alertname="HostDown"', 'alertname="Slow"', is_active=False)], [down, slow]) == {}


def test_labels_that_neither_has_are_equal():
    down = Firing(new_id(), {"alertname": "HostDown"})
    slow = Firing(new_id(), {"alertname": "Slow"})
    assert held([rule('alertname="HostDown"', 'alertname="Slow"', "cluster")], [down, slow]) == {slow.id: down.id}


def test_an_alert_on_both_sides_never_holds_itself_back_nor_another_such_one():
    first = Firing(new_id(), {"severity": "critical", "host": "a"})
    second = Firing(new_id(), {"severity": "critical", "host": "b"})
    mild = Firing(new_id(), {"severity": "info", "host": "a"})
    rules = [rule('severity="critical"', 'severity=~".+"')]
    assert held(rules, [first, second]) == {}
    assert set(held(rules, [first, second, mild])) == {mild.id}


def test_a_ring_when_all_fire_then_the_most_severe_is_told_and_else_the_oldest():
    rules = [
        rule('alertname="A"', 'alertname="B"'),
        rule('alertname="B"', 'alertname="C"'),
        rule('alertname="C"', 'alertname="A"'),
    ]
    a, b, c = (Firing(new_id(), {"alertname": name}, minute) for name, minute in (("A", 2), ("B", 1), ("C", 3)))
    assert set(held(rules, [a, b, c])) == {a.id, c.id}
    worse = Firing(new_id(), {"alertname": "C", "severity": "critical"}, 3)
    assert set(held(rules, [a, b, worse])) == {a.id, b.id}


def test_a_chain_when_its_middle_is_held_back_itself_then_its_end_is_held_back_still():
    rules = [rule('alertname="A"', 'alertname="B"'), rule('alertname="B"', 'alertname="C"')]
    a, b, c = (Firing(new_id(), {"alertname": name}) for name in "ABC")
    assert held(rules, [a, b, c]) == {b.id: a.id, c.id: b.id}


NAMES = st.sampled_from(["A", "B", "C", "D"])
MATCHERS = st.builds("alertname=~{!r}".format, st.sampled_from(["A", "B", "C", "A|B", "C|D", ".+"])).map(
    lambda text: text.replace("'", '"')
) | st.just('severity="critical"')
RULES = st.builds(rule, MATCHERS, MATCHERS) | st.builds(rule, MATCHERS, MATCHERS, st.just("host"))
ALERTS = st.builds(
    Firing,
    st.builds(new_id),
    st.fixed_dictionaries(
        {"alertname": NAMES, "severity": st.sampled_from(["critical", "warning"])},
        optional={"host": st.sampled_from(["x", "y"])},
    ),
    st.integers(0, 3),
)


@given(st.lists(RULES, max_size=4), st.lists(ALERTS, max_size=8))
def test_what_is_held_back_has_an_inhibitor_that_is_told_and_what_is_told_has_none_or_leads_its_ring(
    rules: list[InhibitionRule], alerts: list[Firing]
) -> None:
    relation, found = pairs(rules, alerts), held(rules, alerts)
    ranks = {alert.id: alert.rank for alert in alerts}
    for alert in alerts:
        back = behind(relation, alert.id)
        if alert.id in found:
            assert found[alert.id] in relation[alert.id]
            assert back - found.keys()
        elif back:
            assert all(behind(relation, each) == back for each in back)
            assert ranks[alert.id] == min(ranks[each] for each in back)
    # Where nothing goes round in a ring, it is as in Alertmanager.
    if not any(alert.id in behind(relation, alert.id) for alert in alerts):
        assert found.keys() == {target for target, sources in relation.items() if sources}
