"""What messages about several alerts say, and messages that tell again."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.notices import Notice
from monitors_notifier.domain.messages import LONGEST_SUBJECT, Message, alert_message
from monitors_notifier.domain.notices import MOST_SHOWN, because, notice_message, notice_subject

NOW = datetime(2026, 11, 21, 16, 37, tzinfo=UTC)
MakeAlert = Callable[..., AlertView]


def a_notice(*alerts: AlertView, **changes: Any) -> Notice:
    given_: dict[str, Any] = {
        "id": new_id(),
        "group_id": new_id(),
        "channel_id": new_id(),
        "alerts": list(alerts),
        "reasons": {str(alert.id): "condition-became-true" for alert in alerts},
        "issued_at": NOW,
    }
    return Notice(**(given_ | changes))


def write(notice: Notice, unseen: tuple[Id, ...] = ()) -> Message:
    return notice_message(notice, unseen=unseen, base_url="https://monitors.example", channel_name="Kitchen")


class Page(HTMLParser):
    """The elements, links and visible words of a mail."""

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


@pytest.fixture
def several(make_alert: MakeAlert) -> list[AlertView]:
    over = {"state": AlertState.RESOLVED, "resolved_at": NOW}
    return [
        make_alert(id=new_id(), name="Disk full", severity="critical", summary="db-1 is at 98 %"),
        make_alert(id=new_id(), name="Slow", summary="p99 is 3 s", state=AlertState.ACKNOWLEDGED),
        make_alert(id=new_id(), name="Queue", **over),
    ]


def test_several_alerts_when_told_then_the_subject_counts_them_and_the_body_names_each(several: list[AlertView]):
    told = write(a_notice(*several, group_labels={"cluster": "eu"}, more={"warning": 1200}))
    assert told.subject == "2 firing, 1 resolved, 1,200 more: cluster=eu"
    assert told.severity == "critical"
    for shown in (told.text, Page(told.html).words):
        for expected in (
            "Disk full",
            "db-1 is at 98 %",
            "Slow",
            "taken",
            "Queue",
            "Resolved",
            "cluster=eu",
            "1,200 warning",
            "Kitchen",
        ):
            assert expected in shown
    for alert in several:
        link = f"https://monitors.example/console/alerts/{alert.id}"
        assert link in told.text
        assert ("href", link) in Page(told.html).attributes


def test_several_alerts_when_told_to_programs_then_each_is_whole(several: list[AlertView]):
    notice = a_notice(*several, group_labels={"cluster": "eu"}, route="root/databases", more={"info": 3})
    data = json.loads(to_json(write(notice).data))
    assert [AlertView.model_validate(each) for each in data["alerts"]] == several
    assert data["alerts"][0]["alertUrl"] == f"https://monitors.example/console/alerts/{several[0].id}"
    assert data["alerts"][0]["reason"] == "condition-became-true"
    told = {name: data[name] for name in ("status", "reason", "noticeReason", "groupLabels", "route", "more")}
    assert told == {
        "status": "firing",
        "reason": "alerts-changed",
        "noticeReason": "alerts-changed",
        "groupLabels": {"cluster": "eu"},
        "route": "root/databases",
        "more": {"info": 3},
    }


def test_several_alerts_when_all_are_over_then_it_is_no_alarm(several: list[AlertView]):
    over = [alert.model_copy(update={"state": AlertState.RESOLVED, "resolved_at": NOW}) for alert in several]
    told = write(a_notice(*over))
    assert (told.severity, told.data["status"]) == ("info", "resolved")
    assert told.subject == "3 resolved: Disk full, Slow, Queue"


def test_one_alert_when_told_then_its_message_is_as_it_always_was_and_programs_get_the_notice_too(
    make_alert: MakeAlert,
):
    alert = make_alert()
    told = write(a_notice(alert, route="root"))
    before = alert_message(
        alert, reason="condition-became-true", base_url="https://monitors.example", channel_name="Kitchen"
    )
    assert (told.subject, told.text, told.html, told.type, told.at) == (
        before.subject,
        before.text,
        before.html,
        before.type,
        before.at,
    )
    assert {name: told.data[name] for name in before.data} == before.data
    assert (told.data["status"], told.data["noticeReason"], told.data["route"]) == ("firing", "alerts-changed", "root")
    assert [each["id"] for each in told.data["alerts"]] == [str(alert.id)]


def test_one_alert_when_it_began_and_ended_unheard_then_it_says_when(make_alert: MakeAlert):
    over = make_alert(state=AlertState.RESOLVED, resolved_at=NOW + timedelta(minutes=8), version=2)
    told = write(a_notice(over), unseen=(over.id,))
    assert told.subject == "Fired and resolved: Copper kettle"
    for shown in (told.text, Page(told.html).words):
        assert "It fired 21 November 2026, 16:37 UTC and was over 21 November 2026, 16:45 UTC" in shown
    group = write(a_notice(over, make_alert(id=new_id())), unseen=(over.id,))
    assert "Fired 21 November 2026, 16:37 UTC, over 21 November 2026, 16:45 UTC" in group.text


@pytest.mark.parametrize(
    ("changes", "subject", "why"),
    [
        ({"reason": "repeated"}, "Still firing: ", "Told again: nobody has taken it for 15 minutes."),
        (
            {"reason": "escalated", "step": 2, "person": "Robin"},
            "Escalated: ",
            "Escalated, second step; nobody has taken it for 15 minutes. Robin is on call.",
        ),
        ({"reason": "silence-ended"}, "Still firing: ", "now that the silence has ended"),
        ({"reason": "flapping"}, "Flapping: ", "It comes and goes"),
        ({"reason": "test"}, "Test: ", "This is a test"),
        ({"reason": "digest", "more": {"info": 9}}, "1 firing, 9 more: ", "more to tell than this channel's limit"),
        ({"person": "Robin"}, "Copper kettle: ", "Robin is on call."),
    ],
)
def test_a_notice_when_it_is_told_for_another_reason_then_says_why(
    make_alert: MakeAlert, changes: dict[str, Any], subject: str, why: str
):
    told = write(a_notice(make_alert(), issued_at=NOW + timedelta(minutes=15, seconds=20), **changes))
    assert told.subject.startswith(subject)
    assert why in told.text
    assert why in Page(told.html).words


def test_a_silence_that_ends_when_it_hides_nothing_then_it_is_told_all_the_same():
    told = write(a_notice(reason="silence-expires", note="It is Robin's, for the move of the databases."))
    assert told.subject == "A silence ends soon"
    assert "for the move of the databases" in told.text


def test_a_mail_when_it_tells_of_very_many_then_shows_some_and_counts_the_rest(make_alert: MakeAlert):
    told = write(a_notice(*(make_alert(id=new_id(), name=f"alert {n}") for n in range(100))))
    assert told.text.count("/console/alerts/") == MOST_SHOWN
    assert "and 50 more of these" in told.text
    assert len(told.data["alerts"]) == 100


def test_every_reason_there_is_has_words(make_alert: MakeAlert):
    reasons = Notice.model_fields["reason"].annotation.__args__  # pyright: ignore
    for reason in reasons:
        notice = a_notice(make_alert(), reason=reason)
        assert because(notice) or reason == "alerts-changed"
        assert notice_subject(notice)


HOSTILE = st.one_of(
    st.text(min_size=1, max_size=60),
    st.sampled_from(
        [
            "a\r\nBcc: victim@example.com",
            "\x00\x1b[31mred",
            "{{ 7 * 7 }}{% raw %}",
            "<script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "\u202egnp.exe",
            "\u2028Bcc: x@example.com",
            "x" * 500,
        ]
    ),
)


@given(name=HOSTILE, label=HOSTILE, value=HOSTILE, person=HOSTILE, note=HOSTILE)
def test_several_alerts_when_their_words_are_hostile_then_they_stay_words(
    name: str, label: str, value: str, person: str, note: str
):
    def alert(words: str) -> AlertView:
        return AlertView(
            id=new_id(),
            organization_id=new_id(),
            rule_id=new_id(),
            fingerprint="x",
            state=AlertState.FIRING,
            name=words,
            summary=words,
            condition=words,
            labels={label: value},
            started_at=NOW,
        )

    def told(words: str, who: str, said: str, labels: dict[str, str]) -> Message:
        return write(a_notice(alert(words), alert("x"), reason="escalated", person=who, note=said, group_labels=labels))

    benign, hostile = told("x", "x", "x", {"x": "x"}), told(name, person, note, {label: value})
    assert len(hostile.subject) <= LONGEST_SUBJECT
    for character in hostile.subject + hostile.text.replace("\n", "") + hostile.html.replace("\n", ""):
        assert character.isprintable() or character in "\u200c\u200d\u00a0", repr(character)
    page = Page(hostile.html)
    assert page.tags == Page(benign.html).tags
    assert not any(attribute.startswith("on") for attribute, _ in page.attributes)
    assert hostile.text.count("\n") <= benign.text.count("\n")
