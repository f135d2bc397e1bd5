"""Servers that speak the receivers' protocols on loopback, and things to send."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.monitors import Evidence
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message, alert_message

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
    envelopes: list[Envelope] = field(default_factory=list[Envelope])
    encrypted: list[bool] = field(default_factory=list[bool])


class _Handler:
    def __init__(self, mail_server: MailServer) -> None:
        self._mail_server = mail_server

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._mail_server.answers.get("MAIL"):
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self._mail_server.answers.get("RCPT"):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
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
