"""Routes in the console: drawn, tried, changed one by one."""

import re
from typing import Any

import pytest
import pytest_asyncio

from monitors_contracts.routing import Route
from monitors_gateway.console.views.route_form import Typed, asked_of, typed_of
from monitors_gateway.domain import route_tree

TREE = Route.model_validate(
    {
        "name": "root",
        "routes": [
            {"name": "a", "routes": [{"name": "a1"}, {"name": "a2"}]},
            {"name": "b", "channels": [], "repeatInterval": "1h"},
        ],
    }
)


def names(root: Route) -> list[str]:
    return [each.name for each in route_tree.all_routes(root)]


def test_a_tree_when_one_route_changes_then_all_others_stay() -> None:
    more = route_tree.added(TREE, "a", Route(name="a3"))
    assert names(more) == ["root", "a", "a1", "a2", "a3", "b"]
    assert names(route_tree.removed(more, "a2")) == ["root", "a", "a1", "a3", "b"]
    assert names(route_tree.removed(TREE, "a")) == ["root", "b"]
    assert names(route_tree.earlier(TREE, "b")) == ["root", "b", "a", "a1", "a2"]
    assert names(route_tree.earlier(TREE, "a2")) == ["root", "a", "a2", "a1", "b"]
    assert names(route_tree.earlier(TREE, "a")) == names(TREE)
    renamed = route_tree.replaced(TREE, "a", Route(name="c", group_wait=5))
    assert names(renamed) == ["root", "c", "a1", "a2", "b"]
    assert route_tree.found(renamed, "b") == TREE.routes[1]
    for change in (route_tree.removed, route_tree.earlier, route_tree.found):
        with pytest.raises(KeyError):
            change(TREE, "nowhere")
    with pytest.raises(KeyError):
        route_tree.removed(TREE, "root")


@pytest.mark.parametrize(
    "route",
    [
        {"name": "x"},
        {"name": "x", "matchers": 'a="b", c=~"d|e"', "severities": ["critical"], "continue": True},
        {"name": "x", "channels": ["019aaa00-0000-7000-8000-000000000001"], "fallback": []},
        {"name": "x", "channels": [], "policyId": "019aaa00-0000-7000-8000-000000000002"},
        {"name": "x", "groupBy": ["..."], "groupWait": 0, "repeatInterval": "4h30m"},
        {"name": "x", "groupBy": [], "limit": {"notices": 5, "per": 90}},
        {"name": "x", "groupBy": ["service", "env"], "activeHours": []},
        {
            "name": "x",
            "activeHours": [
                {"days": ["monday", "sunday"], "start": "22:00", "end": "06:30", "timezone": "Europe/Berlin"},
                {"start": "12:00"},
            ],
        },
    ],
)
def test_a_route_when_shown_in_its_form_and_saved_then_is_the_same(route: dict[str, Any]) -> None:
    made = Route.model_validate(route)
    asked, errors = asked_of(typed_of(made))
    assert errors == {}
    assert Route.model_validate(asked) == made.model_copy(update={"fallback": made.fallback or None})


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("matchers", "host"),
        ("matchers", 'host=~"("'),
        ("group_wait", "soon"),
        ("hours", "mon 9-17"),
        ("hours", "t 09:00-17:00"),
    ],
)
def test_a_form_when_a_field_makes_no_sense_then_says_so_there(field: str, text: str) -> None:
    assert field in asked_of(Typed({"name": "x", field: text}, {}))[1]


@pytest_asyncio.fixture(loop_scope="session")
async def entered(robin: Any) -> Any:
    """Somebody signed in, at the API and at the console, with `csrf` for forms."""
    reply = await robin.post(
        "/console/login",
        data={"email": robin.user["email"], "password": "Correct1horse"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert reply.status_code == 303, reply.text
    assert (await robin.put("/api/routing", json={"root": {"name": "root"}})).status_code == 200
    html = (await robin.get("/console/routes")).text
    robin.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', html)[0]
    return robin


async def send(browser: Any, path: str, **fields: Any) -> Any:
    headers = {"referer": "http://test/console/routes", "host": "test"}
    return await browser.post(path, data={"csrf": browser.csrf, **fields}, headers=headers)


def version_of(html: str) -> str:
    return re.findall(r'name="version" value="(\d+)"', html)[0]


@pytest.mark.integration
@pytest.mark.asyncio(loop_scope="session")
async def test_routes_are_added_tried_edited_moved_and_deleted(entered: Any) -> None:
    begun = await entered.get("/console/routes")
    assert begun.status_code == 200, begun.text
    assert "Where would this alert go?" in begun.text
    for name, matchers in (("databases", 'host=~"db-.*"'), ("shop", "service=shop")):
        path = "/console/routes/new?under=root"
        version = version_of((await entered.get(path)).text)
        saved = await send(
            entered, path, version=version, name=name, matchers=matchers, group_wait="30s", tells="above"
        )
        assert saved.status_code == 303, saved.text
    tried = (await entered.get("/console/routes", params={"labels": "host=db-1, severity=warning"})).text
    assert "The alert comes here" in tried
    assert "root › databases" in tried
    assert "gathers for 30 s" in tried
    assert "Write labels with their values" in (await entered.get("/console/routes", params={"labels": "host"})).text

    path = "/console/routes/shop/edit"
    form = (await entered.get(path)).text
    assert "service=&#34;shop&#34;" in form
    bad = await send(entered, path, version=version_of(form), name="databases", matchers="a=b")
    assert bad.status_code == 422
    assert "two routes are called" in bad.text
    late = await send(entered, path, version="1", name="shop")
    assert late.status_code == 422
    assert "was saved meanwhile" in late.text
    assert (await send(entered, "/console/routes/shop/earlier")).status_code == 303
    page = (await entered.get("/console/routes")).text
    assert page.index('id="route-shop"') < page.index('id="route-databases"')
    assert (await send(entered, "/console/routes/shop/delete")).status_code == 303
    assert "route-shop" not in (await entered.get("/console/routes")).text
    assert (await entered.get("/console/routes/shop/edit")).status_code == 404
