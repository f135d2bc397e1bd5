"""Every route of the console, asked for what no page of it would ask: an answer for a person, never a failure of ours."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from monitors_contracts.base import new_id
from monitors_gateway.console.app import ROUTERS
from monitors_gateway.console.render import PATH

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = ("", "'\"><script>alert(1)</script>", "\x00\ud7ff", "../../etc/passwd", "-1", "NaN", "{{7*7}}", "x" * 5000)
LIVE = {"/events"}  # never ends
LEADS_OUT = {"/logout", "/account/data/delete", "/account/delete"}


def _routes() -> Iterator[tuple[str, str]]:
    for route in (each for router in ROUTERS for each in router.routes):
        if isinstance(route, APIRoute) and route.path not in LIVE | LEADS_OUT:
            for method in sorted(route.methods or ()):
                yield method, route.path


@pytest_asyncio.fixture(loop_scope="session")
async def fields(visitor: Any) -> dict[str, str]:
    """Somebody signed in, and the token of their forms."""
    form = {"name": "Robin", "email": f"fuzz-{new_id().hex}@example.com", "password": "Correct1horse"}
    reply = await visitor.post("/console/signup", data=form)
    assert reply.status_code == 303, reply.text
    found = re.search(r'name="csrf" content="([^"]+)"', (await visitor.get("/console/styleguide")).text)
    assert found
    return {"csrf": found[1]}


async def test_no_route_fails_on_what_nobody_would_send(visitor: Any, fields: dict[str, str]) -> None:
    routes = list(_routes())
    assert len(routes) > 40
    failed: list[str] = []
    for method, path in routes:
        for hostile in HOSTILE:
            for known in (str(new_id()), "no-id"):
                address = f"{PATH}{re.sub(r'{[^}]+}', known, path)}"
                if method == "GET":
                    names = (
                        *("q", "status", "sort", "cursor", "state", "severity", "prompt", "span", "show", "next"),
                        *("metric", "label", "match", "value", "by", "function", "percentile", "every", "query"),
                    )
                    reply = await visitor.get(address, params=dict.fromkeys(names, hostile[:300]))
                else:
                    names = (
                        "name",
                        "prompt",
                        "id",
                        "url",
                        "kind",
                        "text",
                        "note",
                        "place",
                        "snapshot",
                        "type",
                        "value",
                    )
                    reply = await visitor.request(method, address, data=fields | dict.fromkeys(names, hostile))
                if reply.status_code >= 500:
                    failed.append(f"{method} {address} {hostile[:20]!r}: {reply.status_code} {reply.text[-300:]}")
                assert "<script>alert(1)</script>" not in reply.text
    assert not failed, "\n".join(failed[:20])


async def test_every_form_needs_its_token(visitor: Any, fields: dict[str, str]) -> None:
    assert fields
    open_to_all = {"/login", "/signup", "/theme"}
    for method, path in _routes():
        if method != "GET" and path not in open_to_all:
            address = f"{PATH}{re.sub(r'{[^}]+}', str(new_id()), path)}"
            reply = await visitor.request(method, address, data={"csrf": "made-up"})
            assert reply.status_code == 403, address


async def test_every_page_but_the_entry_needs_signing_in(visitor: Any) -> None:
    visitor.cookies.clear()
    for method, path in _routes():
        if method == "GET" and path not in {"/login", "/signup", "/styleguide"}:
            reply = await visitor.get(f"{PATH}{re.sub(r'{[^}]+}', str(new_id()), path)}")
            assert reply.status_code == 303, path
            assert reply.headers["location"].startswith(f"{PATH}/login"), path
