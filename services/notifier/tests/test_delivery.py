from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.notices import Notice
from monitors_contracts.notifications import DeliveryState, NotificationEvent, NotificationView
from monitors_notifier.domain import delivery
from monitors_notifier.domain.lanes import FIRST_REST, LONGEST_REST, MOST_AT_ONCE, STALLED_AFTER, Lane, Lanes
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


NOTICE = Notice(id=new_id(), group_id=ALERT.id, channel_id=new_id(), alerts=[ALERT], issued_at=BEGIN)


def begin() -> NotificationView:
    return delivery.begin(NOTICE, (NOTICE.channel_id, "webhook", "Hook"), "s", BEGIN, 1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sent", "failed", "refused", "waiting", "superseded", "report"]), st.sampled_from(ORDER)
    ),
    max_size=30,
)


@given(STEPS)
def test_a_delivery_whatever_happens_goes_forward_and_counts_just_its_tries(steps: Any):
    """Tries are only made of what is pending, as `delivering` sees to."""
    row, now, tries = begin(), BEGIN, 0
    policy = RetryPolicy(attempts=3)
    for step, reported in steps:
        now += timedelta(minutes=1)
        event: NotificationEvent | None = None
        if step == "report":
            event = delivery.tracked(ORGANIZATION, row, reported, None, now)
        elif row.state is DeliveryState.PENDING:
            tries += step not in ("waiting", "superseded")
            if step == "sent":
                event = delivery.sent(ORGANIZATION, row, "s", "m", now)
            elif step == "waiting":
                event = delivery.waiting(ORGANIZATION, row, NOTICE, now)
            elif step == "superseded":
                event = delivery.superseded(ORGANIZATION, row, new_id())
            else:
                follows = after_failure(Failure("no", step == "failed"), row.attempts + 1, policy=policy)
                event = delivery.failed(ORGANIZATION, row, "no", follows, now)
        if event is None:
            continue
        new = event.notification
        assert new.version == row.version + 1
        assert ORDER.index(new.state) >= ORDER.index(row.state)
        assert new.attempts == tries <= 3
        assert (new.next_attempt_at is not None) == (new.state is DeliveryState.PENDING), "what is pending is due once"
        row = new


@given(st.permutations([state for state in ORDER if state not in (DeliveryState.PENDING, DeliveryState.FAILED)] * 2))
def test_reports_in_any_order_and_doubled_end_with_what_is_known_best(reports: list[DeliveryState]):
    row = begin()
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
    names = {"dead": new_id(), "alive": new_id()}
    alone, sending = Lane(), dict[str, list[tuple[int, int]]](dead=[], alive=[])
    for name, what, pause in moments:
        now += pause
        lane = lanes.of(names[name])
        if what == "offer":
            rest = lane.rest(now)
            if name == "alive":
                assert (rest, lane.full) == (alone.rest(now), alone.full), "as if there were no other"
            assert 0 <= rest <= LONGEST_REST
            if not rest and not lane.full:
                ticket = lane.begin(now)
                sending[name].append((ticket, alone.begin(now) if name == "alive" else 0))
        elif sending[name]:
            ticket, same = sending[name].pop(0)
            lane.end(ticket, now, reached=name == "alive")
            if name == "alive":
                alone.end(same, now, reached=True)
        assert lane.sending == len(sending[name]) <= MOST_AT_ONCE


def test_a_lane_after_a_failure_rests_then_lets_one_go_ahead_and_opens_when_it_arrives():
    lane = Lane()
    lane.end(lane.begin(9.0), 10.0, reached=False)
    assert lane.rest(10.5) == FIRST_REST - 0.5
    assert lane.rest(11.0) == 0
    ahead = lane.begin(11.0)
    assert lane.rest(11.0) > 0, "one goes ahead, the rest wait for it"
    lane.end(ahead, 11.1, reached=True)
    assert lane.rest(11.1) == 0


def test_a_lane_when_many_fail_together_then_it_is_one_failure():
    lane = Lane()
    tickets = [lane.begin(0.0) for _ in range(MOST_AT_ONCE)]
    for ticket in tickets:
        lane.end(ticket, 0.5, reached=False)
    assert (lane.failures, lane.rests_until) == (1, 0.5 + FIRST_REST)


def test_a_lane_when_it_fails_again_and_again_rests_longer_but_not_for_ever():
    lane, now, rests = Lane(), 0.0, list[float]()
    for _ in range(30):
        lane.end(lane.begin(now), now, reached=False)
        rests.append(lane.rests_until - now)
        now = lane.rests_until
    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (FIRST_REST, LONGEST_REST)


@given(st.floats(1, 1800))
def test_a_lane_when_its_receiver_comes_back_then_it_is_found_after_a_quarter_of_the_time_away(away: float):
    lane, now = Lane(), 0.0
    while now < away:
        lane.end(lane.begin(now), now, reached=False)
        now = lane.rests_until
    assert now - away <= max(FIRST_REST, away / 4 + FIRST_REST)


def test_a_full_lane_when_nothing_moves_then_it_is_stalled():
    lane = Lane()
    tickets: list[int] = []
    for _ in range(MOST_AT_ONCE):
        assert not lane.stalled(0.0)
        tickets.append(lane.begin(0.0))
    assert lane.full
    assert not lane.stalled(STALLED_AFTER)
    assert lane.stalled(STALLED_AFTER + 0.1)
    lane.end(tickets[0], 1.0, reached=True)
    assert not lane.stalled(1.0)


def test_lanes_when_there_are_many_forget_the_idle_and_keep_the_resting():
    lanes, name = Lanes(), new_id()
    resting = lanes.of(name)
    resting.end(resting.begin(0.0), 0.0, reached=False)
    for _ in range(20_000):
        lanes.of(new_id())
    assert lanes.of(name) is resting
    assert len(lanes._lanes) <= 10_002  # pyright: ignore[reportPrivateUsage]
    assert lanes.closed(0.5) == [name]
    assert lanes.closed(1.5) == []
