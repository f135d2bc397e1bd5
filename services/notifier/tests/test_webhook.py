import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from standardwebhooks import Webhook

from monitors_notifier.channels.protocol import Recoverable, SendError, Unrecoverable
from monitors_notifier.channels.webhook import LONGEST_ANSWER, WebhookChannel, signed_headers, webhook_body
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message

if TYPE_CHECKING:
    from .conftest import Receiver

DELIVERY = UUID("01a1ff00-add6-700d-ab5d-c7aa14066bb3")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MakeTarget = Callable[..., Target]


@pytest.fixture
async def channel() -> AsyncGenerator[WebhookChannel]:
    opened = WebhookChannel(allow_private=True, timeout=0.5)
    yield opened
    await opened.close()


def test_signature_when_made_then_is_the_published_one():
    # From the libraries of standard-webhooks/standard-webhooks (MIT).
    headers = signed_headers(
        b'{"test": 2432232314}',
        secret=SECRET,
        delivery_id="msg_p5jXN8AQM9LWM0D4loKWxJek",  # pyright: ignore[reportArgumentType]
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_send_when_taken_then_the_receiver_can_verify_and_read_it(
    channel: WebhookChannel, receiver: "Receiver", message: Message, make_target: MakeTarget
):
    sent = await channel.send(make_target("webhook", url=receiver.url("/in?x=1"), secret=SECRET), message, DELIVERY)
    assert sent.provider_message_id == str(DELIVERY)
    [(path, headers, body)] = receiver.requests
    assert path == "/in"
    told = Webhook(SECRET).verify(body, headers)
    assert told["type"] == "alert.triggered"
    assert datetime.fromisoformat(told["timestamp"]) == message.at
    assert told["data"]["notificationId"] == str(DELIVERY)
    assert told["data"]["monitorId"] == message.data["monitorId"]
    lowered = {name.lower(): value for name, value in headers.items()}
    assert lowered["webhook-id"] == str(DELIVERY)
    assert lowered["content-type"] == "application/json"


def test_body_when_a_number_is_not_one_then_still_json(message: Message):
    from dataclasses import replace

    told = json.loads(webhook_body(replace(message, data={"value": float("nan")}), DELIVERY))
    assert told["data"]["value"] is None


async def outcome(channel: WebhookChannel, target: Target, message: Message) -> SendError:
    with pytest.raises(SendError) as caught:
        await channel.send(target, message, DELIVERY)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Unrecoverable),
        (307, Unrecoverable),
        (400, Unrecoverable),
        (401, Unrecoverable),
        (404, Unrecoverable),
        (408, Recoverable),
        (410, Unrecoverable),
        (429, Recoverable),
        (500, Recoverable),
        (503, Recoverable),
    ],
)
async def test_send_when_refused_then_says_whether_to_try_again(
    channel: WebhookChannel,
    receiver: "Receiver",
    message: Message,
    make_target: MakeTarget,
    status: int,
    kind: type[SendError],
):
    receiver.status = status
    receiver.headers = {"Location": receiver.url("/elsewhere"), "Retry-After": "77"}
    error = await outcome(channel, make_target("webhook", url=receiver.url(), secret=SECRET), message)
    assert type(error) is kind
    assert error.failure.reason == f"http-{status}"
    assert error.failure.retry_after == (77 if kind is Recoverable else None)
    assert len(receiver.requests) == 1


async def test_send_when_the_receiver_is_slow_then_recoverable(
    channel: WebhookChannel, receiver: "Receiver", message: Message, make_target: MakeTarget
):
    receiver.delay = 2
    error = await outcome(channel, make_target("webhook", url=receiver.url(), secret=SECRET), message)
    assert type(error) is Recoverable
    assert error.failure.reason == "timeout"


async def test_send_when_nobody_listens_then_recoverable(
    channel: WebhookChannel, unused_tcp_port: int, message: Message, make_target: MakeTarget
):
    target = make_target("webhook", url=f"http://127.0.0.1:{unused_tcp_port}/", secret=SECRET)
    error = await outcome(channel, target, message)
    assert type(error) is Recoverable
    assert error.failure.reason.startswith("connection")


async def test_send_when_the_answer_is_huge_then_it_is_not_read_whole(
    channel: WebhookChannel, receiver: "Receiver", message: Message, make_target: MakeTarget
):
    receiver.body = b"x" * (LONGEST_ANSWER * 200)
    target = make_target("webhook", url=receiver.url(), secret=SECRET)
    assert await channel.send(target, message, DELIVERY)
    receiver.body = b""
    assert await channel.send(target, message, DELIVERY)


async def test_send_when_taken_but_the_answer_never_ends_then_it_counts_as_sent(
    channel: WebhookChannel, message: Message, make_target: MakeTarget
):
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = make_target("webhook", url=f"http://127.0.0.1:{port}/", secret=SECRET)
        assert await channel.send(target, message, DELIVERY)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:{port}/", "loopback"),
        ("http://localhost:{port}/", "loopback"),
        ("http://[::ffff:127.0.0.1]:{port}/", "loopback"),
        ("http://192.168.0.1/", "private"),
        ("http://169.254.169.254/", "metadata"),
    ],
)
async def test_send_when_the_address_is_inside_then_refused_and_nothing_sent(
    receiver: "Receiver", message: Message, make_target: MakeTarget, url: str, reason: str
):
    target = make_target("webhook", url=url.format(port=receiver.server.port), secret=SECRET)
    guarded = WebhookChannel(allow_private=False)
    try:
        error = await outcome(guarded, target, message)
        assert type(error) is Unrecoverable
        assert error.failure.reason == f"refused-address: {reason}"
        with pytest.raises(Unrecoverable, match=f"refused-address: {reason}"):
            await guarded.check(target)
    finally:
        await guarded.close()
    assert receiver.requests == []


async def test_send_when_private_is_allowed_then_metadata_stays_refused(
    channel: WebhookChannel, message: Message, make_target: MakeTarget
):
    target = make_target("webhook", url="http://169.254.169.254/", secret=SECRET)
    assert (await outcome(channel, target, message)).failure.reason == "refused-address: metadata"
    with pytest.raises(Unrecoverable, match="metadata"):
        await channel.check(target)


async def test_check_when_reachable_or_unknown_then_passes(channel: WebhookChannel, make_target: MakeTarget):
    await channel.check(make_target("webhook", url="http://127.0.0.1:1/"))
    await channel.check(make_target("webhook", url="http://nowhere.invalid/"))


async def test_send_when_many_then_connections_are_shared(
    receiver: "Receiver", message: Message, make_target: MakeTarget
):
    channel = WebhookChannel(allow_private=True)
    target = make_target("webhook", url=receiver.url(), secret=SECRET)
    try:
        results: list[Any] = await asyncio.gather(*(channel.send(target, message, DELIVERY) for _ in range(200)))
    finally:
        await channel.close()
    assert len(results) == len(receiver.requests) == 200
