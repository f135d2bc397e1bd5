"""Links in messages: what they do, for how long, and that nobody else can make one."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.alerts import AlertState
from monitors_contracts.base import new_id
from monitors_contracts.notifications import ListOutbox, ReadActionLink, ReturnActionLink, UseActionLink
from monitors_notifier.domain.action_links import GOOD_FOR, Link, LinkExpired, make_token, read_token
from monitors_notifier.domain.signing import InvalidToken
from monitors_notifier.domain.unsubscribe import Subscription
from monitors_notifier.domain.unsubscribe import make_token as unsubscribe_token
from monitors_notifier.links import ActionLinks
from monitors_runtime.errors import ProblemError

NOW = datetime(2026, 11, 21, 16, 37, tzinfo=UTC)
KEY = "a secret of sixteen"
LINK = Link(
    UUID("01a1ff00-add6-700d-ab5d-c7ab567703bb"),
    UUID("01a1ff00-add6-700d-ab5d-c7acc916edf6"),
    "acknowledge",
    NOW + GOOD_FOR,
)


def test_a_link_when_it_is_ours_then_says_what_it_does_until_it_expires():
    token = make_token(LINK, KEY)
    assert read_token(token, KEY, NOW) == LINK
    assert read_token(token, KEY, LINK.until) == LINK
    with pytest.raises(LinkExpired):
        read_token(token, KEY, LINK.until + timedelta(seconds=1))


@given(st.integers(0, 8 * (41 + 32) - 1))
def test_a_link_when_one_bit_is_another_then_refused(bit: int):
    token = make_token(LINK, KEY)
    content = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    content[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(InvalidToken):
        read_token(urlsafe_b64encode(bytes(content)).rstrip(b"=").decode(), KEY, NOW)


@given(st.text(max_size=200))
def test_a_link_when_it_is_rubbish_then_refused(token: str):
    with pytest.raises(InvalidToken):
        read_token(token, KEY, NOW)


def test_a_link_when_made_for_another_purpose_or_by_another_key_then_refused():
    for token in (unsubscribe_token(Subscription(new_id(), new_id()), KEY), make_token(LINK, "another secret of ours")):
        with pytest.raises(InvalidToken):
            read_token(token, KEY, NOW)


async def mailed(notifier: Any) -> str:
    """The text of the newest mail."""
    outbox = await notifier.deliveries.list_outbox(ListOutbox(organization_id=notifier.organization))
    return outbox.messages[0].text


def link_in(text: str, label: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(label)).rpartition("/a/")[2]


async def refused(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as raised:
        await awaitable
    return raised.value.problem.type


async def test_a_mail_when_an_alert_fires_then_its_links_name_it_and_how_it_came(notifier: Any):
    await notifier.register()
    links = ActionLinks(notifier.service, KEY)
    alert = notifier.alert()
    [row] = await notifier.tell(alert)
    text = await mailed(notifier)
    for label, action in (("Take it:", "acknowledge"), ("Resolve it:", "resolve")):
        found = await links.read(ReadActionLink(token=link_in(text, label)))
        assert (found.organization_id, found.notification_id) == (notifier.organization, row.id)
        assert (found.action, found.alert_ids, found.via) == (action, [alert.id], "by mail to robin@example.com")
        assert found.used_at is None


async def links_of_a_mail(notifier: Any) -> tuple[ActionLinks, str, str]:
    """Who answers for links, and the two of an alert: to take it and to resolve it."""
    await notifier.register()
    await notifier.tell(notifier.alert())
    text = await mailed(notifier)
    return ActionLinks(notifier.service, KEY), link_in(text, "Take it:"), link_in(text, "Resolve it:")


async def test_a_link_when_it_was_used_then_it_says_so_and_the_other_one_still_works(notifier: Any):
    links, take, resolve = await links_of_a_mail(notifier)
    assert (await links.use(UseActionLink(token=take))).used_at is None
    assert (await links.use(UseActionLink(token=take))).used_at
    first = (await links.read(ReadActionLink(token=take))).used_at
    assert first
    assert (await links.read(ReadActionLink(token=resolve))).used_at is None


async def test_a_link_when_taken_by_several_at_once_then_one_has_it_until_it_is_given_back(notifier: Any):
    links, take, resolve = await links_of_a_mail(notifier)
    await links.use(UseActionLink(token=resolve))
    for _ in range(2):
        taken = await asyncio.gather(*(links.use(UseActionLink(token=take)) for _ in range(4)))
        assert [each.used_at is None for each in taken].count(True) == 1
        await links.give_back(ReturnActionLink(token=take))
    assert (await links.read(ReadActionLink(token=take))).used_at is None
    assert (await links.read(ReadActionLink(token=resolve))).used_at, "the other link is as it was"


async def test_a_link_when_its_message_is_forgotten_or_it_is_forged_then_refused(notifier: Any):
    links = ActionLinks(notifier.service, KEY)
    late = Link(notifier.organization, new_id(), "resolve", datetime.now(UTC) + timedelta(days=1))
    assert await refused(links.read(ReadActionLink(token=make_token(late, KEY)))) == "link-expired"
    assert await refused(links.read(ReadActionLink(token=make_token(late, "another secret of us")))) == "invalid-token"
    old = Link(notifier.organization, new_id(), "resolve", datetime.now(UTC) - timedelta(days=1))
    assert await refused(links.use(UseActionLink(token=make_token(old, KEY)))) == "link-expired"


async def test_messages_when_there_is_nothing_to_do_or_a_program_reads_them_then_hold_no_links(notifier: Any):
    await notifier.register()
    await notifier.webhook()
    alert = notifier.alert()
    await notifier.tell(alert.model_copy(update={"state": AlertState.ACKNOWLEDGED}))
    text = await mailed(notifier)
    assert "Take it" not in text
    assert "Resolve it" in text
    await notifier.tell(alert.model_copy(update={"state": AlertState.RESOLVED, "version": 2, "resolved_at": NOW}))
    assert "/a/" not in await mailed(notifier)
    assert "/a/" not in notifier.way.messages[0].text
    assert "/a/" not in str(notifier.way.messages[0].data)
