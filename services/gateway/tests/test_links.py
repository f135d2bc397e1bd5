"""Links in messages: following one asks, and one click does it once."""

import asyncio
from typing import Any

import httpx
import pytest

from monitors_contracts.base import new_id
from monitors_contracts.notifications import ActionLink

pytestmark = pytest.mark.asyncio(loop_scope="session")


def give(services: Any, *alerts: Any, action: str = "acknowledge", subject: str = "Kettle: 45 EUR") -> str:
    """A link about these alerts; its address."""
    token = str(new_id())
    services.notifier.links[token] = ActionLink(
        organization_id=alerts[0].organization_id,
        notification_id=new_id(),
        action=action,  # pyright: ignore[reportArgumentType]
        alert_ids=[alert.id for alert in alerts],
        subject=subject,
        via="by mail to ops@example.com",
    )
    return f"/a/{token}"


def followed(services: Any, alert: Any) -> list[Any]:
    return [each for each in services.alerter.followed if alert.id in each.alert_ids]


async def test_a_link_when_followed_asks_and_when_clicked_takes_the_alert_once(
    gateway: Any, robin: Any, visitor: Any, services: Any
) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    link = give(services, alert)
    for _ in range(3):  # mail scanners follow links
        asked = await visitor.get(link)
        assert (asked.status_code, followed(services, alert)) == (200, [])
        assert '<form method="post">' in asked.text
        assert "Kettle: 45 EUR" in asked.text
    done = await visitor.post(link)
    assert done.status_code == 200
    assert "It is yours" in done.text
    [once] = followed(services, alert)
    assert (once.alert_ids, once.action, once.via) == ([alert.id], "acknowledge", "by mail to ops@example.com")
    for again in (await visitor.post(link), await visitor.get(link)):
        assert again.status_code == 200
        assert "used before" in again.text
    assert len(followed(services, alert)) == 1
    kept = await gateway.runtime.pool.fetch(
        "SELECT what, data FROM gateway.audit_log WHERE organization_id = $1 AND target = $2",
        robin.organization_id,
        str(alert.id),
    )
    assert [(row["what"], row["data"]["via"]) for row in kept] == [("alert.acknowledge", "by mail to ops@example.com")]


async def test_a_link_when_it_resolves_several_says_how_many_and_shows_hostile_words_as_words(
    robin: Any, visitor: Any, services: Any
) -> None:
    several = [services.alerter.add_alert(robin.organization_id) for _ in range(3)]
    link = give(services, *several, action="resolve", subject="<script>alert(1)</script>")
    asked = await visitor.get(link)
    assert "<script>" not in asked.text
    assert "(3 alerts)" in asked.text
    assert "Resolved" in (await visitor.post(link)).text
    assert followed(services, several[0])[0].action == "resolve"


async def test_a_link_when_it_is_old_or_forged_then_nothing_happens(visitor: Any) -> None:
    for token, words in (("old", "too old"), ("forged", "not valid")):
        for method in (visitor.get, visitor.post):
            reply = await method(f"/a/{token}")
            assert reply.status_code == 404
            assert words in reply.text


async def test_a_link_when_clicked_by_several_at_once_then_one_takes_the_alert(
    robin: Any, visitor: Any, services: Any
) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    link = give(services, alert)
    replies = await asyncio.gather(*(visitor.post(link) for _ in range(4)))
    assert sorted("It is yours" in each.text for each in replies) == [False, False, False, True]
    assert len(followed(services, alert)) == 1


async def test_a_link_when_it_could_not_be_followed_then_it_is_good_for_another_click(
    robin: Any, visitor: Any, services: Any
) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    link = give(services, alert)
    services.alerter.away = True
    try:
        assert (await visitor.post(link)).status_code == 503
    finally:
        services.alerter.away = False
    assert '<form method="post">' in (await visitor.get(link)).text
    assert "It is yours" in (await visitor.post(link)).text


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
async def test_a_link_about_what_is_over_says_that_nothing_is_left_to_do(
    robin: Any, visitor: Any, services: Any, action: str
) -> None:
    alert = services.alerter.add_alert(robin.organization_id, state="resolved")
    reply = await visitor.post(give(services, alert, action=action))
    assert "Nothing left to do" in reply.text
    assert "Resolved" not in reply.text


async def test_links_when_only_looked_at_answer_as_when_read_and_change_nothing(
    robin: Any, served: str, services: Any
) -> None:
    alert = services.alerter.add_alert(robin.organization_id)
    link = give(services, alert)
    async with httpx.AsyncClient(base_url=served) as client:
        for path, status in ((link, 200), ("/a/forged", 404), ("/u/x", 200), ("/s/x", 404), ("/calendar/x.ics", 404)):
            asked, read = await client.head(path), await client.get(path)
            assert (asked.status_code, read.status_code, asked.content) == (status, status, b""), path
            for header in ("content-type", "content-length"):
                assert asked.headers[header] == read.headers[header], path
    assert followed(services, alert) == []
    assert services.notifier.links[link.removeprefix("/a/")].used_at is None
