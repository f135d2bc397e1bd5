"""Status pages: made over REST, seen by anybody, and subscribed to."""

import asyncio
import re
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from monitors_alerter import store
from monitors_contracts.alerts import AlertTriggered, AlertView
from monitors_contracts.base import new_id

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}"""
ATOM = "{http://www.w3.org/2005/Atom}"


def spec(**parts: Any) -> dict[str, Any]:
    known = {"name": "Acme", "slug": f"acme-{new_id().hex}", "components": [{"key": "api", "name": "API"}]}
    return known | parts


async def made(person: Any, **parts: Any) -> dict[str, Any]:
    reply = await person.post("/api/status-pages", json=spec(**parts))
    assert reply.status_code == 201, reply.text
    return reply.json()["page"]


def path_of(page: dict[str, Any]) -> str:
    return "/" + page["url"].split("/", 3)[3]


async def test_a_page_is_made_shown_changed_and_taken_away(robin: Any, visitor: Any) -> None:
    page = await made(robin)
    at = f"/api/status-pages/{page['id']}"
    assert page["url"].endswith(f"/status/{page['spec']['slug']}")
    shown = await visitor.get(path_of(page))
    assert "All systems operational" in shown.text
    said = {"status": "partial-outage", "note": "One of two is down"}
    changed = await robin.put(f"{at}/components/api/override", json=said)
    assert changed.json()["page"]["status"] == "partial-outage"
    html = (await visitor.get(path_of(page))).text
    assert "Some systems are partly out" in html, "who changes it here sees it at once"
    assert "One of two is down" in html
    back = await robin.request("DELETE", f"{at}/components/api/override")
    assert back.json()["page"]["status"] == "operational"
    renamed = await robin.patch(at, json={"name": "Acme & Sons", "description": None})
    assert renamed.json()["page"]["spec"]["name"] == "Acme & Sons"
    assert "Acme &amp; Sons" in (await visitor.get(path_of(page))).text
    assert [each["id"] for each in (await robin.get("/api/status-pages")).json()["pages"]].count(page["id"]) == 1
    assert (await robin.delete(at)).json() == {"success": True}
    assert (await visitor.get(path_of(page))).status_code == 404
    assert (await robin.get(at)).status_code == 404


async def test_the_json_holds_what_is_shown_and_nothing_else_of_the_organization(robin: Any, visitor: Any) -> None:
    page = await made(robin, components=[{"key": "api", "name": "API", "matchers": "service=internal-name"}])
    reply = await visitor.get(f"{path_of(page)}.json")
    assert reply.headers["content-type"] == "application/json"
    [component] = reply.json()["components"]
    assert len(component["history"]) == 90
    for secret in ("internal-name", page["id"], page["organizationId"], robin.user["email"]):
        assert secret not in reply.text


async def test_a_page_is_kept_by_caches_and_not_sent_twice(robin: Any, visitor: Any) -> None:
    page = await made(robin)
    first = await visitor.get(path_of(page))
    assert first.headers["cache-control"] == "public, max-age=15"
    again = await visitor.get(path_of(page), headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "script" not in first.headers["content-security-policy"]
    assert "<script" not in first.text


@pytest.mark.parametrize("part", ["", ".json", "/feed.atom"])
async def test_whoever_only_looks_whether_a_page_is_there_is_told_without_it(
    robin: Any, served: str, part: str
) -> None:
    path = path_of(await made(robin)) + part
    async with httpx.AsyncClient(base_url=served) as client:
        asked, read = await client.head(path), await client.get(path)
        assert (asked.status_code, asked.content) == (200, b"")
        assert asked.headers["etag"] == read.headers["etag"]
        assert (await client.head(f"/status/nobodys-page{part}")).status_code == 404


async def test_a_private_page_is_found_by_its_newest_link_and_by_nothing_else(robin: Any, visitor: Any) -> None:
    page = await made(robin, visibility="private")
    path = path_of(page)
    shown = await visitor.get(path)
    assert "Acme" in shown.text
    assert (shown.headers["cache-control"], shown.headers["x-robots-tag"]) == ("private, max-age=15", "noindex")
    never_there = await visitor.get(f"/status/{new_id().hex}")
    by_slug = await visitor.get(f"/status/{page['spec']['slug']}")
    assert (by_slug.status_code, by_slug.text) == (never_there.status_code, never_there.text)
    assert (await visitor.get(path[:-1] + ("A" if path[-1] != "A" else "E"))).status_code == 404
    for nowhere in ("/status/UPPER", "/status/a_b", "/status/%00", "/status/" + "x" * 500, "/status/acme.json"):
        assert (await visitor.get(nowhere)).status_code == 404, nowhere
    renewed = (await robin.post(f"/api/status-pages/{page['id']}/link")).json()["page"]
    assert (await visitor.get(path)).status_code == 404
    assert (await visitor.get(path_of(renewed))).status_code == 200


async def test_updates_are_shown_fed_and_taken_back(robin: Any, visitor: Any) -> None:
    page = await made(robin)
    at = f"/api/status-pages/{page['id']}/updates"
    said = {"title": "Slow", "text": f"First.\n{HOSTILE}", "stage": "investigating", "components": ["api"]}
    first = (await robin.post(at, json=said)).json()["update"]
    over = {"text": "Over.\u0007", "stage": "resolved", "threadId": first["threadId"]}
    assert (await robin.post(at, json=over)).status_code == 201
    html = (await visitor.get(path_of(page))).text
    assert "<script>alert(1)" not in html
    assert html.index("Over.") < html.index("First.")
    feed = await visitor.get(f"{path_of(page)}/feed.atom")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    entries = ElementTree.fromstring(feed.text).findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}title") for each in entries] == ["Slow: Resolved", "Slow: Investigating"]
    listed = (await robin.get(at)).json()["updates"]
    assert (await robin.delete(f"{at}/{listed[0]['id']}")).status_code == 200
    assert "Over." not in (await visitor.get(path_of(page))).text
    assert (await robin.post(at, json={"text": "No title"})).status_code == 422


async def test_an_update_with_a_key_is_posted_once(robin: Any) -> None:
    page = await made(robin)
    at = f"/api/status-pages/{page['id']}/updates"
    body, headers = {"title": "Slow", "text": "Once."}, {"Idempotency-Key": new_id().hex}
    for _ in range(2):
        assert (await robin.post(at, json=body, headers=headers)).status_code == 201
    assert len((await robin.get(at)).json()["updates"]) == 1


async def test_a_component_follows_alerts(robin: Any, services: Any) -> None:
    page = await made(robin, components=[{"key": "api", "name": "API", "matchers": "service=api"}])
    alert = AlertView.model_validate(
        {
            "id": new_id(),
            "organization_id": str(robin.organization_id),
            "fingerprint": new_id().hex,
            "state": "firing",
            "severity": "critical",
            "name": "Down",
            "summary": "",
            "condition": "",
            "labels": {"service": "api"},
            "started_at": "2026-11-21T08:00:00Z",
        }
    )
    event = AlertTriggered(organization_id=alert.organization_id, alert_id=alert.id, alert=alert, reason="received")
    async with services.alerter.service.transaction() as tx:
        await store.apply(tx.db, event)
        tx.publish(event)
    for _ in range(100):
        if (await robin.get(f"/api/status-pages/{page['id']}")).json()["status"] == "major-outage":
            break
        await asyncio.sleep(0.1)
    preview = {"spec": page["spec"], "pageId": page["id"]}
    shown = (await robin.post("/api/status-pages/preview", json=preview)).json()
    assert shown["components"][0]["history"][-1]["status"] == "major-outage"


async def letters_to(services: Any, address: str, least: int = 1) -> list[Any]:
    for _ in range(100):
        found = [
            message for target, message in services.notifier.letters.taken if address in (target.address, target.url)
        ]
        if len(found) >= least:
            return found
        await asyncio.sleep(0.05)
    return []


async def test_somebody_subscribes_confirms_is_told_and_leaves(robin: Any, visitor: Any, services: Any) -> None:
    page, address = await made(robin), f"reader-{new_id().hex}@example.com"
    at = path_of(page)
    asked = await visitor.post(f"{at}/subscribe", data={"kind": "email", "address": address.upper()})
    assert asked.status_code == 202
    assert "Almost there" in asked.text
    [letter] = await letters_to(services, address)
    link = re.findall(r"(/s/[\w-]+)", letter.text)[0]
    assert "Yes, subscribe" in (await visitor.get(link)).text
    subscribers = f"/api/status-pages/{page['id']}/subscribers"
    assert (await robin.get(subscribers)).json()["counts"] == {"pending": 1}
    assert "Subscribed" in (await visitor.post(link)).text
    [shown] = (await robin.get(subscribers)).json()["subscribers"]
    assert (shown["target"], shown["state"]) == (address, "confirmed")
    again = await visitor.post(f"{at}/subscribe", data={"kind": "email", "address": address})
    assert re.sub("acme-[0-9a-f]+", "", again.text) == re.sub("acme-[0-9a-f]+", "", asked.text), "nobody learns who is"
    assert (await robin.delete(f"{subscribers}/{shown['id']}")).status_code == 200
    assert (await robin.delete(f"{subscribers}/{shown['id']}")).status_code == 404
    assert (await visitor.get(link)).status_code == 404


async def test_a_webhook_gets_its_secret_once(robin: Any, visitor: Any) -> None:
    at, url = path_of(await made(robin)), f"https://{new_id().hex}.example/hook"
    html = await visitor.post(f"{at}/subscribe", data={"kind": "webhook", "url": url})
    assert "whsec_" in html.text
    reply = await visitor.post(
        f"{at}/subscribe", data={"kind": "webhook", "url": url + "/2"}, headers={"accept": "application/json"}
    )
    assert (reply.status_code, reply.json()["secret"][:6]) == (202, "whsec_")


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"kind": "email"},
        {"kind": "email", "address": "no address"},
        {"kind": "email", "address": "a@b.example\r\nBcc: c@d.example"},
        {"kind": "webhook", "url": "javascript:alert(1)"},
        {"kind": "webhook", "url": "https://inside.example"},
        {"kind": "other", "url": "https://a.example"},
        {"kind": "email", "address": "x" * 5000 + "@example.com"},
    ],
    ids=["nothing", "no-address", "no-mail", "headers", "script", "inside", "other-kind", "long"],
)
async def test_what_is_no_address_is_refused_in_the_form(robin: Any, visitor: Any, typed: dict[str, str]) -> None:
    at = path_of(await made(robin))
    reply = await visitor.post(f"{at}/subscribe", data=typed)
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text


async def test_an_address_subscribes_so_often_in_an_hour(robin: Any, visitor: Any) -> None:
    at, network = path_of(await made(robin)), new_id().hex[-8:]
    network = f"2001:db8:{network[:4]}:{network[4:]}"

    async def subscribed(browser: Any, **headers: str) -> Any:
        data = {"kind": "email", "address": f"reader-{new_id().hex}@example.com"}
        return await browser.post(f"{at}/subscribe", data=data, headers=headers)

    async with type(visitor)(visitor.app, f"{network}::1") as somebody:
        assert [(await subscribed(somebody)).status_code for _ in range(20)] == [202] * 20
        refused = await subscribed(somebody)
        assert (refused.status_code, "You have subscribed often just now" in refused.text) == (429, True)
    async with type(visitor)(visitor.app, f"{network}::2") as neighbour:
        told = await subscribed(neighbour, accept="application/json")
        assert (told.status_code, told.json()["type"]) == (429, "too-many-subscriptions")
        assert 0 < int(told.headers["retry-after"]) <= 3600
    assert (await subscribed(visitor)).status_code == 202, "others go on"


async def test_who_subscribed_to_a_private_page_is_told_where_it_is_now(
    robin: Any, visitor: Any, services: Any
) -> None:
    page, address = await made(robin, visibility="private"), f"reader-{new_id().hex}@example.com"
    at = f"/api/status-pages/{page['id']}"
    await visitor.post(f"{path_of(page)}/subscribe", data={"kind": "email", "address": address})
    [letter] = await letters_to(services, address)
    await visitor.post(re.findall(r"(/s/[\w-]+)", letter.text)[0])
    renewed = (await robin.post(f"{at}/link")).json()["page"]
    await robin.post(f"{at}/updates", json={"title": "Moved", "text": "Here we are."})
    told = (await letters_to(services, address, 2))[-1]
    assert told.data["pageUrl"].endswith(path_of(renewed))
    assert path_of(page) not in told.text
    assert (await visitor.get("/" + told.data["pageUrl"].split("/", 3)[3])).status_code == 200


async def test_pages_are_their_organizations_alone(robin: Any, alex: Any) -> None:
    page = await made(robin)
    at = f"/api/status-pages/{page['id']}"
    tried = [
        alex.get(at),
        alex.put(at, json=spec()),
        alex.patch(at, json={"name": "Mine"}),
        alex.delete(at),
        alex.post(f"{at}/link"),
        alex.put(f"{at}/components/api/override", json={"status": "degraded"}),
        alex.delete(f"{at}/components/api/override"),
        alex.get(f"{at}/updates"),
        alex.post(f"{at}/updates", json={"title": "a", "text": "b"}),
        alex.delete(f"{at}/updates/{new_id()}"),
        alex.get(f"{at}/subscribers"),
        alex.post("/api/status-pages/preview", json={"spec": spec(), "pageId": page["id"]}),
    ]
    assert {(await each).status_code for each in tried} == {404}
    assert page["id"] not in (await alex.get("/api/status-pages")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "Not A Slug"},
        {"slug": "-a"},
        {"slug": "a" * 61},
        {"name": ""},
        {"timezone": "Mars/Base"},
        {"visibility": "secret"},
        {"components": [{"key": "a", "name": "A"}, {"key": "a", "name": "B"}]},
        {"components": [{"key": "a", "name": "A", "matchers": "=~("}]},
        {"components": [{"key": "a", "name": "A", "matchers": 'x=~".*"'}]},
        {"components": [{"key": "a", "name": "A", "impact": {"warning": "operational"}}]},
        {"components": [{"key": "a", "name": "A", "windows": ["019aaa00-0000-7000-8000-000000000001"]}]},
        {"components": [{"key": str(n), "name": "A"} for n in range(51)]},
    ],
    ids=[
        "spaces",
        "hyphen",
        "long",
        "nameless",
        "zone",
        "visibility",
        "twice",
        "pattern",
        "all",
        "impact",
        "window",
        "many",
    ],
)
async def test_bad_input_is_refused(robin: Any, wrong: dict[str, Any]) -> None:
    reply = await robin.post("/api/status-pages", json=spec(**wrong))
    assert reply.status_code == 422, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
