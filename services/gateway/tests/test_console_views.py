"""What the pages of alerts, channels and messages show, decided without any I/O."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertList, AlertState, AlertStep, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.monitors import Evidence
from monitors_contracts.notifications import ChannelView, DeliveryState, NotificationView, OutboxMessage
from monitors_contracts.pending import PendingAlert, PendingList
from monitors_gateway.api.timelines import TimelineReply, entries
from monitors_gateway.console.formats import Formats
from monitors_gateway.console.forms import Errors
from monitors_gateway.console.views.alert import alert_view, web_link
from monitors_gateway.console.views.alerts import TABS, AlertsView, alerts_view
from monitors_gateway.console.views.channels import (
    KINDS,
    channel_errors,
    channel_view,
    channels_view,
    new_channel_view,
)
from monitors_gateway.console.views.deliveries import deliveries_view, delivery_row, error_words, state_badge
from monitors_gateway.console.views.outbox import framed, outbox_view
from monitors_runtime.errors import problem

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FORMATS = Formats(NOW)
ROOT = "/console"
ORGANIZATION = new_id()


def alert(**parts: Any) -> AlertView:
    known: dict[str, Any] = {
        "id": new_id(),
        "organization_id": ORGANIZATION,
        "monitor_id": new_id(),
        "fingerprint": "a",
        "state": AlertState.FIRING,
        "name": "Copper kettle",
        "summary": "Copper kettle: now true: price < 50 USD; read 47.5 USD.",
        "condition": "price < 50 USD",
        "value": 47.5,
        "previous_value": 64.0,
        "unit": "USD",
        "change_amount": -16.5,
        "change_percentage": -25.78,
        "evidence": Evidence(quote="$47.50", method="text", locator="main > p"),
        "url": "https://shop.example/kettle",
        "started_at": NOW - timedelta(minutes=3),
    }
    return AlertView.model_validate(known | parts)


def message(**parts: Any) -> NotificationView:
    known: dict[str, Any] = {
        "id": new_id(),
        "alert_id": new_id(),
        "channel_id": new_id(),
        "channel_kind": "webhook",
        "channel_name": "Pager",
        "subject": "Copper kettle: 47.5 USD",
        "state": DeliveryState.SENT,
        "attempts": 1,
        "created_at": NOW - timedelta(minutes=2),
    }
    return NotificationView.model_validate(known | parts)


def channel(**parts: Any) -> ChannelView:
    known: dict[str, Any] = {
        "id": new_id(),
        "kind": "webhook",
        "name": "Pager",
        "target": "https://hooks.example/…",
        "is_active": True,
        "created_at": NOW,
    }
    return ChannelView.model_validate(known | parts)


# -- the inbox -------------------------------------------------------------------------------------------------------


def inbox(*alerts: AlertView, chosen: Any = "open", cursor: str | None = None, **asked: str) -> AlertsView:
    counts = {AlertState.FIRING: 2, AlertState.ACKNOWLEDGED: 1, AlertState.RESOLVED: 1200}
    found = AlertList(alerts=list(alerts), total=len(alerts), counts=counts, next_cursor=cursor)
    return alerts_view(found, chosen, asked, ROOT, FORMATS)


def test_the_tabs_count_and_keep_the_filters() -> None:
    view = inbox(alert(), chosen="resolved", q="50 %&x", severity="warning")
    assert [(tab.words, tab.count, tab.current) for tab in view.tabs] == [
        ("Open", "3", False),
        ("Pending", "", False),
        ("Acknowledged", "1", False),
        ("Resolved", "1,200", True),
        ("All", "1,203", False),
    ]
    assert view.tabs[0].href == "/console/alerts?state=open&q=50+%25%26x&severity=warning"


def test_a_row_says_what_happened_how_bad_it_is_and_what_can_be_done() -> None:
    shown = alert(occurrences=3, severity="critical")
    [row] = inbox(shown).rows
    assert (row.name, row.summary) == ("Copper kettle", "Now true: price < 50 USD; read 47.5 USD.")
    assert (row.value, row.crossed, row.mark.words, row.mark.tone) == ("$47.50", "crossed 3 times", "Critical", "bad")
    assert row.opened.words == "3 minutes ago"
    assert row.about
    assert row.about.href == f"/console/monitors/{shown.monitor_id}"
    assert [(each.words, each.path) for each in row.actions] == [
        ("Acknowledge", f"/console/alerts/{shown.id}/acknowledge"),
        ("Resolve", f"/console/alerts/{shown.id}/resolve"),
    ]


@pytest.mark.parametrize(
    ("state", "words", "actions"),
    [("firing", "Firing", 2), ("acknowledged", "Acknowledged", 1), ("resolved", "Resolved", 0)],
)
def test_an_alert_offers_what_its_state_allows(state: str, words: str, actions: int) -> None:
    [row] = inbox(alert(state=state, severity="critical")).rows
    assert (row.state.words, len(row.actions), row.is_over) == (words, actions, state == "resolved")
    assert (row.mark.tone == "neutral") == (state == "resolved"), "what is over alarms nobody"


@pytest.mark.parametrize(
    ("summary", "shown"),
    [
        ("Copper kettle: now true: below 50", "Now true: below 50"),
        ("Copper kettle: web-1 is at 97 %", "web-1 is at 97 %"),
        ("Copper kettle: https://shop.example is down", "https://shop.example is down"),
        ("Copper kettle: cpu_busy is 97", "cpu_busy is 97"),
        ("db is at 97 %", "db is at 97 %"),
        ("Copper kettle: ", ""),
    ],
)
def test_a_summary_is_written_as_it_came_but_for_the_name_beside_it(summary: str, shown: str) -> None:
    assert inbox(alert(summary=summary)).rows[0].summary == shown


def test_a_long_value_does_not_push_the_summary_away() -> None:
    [row] = inbox(alert(value="open " * 40, unit=None)).rows
    assert len(row.value) == 40


def test_an_empty_inbox_says_why_and_what_comes_here() -> None:
    assert inbox(alert()).empty is None
    titles = {chosen: inbox(chosen=chosen).empty for chosen in TABS}
    assert titles["open"]
    assert titles["open"].title == "Nothing is wrong"
    assert len({each.title for each in titles.values() if each}) == len(TABS)
    filtered = inbox(chosen="open", q="zzz").empty
    assert filtered
    assert filtered.link
    assert (filtered.title, filtered.link.href) == ("No alert matches", "/console/alerts?state=open")


def test_what_is_pending_says_when_it_fires_and_how_much_more_there_is() -> None:
    def ahead(seconds: float) -> PendingAlert:
        return PendingAlert(
            rule_id=new_id(),
            fingerprint=f"rule:{seconds}",
            name="CPU busy",
            severity="critical",
            labels={"host": "web-1"},
            condition="cpu > 95 for 5m",
            value=97.5,
            since=NOW - timedelta(minutes=4),
            fires_at=NOW + timedelta(seconds=seconds),
        )

    shown = PendingList(alerts=[ahead(-2), ahead(60)], total=1203)
    view = alerts_view(AlertList(alerts=[], total=0), "pending", {}, ROOT, FORMATS, ahead=shown)
    due, waits = view.pending
    assert (due.fires.words, waits.fires.words) == ("with its next sample", "in 60 seconds")
    assert (waits.id, waits.series, waits.value, waits.since.words) == (
        "rule-60",
        "host=web-1",
        "97.5",
        "4 minutes ago",
    )
    assert (waits.mark.words, waits.href) == ("Critical", f"/console/rules/{shown.alerts[1].rule_id}")
    assert (view.more_pending, view.empty, view.can_resolve) == ("1,201 more fire later.", None, False)
    assert view.tabs[1].count == "1,203"


def test_older_alerts_are_under_the_same_filters() -> None:
    assert inbox(alert(), cursor="abc", q="kettle").older == "/console/alerts?state=open&q=kettle&cursor=abc"
    assert inbox(alert()).older == ""


# -- one alert -------------------------------------------------------------------------------------------------------


GONE = new_id()


def story(shown: AlertView, *steps: AlertStep, messages: tuple[NotificationView, ...] = (), **more: Any) -> Any:
    names = {step.user_id: "Robin" for step in steps if step.user_id and step.user_id != GONE}
    found: dict[str, Any] = {"entries": entries(steps, messages, names), "total": len(steps), "unavailable": []} | more
    return alert_view(TimelineReply(alert=shown, **found), "", Errors(), ROOT, FORMATS)


def test_an_alert_shows_value_condition_evidence_and_source() -> None:
    view = story(alert())
    assert (view.value, view.before) == ("$47.50", "$64")
    assert view.change == "−$16.50 (−25.8\N{NARROW NO-BREAK SPACE}%)"
    assert (view.evidence.quote, view.evidence.how) == ("$47.50", "Found in the text, at main > p.")
    assert (view.source.words, view.source.href) == ("shop.example/kettle", "https://shop.example/kettle")


def test_a_story_tells_each_step_with_its_person_and_words() -> None:
    user, shown = new_id(), alert()
    mail = message(channel_kind="local", channel_name="Outbox", sent_at=NOW - timedelta(minutes=2))
    lost = message(state="failed", error="http-410", created_at=NOW - timedelta(seconds=90))
    by_hand: Any = {"reason": "by-hand", "user_id": user}
    view = story(
        shown,
        AlertStep(key="1", kind="opened", at=shown.started_at, reason="condition-became-true", value=47.5, unit="USD"),
        AlertStep(key="2", kind="acknowledged", at=NOW - timedelta(seconds=60), note="on it", **by_hand),
        AlertStep(key=str(new_id()), kind="commented", at=NOW - timedelta(seconds=30), user_id=user, note="two left"),
        AlertStep(key="3", kind="resolved", at=NOW, reason="by-hand", user_id=GONE),
        messages=(lost, mail),
    )
    assert [(each.title, each.tone, each.by, each.words) for each in view.moments] == [
        ("Opened", "bad", "", "The condition became true.\nprice < 50 USD: $47.50"),
        ("Message sent", "info", "Outbox", ""),
        ("Message failed", "bad", "Pager", "The receiver answered 410 Gone."),
        ("Acknowledged", "warn", "Robin", "on it"),
        ("Comment", "neutral", "Robin", "two left"),
        ("Resolved", "good", "Somebody who has left", ""),
    ]
    assert view.moments[1].href == f"/console/outbox/{mail.id}"
    assert view.moments[2].href == f"/console/channels/{lost.channel_id}"


def test_a_long_story_says_that_there_is_more() -> None:
    step = AlertStep(key="1", kind="opened", at=NOW)
    assert story(alert(), step, total=900).more_steps == "The newest 1 of 900 steps."
    assert story(alert(), step).more_steps == ""


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "data:text/html,x", "//evil", "file:///etc/passwd", "http://[", "", None]
)
def test_only_web_addresses_are_links(address: str | None) -> None:
    assert web_link(address) is None
    view = story(alert(url=address, evidence=None))
    assert (view.source, view.source_words) == (None, address or "")


# -- deliveries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, ""),
        ("http-410", "The receiver answered 410 Gone."),
        ("http-599", "The receiver answered 599."),
        ("gave-up-after-8-tries: timeout", "Given up after 8 tries. The receiver did not answer in time."),
        ("connection: ClientConnectorError", "The receiver could not be reached."),
        ("refused-address: 10.0.0.1 is private", "This address may not be written to: 10.0.0.1 is private"),
        (
            "others-stand-in-after-9-tries: http-503",
            "Another channel was told after 9 tries. The receiver answered 503 Service Unavailable.",
        ),
        ("channel-switched-off", "The channel was paused or deleted."),
        ("<b>odd</b>", "<b>odd</b>"),
    ],
)
def test_a_failure_is_told_in_words(error: str | None, words: str) -> None:
    assert error_words(error) == words


@given(st.text(max_size=200))
def test_any_failure_has_words(error: str) -> None:
    assert bool(error_words(error)) == bool(error)


def test_every_state_of_a_delivery_has_words_of_its_own() -> None:
    words = [state_badge(message(state=state)).words for state in DeliveryState]
    assert len(set(words)) == len(DeliveryState)
    assert state_badge(message(state="pending", error="timeout")).words == "Trying again"


def test_only_a_failed_message_about_an_alert_is_tried_again() -> None:
    def retry(**parts: Any) -> Any:
        return delivery_row(message(**parts), ROOT, FORMATS).retry

    assert retry(state="failed")
    assert retry(state="failed", alert_id=None) is None
    assert retry(state="pending", error="timeout") is None
    assert retry(state="sent") is None


def test_a_message_says_why_it_was_told_and_by_which_route() -> None:
    def because(**parts: Any) -> str:
        return delivery_row(message(**parts), ROOT, FORMATS).because

    assert because(reason="alerts-changed", route="root") == ""
    assert because() == ""
    assert because(reason="escalated", route="root/databases") == "Escalated by a policy. Route: root/databases."
    assert because(fallback_for=new_id()) == "Stands in for a channel that could not be reached."


def test_the_ledger_offers_states_and_channels_and_says_when_nothing_fits() -> None:
    pager = channel()
    asked = {"state": "failed", "channel": str(pager.id), "alert": "", "monitor": ""}
    view = deliveries_view([], 0, None, [pager], asked, ROOT, FORMATS)
    assert view.empty
    assert view.empty.title == "No message matches"
    assert [each.words for each in view.channels] == ["To any channel", "Pager"]
    assert len(view.states) == len(DeliveryState) + 1
    full = deliveries_view([message()], 51, "next", [pager], asked, ROOT, FORMATS)
    assert full.older == f"/console/notifications?state=failed&channel={pager.id}&cursor=next"
    assert full.count == "51 messages"


# -- channels --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "last", "words"),
    [
        ({}, None, "Not used yet"),
        ({}, {}, "Working"),
        ({}, {"state": "failed", "error": "http-410"}, "Failing"),
        ({}, {"state": "pending", "error": "timeout"}, "Failing"),
        ({}, {"state": "pending"}, "Sending"),
        ({}, {"state": "bounce"}, "Failing"),
        ({"is_active": False}, {}, "Paused"),
        ({"is_active": False, "unsubscribed_at": NOW}, {}, "Unsubscribed"),
    ],
)
def test_a_channel_says_how_it_is(parts: dict[str, Any], last: dict[str, Any] | None, words: str) -> None:
    shown = channel(**parts, last_delivery=None if last is None else message(**last))
    [row] = channels_view([shown], ROOT, FORMATS).rows
    assert row.state.words == words


def test_channels_that_are_all_paused_are_a_warning_and_none_is_an_invitation() -> None:
    assert channels_view([channel(is_active=False)], ROOT, FORMATS).silent
    assert not channels_view([channel(), channel(is_active=False)], ROOT, FORMATS).silent
    nothing = channels_view([], ROOT, FORMATS)
    assert (nothing.silent, nothing.empty is None) == (False, False)


def test_a_paused_channel_can_be_resumed_and_deleting_asks_first() -> None:
    view = channel_view(channel(is_active=False), [], None, Errors(), ROOT, FORMATS)
    assert [each.words for each in view.actions] == ["Send a test", "Resume", "Delete"]
    assert view.actions[2].confirm
    assert view.empty


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_form_that_keeps_what_was_typed(kind: Any) -> None:
    errors = Errors({"url": "No.", "address": "No."})
    view = new_channel_view(kind, {"name": "On-call", "url": "x", "address": "y"}, errors, ROOT)
    assert [each.words for each in view.kinds if each.current] == [KINDS[kind][0]]
    values = {each.name: (each.value, each.error) for each in view.fields}
    assert values["name"] == ("On-call", "")
    assert all(error == "No." for name, (_, error) in values.items() if name in ("url", "address"))
    assert bool(view.services) == (kind == "apprise")


@pytest.mark.parametrize(
    ("detail", "fields", "whole"),
    [
        ("address: a channel of kind email needs one", {"address": "Please fill this in."}, ""),
        ("url: not an Apprise URL", {"url": "Not an Apprise URL."}, ""),
        ("refused-address: private", {}, "This address may not be written to: private"),
        ("Somebody else has it.", {}, "Somebody else has it."),
    ],
)
def test_why_a_channel_was_not_made_is_told_at_its_field(detail: str, fields: dict[str, str], whole: str) -> None:
    errors = channel_errors(problem("invalid-channel", "Invalid channel", 422, detail))
    assert (errors.fields, errors.form) == (fields, whole)


# -- the outbox ------------------------------------------------------------------------------------------------------


def mail(**parts: Any) -> OutboxMessage:
    known: dict[str, Any] = {
        "id": new_id(),
        "to": "robin@example.com",
        "subject": "Copper kettle: 47.5 USD",
        "text": "Copper kettle\n\nNow true:   price < 50 USD\n",
        "html": "<html><head></head><body>Hi</body></html>",
        "created_at": NOW,
        "file": "outbox/1.eml",
        "alert_id": new_id(),
    }
    return OutboxMessage.model_validate(known | parts)


def test_the_outbox_lists_mails_and_opens_one() -> None:
    first, second = mail(), mail()
    view = outbox_view([first, second], 2, "next", second, "html", ROOT, FORMATS)
    assert [(row.current, row.snippet) for row in view.rows] == [
        (False, "Now true: price < 50 USD"),
        (True, "Now true: price < 50 USD"),
    ]
    assert view.open
    assert (view.open.frame, view.open.text) == (f"/console/outbox/{second.id}/html", "")
    assert [link.href for link in view.open.links] == [f"/console/alerts/{second.alert_id}"]
    text = outbox_view([first], 1, None, first, "text", ROOT, FORMATS).open
    assert text
    assert (text.frame, text.text) == ("", first.text)
    assert outbox_view([], 0, None, None, "html", ROOT, FORMATS).empty


def test_a_framed_mail_opens_its_links_elsewhere() -> None:
    assert framed("<html><head><title>x") == '<html><head><base target="_blank"><title>x'
    assert framed("plain") == '<base target="_blank">plain'
