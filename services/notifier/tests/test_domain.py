"""Retrying, tracking, unsubscribing and what makes a channel valid."""

import itertools
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from monitors_contracts.notifications import ChannelSpec, DeliveryState
from monitors_notifier.domain.channels import InvalidChannel, Target, default_name, make_target, masked
from monitors_notifier.domain.retry import Failure, GiveUp, RetryPolicy, Wait, after_failure, retry_after
from monitors_notifier.domain.signing import InvalidToken
from monitors_notifier.domain.tracking import ORDER, advance
from monitors_notifier.domain.unsubscribe import Subscription, make_token, read_token

NOW = datetime(2026, 11, 21, 16, 37, tzinfo=UTC)
ORGANIZATION = UUID("01a1ff00-add6-700d-ab5d-c7ab567703bb")
CHANNEL = UUID("01a1ff00-add6-700d-ab5d-c7acc916edf6")
ENTROPY = bytes(range(32))
DOWN = Failure("http-503", recoverable=True)


def test_retry_when_a_receiver_stays_down_then_it_is_tried_for_about_an_hour_each_wait_a_quarter_longer():
    waits = [after_failure(DOWN, attempt) for attempt in range(1, 32)]
    seconds = [wait.seconds for wait in waits if isinstance(wait, Wait)]
    assert seconds[:3] == [1, 1.25, 1.5625]
    assert 3600 < sum(seconds) < 4200
    assert after_failure(DOWN, 32) == GiveUp("gave-up-after-32-tries: http-503")


def test_retry_when_others_may_stand_in_then_they_do_after_two_minutes():
    assert isinstance(after_failure(DOWN, 12, others_waited=119), Wait)
    assert after_failure(DOWN, 13, others_waited=120) == GiveUp("others-stand-in-after-13-tries: http-503")


def test_retry_when_it_cannot_help_then_given_up_at_once_with_the_reason():
    assert after_failure(Failure("http-410", recoverable=False), 1) == GiveUp("http-410")


def test_retry_when_the_receiver_asks_for_longer_then_it_is_kept_within_the_longest_wait():
    assert after_failure(Failure("http-429", recoverable=True, retry_after=500), 1) == Wait(500)
    assert after_failure(Failure("http-429", recoverable=True, retry_after=0.5), 1) == Wait(1)
    assert after_failure(Failure("http-429", recoverable=True, retry_after=1e9), 1) == Wait(3600)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 1e12))
def test_retry_when_waiting_then_never_shorter_than_the_spread_allows(
    attempts: int, jitter: float, asked: float | None
):
    policy = RetryPolicy(attempts=100_000)
    step = after_failure(Failure("x", recoverable=True, retry_after=asked), attempts, jitter=jitter, policy=policy)
    assert isinstance(step, Wait)
    assert 0.8 <= step.seconds <= 3600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 16:38:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 16:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("9" * 400, 999999999999.0),
        ("٣", None),
    ],
)
def test_retry_after_when_read_then_seconds(header: str | None, seconds: float | None):
    assert retry_after(header, NOW) == seconds


@given(
    st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{2,6} \d{2}:\d{2}:\d{2} ([A-Z]{3}|[+-]\d{4})")
)
def test_retry_after_when_the_header_is_rubbish_then_none_or_seconds(header: str):
    seconds = retry_after(header, NOW)
    assert seconds is None or seconds >= 0


def test_tracking_when_a_report_is_late_then_it_undoes_nothing():
    assert advance(DeliveryState.SENT, DeliveryState.DELIVERED) is DeliveryState.DELIVERED
    assert advance(DeliveryState.OPENED, DeliveryState.DELIVERED) is None
    assert advance(DeliveryState.CLICKED, DeliveryState.OPENED) is None
    assert advance(DeliveryState.DELIVERED, DeliveryState.BOUNCED) is DeliveryState.BOUNCED
    assert advance(DeliveryState.BOUNCED, DeliveryState.DELIVERED) is None
    assert advance(DeliveryState.OPENED, DeliveryState.BOUNCED) is None
    assert advance(DeliveryState.CLICKED, DeliveryState.SPAM) is DeliveryState.SPAM
    assert advance(DeliveryState.FAILED, DeliveryState.SENT) is None


def test_tracking_when_states_are_added_then_they_have_a_place():
    assert set(ORDER) == set(DeliveryState)
    assert len(ORDER) == len(DeliveryState)


@given(st.lists(st.sampled_from(DeliveryState), max_size=5))
def test_tracking_when_reports_are_permuted_or_doubled_then_the_outcome_is_the_same(reports: list[DeliveryState]):
    outcomes = set[DeliveryState]()
    for order in itertools.permutations(reports):
        state = DeliveryState.PENDING
        for report in (*order, *order):
            state = advance(state, report) or state
        outcomes.add(state)
    assert len(outcomes) == 1


def test_unsubscribe_when_the_token_is_ours_then_names_the_channel():
    subscription = Subscription(ORGANIZATION, CHANNEL)
    assert read_token(make_token(subscription, "a secret of ours"), "a secret of ours") == subscription


def test_unsubscribe_when_signed_with_another_key_then_refused():
    with pytest.raises(InvalidToken):
        read_token(make_token(Subscription(ORGANIZATION, CHANNEL), "a secret of ours"), "another")


@given(st.integers(0, 511), st.sampled_from([ORGANIZATION, CHANNEL]))
def test_unsubscribe_when_any_bit_is_changed_then_refused(bit: int, organization: UUID):
    raw = bytearray(urlsafe_b64decode(make_token(Subscription(organization, CHANNEL), "key") + "=="))
    raw[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(InvalidToken):
        read_token(urlsafe_b64encode(bytes(raw)).decode(), "key")


@given(st.text(max_size=100))
def test_unsubscribe_when_the_token_is_rubbish_then_refused(token: str):
    with pytest.raises(InvalidToken):
        read_token(token, "key")


def target(kind: Any, **parts: Any) -> Target:
    return make_target(ORGANIZATION, CHANNEL, ChannelSpec(kind=kind, **parts), entropy=ENTROPY)


def test_channel_when_webhook_lacks_a_secret_then_one_is_made_that_signs():
    made = target("webhook", url="https://hooks.example/x").secret
    assert made == "whsec_" + b64encode(ENTROPY).decode()
    assert made is not None
    assert Webhook(made).sign("id", NOW, "{}").startswith("v1,")


@pytest.mark.parametrize(
    ("kind", "parts", "field"),
    [
        ("webhook", {}, "url"),
        ("webhook", {"url": "ftp://x.example/"}, "url"),
        ("webhook", {"url": "https:///path"}, "url"),
        ("webhook", {"url": "https://x.example/\r\nHost: y"}, "url"),
        ("webhook", {"url": "https://x.example/ y"}, "url"),
        ("webhook", {"url": "https://x.example:99999/"}, "url"),
        ("webhook", {"url": "https://x.example:0/"}, "url"),
        ("webhook", {"url": "http://[::1/"}, "url"),
        ("webhook", {"url": "https://x.example/", "secret": "plain"}, "secret"),
        ("webhook", {"url": "https://x.example/", "secret": "whsec_c2hvcnQ="}, "secret"),
        ("webhook", {"url": "https://x.example/", "address": "a@b.example"}, "address"),
        ("email", {}, "address"),
        ("email", {"address": "a@b.example", "url": "https://x.example"}, "url"),
        ("apprise", {}, "url"),
        ("apprise", {"url": "slack"}, "url"),
        ("apprise", {"url": "://token"}, "url"),
        ("apprise", {"url": "slack://a\nb"}, "url"),
        ("local", {"url": "https://x.example"}, "url"),
    ],
)
def test_channel_when_it_could_not_work_then_refused_by_field(kind: str, parts: dict[str, str], field: str):
    with pytest.raises(InvalidChannel) as caught:
        target(kind, **parts)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("kind", "parts", "shown"),
    [
        ("local", {}, "outbox"),
        ("email", {"address": "a@b.example"}, "a@b.example"),
        ("webhook", {"url": "https://hooks.example/services/T0/B0/secret"}, "https://hooks.example/services/…"),
        ("webhook", {"url": "https://user:pass@hooks.example:8443/"}, "https://hooks.example:8443"),
        ("webhook", {"url": "https://hooks.example/in?key=secret"}, "https://hooks.example/in/…"),
        ("webhook", {"url": f"https://hooks.example/{'secret' * 9}"}, "https://hooks.example/secr…"),
        ("webhook", {"url": "http://[::1]:8080/in"}, "http://[::1]:8080/in"),
        ("apprise", {"url": "Slack://secret/token/#channel"}, "slack://…"),
    ],
)
def test_channel_when_shown_then_its_secrets_are_not(kind: str, parts: dict[str, str], shown: str):
    made = target(kind, **parts)
    assert masked(made) == shown
    for text in (masked(made), repr(made)):
        assert "secret" not in text
        assert "pass" not in text
        assert "whsec" not in text


def test_channel_when_unnamed_then_gets_a_name_of_what_it_is():
    assert default_name(target("local")) == "Outbox"
    assert default_name(target("email", address="a@b.example")) == "a@b.example"
    assert default_name(target("webhook", url="https://u:p@hooks.example/x/y")) == "Webhook to hooks.example"
    assert default_name(target("apprise", url="discord://id/token")) == "Discord"
