from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.notifications import DeliveryState, NotificationEvent, NotificationView
from monitors_notifier.domain import delivery
from monitors_notifier.domain.lanes import FIRST_REST, LONGEST_REST, MOST_AT_ONCE, MOST_WAITING, Lane, Lanes
from monitors_notifier.domain.retry import Failure, GiveUp, RetryPolicy, Wait, after_failure
from monitors_notifier.domain.tracking import ORDER, advance

BEGIN = datetime(2026, 11, 21, 12, tzinfo=UTC)
ORGANIZATION = new_id()
ALERT = AlertView(
    id=new_id(),
    organization_id=ORGANIZATION,
    fingerprint="f",
    state=AlertState.FIRING,
    name="Kettle",
    summary="Kettle: 45",
    condition="price < 50",
    value=45.0,
    previous_value=60.0,
    started_at=BEGIN,
)


def request() -> NotificationView:
    return delivery.request(new_id(), ALERT, "r", "s", (new_id(), "webhook", "Hook"), BEGIN).notification


STEPS = st.lists(
    st.tuples(st.sampled_from(["sent", "failed", "refused", "postponed", "due", "report"]), st.sampled_from(ORDER)),
    max_size=30,
)


@given(STEPS)
def test_a_delivery_whatever_happens_goes_forward_and_counts_just_its_tries(steps: Any):
    """Tries are only made of what is pending, as the handlers see to."""
    row, now, tries = request(), BEGIN, 0
    policy = RetryPolicy(attempts=3)
    for step, reported in steps:
        now += timedelta(minutes=1)
        event: NotificationEvent | None = None
        if step == "report":
            event = delivery.tracked(ORGANIZATION, row, reported, None, now)
        elif row.state is DeliveryState.PENDING and row.next_attempt_at is None and step != "due":
            if step == "sent":
                event = delivery.sent(ORGANIZATION, row, "s", "m", now)
            elif step == "postponed":
                event = delivery.postponed(ORGANIZATION, row, 5, now)
            else:
                follows = after_failure(Failure("no", step == "failed"), row.attempts + 1, policy=policy)
                event = delivery.failed(ORGANIZATION, row, "no", follows, now)
            tries += step != "postponed"
        elif row.next_attempt_at and step == "due":
            event = delivery.again(ORGANIZATION, row, ALERT, "r")
        if event is None:
            continue
        new = event.notification
        assert new.version == row.version + 1
        assert ORDER.index(new.state) >= ORDER.index(row.state)
        assert new.attempts == tries <= 3
        assert new.next_attempt_at is None or new.state is DeliveryState.PENDING, "only what is pending is tried again"
        row = new


@given(st.permutations([state for state in ORDER if state not in (DeliveryState.PENDING, DeliveryState.FAILED)] * 2))
def test_reports_in_any_order_and_doubled_end_with_what_is_known_best(reports: list[DeliveryState]):
    row = request()
    for reported in reports:
        event = delivery.tracked(ORGANIZATION, row, reported, None, BEGIN)
        row = event.notification if event else row
    assert row.state is ORDER[-1]


def test_a_late_report_never_undoes_what_is_known_better():
    assert advance(DeliveryState.OPENED, DeliveryState.DELIVERED) is None
    assert advance(DeliveryState.DELIVERED, DeliveryState.OPENED) is DeliveryState.OPENED


@given(
    attempts=st.integers(1, 60),
    jitter=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.floats(0, 1e6),
)
def test_waits_are_bounded_and_keep_a_receivers_wish(attempts: int, jitter: float, asked: float | None):
    policy = RetryPolicy(attempts=50)
    follows = after_failure(Failure("busy", True, asked), attempts, jitter=jitter, policy=policy)
    if attempts >= 50:
        assert isinstance(follows, GiveUp)
        return
    assert isinstance(follows, Wait)
    assert 0 < follows.seconds <= policy.longest_wait
    assert follows.seconds >= min(asked or 0, policy.longest_wait)


# -- lanes -------------------------------------------------------------------------------------------------------------

MOMENTS = st.lists(
    st.tuples(st.sampled_from(["dead", "alive"]), st.sampled_from(["offer", "end"]), st.floats(0, 20)), max_size=200
)


@given(MOMENTS)
def test_a_dead_receiver_whatever_the_interleaving_never_delays_another(moments: Any):
    lanes, now = Lanes(), 0.0
    alone, sending = Lane(), {"dead": 0, "alive": 0}
    for name, what, pause in moments:
        now += pause
        lane = lanes.of(name)
        if what == "offer":
            wait = lane.wait(now)
            if name == "alive":
                assert wait == alone.wait(now), "as if there were no other"
                if wait is None:
                    alone.begin()
            assert wait is None or 0 < wait <= LONGEST_REST
            if wait is None:
                lane.begin()
                sending[name] += 1
        elif sending[name]:
            sending[name] -= 1
            lane.end(now, reached=name == "alive")
            if name == "alive":
                alone.end(now, reached=True)
        assert lane.sending == sending[name] <= MOST_AT_ONCE + MOST_WAITING


def test_a_lane_after_a_failure_rests_then_lets_one_go_ahead_and_opens_when_it_arrives():
    lane = Lane()
    lane.begin()
    lane.end(10.0, reached=False)
    assert lane.wait(10.5) == FIRST_REST - 0.5
    assert lane.wait(12.0) is None
    lane.begin()
    assert lane.wait(12.0) is not None, "one goes ahead, the rest wait for it"
    lane.end(12.1, reached=True)
    assert lane.wait(12.1) is None


def test_a_lane_when_it_fails_again_and_again_rests_longer_but_not_for_ever():
    lane, now, rests = Lane(), 0.0, list[float]()
    for _ in range(12):
        lane.begin()
        lane.end(now, reached=False)
        rests.append(lane.rests_until - now)
        now = lane.rests_until
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (FIRST_REST, LONGEST_REST)


def test_lanes_when_there_are_many_forget_the_idle_and_keep_the_resting():
    lanes = Lanes()
    resting = lanes.of("resting")
    resting.begin()
    resting.end(0.0, reached=False)
    for n in range(20_000):
        lanes.of(n)
    assert lanes.of("resting") is resting
    assert len(lanes._lanes) <= 10_002  # pyright: ignore[reportPrivateUsage]
