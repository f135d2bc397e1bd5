import asyncio
import ssl
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import id_time
from monitors_notifier.channels import open_channels
from monitors_notifier.channels.local import LocalChannel, outbox_file
from monitors_notifier.channels.mime import mail
from monitors_notifier.channels.protocol import Recoverable, SendError, Unrecoverable
from monitors_notifier.channels.sendgrid import SendGridChannel
from monitors_notifier.channels.smtp import SmtpChannel, SmtpServer
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message, channel_test_message
from monitors_notifier.settings import NotifierSettings

if TYPE_CHECKING:
    from .conftest import MailServer, Receiver

DELIVERY = UUID("01a1ff00-add6-700d-ab5d-c7aa14066bb3")
NAME, ADDRESS = "Monitors!", "alerts@monitors.example"
MakeTarget = Callable[..., Target]
StartMailServer = Callable[..., "MailServer"]


def read(content: bytes) -> EmailMessage:
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_mail_when_made_then_is_complete_and_the_same_every_time(message: Message):
    def make() -> bytes:
        return mail(
            message, sender_name=NAME, sender_address=ADDRESS, to="ann@home.example", delivery_id=DELIVERY
        ).as_bytes()

    letter = read(make())
    assert letter["From"] == "Monitors! <alerts@monitors.example>"
    assert letter["To"] == "ann@home.example"
    assert letter["Subject"] == "Copper kettle: 60 EUR → 45.5 EUR"
    assert letter["Message-ID"] == f"<{DELIVERY}@monitors.example>"
    assert letter["Date"].datetime == id_time(DELIVERY).replace(microsecond=0)
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Unsubscribe"] == "<https://monitors.example/u/abc>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == message.text
    assert html.get_content().replace("\r\n", "\n").strip() == message.html.strip()
    assert make() == make()


@given(st.text(max_size=300), st.text(max_size=150))
def test_mail_when_names_are_hostile_then_no_header_is_added(name: str, sender: str):
    told = channel_test_message(
        now=id_time(DELIVERY), base_url="https://monitors.example", channel_name=f"{name}\r\nBcc: x@evil.example"
    )
    letter = read(
        mail(
            told,
            sender_name=f"{sender}\r\nBcc: x@evil.example",
            sender_address="a@b.example",
            to="ann@home.example",
            delivery_id=DELIVERY,
        ).as_bytes()
    )
    expected = {"from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"}
    assert {header.lower() for header in letter.keys()} == expected  # noqa: SIM118 (a mail yields its values)
    assert letter["To"] == "ann@home.example"


async def test_local_when_sent_twice_then_one_whole_file(tmp_path: Path, message: Message, make_target: MakeTarget):
    channel = LocalChannel(tmp_path, sender_name=NAME, sender_address=ADDRESS)
    target = make_target("local")
    results = await asyncio.gather(*(channel.send(target, message, DELIVERY) for _ in range(5)))
    file = outbox_file(tmp_path, target.organization_id, DELIVERY)
    assert list(file.parent.iterdir()) == [file]
    assert read(file.read_bytes())["Subject"] == message.subject
    assert {sent.provider_message_id for sent in results} == {f"<{DELIVERY}@monitors.example>"}


async def test_local_when_the_disk_refuses_then_recoverable_and_nothing_half_written(
    tmp_path: Path, message: Message, make_target: MakeTarget
):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(Recoverable, match="outbox"):
        await LocalChannel(tmp_path / "outbox", sender_name=NAME, sender_address=ADDRESS).send(
            make_target("local"), message, DELIVERY
        )


def smtp(
    server: "MailServer", *, start_tls: bool | None = None, tls_context: ssl.SSLContext | None = None
) -> SmtpChannel:
    return SmtpChannel(
        SmtpServer("127.0.0.1", server.port, start_tls=start_tls),
        sender_name=NAME,
        sender_address=ADDRESS,
        timeout=2,
        tls_context=tls_context,
    )


async def test_smtp_when_taken_then_the_mail_arrives(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    server = start_mail_server()
    sent = await smtp(server).send(make_target("email", address="ann@home.example"), message, DELIVERY)
    [envelope] = server.envelopes
    assert envelope.rcpt_tos == ["ann@home.example"]
    assert envelope.mail_from == "alerts@monitors.example"
    assert isinstance(envelope.content, bytes)
    assert read(envelope.content)["Message-ID"] == sent.provider_message_id == f"<{DELIVERY}@monitors.example>"


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("MAIL", "451 later", Recoverable),
        ("RCPT", "450 mailbox busy", Recoverable),
        ("RCPT", "550 no such user", Unrecoverable),
        ("DATA", "421 shutting down", Recoverable),
        ("DATA", "554 looks like spam", Unrecoverable),
    ],
)
async def test_smtp_when_refused_then_says_whether_to_try_again(
    start_mail_server: StartMailServer,
    message: Message,
    make_target: MakeTarget,
    command: str,
    answer: str,
    kind: type[SendError],
):
    server = start_mail_server()
    server.answers[command] = answer
    with pytest.raises(SendError) as caught:
        await smtp(server).send(make_target("email", address="ann@home.example"), message, DELIVERY)
    assert type(caught.value) is kind
    assert caught.value.failure.reason == f"smtp-{answer[:3]}: {answer[4:]}"
    assert server.envelopes == []


async def test_smtp_when_the_connection_breaks_then_recoverable(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    server = start_mail_server()
    server.hang_up = True
    with pytest.raises(Recoverable, match="smtp"):
        await smtp(server).send(make_target("email", address="ann@home.example"), message, DELIVERY)


async def test_smtp_when_nobody_listens_then_recoverable(
    unused_tcp_port: int, message: Message, make_target: MakeTarget
):
    channel = SmtpChannel(SmtpServer("127.0.0.1", unused_tcp_port), sender_name=NAME, sender_address=ADDRESS, timeout=2)
    with pytest.raises(Recoverable, match="smtp"):
        await channel.send(make_target("email", address="ann@home.example"), message, DELIVERY)


async def test_smtp_when_tls_is_offered_then_it_is_used(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    authority = trustme.CA()
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(served)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = start_mail_server(tls_context=served)
    target = make_target("email", address="ann@home.example")
    await smtp(server, tls_context=trusting).send(target, message, DELIVERY)
    assert server.encrypted == [True]
    with pytest.raises(SendError):
        await smtp(server).send(target, message, DELIVERY)
    assert len(server.envelopes) == 1


async def test_smtp_when_tls_is_demanded_but_not_offered_then_nothing_is_sent(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    server = start_mail_server()
    with pytest.raises(SendError, match="STARTTLS"):
        await smtp(server, start_tls=True).send(make_target("email", address="a@b.example"), message, DELIVERY)
    assert server.envelopes == []


async def test_smtp_when_the_address_is_not_ascii_then_it_still_arrives(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    server = start_mail_server()
    await smtp(server).send(make_target("email", address="jürgen@home.example"), message, DELIVERY)
    assert server.envelopes[0].rcpt_tos == ["jürgen@home.example"]


async def test_smtp_when_the_domain_is_not_ascii_then_it_is_sent_in_ascii(
    start_mail_server: StartMailServer, message: Message, make_target: MakeTarget
):
    server = start_mail_server(utf8=False)
    await smtp(server).send(make_target("email", address="ann@bücher.example"), message, DELIVERY)
    assert server.envelopes[0].rcpt_tos == ["ann@xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpServer("mail.example", 587)),
        ("smtps://mail.example", SmtpServer("mail.example", 465, tls=True, start_tls=False)),
        (
            "smtp://ann%40home:p%2Fw@mail.example:25?starttls=1",
            SmtpServer("mail.example", 25, "ann@home", "p/w", start_tls=True),
        ),
        ("smtp://mail.example?starttls=0", SmtpServer("mail.example", 587, start_tls=False)),
    ],
)
def test_smtp_server_when_read_from_a_url_then_all_parts(url: str, expected: SmtpServer):
    assert SmtpServer.from_url(url) == expected


def sendgrid(receiver: "Receiver") -> SendGridChannel:
    return SendGridChannel("key-1", url=receiver.url(""), sender_name=NAME, sender_address=ADDRESS, timeout=1)


async def test_sendgrid_when_taken_then_the_call_is_theirs(
    receiver: "Receiver", message: Message, make_target: MakeTarget
):
    receiver.status, receiver.headers = 202, {"X-Message-Id": "sg-1"}
    channel = sendgrid(receiver)
    sent = await channel.send(make_target("email", address="ann@home.example"), message, DELIVERY)
    await channel.close()
    assert sent.provider_message_id == "sg-1"
    [(path, headers, _)] = receiver.requests
    assert path == "/v3/mail/send"
    assert headers["Authorization"] == "Bearer key-1"
    body = receiver.json
    [person] = body["personalizations"]
    assert person["to"] == [{"email": "ann@home.example"}]
    placed = body | person
    assert placed["custom_args"] == {
        "delivery_id": str(DELIVERY),
        "organization_id": str(make_target("email").organization_id),
    }
    assert placed["headers"]["Message-ID"] == f"<{DELIVERY}@monitors.example>"
    assert placed["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert body["from"] == {"email": "alerts@monitors.example", "name": "Monitors!"}
    assert body["subject"] == message.subject
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Unrecoverable), (403, Unrecoverable), (413, Unrecoverable), (429, Recoverable), (500, Recoverable)],
)
async def test_sendgrid_when_refused_then_says_whether_to_try_again(
    receiver: "Receiver", message: Message, make_target: MakeTarget, status: int, kind: type[SendError]
):
    receiver.status, receiver.headers = status, {"Retry-After": "9"}
    receiver.body = b'{"errors": [{"message": "because\\r\\nso"}]}'
    with pytest.raises(SendError) as caught:
        await sendgrid(receiver).send(make_target("email", address="a@b.example"), message, DELIVERY)
    assert type(caught.value) is kind
    assert caught.value.failure.reason == f"sendgrid-{status}: because so"
    assert caught.value.failure.retry_after == (9 if kind is Recoverable else None)


async def test_sendgrid_when_slow_or_away_then_recoverable(
    receiver: "Receiver", unused_tcp_port: int, message: Message, make_target: MakeTarget
):
    target = make_target("email", address="a@b.example")
    receiver.delay = 3
    with pytest.raises(Recoverable, match="timed out"):
        await sendgrid(receiver).send(target, message, DELIVERY)
    away = SendGridChannel("key", url=f"http://127.0.0.1:{unused_tcp_port}", sender_name=NAME, sender_address=ADDRESS)
    with pytest.raises(Recoverable, match="sendgrid"):
        await away.send(target, message, DELIVERY)


def settings(tmp_path: Path, **options: object) -> NotifierSettings:
    return NotifierSettings(data_dir=tmp_path, secret_key="0123456789abcdef", **options)  # pyright: ignore[reportArgumentType]


async def test_open_channels_when_mail_is_not_set_up_then_says_so_and_claims_nothing(
    tmp_path: Path, message: Message, make_target: MakeTarget
):
    channels = open_channels(settings(tmp_path))
    with pytest.raises(Unrecoverable, match="email-not-configured"):
        await channels["email"].send(make_target("email", address="a@b.example"), message, DELIVERY)
    for channel in channels.values():
        await channel.close()


async def test_open_channels_when_both_ways_are_set_then_sendgrid_goes_first(tmp_path: Path):
    both = open_channels(settings(tmp_path, sendgrid_api_key="k", smtp_url="smtp://mail.example"))
    smtp_only = open_channels(settings(tmp_path, smtp_url="smtp://mail.example"))
    assert isinstance(both["email"], SendGridChannel)
    assert isinstance(smtp_only["email"], SmtpChannel)
    for channel in (*both.values(), *smtp_only.values()):
        await channel.close()


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "smtp://mail.example:0", "mail.example"])
def test_settings_when_the_mail_server_is_no_url_then_refuse_to_start(tmp_path: Path, url: str):
    with pytest.raises(ValueError, match="smtp"):
        settings(tmp_path, smtp_url=url)


def test_settings_when_shown_then_hide_secrets(tmp_path: Path):
    shown = repr(settings(tmp_path, smtp_url="smtp://u:hunter2@mail.example", sendgrid_api_key="hunter2"))
    assert "hunter2" not in shown
    assert "0123456789abcdef" not in shown
