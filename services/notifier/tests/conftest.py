"""Servers that speak the receivers' protocols on loopback, and things to send."""

import asyncio
import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as MailEnvelope
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.envelope import Envelope
from monitors_contracts.monitors import Evidence
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import (
    ChannelSpec,
    ChannelView,
    CreateChannel,
    ListChannels,
    NotificationView,
    RecordProviderEvents,
)
from monitors_contracts.platform import UserRegistered, UserUpdated
from monitors_notifier import store
from monitors_notifier.channels import Sent, Unrecoverable, open_channels
from monitors_notifier.deliveries import Deliveries
from monitors_notifier.delivering import Delivering
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message, alert_message
from monitors_notifier.handlers import Handlers
from monitors_notifier.letters import Letters
from monitors_notifier.settings import NotifierSettings
from monitors_runtime.consumer import Received

NOW = datetime(2026, 11, 21, 16, 37, tzinfo=UTC)
ORGANIZATION = UUID("01a1ff00-add6-700d-ab5d-c7ab567703bb")
CHANNEL = UUID("01a1ff00-add6-700d-ab5d-c7acc916edf6")
DELIVERY = UUID("01a1ff00-add6-700d-ab5d-c7aa14066bb3")


@pytest.fixture
def make_alert() -> Callable[..., AlertView]:
    def make(**changes: Any) -> AlertView:
        fields: dict[str, Any] = {
            "id": UUID("01a1ff00-add6-700d-ab5d-000000000001"),
            "organization_id": ORGANIZATION,
            "monitor_id": UUID("01a1ff00-add6-700d-ab5d-000000000002"),
            "fingerprint": "kettle",
            "state": AlertState.FIRING,
            "name": "Copper kettle",
            "summary": "The price fell below 50 EUR",
            "condition": "price < 50 EUR",
            "value": 45.5,
            "previous_value": 60.0,
            "unit": "EUR",
            "change_amount": -14.5,
            "change_percentage": -24.1667,
            "evidence": Evidence(quote="now only 45.50 €", method="json_ld", locator="offers.price"),
            "url": "https://shop.example/kettle?a=1&b=2",
            "started_at": NOW,
        }
        return AlertView(**(fields | changes))

    return make


@pytest.fixture
def message(make_alert: Callable[..., AlertView]) -> Message:
    return alert_message(
        make_alert(),
        reason="condition-became-true",
        base_url="https://monitors.example",
        channel_name="Kitchen",
        unsubscribe_url="https://monitors.example/u/abc",
    )


@pytest.fixture
def make_target() -> Callable[..., Target]:
    def make(kind: Any, **parts: Any) -> Target:
        return Target(ORGANIZATION, CHANNEL, kind, **parts)

    return make


@dataclass
class Receiver:
    """A web server that answers as told and keeps what it was sent."""

    server: BaseTestServer
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    delay: float = 0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list[tuple[str, dict[str, str], bytes]])

    def url(self, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.server.port}{path}"

    @property
    def json(self) -> Any:
        return json.loads(self.requests[-1][2])


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async def answer(request: web.Request) -> web.StreamResponse:
        received.requests.append((request.path, dict(request.headers), await request.read()))
        if received.delay:
            await asyncio.sleep(received.delay)
        return web.Response(status=received.status, headers=received.headers, body=received.body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        received = Receiver(server)
        yield received


@dataclass
class MailServer:
    """A mail server that answers as told and keeps what it took."""

    port: int
    answers: dict[str, str] = field(default_factory=dict[str, str])
    hang_up: bool = False
    envelopes: list[MailEnvelope] = field(default_factory=list[MailEnvelope])
    encrypted: list[bool] = field(default_factory=list[bool])


class _Handler:
    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: MailEnvelope, address: str, options: list[str]
    ) -> str:
        if answer := self._mail_server.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: MailEnvelope, address: str, options: list[str]
    ) -> str:
        if answer := self._mail_server.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: MailEnvelope) -> str:  # noqa: N802
        if self._mail_server.hang_up:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "250 never read"
        if answer := self._mail_server.answers.get("DATA"):
            return answer
        self._mail_server.envelopes.append(envelope)
        self._mail_server.encrypted.append(session.ssl is not None)
        return "250 OK"


@pytest.fixture
def start_mail_server() -> Generator[Callable[..., MailServer]]:
    running: list[Controller] = []

    def start(*, utf8: bool = True, tls_context: ssl.SSLContext | None = None) -> MailServer:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        mail_server = MailServer(port)
        controller = Controller(
            _Handler(mail_server), hostname="127.0.0.1", port=port, enable_SMTPUTF8=utf8, tls_context=tls_context
        )
        controller.start()
        running.append(controller)
        return mail_server

    yield start
    for controller in running:
        controller.stop()


KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
SECRET = "a secret of sixteen"


class Way:
    """A way out that does as told and keeps what it was given. `hold`: what a channel's sends wait for."""

    def __init__(self) -> None:
        self.failures: dict[Id, list[Exception]] = {}
        self.hold: dict[Id, asyncio.Event] = {}
        self.given: list[tuple[Id, Id]] = []
        self.messages: list[Message] = []
        self.taken: list[tuple[Id, Message]] = []

    async def check(self, target: Any) -> None:
        if target.url and "refused" in target.url:
            raise Unrecoverable("refused-address: private")

    async def send(self, target: Any, message: Message, delivery_id: Id) -> Sent:
        self.given.append((target.channel_id, delivery_id))
        self.messages.append(message)
        if held := self.hold.get(target.channel_id):
            await held.wait()
        if failures := self.failures.get(target.channel_id):
            raise failures.pop(0)
        self.taken.append((target.channel_id, message))
        return Sent("provider-1")

    async def close(self) -> None: ...


class Notifier:
    """A copy of the notifier for one organization; webhooks go to a Way, and nothing is tried again by itself."""

    def __init__(self, house: Any, folder: Path, make_alert: Callable[..., AlertView], **settings: Any) -> None:
        self.house, self.make_alert = house, make_alert
        self.service = house.service("notifier")
        given: dict[str, Any] = {"data_dir": folder, "secret_key": SecretStr(SECRET), "retry_attempts": 3} | settings
        self.settings = NotifierSettings(**given)
        self.delivering: Any = Delivering(self.service, self.settings.retry_policy, Letters(self.settings))
        self.handlers: Any = Handlers(self.service, self.settings, self.delivering)
        self.deliveries = Deliveries(self.service, self.delivering)
        self.way = Way()
        self.organization = new_id()

    def start(self) -> None:
        ways = open_channels(self.settings) | {"webhook": self.way}
        self.handlers._ways = self.delivering._ways = ways
        self.delivering._tasks = [asyncio.create_task(self.delivering._committer.run())]

    async def close(self) -> None:
        await self.handlers.stop()

    async def register(self) -> None:
        user = UserRegistered(
            organization_id=self.organization,
            user_id=new_id(),
            email="robin@example.com",
            name="Robin",
            registered_at=datetime.now(UTC),
        )
        for _ in range(2):  # as when it is delivered twice
            await self.house.deliver(self.service, self.handlers.user_registered, user)

    async def move(self, user_id: Id, old: str, new: str, attempt: int = 2) -> None:
        moved = UserUpdated(
            organization_id=self.organization,
            user_id=user_id,
            email=new,
            previous_email=old,
            name="Robin",
            updated_at=datetime.now(UTC),
        )
        await self.house.deliver(self.service, self.handlers.user_updated, moved, attempt=attempt)

    async def channels(self) -> list[ChannelView]:
        return (await self.deliveries.list_channels(ListChannels(organization_id=self.organization))).channels

    async def webhook(self, url: str = "https://hooks.example/a", **more: Any) -> ChannelView:
        spec = ChannelSpec(kind="webhook", url=url, **more)
        command = CreateChannel(organization_id=self.organization, channel_id=new_id(), spec=spec)
        return await self.handlers.create_channel(command)

    def alert(self, **changes: Any) -> AlertView:
        return self.make_alert(**({"id": new_id(), "organization_id": self.organization} | changes))

    def notice(self, channel: Id, *alerts: AlertView, **changes: Any) -> NoticeIssued:
        """As the alerter issues it: each alert alone its group, unless `group_id` says otherwise."""
        given: dict[str, Any] = {
            "id": new_id(),
            "group_id": alerts[0].id,
            "channel_id": channel,
            "alerts": list(alerts),
            "reasons": {str(alert.id): "condition-became-true" for alert in alerts},
            "issued_at": datetime.now(UTC),
        }
        notice = Notice(**(given | changes))
        return NoticeIssued(organization_id=self.organization, notice_id=notice.id, notice=notice)

    async def deliver(self, *events: NoticeIssued) -> None:
        """As the runtime hands them to this copy, at the same time."""

        def received(event: NoticeIssued) -> Received[NoticeIssued]:
            envelope = Envelope(event, new_id(), "/monitors/alerter", datetime.now(UTC), event.notice_id)
            return Received(event, envelope, 1)

        await asyncio.gather(*(self.delivering.deliver(received(event)) for event in events))

    async def tell(self, *alerts: AlertView, **changes: Any) -> list[NotificationView]:
        """Every active channel is told of each alert; what the ledger has of it, in the order of the channels."""
        channels = [channel for channel in await self.channels() if channel.is_active]
        notices = [self.notice(channel.id, alert, **changes) for alert in alerts for channel in channels]
        for notice in notices:
            await self.deliver(notice)
        return [await self.ledger(notice.notice_id) for notice in notices]

    def wake_receivers(self) -> None:
        """Receivers have had their rest."""
        self.delivering._lanes = type(self.delivering._lanes)()

    async def retry(self) -> None:
        """Let time pass until everything of this organization that waits is due, and try it."""
        self.wake_receivers()
        await self.house.pool.execute(
            "UPDATE notifier.notifications SET next_attempt_at = '2000-01-01' WHERE organization_id = $1 "
            "AND next_attempt_at IS NOT NULL",
            self.organization,
        )
        await self.delivering.retry_due()
        await asyncio.gather(*self.delivering._retrying)

    async def idle(self) -> None:
        """Wait for tries that go on behind the stream's back."""
        await asyncio.gather(*self.delivering._background._tasks)

    async def ledger(self, notification: Id) -> NotificationView:
        row = await store.ledger(self.house.pool, self.organization, notification)
        assert row, "it is not in the ledger"
        return row.notification

    async def states(self) -> list[str]:
        """The states of all messages of the organization, oldest first."""
        rows = await self.house.pool.fetch(
            "SELECT state FROM notifier.notifications WHERE organization_id = $1 ORDER BY id", self.organization
        )
        return [row["state"] for row in rows]

    async def report(self, *events: dict[str, Any], at: float | None = None, sign: bool = True) -> None:
        body = json.dumps(events)
        timestamp = str(int(at or time.time()))
        signed = KEY.sign((timestamp + (body if sign else "")).encode(), ec.ECDSA(SHA256()))
        await self.handlers.record_provider_events(
            RecordProviderEvents(body=body, signature=b64encode(signed).decode(), timestamp=timestamp)
        )

    def provider_event(self, kind: str, notification: Id, organization: Id | None = None) -> dict[str, Any]:
        owner = str(organization or self.organization)
        return {
            "event": kind,
            "organization_id": owner,
            "delivery_id": str(notification),
            "timestamp": int(time.time()),
        }


@pytest.fixture
async def make_notifier(
    house: Any, tmp_path: Path, make_alert: Callable[..., AlertView]
) -> AsyncGenerator[Callable[..., Notifier]]:
    made: list[Notifier] = []

    def make(**settings: Any) -> Notifier:
        notifier = Notifier(house, tmp_path, make_alert, **settings)
        notifier.start()
        made.append(notifier)
        return notifier

    yield make
    for notifier in made:
        await notifier.close()


@pytest.fixture
async def notifier(make_notifier: Callable[..., Notifier]) -> Notifier:
    return make_notifier(sendgrid_webhook_public_key=PUBLIC)
