"""The account's pages as view models, without any I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.platform import ProviderUsage, UsageReply
from monitors_gateway.api.account import SessionShape
from monitors_gateway.api.audit import AuditEntry
from monitors_gateway.api.tokens import CreateTokenReply, TokenShape
from monitors_gateway.api.usage import DailyRefreshes, Limited, LimitsReply
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.forms import Errors
from monitors_gateway.console.views.account import Failed, profile_view
from monitors_gateway.console.views.account_data import data_view
from monitors_gateway.console.views.sessions import MOST_MOMENTS, sessions_view
from monitors_gateway.console.views.tokens import DAYS, expires_at, tokens_view
from monitors_gateway.console.views.usage import usage_view
from monitors_gateway.domain.scopes import Scope
from monitors_gateway.store.sessions import Session

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENGLISH = Formats(NOW)
ROBIN = Session(new_id(), new_id(), new_id(), "robin@example.com", "Robin", is_beta_user=False)


# -- profile -----------------------------------------------------------------------------------------------------------


def test_only_the_form_that_failed_shows_what_was_typed_and_what_is_wrong() -> None:
    failed = Failed("email", {"email": "taken@example.com", "name": "x"}, Errors({"email": "Somebody has it."}))
    name, email, password = (section.form for section in profile_view("/console", ROBIN, failed).sections)
    assert name.fields[0].value == "Robin"
    assert (email.fields[0].value, email.fields[0].error) == ("taken@example.com", "Somebody has it.")
    assert not any(field.error for form in (name, password) for field in form.fields)


def test_no_password_is_ever_shown_again() -> None:
    typed = {"current_password": "Correct1horse", "new_password": "short"}
    view = profile_view("/console", ROBIN, Failed("password", typed, Errors({"new_password": "Too short."})))
    assert "Correct1horse" not in repr(view)
    assert "'short'" not in repr(view)


# -- sessions ----------------------------------------------------------------------------------------------------------


def session(client: str = "Firefox on Linux", *, current: bool = False) -> SessionShape:
    return SessionShape(
        id=new_id(),
        current=current,
        created_at=NOW - timedelta(days=3),
        last_used_at=NOW - timedelta(minutes=5),
        expires_at=NOW + timedelta(days=27),
        address="192.0.2.7",
        client=client,
        user_agent="x",
    )


def entry(what: str, **data: Any) -> AuditEntry:
    return AuditEntry(id=new_id(), what=what, target=None, address="192.0.2.7", occurred_at=NOW, data=data)


def test_this_browser_comes_first_and_can_only_be_left_by_signing_out() -> None:
    view = sessions_view("/console", [session(), session("curl"), session(current=True)], [], ENGLISH)
    assert [row.is_current for row in view.sessions] == [True, False, False]
    assert view.sessions[0].end is None
    assert [row.icon for row in view.sessions] == ["monitor-smartphone", "monitor-smartphone", "terminal"]
    assert view.end_others is not None
    assert view.end_others.confirm


def test_alone_there_is_nothing_else_to_sign_out() -> None:
    assert sessions_view("/console", [session(current=True)], [], ENGLISH).end_others is None


def test_of_what_happened_only_sign_ins_are_told_and_not_for_ever() -> None:
    entries = [entry("monitor.create"), entry("token.create", name="Collector"), *[entry("auth.login")] * 50]
    moments = sessions_view("/console", [session(current=True)], entries, ENGLISH).moments
    assert moments[0].title == "API token made: Collector"
    assert len(moments) == MOST_MOMENTS


# -- tokens ------------------------------------------------------------------------------------------------------------


def token(expires: datetime | None = None, used: datetime | None = None) -> TokenShape:
    return TokenShape(
        id=new_id(),
        name="Collector",
        scopes=[Scope.READ],
        hint="mon_…x7Qd",
        created_at=NOW,
        expires_at=expires,
        last_used_at=used,
    )


def tokens(*listed: TokenShape, **more: Any) -> Any:
    given: dict[str, Any] = {"typed": {}, "chosen": ["read"], "errors": Errors(), "made": None} | more
    return tokens_view("/console", "https://monitors.example/api", listed, ENGLISH, **given)


@pytest.mark.parametrize(
    ("left", "badge"),
    [(None, None), (timedelta(days=8), None), (timedelta(days=6), "Expires soon"), (timedelta(), "Expired")],
)
def test_a_token_that_ends_soon_says_so(left: timedelta | None, badge: str | None) -> None:
    [row] = tokens(token(NOW + left if left is not None else None)).tokens
    assert (row.expiry.words if row.expiry else None) == badge


def test_a_new_token_is_shown_with_a_command_that_uses_it() -> None:
    view = tokens(made=CreateTokenReply(token="mon_" + "0" * 36, details=token()))
    assert view.new.token in view.new.example
    assert "https://monitors.example/api" in view.new.example
    assert tokens().new is None


def test_a_form_that_failed_keeps_what_was_chosen() -> None:
    view = tokens(typed={"name": "x", "days": "30"}, chosen=["write"], errors=Errors({"scopes": "Choose."}))
    assert [each.value for each in view.scopes if each.is_chosen] == ["write"]
    assert [field.value for field in view.form.fields] == ["x", "30"]
    assert view.scopes_error == "Choose."


@given(st.text(max_size=10) | st.sampled_from(sorted(DAYS)))
def test_a_token_serves_as_long_as_was_offered_or_has_no_end(days: str) -> None:
    end = expires_at(days, NOW)
    assert end is None or end - NOW == timedelta(days=int(days))


# -- usage -------------------------------------------------------------------------------------------------------------


def usage(used: int, limit: int | None, checks: int = 0, cost: float = 0, budget: float | None = 10) -> LimitsReply:
    asked = [ProviderUsage(provider="anthropic", requests=3, input_tokens=1200, output_tokens=80, cost_usd=cost)]
    return LimitsReply(
        monitors=Limited(used=used, limit=limit, left=limit - used if limit else None),
        refreshes_today=DailyRefreshes(used=checks, limit=50, left=50 - checks, resets_at=NOW + timedelta(hours=12)),
        refreshes_per_minute=1,
        ai=UsageReply(month="2026-11", providers=asked if cost else [], budget_usd=budget),
    )


@pytest.mark.parametrize(("used", "tone"), [(0, "neutral"), (7, "neutral"), (8, "warn"), (10, "bad"), (12, "bad")])
def test_a_limit_warns_before_it_is_met(used: int, tone: str) -> None:
    monitors = usage_view("/console", usage(used, 10), ENGLISH).limits[0]
    assert (monitors.meter.tone, monitors.meter.words) == (tone, f"{used} of 10")
    assert (monitors.link is not None) == (used >= 10)


def test_without_a_limit_there_is_no_meter_to_fill() -> None:
    monitors = usage_view("/console", usage(1204, None), ENGLISH).limits[0]
    assert (monitors.meter.limit, monitors.meter.words) == (0, "1,204, no limit")


def test_a_day_that_is_used_up_says_when_the_next_begins() -> None:
    checks = usage_view("/console", usage(0, 10, checks=50), ENGLISH).limits[1]
    assert checks.words.startswith("Nothing left for today.")
    assert checks.resets
    assert checks.resets.words == "in 12 hours"


@pytest.mark.parametrize(("cost", "shown"), [(0.0, "$0"), (0.0042, "less than $0.01"), (1.239, "$1.24"), (12.0, "$12")])
def test_costs_are_shown_to_the_cent_and_never_as_none_when_there_were_some(cost: float, shown: str) -> None:
    assert usage_view("/console", usage(0, 10, cost=cost), ENGLISH).cost == shown


def test_a_budget_that_is_used_up_says_what_follows() -> None:
    view = usage_view("/console", usage(0, 10, cost=10.5), ENGLISH)
    assert view.budget
    assert view.budget.tone == "bad"
    assert "used up" in view.budget_words
    assert usage_view("/console", usage(0, 10, budget=None), ENGLISH).budget is None


# -- data --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "words"), [(0, "Monitors with"), (1, "Your monitor with"), (12, "All 12 monitors")])
def test_deleting_says_how_much_goes(count: int, words: str) -> None:
    view = data_view("/console", "robin@example.com", count)
    assert view.erased[0].startswith(words)
    assert view.email == "robin@example.com"
    assert not view.is_failed
