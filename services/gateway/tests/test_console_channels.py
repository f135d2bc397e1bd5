"""The console's channels, deliveries and outbox, through their forms."""

import re
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>"""


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    html = (await robin.get("/console/channels")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, came: str = "/console/channels", **fields: Any) -> Any:
    headers = {"referer": f"http://test{came}", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


async def add(browser: Any, **fields: Any) -> str:
    body = {"kind": "webhook", "url": "https://hook.example/x", **fields}
    reply = await browser.post("/api/channels", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()["channel"]["id"]


async def test_without_a_channel_one_is_told_to_add_one(entered: Any) -> None:
    html = (await entered.get("/console/channels")).text
    assert "Nobody is told yet" in html
    assert "/console/channels/new" in html


async def test_a_webhook_is_added_and_its_secret_shown_this_once(services: Any, entered: Any) -> None:
    form = {"kind": "webhook", "name": "Pager", "url": "https://hook.example/x"}
    reply = await send(entered, "/console/channels", **form)
    assert reply.status_code == 200
    assert 'data-copy="whsec_shown_once"' in reply.text
    assert reply.headers["cache-control"] == "no-store"
    [channel] = [view for owner, view in services.notifier.channels.values() if owner == entered.organization_id]
    for path in ("/console/channels", f"/console/channels/{channel.id}"):
        html = (await entered.get(path)).text
        assert "Pager" in html
        assert "whsec_shown_once" not in html


@pytest.mark.parametrize("kind", ["email", "webhook", "apprise", "local", "nonsense"])
async def test_each_kind_has_its_form(entered: Any, kind: str) -> None:
    html = (await entered.get(f"/console/channels/new?kind={kind}")).text
    asked = set(re.findall(r'name="(url|address|secret)"', html))
    expected = {"email": {"address"}, "webhook": {"url", "secret"}, "apprise": {"url"}, "local": set[str]()}
    assert asked == expected.get(kind, {"address"})


async def test_what_is_wrong_with_a_channel_is_told_at_its_field(services: Any, entered: Any) -> None:
    reply = await send(entered, "/console/channels", kind="email", address="nobody", name=HOSTILE)
    assert reply.status_code == 422
    assert 'aria-invalid="true"' in reply.text
    assert "nobody" in reply.text
    assert "<script>alert" not in reply.text
    assert not [owner for owner, _ in services.notifier.channels.values() if owner == entered.organization_id]


async def test_a_channel_is_tested_paused_resumed_renamed_and_deleted(services: Any, entered: Any) -> None:
    channel = await add(entered, name="Pager")
    here = f"/console/channels/{channel}"
    reply = await send(entered, f"{here}/test", came=here)
    assert (reply.status_code, reply.headers["location"]) == (303, here)
    assert "The test arrived at “webhook”." in (await entered.get(here)).text.replace("Pager", "webhook")
    asked: list[Any] = services.notifier.channel_updates
    await send(entered, f"{here}/pause")
    await send(entered, f"{here}/resume")
    await send(entered, f"{here}/rename", came=here, name="On-call")
    assert [(each.is_active, each.name) for each in asked[-3:]] == [(False, None), (True, None), (None, "On-call")]
    empty = await send(entered, f"{here}/rename", came=here, name="  ")
    assert empty.status_code == 422
    assert "Please fill this in." in empty.text
    gone = await send(entered, f"{here}/delete", came=here)
    assert gone.headers["location"] == "/console/channels"
    assert (await entered.get(here)).status_code == 404


async def test_a_channel_in_use_stays_and_its_page_says_what_uses_it(services: Any, entered: Any) -> None:
    channel = await add(entered, name="Pager")
    reply = await entered.post("/api/contacts", json={"name": "On duty", "channels": [str(channel)]})
    assert reply.status_code == 201, reply.text
    here = f"/console/channels/{channel}"
    refused = await send(entered, f"{here}/delete", came=here)
    assert (refused.status_code, refused.headers["location"]) == (303, here)
    assert "It is in use. The channel is used by contact &#39;On duty&#39;." in (await entered.get(here)).text


async def test_nobody_sees_or_changes_anothers_channel_mail_or_delivery(services: Any, entered: Any, alex: Any) -> None:
    channel = await add(alex, name="Theirs")
    mail = services.notifier.add_mail(alex.organization_id, subject="Theirs")
    delivery = services.notifier.add_notification(alex.organization_id, state="failed", subject="Theirs")
    for path in (f"channels/{channel}", f"outbox/{mail.id}", f"outbox/{mail.id}/html"):
        assert (await entered.get(f"/console/{path}")).status_code == 404
    for path in ("channels", "outbox", "notifications"):
        assert "Theirs" not in (await entered.get(f"/console/{path}")).text
    await send(entered, f"/console/notifications/{delivery.id}/retry")
    assert services.notifier.notifications[delivery.id][1].state == "failed"


async def test_the_ledger_is_narrowed_and_a_failed_message_is_tried_again(services: Any, entered: Any) -> None:
    failed = services.notifier.add_notification(
        entered.organization_id, alert_id=new_id(), subject="Lost one", state="failed", error="timeout"
    )
    services.notifier.add_notification(entered.organization_id, subject="Good one")
    html = (await entered.get("/console/notifications?state=failed")).text
    assert "Lost one" in html
    assert "Good one" not in html
    assert "The receiver did not answer in time." in html
    here = "/console/notifications?state=failed"
    reply = await send(entered, f"/console/notifications/{failed.id}/retry", came=here)
    assert reply.headers["location"] == here
    assert services.notifier.notifications[failed.id][1].state == "pending"
    for odd in ("state=lost", "channel=x", "alert=x", "monitor=x"):
        assert (await entered.get(f"/console/notifications?{odd}")).status_code == 200


async def test_a_mail_is_read_as_a_page_alone_in_a_frame_or_as_text(services: Any, entered: Any) -> None:
    html = f"<html><head></head><body>{HOSTILE}<form action=https://evil.example></form></body></html>"
    mail = services.notifier.add_mail(entered.organization_id, subject=HOSTILE, html=html, text=f"Hello {HOSTILE}")
    for path in ("/console/outbox", f"/console/outbox/{mail.id}", f"/console/outbox/{mail.id}?part=text"):
        page = (await entered.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    page = (await entered.get(f"/console/outbox/{mail.id}")).text
    [frame] = re.findall(r"<iframe[^>]+>", page)
    assert f'src="/console/outbox/{mail.id}/html"' in frame
    assert re.findall(r'sandbox="([^"]*)"', frame) == ["allow-popups allow-popups-to-escape-sandbox"]
    framed = await entered.get(f"/console/outbox/{mail.id}/html")
    policy = framed.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "form-action 'none'" in policy
    assert re.search(r"sandbox(?!.*allow-(scripts|same-origin|forms|top))", policy)
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    text = (await entered.get(f"/console/outbox/{mail.id}?part=text")).text
    assert "Hello &lt;script&gt;" in text
    assert "<iframe" not in text


async def test_an_empty_outbox_and_ledger_say_what_will_be_there(entered: Any) -> None:
    assert "The outbox is empty" in (await entered.get("/console/outbox")).text
    assert "Nothing was sent yet" in (await entered.get("/console/notifications")).text
