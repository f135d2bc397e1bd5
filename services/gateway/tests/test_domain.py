"""The gateway's decisions, without anything around them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_gateway.domain.clients import client_address, limited_as, networks
from monitors_gateway.domain.limits import (
    MINUTE,
    LimitReason,
    RefreshLimits,
    Usage,
    decide,
    monitor_free_at,
    next_allowed,
    next_day,
)
from monitors_gateway.domain.passwords import weakness
from monitors_gateway.domain.positions import Position
from monitors_gateway.domain.throttling import LONGEST_DELAY, Failures, blocked_until

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
monitors = st.lists(st.uuids(), min_size=1, max_size=30, unique=True)
moments = st.lists(st.integers(-200, 0).map(lambda s: NOW + timedelta(seconds=s)), max_size=6).map(sorted)


@st.composite
def asked_and_usage(draw: st.DrawFn) -> tuple[list[UUID], Usage]:
    asked = draw(monitors)
    recent = {monitor: draw(moments) for monitor in asked if draw(st.booleans())}
    usage = Usage(recent, draw(st.integers(0, 60)), draw(st.integers(0, 60)), NOW + timedelta(seconds=30))
    return asked, usage


limits_strategy = st.builds(RefreshLimits, st.integers(0, 3), st.integers(0, 60), st.integers(0, 60))


@given(asked_and_usage(), limits_strategy)
def test_decide_partitions_what_was_asked_and_never_exceeds_a_limit(
    case: tuple[list[UUID], Usage], limits: RefreshLimits
) -> None:
    asked, usage = case
    decision = decide(asked, usage, limits, NOW)
    assert sorted([*decision.granted, *decision.refused]) == sorted(asked)
    granted = len(decision.granted)
    if limits.per_day:
        assert granted <= max(0, limits.per_day - usage.today)
    if limits.per_address:
        assert granted <= max(0, limits.per_address - usage.by_address)
    for monitor in decision.granted:
        within = [each for each in usage.recent.get(monitor, []) if NOW - each < MINUTE]
        assert not limits.per_minute or len(within) < limits.per_minute
    assert all(refusal.retry_at > NOW for refusal in decision.refused.values())


@given(asked_and_usage(), st.integers(1, 3))
def test_decide_when_waited_until_retry_at_then_the_minute_limit_lets_it_through(
    case: tuple[list[UUID], Usage], per_minute: int
) -> None:
    asked, usage = case
    limits = RefreshLimits(per_minute, 0)
    for monitor, refusal in decide(asked, usage, limits, NOW).refused.items():
        just_before = refusal.retry_at - timedelta(milliseconds=1)
        assert monitor in decide([monitor], usage, limits, just_before).refused
        assert decide([monitor], usage, limits, refusal.retry_at).granted == [monitor]


@given(st.lists(st.integers(0, 600), max_size=60).map(sorted), st.integers(1, 4))
def test_no_window_of_a_minute_ever_holds_more_than_the_limit(seconds: list[int], per_minute: int) -> None:
    granted: list[datetime] = []
    for second in seconds:
        now = NOW + timedelta(seconds=second)
        if monitor_free_at(granted[-per_minute:], per_minute, now) <= now:
            granted.append(now)
    for start in granted:
        assert sum(start <= each < start + MINUTE for each in granted) <= per_minute


@given(asked_and_usage())
def test_decide_without_limits_grants_everything(case: tuple[list[UUID], Usage]) -> None:
    asked, usage = case
    assert decide(asked, usage, RefreshLimits(0, 0), NOW).granted == asked


def test_decide_when_the_day_is_used_up_then_names_midnight_utc() -> None:
    monitor = UUID(int=1)
    refusal = decide([monitor], Usage({}, 50), RefreshLimits(1, 50), NOW).refused[monitor]
    assert (refusal.reason, refusal.retry_at) == (LimitReason.DAY, datetime(2026, 11, 22, tzinfo=UTC))


def test_next_allowed_is_the_later_of_both_limits() -> None:
    limits = RefreshLimits(1, 50)
    assert next_allowed([NOW], 1, limits, NOW) == NOW + MINUTE
    assert next_allowed([NOW], 50, limits, NOW) == next_day(NOW)
    assert next_allowed([], 0, limits, NOW) == NOW


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Correct1horse", True),
        ("Abcdefg1", True),
        ("Abcdef1", False),
        ("abcdefg1", False),
        ("ABCDEFG1", False),
        ("Abcdefgh", False),
        ("", False),
        ("Aa1" * 100, False),
    ],
)
def test_weakness(password: str, good: bool) -> None:
    assert (weakness(password) is None) is good


@given(st.integers(0, 100), st.integers(0, 4000))
def test_throttle_delay_is_bounded_and_grows_with_failures(count: int, seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    until = blocked_until(Failures(count, NOW, free=5), now)
    if count < 5:
        assert until is None
    if until:
        assert now < until <= NOW + LONGEST_DELAY
        later = blocked_until(Failures(count + 1, NOW, free=5), now)
        assert later is not None
        assert later >= until


def test_throttle_forgets_after_an_hour() -> None:
    failures = Failures(50, NOW, free=5)
    assert blocked_until(failures, NOW + timedelta(minutes=14)) is not None
    assert blocked_until(failures, NOW + timedelta(hours=1)) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # an untrusted peer may claim anything
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the client itself sent is not believed
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("unknown", "198.51.100.1", "unknown"),
    ],
)
def test_client_address_believes_only_trusted_proxies(peer: str, forwarded: str | None, found: str) -> None:
    assert client_address(peer, forwarded, networks(["10.0.0.0/8"])) == found


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.1.2.3", None),
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
    ],
)
def test_limited_as(address: str, key: str | None) -> None:
    assert limited_as(address, networks(["10.0.0.0/8"])) == key


places = st.builds(Position, *[st.integers(0, 10**18 - 1)] * 3)
ENDS = Position(*[10**18] * 3)


@given(places, places)
def test_position_when_read_back_then_it_is_the_same_and_never_beyond_the_ends(
    position: Position, ends: Position
) -> None:
    assert Position.parse(str(position), ENDS) == position
    kept = Position.parse(str(position), ends)
    assert kept == Position(
        min(position.monitors, ends.monitors), min(position.alerts, ends.alerts), min(position.pages, ends.pages)
    )


@given(places)
def test_position_when_written_before_there_were_pages_then_it_stands_at_the_end_of_them(ends: Position) -> None:
    written = f"m{ends.monitors}.a{ends.alerts}"
    assert Position.parse(written, ends) == ends


@pytest.mark.parametrize("stream", ["MONITORS", "ALERTS", "PAGES"])
def test_position_when_an_event_is_seen_then_its_stream_moves_alone(stream: str) -> None:
    before = Position(1, 2, 3)
    after = before.after(stream, 9)
    moved = {name for name in ("monitors", "alerts", "pages") if getattr(after, name) != getattr(before, name)}
    assert moved == {stream.lower()}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "m1",
        "m1.a",
        "m-1.a2",
        "m1.a2 ",
        "a1.m2",
        "m1.a2;drop",
        "m" + "9" * 30 + ".a1",
        "m1.a2.p",
        "m1.a2.p3.q4",
        "m1.p3",
    ],
)
def test_position_when_it_is_not_ours_then_none(written: str) -> None:
    assert Position.parse(written, ENDS) is None
