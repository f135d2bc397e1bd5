"""What follows from what other systems tell, whatever they tell: one open alert each, over once, and as it was told last."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain import lifecycle
from monitors_alerter.domain.flapping import NEVER
from monitors_alerter.domain.receiving import NO_PAST, fingerprint, hear, timed_out, told
from monitors_contracts.alerts import AlertEvent, AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.receiving import ReceivedAlert

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORGANIZATION, USER = new_id(), new_id()

TELLINGS = st.fixed_dictionaries(
    {
        "do": st.sampled_from(["tell", "tell", "tell", "over", "resolve", "time-out"]),
        "severity": st.sampled_from(["info", "warning", "critical"]),
        "summary": st.sampled_from(["low", "lower"]),
        "began": st.none() | st.integers(0, 30),
    }
)


class World:
    """One alert of another system: what is known of it, and all that happened."""

    def __init__(self) -> None:
        self.known: AlertView | None = None
        self.events: list[AlertEvent] = []
        self.minute = 0

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(minutes=self.minute)

    @property
    def open(self) -> AlertView | None:
        return self.known if self.known and self.known.state is not AlertState.RESOLVED else None

    def step(self, do: str, severity: Any, summary: str, began: int | None) -> None:
        self.minute += 1
        if do == "resolve":
            event = lifecycle.resolve(self.known, USER, None, self.now) if self.known else None
            return self.happen(*([event] if event else []))
        if do == "time-out":
            return self.happen(*(timed_out(self.open, self.now, NO_PAST, NEVER, self.now) if self.open else []))
        starts_at = None if began is None else self.now - timedelta(minutes=began)
        alert = ReceivedAlert(
            labels={"alertname": "Tank"},
            name="Tank",
            summary=summary,
            severity=severity,
            starts_at=starts_at,
            ends_at=self.now if do == "over" else None,
        )
        heard = told("prometheus", alert, 300, self.now)
        self.happen(*hear(heard, self.known, ORGANIZATION, "prometheus", new_id()))
        again = hear(heard, self.known, ORGANIZATION, "prometheus", new_id())
        assert again == [], "telling the same twice at once is no news"
        return None

    def happen(self, *events: AlertEvent) -> None:
        for event in events:
            before = self.known if self.known and self.known.id == event.alert_id else None
            assert event.alert.version == (before.version + 1 if before else 1)
            assert before is None or before.state is not AlertState.RESOLVED
            assert before is not None or self.open is None
            self.known = event.alert
        self.events += events


@given(st.lists(TELLINGS, max_size=25))
def test_tellings_in_any_order_make_one_open_alert_that_is_over_once(steps: list[dict[str, Any]]) -> None:
    world = World()
    for step in steps:
        world.step(**step)
        if step["do"] == "tell" and world.open:
            assert (world.open.severity, world.open.summary) == (step["severity"], step["summary"])
        if step["do"] in ("over", "time-out", "resolve"):
            assert world.open is None
    opened = [each.alert_id for each in world.events if each.reason == "received"]
    over = [each.alert_id for each in world.events if isinstance(each, AlertResolved)]
    assert len(set(opened)) == len(opened)
    assert len(set(over)) == len(over)
    assert set(opened) - set(over) == ({world.open.id} if world.open else set())
    for each in world.events:
        if isinstance(each, AlertTriggered):
            assert each.notify == (each.reason in ("received", "severity-raised"))
        assert each.occurred_at is None or each.alert.started_at <= each.occurred_at


@given(st.lists(TELLINGS, max_size=10), st.none() | st.integers(0, 30))
def test_what_fires_is_never_lost_but_by_somebody_who_ended_this_firing(
    steps: list[dict[str, Any]], began: int | None
) -> None:
    world = World()
    for step in steps:
        world.step(**step)
    known = world.known
    world.step("tell", "warning", "low", began)
    ended_by_hand = known is not None and known.resolved_by is not None
    if not (ended_by_hand and began is not None):
        assert world.open is not None


@pytest.mark.parametrize(
    ("labels", "same"),
    [
        ({"b": "2", "a": "1"}, True),
        ({"a": "1", "b": "2", "c": ""}, False),
        ({"a": "1b2"}, False),
        ({"a": "2", "b": "1"}, False),
    ],
)
def test_the_same_labels_are_the_same_alert(labels: dict[str, str], same: bool) -> None:
    assert (fingerprint("x", labels) == fingerprint("x", {"a": "1", "b": "2"})) is same
    assert fingerprint("x", labels) != fingerprint("y", labels)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))))
def test_a_fingerprint_is_of_the_labels_as_plain_json_so_that_known_alerts_keep_theirs(labels: dict[str, str]) -> None:
    written = json.dumps(sorted(labels.items()), ensure_ascii=False, separators=(",", ":"))
    assert fingerprint("x", labels) == f"x:{hashlib.blake2b(written.encode(), digest_size=16).hexdigest()}"
