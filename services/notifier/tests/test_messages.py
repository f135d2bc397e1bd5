import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import new_id
from monitors_contracts.monitors import Evidence
from monitors_notifier.domain.messages import LONGEST_SUBJECT, Message, alert_message, channel_test_message

NOW = datetime(2026, 11, 21, 16, 37, tzinfo=UTC)
MakeAlert = Callable[..., AlertView]


def tell(alert: AlertView, **options: str) -> Message:
    settings = {"reason": "condition-became-true", "base_url": "https://monitors.example", "channel_name": "Kitchen"}
    return alert_message(alert, **(settings | options))  # pyright: ignore[reportArgumentType]


class Page(HTMLParser):
    """What a mail client would build of a mail: its elements, links and visible words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def links(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "href"]


def test_alert_when_it_fires_then_tells_everything_a_person_needs(make_alert: MakeAlert):
    alert = make_alert()
    told = tell(alert, unsubscribe_url="https://monitors.example/u/abc")
    assert told.subject == "Copper kettle: 60 EUR → 45.5 EUR"
    for shown in (told.text, Page(told.html).words):
        for expected in (
            "Copper kettle",
            "The price fell below 50 EUR",
            "60 EUR",
            "45.5 EUR",
            "−14.5 EUR (−24.2 %)",
            "price < 50 EUR",
            "now only 45.50 €",
            "offers.price",
            "https://shop.example/kettle?a=1&b=2",
            "21 November 2026, 16:37 UTC",
            "The condition became true.",
            "Kitchen",
        ):
            assert expected in shown
    links = Page(told.html).links
    for link in (
        f"https://monitors.example/console/alerts/{alert.id}",
        f"https://monitors.example/console/monitors/{alert.monitor_id}",
        "https://shop.example/kettle?a=1&b=2",
        "https://monitors.example/u/abc",
    ):
        assert link in told.text
        assert link in links
    assert told.headers["List-Unsubscribe"] == "<https://monitors.example/u/abc>"
    assert told.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_alert_when_told_to_programs_then_holds_it_whole_in_camel_case(make_alert: MakeAlert):
    alert = make_alert()
    told = tell(alert)
    assert told.type == "alert.triggered"
    assert told.at == alert.started_at
    assert told.data["previousValue"] == 60.0
    assert told.data["organizationId"] == str(alert.organization_id)
    assert told.data["reason"] == "condition-became-true"
    assert told.data["alertUrl"] == f"https://monitors.example/console/alerts/{alert.id}"
    assert told.data["monitorUrl"] == f"https://monitors.example/console/monitors/{alert.monitor_id}"
    assert AlertView.model_validate(told.data) == alert


def test_alert_when_resolved_then_says_so_and_why(make_alert: MakeAlert):
    over = make_alert(state=AlertState.RESOLVED, resolved_at=NOW + timedelta(hours=1), note="bought one")
    told = tell(over, reason="by-hand")
    assert told.type == "alert.resolved"
    assert told.subject == "Resolved: Copper kettle"
    assert told.at == over.resolved_at
    assert told.severity == "info"
    for shown in (told.text, Page(told.html).words):
        assert "Somebody did this by hand." in shown
        assert "bought one" in shown
        assert "17:37 UTC" in shown


def test_alert_when_little_is_known_then_shows_no_empty_lines_of_facts(make_alert: MakeAlert):
    told = tell(
        make_alert(
            previous_value=None, change_amount=None, change_percentage=None, evidence=None, url=None, monitor_id=None
        )
    )
    assert told.subject == "Warning: Copper kettle: The price fell below 50 EUR"
    for absent in ("Before", "Change", "Seen", "Where", "Source", "Monitor:", "monitors/", "None", "Unsubscribe"):
        assert absent not in told.text
        assert absent not in Page(told.html).words
    assert "List-Unsubscribe" not in told.headers


@pytest.mark.parametrize("summary", ["Nobody can pay", "CheckoutDown on shop-1"])
def test_alert_of_another_system_when_it_has_no_value_then_its_words_and_labels_are_told(
    make_alert: MakeAlert, summary: str
):
    told = tell(
        make_alert(
            name="CheckoutDown",
            summary=summary,
            labels={"alertname": "CheckoutDown", "shop": "1"},
            value=None,
            previous_value=None,
            monitor_id=None,
        )
    )
    assert told.subject == f"Warning: {'' if 'Checkout' in summary else 'CheckoutDown: '}{summary}"
    assert "Series:    shop=1\n" in told.text
    assert "nothing" not in told.text


@pytest.mark.parametrize("value", [True, 0.0, "", "open"])
def test_alert_when_previous_value_is_false_like_then_it_is_still_told(make_alert: MakeAlert, value: object):
    told = tell(make_alert(value=value, previous_value=0.0, unit=None))
    assert "Before:    0" in told.text


def test_alert_when_the_organization_lacks_https_then_promises_no_one_click(make_alert: MakeAlert):
    told = tell(make_alert(), unsubscribe_url="http://127.0.0.1:8000/u/abc")
    assert told.headers["List-Unsubscribe"] == "<http://127.0.0.1:8000/u/abc>"
    assert "List-Unsubscribe-Post" not in told.headers


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,<script>", "https://", "http://[", "//x"])
def test_alert_when_source_is_no_web_address_then_it_is_shown_but_not_to_be_clicked(make_alert: MakeAlert, url: str):
    told = tell(make_alert(url=url))
    assert url not in Page(told.html).links
    assert url in Page(told.html).words


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_mail_when_rendered_then_is_readable_everywhere(make_alert: MakeAlert, severity: str):
    page = Page(tell(make_alert(severity=severity)).html)
    assert ("lang", "en") in page.attributes
    assert ("name", "color-scheme") in page.attributes
    assert page.tags.count("h1") == 1
    assert not {"img", "link", "script", "form", "iframe"} & set(page.tags)
    assert not any("url(" in (value or "") or name == "src" for name, value in page.attributes)
    assert severity.capitalize() in page.words


def test_channel_test_message_when_sent_then_names_the_channel():
    told = channel_test_message(now=NOW, base_url="https://monitors.example", channel_name="Kitchen & <b>garden</b>")
    assert told.type == "channel.test"
    assert told.subject == "Test message to Kitchen & <b>garden</b>"
    assert "Kitchen & <b>garden</b>" in told.text
    assert "Kitchen & <b>garden</b>" in Page(told.html).words


BENIGN = alert_message(
    AlertView(
        id=new_id(),
        organization_id=new_id(),
        fingerprint="x",
        state=AlertState.FIRING,
        name="x",
        summary="x",
        condition="x",
        value="x",
        previous_value="x",
        evidence=Evidence(quote="x", method="x", locator="x"),
        started_at=NOW,
        url="x",
    ),
    reason="fact-changed",
    base_url="https://monitors.example",
    channel_name="x",
)
BENIGN_TAGS = Page(BENIGN.html).tags

HOSTILE = st.one_of(
    st.text(min_size=1),
    st.sampled_from(
        [
            "a\r\nBcc: victim@example.com",
            "a\nSubject: other",
            "\x00\x1b[31mred",
            "{{ 7 * 7 }}{% raw %}",
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "</td></table><h1>",
            "\u202egnp.exe",
            "\u2028Bcc: x@example.com",
            "x" * 5000,
            "👩\u200d👧",
        ]
    ),
)


@settings(max_examples=150)
@given(name=HOSTILE, quote=HOSTILE, value=HOSTILE, url=HOSTILE, unit=HOSTILE, channel=HOSTILE)
def test_alert_when_its_words_are_hostile_then_they_stay_words(
    name: str, quote: str, value: str, url: str, unit: str, channel: str
):
    alert = AlertView(
        id=new_id(),
        organization_id=new_id(),
        fingerprint="x",
        state=AlertState.FIRING,
        name=name,
        summary=quote,
        condition=name,
        value=value,
        previous_value=1.0,
        unit=unit,
        evidence=Evidence(quote=quote[:1000], method="text", locator=name[:1000]),
        url=url,
        started_at=NOW,
    )
    told = tell(alert, channel_name=channel)
    assert len(told.subject) <= LONGEST_SUBJECT
    for character in told.subject + told.text.replace("\n", "") + told.html.replace("\n", ""):
        assert character.isprintable() or character in "\u200c\u200d\u00a0", repr(character)
    page = Page(told.html)
    assert set(page.tags) <= set(BENIGN_TAGS)
    assert page.tags.count("h1") == 1
    assert not any(attribute.startswith("on") for attribute, _ in page.attributes)
    assert all(re.match(r"https?://", link) for link in page.links)
    assert told.text.count("\n") <= BENIGN.text.count("\n")


def test_alert_of_a_rule_when_told_then_names_its_series_and_its_runbook_and_no_monitor(make_alert: MakeAlert):
    alert = make_alert(
        monitor_id=None,
        rule_id=new_id(),
        name="CPU busy",
        summary="web-1 is at 97 %",
        severity="critical",
        value=None,
        previous_value=None,
        labels={"host": "web-1", "team": "<b>web</b>"},
        runbook_url="https://wiki.example/cpu",
    )
    told = tell(alert)
    assert told.subject == "Critical: web-1 is at 97 %"
    for shown in (told.text, Page(told.html).words):
        assert "host=web-1, team=<b>web</b>" in shown
        assert "https://wiki.example/cpu" in shown
        assert "Now" not in shown
        assert "onitor:" not in shown
    assert "https://wiki.example/cpu" in Page(told.html).links
    over = alert.model_copy(update={"state": AlertState.RESOLVED, "resolved_at": NOW})
    assert tell(over).subject == "Resolved: CPU busy (host=web-1, team=<b>web</b>)"


def test_alert_of_a_rule_when_its_runbook_is_no_web_address_then_it_can_not_be_clicked(make_alert: MakeAlert):
    told = tell(make_alert(rule_id=new_id(), runbook_url="javascript:alert(1)"))
    assert not [link for link in Page(told.html).links if link.startswith("javascript")]
