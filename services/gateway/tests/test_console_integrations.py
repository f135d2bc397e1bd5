"""The console's integrations, through their forms."""

import html as entities
import json
import re
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.base import new_id
from monitors_gateway.console.views.integrations import KINDS, labels_of
from monitors_gateway.incoming.kinds import KNOWN

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
    page = (await robin.get("/console/integrations")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', page)[0]
    return robin


async def send(browser: Any, path: str, **fields: Any) -> Any:
    headers = {"referer": "http://test/console/integrations", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


def address_in(page: str) -> str:
    found = re.search(r'id="address" readonly value="([^"]+)"', page)
    assert found, page
    return entities.unescape(found[1])


async def test_without_an_integration_one_is_told_what_they_are_for(entered: Any) -> None:
    page = (await entered.get("/console/integrations")).text
    assert "No other system sends its alerts here yet" in page
    assert "/console/integrations/new" in page
    assert "prometheus.yml" in page
    assert "targets: [&#34;test&#34;]" in page or 'targets: ["test"]' in page


async def test_each_kind_has_a_form_with_how_it_is_set_up(entered: Any) -> None:
    for kind in KINDS:
        page = entities.unescape((await entered.get("/console/integrations/new", params={"kind": kind})).text)
        assert KNOWN[kind].setup in page
        assert ('name="secret"' in page) == (kind == "sentry")
        assert ('name="mapping"' in page) == (kind == "generic")
    assert (await entered.get("/console/integrations/new?kind=pigeon")).status_code == 200


async def test_an_integration_is_made_its_address_works_and_is_shown_this_once(entered: Any, services: Any) -> None:
    mapping = json.dumps({"name": "{/title}"})
    form = {"kind": "generic", "name": "Checks", "labels": "team = shop, site=oslo", "mapping": mapping}
    made = await send(entered, "/console/integrations", **form)
    url = address_in(made.text)
    assert url.startswith("http://test/api/hooks/generic/")
    assert (await entered.post(url.removeprefix("http://test"), json={"title": "Disk"})).status_code == 200
    assert services.receiving.received[-1].alerts[0].labels == {"team": "shop", "site": "oslo", "alertname": "Disk"}
    page = (await entered.get("/console/integrations")).text
    assert url not in page
    assert "Working" in page
    assert "1 alert" in page
    [integration] = (await entered.get("/api/integrations")).json()["integrations"]
    shown = (await entered.get(f"/console/integrations/{integration['id']}")).text
    assert "site=oslo, team=shop" in shown
    assert url not in shown


async def test_what_can_not_be_is_said_at_its_field(entered: Any) -> None:
    for fields, says in (
        ({"kind": "generic", "labels": "shop"}, "“shop” is no label"),
        ({"kind": "generic", "mapping": "{"}, "This is no JSON."),
        ({"kind": "generic", "mapping": '{"name": "{title}"}'}, "JSON pointer in braces"),
        ({"kind": "grafana", "name": "x" * 101}, "too long"),
    ):
        reply = await send(entered, "/console/integrations", **fields)
        assert reply.status_code == 422
        assert says in entities.unescape(reply.text)
    assert (await entered.get("/api/integrations")).json() == {"integrations": []}


async def test_an_integration_is_paused_resumed_and_deleted(entered: Any, alex: Any) -> None:
    await send(entered, "/console/integrations", kind="grafana")
    [integration] = (await entered.get("/api/integrations")).json()["integrations"]
    at = f"/console/integrations/{integration['id']}"
    assert integration["name"] == "Grafana"
    assert (await send(entered, f"{at}/pause")).headers["location"] == "/console/integrations"
    assert "Paused" in (await entered.get(at)).text
    await send(entered, f"{at}/resume")
    assert "Not used yet" in (await entered.get(at)).text
    assert (await send(entered, f"{at}/delete")).status_code == 303
    assert (await entered.get(at)).status_code == 404
    assert (await entered.get(f"/console/integrations/{new_id()}")).status_code == 404


async def test_names_and_refusals_of_others_stay_text(entered: Any) -> None:
    made = await send(entered, "/console/integrations", kind="generic", name=HOSTILE[:100])
    path = address_in(made.text).removeprefix("http://test")
    await entered.post(path, content=HOSTILE)
    [integration] = (await entered.get("/api/integrations")).json()["integrations"]
    for page in (
        made.text,
        *[(await entered.get(f"/console/integrations{at}")).text for at in ("", f"/{integration['id']}")],
    ):
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "Refused" in (await entered.get("/console/integrations")).text


async def test_labels_are_read_as_people_type_them() -> None:
    assert labels_of(" a=b ,c = d=e,, ") == {"a": "b", "c": "d=e"}
    assert labels_of("") == {}
    for wrong in ("a", "=b", "a="):
        with pytest.raises(ValueError, match="is no label"):
            labels_of(wrong)
