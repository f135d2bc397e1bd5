"""Things that name other things: in files by name, at the platform by id."""

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import BadInput

Thing = dict[str, Any]
Translate = Callable[[str, str], str]
"""The kind and the name (or id) of what is named -> what stands there instead."""

NAMING = ("contacts", "schedules", "policies")
"""Kinds whose members name others: contacts name channels, schedules contacts, policies all three."""
_TARGETS = {"channel": "channels", "contact": "contacts", "schedule": "schedules"}
_ONE = {kind: one for one, kind in _TARGETS.items()} | {"policies": "policy", "maintenance": "maintenance window"}


def translated(kind: str, thing: Thing, translate: Translate, key: str = "id") -> Thing:
    """The thing with every name in it translated; what has another shape stays as it is.

    Targets of policies are `{kind: schedule, name: Platform}` in files, and a route's `policyId` is its `policy`; `key`
    (`id` or `name`) says which of both is made.
    """
    match kind:
        case "contacts":
            return _in_list(thing, "channels", lambda name: _text("channels", name, translate))
        case "schedules":
            return _in_list(
                thing,
                "layers",
                lambda layer: _in_list(layer, "participants", lambda name: _text("contacts", name, translate)),
            )
        case "policies":
            return _in_list(
                thing,
                "steps",
                lambda step: _in_list(step, "targets", lambda target: _target(target, translate, key)),
            )
        case "status-pages":
            return _in_list(
                thing,
                "components",
                lambda component: _in_list(component, "windows", lambda name: _text("maintenance", name, translate)),
            )
        case "routing":
            return _route(thing, translate, key)
        case _:
            return thing


def id_of(ids: Mapping[str, Mapping[str, str]], owner: str) -> Translate:
    """Names to ids; ids stay. BadInput for a name that is nobody's."""

    def found(kind: str, name: str) -> str:
        if name not in ids[kind] and name not in ids[kind].values():
            raise BadInput(f"{owner!r} names {_ONE[kind]} {name!r}, which does not exist")
        return ids[kind].get(name, name)

    return found


def name_of(ids: Mapping[str, Mapping[str, str]]) -> Translate:
    """Ids to names."""
    names = {kind: {identifier: name for name, identifier in those.items()} for kind, those in ids.items()}
    return lambda kind, identifier: names[kind].get(identifier, identifier)


def _in_list(thing: Any, field: str, change: Callable[[Any], Any]) -> Any:
    if not isinstance(thing, dict) or not isinstance(thing.get(field), list):
        return thing
    return thing | {field: [change(each) for each in thing[field]]}


def _text(kind: str, name: Any, translate: Translate) -> Any:
    return translate(kind, name) if isinstance(name, str) else name


def _target(target: Any, translate: Translate, key: str) -> Any:
    if not isinstance(target, dict) or target.get("kind") not in _TARGETS:
        return target
    named = target.get("name", target.get("id"))
    rest = {field: value for field, value in target.items() if field not in ("name", "id")}
    return rest | {key: _text(_TARGETS[target["kind"]], named, translate)}


def _route(route: Any, translate: Translate, key: str) -> Any:
    for field in ("channels", "fallback"):
        route = _in_list(route, field, lambda name: _text("channels", name, translate))
    if isinstance(route, dict):
        policy = route.get("policy", route.get("policyId"))
        route = {field: value for field, value in route.items() if field not in ("policy", "policyId")}
        if policy is not None:
            route["policyId" if key == "id" else "policy"] = _text("policies", policy, translate)
    return _in_list(route, "routes", lambda child: _route(child, translate, key))
