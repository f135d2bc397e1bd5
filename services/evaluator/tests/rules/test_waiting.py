"""What waits to fire, in which order, and what does not."""

from typing import Any

import pytest

from monitors_contracts.matchers import parse_matchers
from monitors_contracts.pending import ListPending, PendingAlert
from monitors_evaluator.domain.rules.crossings import crossing, fingerprint
from monitors_evaluator.domain.rules.keeping import keep, restore_pending
from monitors_evaluator.domain.rules.waiting import to_fire

BEGIN = 1_790_000_000


def waits(subject: Any, at: float, **asked: Any) -> tuple[list[PendingAlert], int]:
    """As somebody is told: from what was kept."""
    kept = keep(subject.judge)
    assert kept.names is not None
    judge = restore_pending(kept.names, kept.numbers)
    return to_fire(judge, ListPending(organization_id=subject.organization, **asked), round((BEGIN + at) * 1000))


def shown(found: list[PendingAlert]) -> list[tuple[Any, ...]]:
    return [
        (
            each.name,
            each.labels.get("host"),
            each.severity,
            each.since.timestamp() - BEGIN,
            each.fires_at.timestamp() - BEGIN,
        )
        for each in found
    ]


def test_what_holds_and_has_not_fired_waits_and_what_fires_next_is_first(court: Any) -> None:
    slow = court.rule(name="Slow", warning=80, hold=300)
    quick = court.rule(name="Quick", warning=50, critical=80, hold=100)
    subject = court(slow, quick, court.rule(name="At once", warning=10), court.rule(name="Far", warning=999, hold=60))
    subject.take(("a", 0, 60), ("b", 0, 5))
    subject.take(("a", 30, 90), ("b", 30, 85))
    found, total = waits(subject, 40)
    assert total == 4
    assert shown(found) == [
        ("Quick", "a", "warning", 0, 100),
        ("Quick", "b", "critical", 30, 130),
        ("Slow", "a", "warning", 30, 330),
        ("Slow", "b", "warning", 30, 330),
    ]
    assert (found[0].value, found[0].condition) == (90, "cpu > 50 for 1m40s")
    one, count = waits(subject, 40, limit=1)
    assert (shown(one), count) == (shown(found)[:1], 4)


def test_what_fired_or_is_over_waits_no_more_and_its_alert_says_since_when_it_waited(court: Any) -> None:
    rule = court.rule(warning=80, hold=60)
    subject = court(rule)
    subject.take(("a", 0, 90), ("b", 0, 90))
    [alert, _], _ = waits(subject, 10)
    subject.take(("b", 30, 10))
    assert shown(waits(subject, 30)[0]) == [("Busy", "a", "warning", 0, 60)]
    fired = subject.fired_by(("a", 60, 95))
    assert waits(subject, 60) == ([], 0)
    told = crossing(fired)
    assert told.fingerprint == alert.fingerprint == fingerprint(fired)
    assert (told.pending_since, told.occurred_at) == (alert.since, alert.fires_at)


def test_what_fires_at_once_never_waited(court: Any) -> None:
    subject = court(court.rule(warning=80))
    fired = subject.fired_by(("a", 0, 90))
    assert crossing(fired).pending_since is None


def test_what_gets_worse_has_fired_and_does_not_wait(court: Any) -> None:
    subject = court(court.rule(warning=80, critical=95, hold=60))
    subject.take(("a", 0, 90))
    subject.take(("a", 60, 90))
    subject.take(("a", 70, 99))
    assert waits(subject, 70) == ([], 0)


def test_what_nothing_is_heard_of_any_more_does_not_wait(court: Any) -> None:
    subject = court(court.rule(warning=80, hold=600, stale_after=60))
    subject.take(("a", 0, 90))
    assert waits(subject, 60)[1] == 1
    assert waits(subject, 61) == ([], 0)


def test_a_job_that_runs_and_a_series_that_is_silent_do_not_wait(court: Any) -> None:
    heartbeat = court.rule(kind="heartbeat", period=3600, metric=None)
    subject = court(heartbeat, court.rule(kind="absence", hold=300))
    subject.take(("a", 0, 1))
    assert waits(subject, 200) == ([], 0)


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ({"severity": "critical"}, ["b"]),
        ({"query": "WEB"}, ["a"]),
        ({"query": "> 95"}, ["b"]),
        ({"matchers": 'host="a"'}, ["a"]),
        ({"matchers": 'team="web", alertname="Web busy", origin="rule", group="g", severity="warning"'}, ["a"]),
        ({"matchers": 'host=~"a|b", team=""'}, ["b"]),
        ({"matchers": 'host="c"'}, []),
    ],
)
def test_who_asks_for_less_is_told_less_and_how_much_that_is(
    court: Any, asked: dict[str, Any], hosts: list[str]
) -> None:
    web = court.rule(
        name="Web busy",
        warning=80,
        hold=60,
        labels={"team": "web"},
        group="g",
        matchers=[{"label": "host", "value": "a"}],
    )
    worse = court.rule(name="Hot", critical=95, hold=90, matchers=[{"label": "host", "value": "b"}])
    subject = court(web, worse)
    subject.take(("a", 0, 96), ("b", 0, 96))
    if "matchers" in asked:
        asked = {"matchers": parse_matchers(asked["matchers"])}
    found, total = waits(subject, 1, **asked)
    assert ([each.labels["host"] for each in found], total) == (hosts, len(hosts))


def test_one_rule_of_many_is_asked_for(court: Any) -> None:
    rules = [court.rule(warning=80, hold=60) for _ in range(3)]
    subject = court(*rules)
    subject.take(("a", 0, 90))
    [alert], total = waits(subject, 1, rule_id=rules[1].id)
    assert (alert.rule_id, total) == (rules[1].id, 1)


def test_a_group_that_holds_waits_by_its_labels(court: Any) -> None:
    subject = court(court.rule(warning=100, hold=60, by=["zone"], across="sum"))
    subject.take(("a1", 0, 60), ("a2", 0, 60), ("b1", 0, 60))
    [alert], _ = waits(subject, 1)
    assert (alert.labels, alert.value) == ({"zone": "a"}, 120)
