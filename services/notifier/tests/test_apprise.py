from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from monitors_notifier.channels.apprise import REFUSED_SCHEMES, AppriseChannel, harmless
from monitors_notifier.channels.protocol import Recoverable, SendError, Unrecoverable
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message

if TYPE_CHECKING:
    from .conftest import Receiver

DELIVERY = UUID("01a1ff00-add6-700d-ab5d-c7aa14066bb3")
MakeTarget = Callable[..., Target]


def channel(*, allow_private: bool = True) -> AppriseChannel:
    return AppriseChannel(allow_private=allow_private, timeout=1)


async def outcome(target: Target, message: Message, *, allow_private: bool = True) -> SendError:
    with pytest.raises(SendError) as caught:
        await channel(allow_private=allow_private).send(target, message, DELIVERY)
    return caught.value


async def test_send_when_taken_then_the_service_gets_title_and_text(
    receiver: "Receiver", message: Message, make_target: MakeTarget
):
    await channel().send(make_target("apprise", url=receiver.url("/in", "json")), message, DELIVERY)
    assert receiver.json["title"] == message.subject
    assert "now only 45.50 €" in receiver.json["message"]
    assert receiver.json["type"] == "warning"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Unrecoverable), (404, Unrecoverable), (429, Recoverable), (500, Recoverable), (503, Recoverable)],
)
async def test_send_when_refused_then_says_whether_to_try_again(
    receiver: "Receiver", message: Message, make_target: MakeTarget, status: int, kind: type[SendError]
):
    receiver.status = status
    error = await outcome(make_target("apprise", url=receiver.url("/", "json") + "?retry=3"), message)
    assert type(error) is kind
    assert error.failure.reason.endswith(f"http-{status}")
    assert len(receiver.requests) == 1


async def test_send_when_nobody_listens_then_recoverable(
    unused_tcp_port: int, message: Message, make_target: MakeTarget
):
    error = await outcome(make_target("apprise", url=f"json://127.0.0.1:{unused_tcp_port}/"), message)
    assert type(error) is Recoverable


async def test_send_when_it_never_answers_then_recoverable(
    receiver: "Receiver", message: Message, make_target: MakeTarget
):
    receiver.delay = 5
    error = await outcome(make_target("apprise", url=receiver.url("/", "json") + "?rto=60"), message)
    assert type(error) is Recoverable


async def test_send_when_redirected_then_not_followed_even_if_the_url_asks(
    receiver: "Receiver", message: Message, make_target: MakeTarget
):
    receiver.status = 307
    receiver.headers = {"Location": receiver.url("/elsewhere")}
    await outcome(make_target("apprise", url=receiver.url("/", "json") + "?redirect=yes"), message)
    assert [path for path, _, _ in receiver.requests] == ["/"]


@pytest.mark.parametrize(
    ("scheme", "host"),
    [
        ("json", "127.0.0.1"),
        ("json", "localhost"),
        ("xml", "127.0.0.1"),
        ("form", "127.0.0.1"),
        ("gotify", "127.0.0.1"),
        ("mmost", "127.0.0.1"),
        ("rocket", "127.0.0.1"),
    ],
)
async def test_send_when_the_host_is_inside_then_refused_and_nothing_sent(
    receiver: "Receiver", message: Message, make_target: MakeTarget, scheme: str, host: str
):
    url = f"{scheme}://{host}:{receiver.server.port}/{'a' * 24}/{'b' * 24}"
    url = url.replace("rocket://", "rocket://user:password@")
    target = make_target("apprise", url=url)
    error = await outcome(target, message, allow_private=False)
    assert type(error) is Unrecoverable
    assert error.failure.reason == "refused-address: loopback"
    with pytest.raises(Unrecoverable, match="refused-address: loopback"):
        await channel(allow_private=False).check(target)
    assert receiver.requests == []


async def test_send_when_private_is_allowed_then_metadata_stays_refused(message: Message, make_target: MakeTarget):
    target = make_target("apprise", url="json://169.254.169.254/latest/")
    assert (await outcome(target, message)).failure.reason == "refused-address: metadata"
    with pytest.raises(Unrecoverable, match="metadata"):
        await channel().check(target)


async def test_send_when_a_name_answers_differently_the_second_time_then_still_refused(
    receiver: "Receiver", message: Message, make_target: MakeTarget, monkeypatch: pytest.MonkeyPatch
):
    """DNS rebinding: the check sees a public address, the plugin's own lookup loopback."""
    import socket

    def rebound(host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    target = make_target("apprise", url=f"json://shop.test:{receiver.server.port}/")
    assert (await outcome(target, message, allow_private=False)).failure.reason == "refused-address: loopback"
    assert receiver.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "syslog://",
        "SYSLOG://",
        "dbus://",
        "gnome://",
        "windows://",
        "macosx://",
        "mailto://user:pass@localhost",
        "mailtos://user:pass@example.com",
        "rsyslog://127.0.0.1",
        "mqtt://127.0.0.1/topic",
        "irc://127.0.0.1/#x",
        "apprise://127.0.0.1/token",
        "file:///etc/passwd",
        "nosuch://x",
        "slack://",
        "",
    ],
)
async def test_check_when_the_service_is_not_for_this_then_unsupported(
    message: Message, make_target: MakeTarget, url: str
):
    target = make_target("apprise", url=url)
    with pytest.raises(Unrecoverable, match="unsupported"):
        await channel().check(target)
    assert (await outcome(target, message)).failure.reason.startswith("unsupported")


async def test_check_when_the_url_names_a_file_then_unsupported(make_target: MakeTarget, tmp_path: Path):
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    for url in (
        f"discord://{'1' * 18}/{'a' * 64}/?template={secret}",
        f"fcm://project/device/?keyfile={secret}",
        f"slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#x?template={secret}",
    ):
        with pytest.raises(Unrecoverable, match="unsupported"):
            await channel().check(make_target("apprise", url=url))


@pytest.mark.parametrize(
    "url",
    [
        f"discord://{'1' * 18}/{'a' * 64}",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general",
        f"pagerduty://{'a' * 32}@{'b' * 20}",
        f"tgram://123456789:{'a' * 35}/12345",
        f"pover://{'u' * 30}@{'t' * 30}",
        f"opsgenie://{'a' * 36}",
    ],
)
async def test_check_when_it_is_a_service_on_the_internet_then_passes(make_target: MakeTarget, url: str):
    await channel(allow_private=False).check(make_target("apprise", url=url))


def test_refused_schemes_when_apprise_is_upgraded_then_are_still_its_schemes():
    from apprise import Apprise

    known = {
        scheme
        for service in Apprise().details(show_disabled=True)["schemas"]
        for scheme in (*(service["protocols"] or ()), *(service["secure_protocols"] or ()))
    }
    assert known >= REFUSED_SCHEMES


def test_harmless_when_a_page_mentions_everyone_then_nobody_is_woken():
    assert "@everyone" not in harmless("now @everyone")
    assert "<!channel>" not in harmless("<!channel> <@U123>")
    assert harmless("price < 50, mail a@b.example") == "price < 50, mail a@b.example"
