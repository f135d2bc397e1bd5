"""Subscribers of status pages: asked for by anybody, told once they confirm, and left alone once they leave."""

import re
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from monitors_contracts.base import Done, new_id
from monitors_contracts.notifications import Unsubscribe
from monitors_contracts.status_links import StatusLink
from monitors_contracts.status_links import read_token as read_link
from monitors_contracts.status_pages import StatusPageDeleted, StatusUpdate, StatusUpdatePosted
from monitors_contracts.subscribers import (
    ConfirmSubscription,
    ListSubscribers,
    ReadSubscription,
    RemoveSubscriber,
    Subscribe,
    SubscriberChanged,
)
from monitors_notifier.channels import Recoverable, Sent, Unrecoverable
from monitors_notifier.channels.webhook import signed_headers, webhook_body
from monitors_notifier.domain.retry import RetryPolicy
from monitors_notifier.settings import NotifierSettings
from monitors_notifier.subscribers import store
from monitors_notifier.subscribers.handlers import Subscribers
from monitors_notifier.subscribers.letters import StatusLetters
from monitors_notifier.subscribers.sending import Sending
from monitors_runtime.errors import ProblemError

KEY = "a secret of sixteen"


class Way:
    """Takes messages, or refuses them with what it was told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, Any, Any]] = []
        self.refusal: Exception | None = None
        self.forbidden = False

    async def check(self, _: Any) -> None:
        if self.forbidden:
            raise Unrecoverable("refused-address: private")

    async def send(self, target: Any, message: Any, delivery_id: Any) -> Sent:
        if self.refusal:
            raise self.refusal
        self.taken.append((target, message, delivery_id))
        return Sent("taken")

    async def close(self) -> None: ...


class Page:
    """A status page's subscribers."""

    def __init__(self, house: Any) -> None:
        self.house, self.service, self.way = house, house.service("notifier"), Way()
        settings = NotifierSettings(secret_key=SecretStr(KEY), public_url="https://status.example")  # pyright: ignore
        policy = RetryPolicy(attempts=2, first_wait=0.01)
        ways: Any = {"email": self.way, "webhook": self.way}
        self.sending = Sending(self.service, policy, StatusLetters(settings), lambda: ways, by_mail=True)
        self.subscribers = Subscribers(self.service, KEY, self.sending, lambda: ways)
        self.organization, self.page = new_id(), new_id()

    async def subscribe(self, address: str | None = None, url: str | None = None) -> str | None:
        asked = Subscribe(
            organization_id=self.organization,
            page_id=self.page,
            page_name="Acme",
            page_path="/status/acme",
            kind="email" if address else "webhook",
            address=address,
            url=url,
        )
        return (await self.subscribers.subscribe(asked)).secret

    async def sent(self) -> list[Any]:
        before = len(self.way.taken)
        while await self.sending.send_due():
            pass
        return self.way.taken[before:]

    async def confirmed(self, address: str) -> None:
        await self.subscribe(address)
        [(_, message, _)] = await self.sent()
        await self.subscribers.confirm(ConfirmSubscription(token=token_in(message.text)))

    async def say(self, at: dict[str, Any] | None = None, **parts: Any) -> StatusUpdatePosted:
        update = StatusUpdate.model_validate(
            {
                "id": new_id(),
                "thread_id": new_id(),
                "title": "Slow",
                "text": "First line.\nSecond <b>line</b>.",
                "stage": "investigating",
                "posted_at": datetime.now(UTC),
            }
            | parts
        )
        event = StatusUpdatePosted(
            organization_id=self.organization,
            page_id=self.page,
            page_name="Acme",
            component_names=["API"],
            update=update,
            **(at or {}),
        )
        await self.hear(event)
        return event

    async def hear(self, event: Any) -> None:
        await self.house.deliver(self.service, self.subscribers.page_event, event)

    async def listed(self) -> Any:
        return await self.subscribers.list_subscribers(
            ListSubscribers(organization_id=self.organization, page_id=self.page)
        )


def token_in(text: str) -> str:
    found = re.search(r"https://status\.example/[su]/([\w-]+)", text)
    assert found
    return found[1]


def address() -> str:
    return f"robin-{new_id().hex}@example.com"


@pytest.fixture
async def page(house: Any) -> Page:
    await house.pool.execute("TRUNCATE notifier.status_messages")
    return Page(house)


async def problem_of(asked: Awaitable[Any]) -> str:
    with pytest.raises(ProblemError) as refused:
        await asked
    return refused.value.problem.type


async def test_nobody_is_told_who_has_not_confirmed(page: Page) -> None:
    mine = address()
    await page.subscribe(mine)
    [(target, message, _)] = await page.sent()
    assert (target.address, message.subject) == (mine, "Confirm your subscription to Acme")
    await page.say()
    assert await page.sent() == []
    about = await page.subscribers.read(ReadSubscription(token=token_in(message.text)))
    assert (about.page_name, about.target, about.state) == ("Acme", mine, "pending")
    assert await page.sent() == [], "following the link confirms nothing"
    for _ in range(2):
        done = await page.subscribers.confirm(ConfirmSubscription(token=token_in(message.text)))
        assert done.state == "confirmed"
    await page.say()
    [(_, told, _)] = await page.sent()
    assert told.subject == "[Acme] Slow: investigating"
    states = [each.event.state for each in await page.house.published(SubscriberChanged)]
    assert states == ["pending", "confirmed"]


async def test_a_subscriber_is_told_once_of_an_update_however_often_it_is_heard_of(page: Page) -> None:
    await page.confirmed(address())
    event = await page.say()
    await page.hear(event)
    await page.hear(event.model_copy(update={"page_name": "Acme again"}))
    assert len(await page.sent()) == 1


async def test_a_message_says_how_to_leave_and_leaving_is_one_click(page: Page) -> None:
    await page.confirmed(address())
    await page.say()
    [(_, message, _)] = await page.sent()
    link = message.headers["List-Unsubscribe"].strip("<>")
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in message.text
    others: list[Unsubscribe] = []

    async def of_channels(command: Unsubscribe) -> Done:
        others.append(command)
        return Done()

    unsubscribe = page.subscribers.or_end(of_channels)
    for _ in range(2):
        await unsubscribe(Unsubscribe(token=token_in(link)))
    assert others == []
    await unsubscribe(Unsubscribe(token="of a channel"))
    assert len(others) == 1
    await page.say()
    assert await page.sent() == []
    assert (await page.listed()).subscribers == []


async def test_texts_are_shown_as_texts(page: Page) -> None:
    await page.confirmed(address())
    await page.say()
    [(_, message, _)] = await page.sent()
    assert "First line.\nSecond <b>line</b>." in message.text
    assert "<b>" not in message.html
    assert "https://status.example/status/acme" in message.html


async def test_a_message_leads_to_where_the_page_is_now(page: Page) -> None:
    await page.confirmed(address())
    await page.say({"slug": "acme-status", "link": 1})
    [(_, public, _)] = await page.sent()
    await page.say({"slug": None, "link": 2})
    [(_, private, _)] = await page.sent()
    assert public.data["pageUrl"] == "https://status.example/status/acme-status"
    token = private.data["pageUrl"].removeprefix("https://status.example/status/")
    assert read_link(token, KEY) == StatusLink(page.organization, page.page, 2)
    assert private.data["pageUrl"] in private.html


async def test_asking_again_sends_another_link_three_times_a_day_and_never_tells_who_subscribes(page: Page) -> None:
    mine = address()
    for _ in range(6):
        assert await page.subscribe(mine) is None
    assert len(await page.sent()) == 3
    elsewhere = Page(page.house)
    assert await elsewhere.subscribe(mine) is None
    assert await elsewhere.sent() == [], "the limit is the address's, whoever's page it is"
    await page.house.pool.execute("UPDATE notifier.confirmations SET sent_at = sent_at - interval '25 hours'")
    await elsewhere.subscribe(mine)
    assert len(await elsewhere.sent()) == 1


async def test_a_confirmed_address_is_not_asked_again(page: Page) -> None:
    mine = address()
    await page.confirmed(mine)
    assert await page.subscribe(mine) is None
    assert await page.sent() == []
    assert len((await page.listed()).subscribers) == 1


async def test_a_webhook_is_signed_with_a_secret_that_is_shown_once_and_confirms_too(page: Page) -> None:
    secret = await page.subscribe(url=f"https://{new_id().hex}.example/hook?key=1")
    assert secret
    [(target, message, delivery)] = await page.sent()
    assert (message.type, target.secret) == ("status.confirm", secret)
    body = webhook_body(message, delivery)
    headers = signed_headers(body, secret=secret, delivery_id=delivery, now=datetime.now(UTC))
    assert Webhook(secret).verify(body.decode(), headers)["data"]["page"] == "Acme"
    token = message.data["confirmUrl"].rpartition("/")[2]
    await page.subscribers.confirm(ConfirmSubscription(token=token))
    await page.say()
    [(_, told, _)] = await page.sent()
    assert told.data["update"]["components"] == ["API"]
    [shown] = (await page.listed()).subscribers
    assert "key=1" not in shown.target


async def test_bad_addresses_are_refused_without_a_reason_that_tells_of_the_inside(page: Page) -> None:
    assert await problem_of(page.subscribe(url="ftp://files.example")) == "invalid-subscription"
    page.way.forbidden = True
    with pytest.raises(ProblemError) as refused:
        await page.subscribe(url="http://internal.example")
    assert refused.value.problem.type == "refused-address"
    assert "private" not in (refused.value.problem.detail or "")


async def test_a_host_is_asked_ten_times_a_day(page: Page) -> None:
    host = new_id().hex
    for number in range(10):
        await page.subscribe(url=f"https://{host}.example/{number}")
    assert await problem_of(page.subscribe(url=f"https://{host}.example/11")) == "subscription-limit"


async def test_a_page_takes_so_many_in_an_hour(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitors_notifier.subscribers.handlers.MOST_NEW", 2)
    for _ in range(2):
        await page.subscribe(address())
    assert await problem_of(page.subscribe(address())) == "subscription-limit"


async def test_what_is_not_taken_is_tried_again_under_its_id_and_given_up_with_the_reason(page: Page) -> None:
    await page.confirmed(address())
    await page.say()
    page.way.refusal = Recoverable("smtp-451: later")
    assert await page.sent() == []
    [shown] = (await page.listed()).subscribers
    assert shown.last_failure in ("smtp-451: later", "gave-up-after-2-tries: smtp-451: later")
    page.way.refusal = None
    await page.house.pool.execute("UPDATE notifier.status_messages SET next_attempt_at = now(), state = 'waiting'")
    again = await page.sent()
    assert again
    assert (await page.listed()).subscribers[0].last_failure is None


async def test_two_copies_send_a_message_once(page: Page) -> None:
    await page.confirmed(address())
    await page.say()
    now = datetime.now(UTC)
    taken = await store.take(page.house.pool, now, timedelta(minutes=1), 10)
    assert len(taken) == 1
    assert await store.take(page.house.pool, now, timedelta(minutes=1), 10) == []
    again = await store.take(page.house.pool, now + timedelta(minutes=2), timedelta(minutes=1), 10)
    assert [each.id for each in again] == [taken[0].id], "a copy that died leaves it to another, under the same id"


async def test_tokens_are_good_for_what_they_are_for(page: Page) -> None:
    await page.subscribe(address())
    [(_, message, _)] = await page.sent()
    confirm = token_in(message.text)
    forged = confirm[:20] + ("A" if confirm[20] != "A" else "B") + confirm[21:]
    assert await problem_of(page.subscribers.confirm(ConfirmSubscription(token=forged))) == "invalid-token"

    async def nobody(_: Unsubscribe) -> Done:
        raise LookupError

    with pytest.raises(LookupError):
        await page.subscribers.or_end(nobody)(Unsubscribe(token=confirm))


async def test_the_owner_sees_and_ends_subscriptions_of_their_own_page_alone(page: Page) -> None:
    await page.confirmed(address())
    [shown] = (await page.listed()).subscribers
    other = RemoveSubscriber(organization_id=new_id(), page_id=page.page, subscriber_id=shown.id)
    assert await problem_of(page.subscribers.remove_subscriber(other)) == "subscriber-not-found"
    mine = RemoveSubscriber(organization_id=page.organization, page_id=page.page, subscriber_id=shown.id)
    await page.subscribers.remove_subscriber(mine)
    assert (await page.listed()).subscribers == []


async def test_a_page_that_is_gone_has_no_subscribers_and_who_never_confirmed_is_forgotten(page: Page) -> None:
    await page.confirmed(address())
    await page.say()
    await page.hear(StatusPageDeleted(organization_id=page.organization, page_id=page.page))
    assert await page.sent() == []
    await page.subscribe(address())
    await page.sent()
    for statement in store.EXPIRE_DUE:
        await page.house.pool.execute(statement, datetime.now(UTC) + timedelta(days=4))
    assert (await page.listed()).subscribers == []
