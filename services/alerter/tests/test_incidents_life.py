"""Whatever happens to alerts and whatever people do: every alert is in at most one incident, and none gets lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitors_alerter.domain import incidents
from monitors_alerter.domain.correlating import Member
from monitors_alerter.domain.incidents import Refused
from monitors_alerter.domain.postmortem import draft
from monitors_contracts.alerts import AlertState
from monitors_contracts.base import Id, new_id
from monitors_contracts.incidents import (
    MOST_ALERTS,
    Incident,
    IncidentAlert,
    IncidentEvent,
    IncidentResolved,
    IncidentStatus,
    IncidentStep,
    Joining,
)

T = datetime(2026, 11, 21, 8, tzinfo=UTC)
QUIET = timedelta(minutes=10)
ORGANIZATION, USER = new_id(), new_id()


def member(minutes: float = 0, severity: Any = "warning", **labels: str) -> Member:
    identity, at = new_id(), T + timedelta(minutes=minutes)
    return Member(identity, str(identity), f"Alert {minutes:g}", severity, AlertState.FIRING, at, labels=labels)


def over(alert: Member, minutes: float) -> Member:
    return replace(alert, state=AlertState.RESOLVED, resolved_at=T + timedelta(minutes=minutes))


def by_id(*alerts: Member) -> dict[Id, Member]:
    return {each.alert_id: each for each in alerts}


def opened(*alerts: Member, minutes: float = 1, **parts: Any) -> Incident:
    joining = [Joining(alert_id=each.alert_id) for each in alerts]
    now = T + timedelta(minutes=minutes)
    return incidents.opened(new_id(), ORGANIZATION, 1, joining, by_id(*alerts), now, **parts).incident


def test_an_incident_is_named_and_rated_as_its_worst_alert_and_says_what_all_have_in_common() -> None:
    one = member(0, service="checkout", host="a")
    two = member(1, "critical", service="checkout", host="b")
    made = opened(one, two)
    assert (made.title, made.severity, made.labels) == ("Alert 1", "critical", {"service": "checkout"})
    assert (made.started_at, made.counts) == (T, {"firing": 2})


def test_detection_counts_from_when_the_condition_began_to_hold() -> None:
    alert = replace(member(5), pending_since=T)
    assert opened(alert, minutes=6).started_at == T


def test_it_is_over_once_all_alerts_were_for_a_while_and_ended_with_the_last() -> None:
    one, two = member(), member(1)
    made = opened(one, two)
    half = incidents.refreshed(made, by_id(over(one, 3), two), [one.alert_id], T + timedelta(minutes=3))
    assert half
    assert half.incident.quiet_since is None
    whole = incidents.refreshed(half.incident, by_id(over(one, 3), over(two, 4)), [two.alert_id], T + QUIET)
    assert whole
    assert whole.incident.quiet_since == T + timedelta(minutes=4)
    assert incidents.settled(whole.incident, QUIET, T + timedelta(minutes=13, seconds=59)) is None
    ended = incidents.settled(whole.incident, QUIET, T + timedelta(minutes=14))
    assert ended
    assert ended.incident.resolved_at == T + timedelta(minutes=4)
    assert ended.incident.resolved_by is None
    assert incidents.settled(ended.incident, QUIET, T + timedelta(minutes=20)) is None


def test_who_takes_an_alert_has_the_incident_since_the_first() -> None:
    one = member()
    taken = replace(one, state=AlertState.ACKNOWLEDGED, acknowledged_at=T + timedelta(minutes=2), acknowledged_by=USER)
    event = incidents.refreshed(opened(one), by_id(taken), [one.alert_id], T + timedelta(minutes=3))
    assert event
    assert event.step.kind == "acknowledged"
    assert (event.incident.status, event.incident.acknowledged_at) == ("acknowledged", taken.acknowledged_at)


def test_what_fires_after_the_end_opens_it_again_and_what_is_over_by_then_does_not() -> None:
    one, two = member(), member(20)
    made = opened(one)
    ended = incidents.resolved(made, USER, "rolled back", T + timedelta(minutes=10))
    assert ended
    joining = [Joining(alert_id=two.alert_id, words="same service")]
    again = incidents.joined(ended.incident, joining, by_id(one, two), T + timedelta(minutes=21))
    assert again
    assert (again.step.kind, again.incident.status, again.incident.reopened) == ("reopened", "open", 1)
    assert again.incident.resolved_at is None
    late = incidents.joined(ended.incident, joining, by_id(one, over(two, 20.5)), T + timedelta(minutes=21))
    assert late
    assert (late.step.kind, late.incident.status) == ("alerts-joined", "resolved")


def test_a_severity_set_by_hand_stays() -> None:
    made = opened(member(), severity="info")
    two = member(1, "critical")
    event = incidents.joined(made, [Joining(alert_id=two.alert_id)], by_id(two), T)
    assert event
    assert event.incident.severity == "info"


def test_merging_moves_all_alerts_and_says_where_they_went() -> None:
    one, two = member(5), member(0, "critical")
    target, other = opened(one, minutes=6), opened(two)
    first, second = incidents.merged(target, [other], by_id(one, two), USER, T + timedelta(minutes=9))
    assert first.incident.alert_ids == [one.alert_id, two.alert_id]
    assert (first.incident.severity, first.incident.started_at) == ("critical", T)
    assert isinstance(second, IncidentResolved)
    assert (second.incident.alert_ids, second.incident.merged_into) == ([], target.id)
    with pytest.raises(Refused, match="incident-merged"):
        incidents.merged(second.incident, [target], {}, USER, T)
    with pytest.raises(Refused, match="incident-merged"):
        incidents.reopened(second.incident, USER, None, T)


def test_an_incident_that_would_be_too_large_is_not_merged() -> None:
    many = [new_id() for _ in range(MOST_ALERTS)]
    target = opened().model_copy(update={"alert_ids": many})
    with pytest.raises(Refused, match="incident-full"):
        incidents.merged(target, [opened(member())], {}, USER, T)


def test_what_is_said_twice_is_said_once() -> None:
    made, task, update = opened(member()), new_id(), new_id()
    event = incidents.task_added(made, task, "Roll back", None, USER, T)
    assert event
    assert incidents.task_added(event.incident, task, "Roll back", None, USER, T) is None
    done = incidents.task_completed(event.incident, task, USER, T)
    assert done
    assert done.incident.tasks[0].done_at == T
    assert incidents.task_completed(done.incident, task, USER, T) is None
    posted = incidents.update_posted(done.incident, update, "We watch", USER, T, is_public=True)
    assert posted
    assert incidents.update_posted(posted.incident, update, "We watch", USER, T, is_public=True) is None
    named = incidents.responder_added(posted.incident, "Owner", USER, T)
    assert named
    assert incidents.responder_added(named.incident, "Owner", USER, T) is None
    assert incidents.described(made, USER, T, title=made.title) is None


def test_a_draft_tells_the_timeline_and_nothing_else() -> None:
    made = opened(member(0, "critical", service="checkout"), minutes=2, impact="Nobody can pay", title="Pay\nis # down")
    taken = incidents.acknowledged(made, {}, USER, "Looking", T + timedelta(minutes=5))
    assert taken
    ended = incidents.resolved(taken.incident, USER, None, T + timedelta(hours=1, minutes=5))
    assert ended
    alert = IncidentAlert(
        alert_id=new_id(), name="Errors", summary="", severity="critical", state=AlertState.FIRING, started_at=T
    )
    text = draft(ended.incident, [alert], [taken.step, ended.step])
    assert text == (
        "# #1 Pay is # down\n"
        "\n"
        "- Severity: critical\n"
        "- Began: 2026-11-21 08:00:00\n"
        "- Found: 2026-11-21 08:02:00 (2 min 0 s after it began)\n"
        "- Acknowledged: 2026-11-21 08:05:00 (3 min 0 s after it was found)\n"
        "- Resolved: 2026-11-21 09:05:00 (1 h 5 min after it began)\n"
        "- In common: `service=checkout`\n"
        "\n"
        "## Impact\n"
        "\n"
        "Nobody can pay\n"
        "\n"
        "## Alerts\n"
        "\n"
        "- Errors (critical): 2026-11-21 08:00:00, firing\n"
        "\n"
        "## Timeline\n"
        "\n"
        "- 2026-11-21 08:05:00 Acknowledged: Looking\n"
        "- 2026-11-21 09:05:00 Resolved\n"
    )


class Life(RuleBasedStateMachine):
    """Alerts come and go while people merge, split, end and reopen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = T
        self.alerts: dict[Id, Member] = {}
        self.incidents: dict[Id, Incident] = {}
        self.steps: list[IncidentStep] = []

    def do(self, *events: IncidentEvent | None) -> None:
        for event in events:
            if event is None:
                continue
            before = self.incidents.get(event.incident_id)
            assert event.incident.version == (before.version if before else 0) + 1
            Incident.model_validate(event.incident.model_dump())
            self.incidents[event.incident_id] = event.incident

    def one(self, draw: Any, *, merged: bool = False) -> Incident:
        fit = [each for each in self.incidents.values() if merged or not each.merged_into]
        return draw.draw(st.sampled_from(fit))

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        for each in list(self.incidents.values()):
            self.do(incidents.settled(each, QUIET, self.now))

    @rule(severity=st.sampled_from(["warning", "critical"]), draw=st.data())
    def fire(self, severity: Any, draw: Any) -> None:
        identity = new_id()
        alert = Member(identity, str(identity), "Slow", severity, AlertState.FIRING, self.now)
        self.alerts[identity] = alert
        joining = [Joining(alert_id=identity)]
        open_ones = [each for each in self.incidents.values() if not each.merged_into]
        if open_ones and draw.draw(st.booleans()):
            self.do(incidents.joined(draw.draw(st.sampled_from(open_ones)), joining, self.alerts, self.now))
        else:
            number = len(self.incidents) + 1
            self.do(incidents.opened(new_id(), ORGANIZATION, number, joining, self.alerts, self.now))

    @precondition(lambda self: self.alerts)
    @rule(draw=st.data(), state=st.sampled_from([AlertState.ACKNOWLEDGED, AlertState.RESOLVED]))
    def alert_changes(self, draw: Any, state: AlertState) -> None:
        alert = draw.draw(st.sampled_from([*self.alerts.values()]))
        if alert.state is AlertState.RESOLVED:
            return
        if state is AlertState.RESOLVED:
            after = replace(alert, state=state, resolved_at=self.now)
        else:
            after = replace(alert, state=state, acknowledged_at=self.now, acknowledged_by=USER)
        self.alerts[alert.alert_id] = after
        for each in list(self.incidents.values()):
            if alert.alert_id in each.alert_ids:
                self.do(incidents.refreshed(each, self.alerts, [alert.alert_id], self.now))

    @precondition(lambda self: self.incidents)
    @rule(draw=st.data())
    def somebody_ends_it(self, draw: Any) -> None:
        self.do(incidents.resolved(self.one(draw), USER, None, self.now))

    @precondition(lambda self: self.incidents)
    @rule(draw=st.data())
    def somebody_reopens_it(self, draw: Any) -> None:
        self.do(incidents.reopened(self.one(draw), USER, None, self.now))

    @precondition(lambda self: len(self.incidents) > 1)
    @rule(draw=st.data())
    def somebody_merges(self, draw: Any) -> None:
        target, other = self.one(draw), self.one(draw)
        if other.id == target.id:
            with pytest.raises(Refused, match="incident-itself"):
                incidents.merged(target, [other], self.alerts, USER, self.now)
            return
        self.do(*incidents.merged(target, [other], self.alerts, USER, self.now))

    @precondition(lambda self: any(each.alert_ids for each in self.incidents.values()))
    @rule(draw=st.data())
    def somebody_splits(self, draw: Any) -> None:
        known = draw.draw(st.sampled_from([each for each in self.incidents.values() if each.alert_ids]))
        ids = draw.draw(st.lists(st.sampled_from(known.alert_ids), min_size=1, unique=True))
        fresh, number = new_id(), len(self.incidents) + 1
        joining = [Joining(alert_id=each) for each in ids]
        self.do(incidents.removed(known, ids, self.alerts, self.now, USER, to=fresh))
        self.do(
            incidents.opened(fresh, ORGANIZATION, number, joining, self.alerts, self.now, by=USER, split_from=known.id)
        )

    @invariant()
    def every_alert_is_in_exactly_one_incident(self) -> None:
        placed = [alert for each in self.incidents.values() for alert in each.alert_ids]
        assert sorted(placed) == sorted(self.alerts)

    @invariant()
    def what_an_incident_says_is_true(self) -> None:
        for each in self.incidents.values():
            states = [self.alerts[alert].state for alert in each.alert_ids]
            assert each.counts == {state: states.count(state) for state in set(states)}
            assert (each.status is IncidentStatus.RESOLVED) == (each.resolved_at is not None)
            assert not (each.merged_into and (each.alert_ids or each.status is not IncidentStatus.RESOLVED))
            if each.quiet_since:
                assert set(states) == {AlertState.RESOLVED}
            if each.status is IncidentStatus.ACKNOWLEDGED:
                assert each.acknowledged_at
            assert each.started_at <= each.opened_at


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
