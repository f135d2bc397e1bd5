"""Routes: which alerts are told where, together with which others, how soon and how often again."""

from difflib import get_close_matches
from typing import Annotated, Any, cast

from fastapi import APIRouter, Body
from pydantic import BeforeValidator, Field

from monitors_contracts.base import Model
from monitors_contracts.metrics import LabelName
from monitors_contracts.routing import Destinations, GetRouting, Route, RouteTree, Routing, SaveRouting, TestRouting
from monitors_contracts.times import Plannable

from ..http.callers import CallerDep, GatewayDep
from .audit import audited

router = APIRouter(prefix="/api/routing", tags=["routing"])

_ROOT = {
    "name": "root",
    "groupBy": ["service"],
    "groupWait": "30s",
    "groupInterval": "5m",
    "routes": [{"name": "night", "severities": ["critical"], "repeatInterval": "1h"}],
}


_KNOWN = {each.alias or name for name, each in Route.model_fields.items()} | Route.model_fields.keys()


def _spelled(root: object) -> object:
    """A misspelt `matchers` would make a route that takes every alert."""
    waiting: list[Any] = [root]
    while waiting:
        route = waiting.pop()
        if not isinstance(route, dict):
            continue  # for the model to judge
        fields = cast(dict[str, Any], route)
        if unknown := next((each for each in fields if each not in _KNOWN), None):
            like = get_close_matches(unknown, _KNOWN, 1)
            raise ValueError(f"a route has no {unknown!r}" + (f"; did you mean {like[0]!r}?" if like else ""))
        below = fields.get("routes")
        waiting += cast(list[Any], below) if isinstance(below, list) else []
    return root


GivenTree = Annotated[RouteTree, BeforeValidator(_spelled)]


class SaveRoutingRequest(Model):
    """The whole tree."""

    root: GivenTree
    expected_version: int | None = Field(default=None, description="Refuse when another version was saved meanwhile")


class TestRoutingRequest(Model):
    """An alert that there might be."""

    __test__ = False

    labels: dict[LabelName, str] = Field(max_length=100, examples=[{"severity": "critical", "service": "pay"}])
    root: GivenTree | None = Field(default=None, description="A tree that is not saved; the saved one when absent")
    at: Plannable | None = Field(default=None, description="When; now when absent")


class RoutingReply(Model):
    """The tree after the change."""

    success: bool = True
    routing: Routing


@router.get("")
async def get_routing(caller: CallerDep, gateway: GatewayDep) -> Routing:
    """The tree. Version 0 is the one that everybody begins with: all alerts to all channels, each at once."""
    return await gateway.runtime.ask(GetRouting(organization_id=caller.organization_id))


@router.put("")
async def save_routing(
    body: Annotated[SaveRoutingRequest, Body(openapi_examples={"services": {"value": {"root": _ROOT}}})],
    caller: CallerDep,
    gateway: GatewayDep,
) -> RoutingReply:
    """Put a tree in place of the one there is. What fires goes where the new one leads, from now on."""
    routing = await gateway.runtime.ask(
        SaveRouting(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            root=body.root,
            expected_version=body.expected_version,
        )
    )
    await audited(gateway, caller, "routing.update", caller.organization_id)
    return RoutingReply(routing=routing)


@router.post("/test")
async def test_routing(body: TestRoutingRequest, caller: CallerDep, gateway: GatewayDep) -> Destinations:
    """Where would an alert with these labels go, and what would hold it back?"""
    return await gateway.runtime.ask(
        TestRouting(organization_id=caller.organization_id, labels=body.labels, root=body.root, at=body.at)
    )
