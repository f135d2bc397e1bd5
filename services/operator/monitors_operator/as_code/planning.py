"""What is to be done so that the platform is as the files say, and doing it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..client import Api
from ..errors import BadInput
from .documents import KINDS, Thing, Things, normal
from .naming import NAMING, id_of, name_of, translated

_HIDDEN = {"channels": {"secret", "url"}, "targets": {"headers"}}
"""What the platform does not show again, so that it can't be compared."""
_ONE = {
    "channels": "channel",
    "contacts": "contact",
    "schedules": "schedule",
    "policies": "policy",
    "targets": "target",
    "uptime": "uptime check",
    "heartbeats": "heartbeat",
    "rules": "rule",
}
_PATHS = {kind: f"/api/{kind}" for kind in KINDS} | {"heartbeats": "/api/rules"}
_WHOLE = {"uptime": "check", "heartbeats": "rule", "rules": "rule"} | {kind: _ONE[kind] for kind in NAMING}
"""Kinds that are made, and replaced, as a whole; by the name of what the platform answers with."""
_OWN = {"id", "version", "createdAt", "updatedAt", "calendarUrl"}
"""What the platform says of a thing beside what was given."""
JUDGING = ("uptime", "heartbeats", "rules")
"""Kinds whose members a composite rule may name."""


@dataclass(frozen=True)
class Change:
    """One thing to make, change or remove. `before` and `after` hold what differs."""

    action: Literal["create", "update", "delete"]
    kind: str
    name: str
    before: Thing = field(default_factory=dict[str, Any])
    after: Thing = field(default_factory=dict[str, Any])
    id: str = ""

    def lines(self) -> Iterator[str]:
        """The change as a difference."""
        sign = {"create": "+", "update": "~", "delete": "-"}[self.action]
        yield f"{sign} {_ONE[self.kind]} {self.name!r}"
        if self.action == "update":
            for name in sorted(self.before.keys() | self.after.keys()):
                yield f"    {name}: {_shown(self.before.get(name))} -> {_shown(self.after.get(name))}"


@dataclass(frozen=True)
class Known:
    """What the platform has, and the ids by kind and name."""

    things: Things
    ids: dict[str, dict[str, str]]


def known(api: Api) -> Known:
    """All that the platform has. Raises BadInput for a name that two things share: files could not tell them apart."""
    things: Things = {}
    ids: dict[str, dict[str, str]] = {}
    listed = _listed(api)
    names = _unique_names({each["id"]: each["name"] for kind in JUDGING for each in listed[kind]})
    for kind in KINDS:
        things[kind], ids[kind] = {}, {}
        for each in listed[kind]:
            name = each["name"]
            if name in things[kind]:
                raise BadInput(f"two {kind} are called {name!r}: rename one before files can speak of them")
            ids[kind][name] = each["id"]
            given = translated(kind, _as_given(kind, each, names), name_of(ids), key="name")
            things[kind][name] = normal(kind, given)
    return Known(things, ids)


def _listed(api: Api) -> dict[str, list[Thing]]:
    """The members of each kind, oldest first, with id and name. A check's own rule comes and goes with its check."""
    checks = [each | {"name": each["spec"]["name"]} for each in api.get("/api/uptime")["checks"]]
    of_checks = {check["id"] for check in checks}
    rules = [rule for rule in reversed(api.every("/api/rules", "rules")) if rule["id"] not in of_checks]
    return {
        "channels": api.get("/api/channels")["channels"],
        **{kind: api.get(f"/api/{kind}")[kind] for kind in NAMING},
        "targets": api.get("/api/targets")["targets"],
        "uptime": checks,
        "heartbeats": [rule for rule in rules if rule["spec"]["kind"] == "heartbeat"],
        "rules": [rule for rule in rules if rule["spec"]["kind"] != "heartbeat"],
    }


def plan(wanted: Things, has: Known, *, prune: bool = False) -> list[Change]:
    """The changes, in the order in which they can be made; with `prune`, what no file speaks of is removed.

    Of kinds that the files say nothing about, nothing is removed. Raises BadInput for what names something that is nowhere.
    """
    there = {kind: dict.fromkeys(wanted[kind], "") | has.ids[kind] for kind in KINDS}
    for kind in (*NAMING, "rules"):
        for thing in wanted[kind].values():
            _body(kind, thing, there)
    changes: list[Change] = []
    for kind in KINDS:
        for name, thing in _parts_first(wanted[kind]):
            if name not in has.things[kind]:
                changes.append(Change("create", kind, name, after=thing))
            elif differs := _difference(kind, has.things[kind][name], thing):
                changes.append(Change("update", kind, name, *differs, id=has.ids[kind][name]))
    if prune:
        for kind in reversed(KINDS):
            gone = [name for name in has.things[kind] if name not in wanted[kind]] if wanted[kind] else []
            changes += [Change("delete", kind, name, id=has.ids[kind][name]) for name in gone]
    return changes


def carry_out(api: Api, changes: list[Change], wanted: Things, has: Known) -> Iterator[Change]:
    """Make the changes, one after the other; each as it is done."""
    ids = {kind: dict(has.ids[kind]) for kind in KINDS}
    for change in changes:
        path = _PATHS[change.kind]
        if change.action == "delete":
            api.delete(f"{path}/{change.id}")
        elif change.kind in _WHOLE:
            body = _body(change.kind, wanted[change.kind][change.name], ids)
            if change.action == "create":
                ids[change.kind][change.name] = api.post(path, body)[_WHOLE[change.kind]]["id"]
            else:
                api.put(f"{path}/{change.id}", body)
        elif change.action == "create":
            ids[change.kind][change.name] = api.post(path, change.after)[_ONE[change.kind]]["id"]
        else:
            fixed = change.after.keys() & {"kind", "address"}
            if change.kind == "channels" and fixed:
                raise BadInput(f"channel {change.name!r} can't be sent elsewhere: remove it, or use another name")
            api.patch(f"{path}/{change.id}", change.after)
        yield change


def _body(kind: str, thing: Thing, ids: Mapping[str, Mapping[str, str]]) -> Thing:
    if kind == "heartbeats":
        return thing | {"kind": "heartbeat"}
    if kind == "rules":
        return with_ids(thing, {each: ids[each] for each in JUDGING})
    return translated(kind, thing, id_of(ids, thing["name"]))


def with_ids(rule: Thing, ids: Mapping[str, Mapping[str, str]]) -> Thing:
    """The rule with the ids of those it is made of, which are given by kind and name, or are ids already.

    Raises BadInput for a name that is nobody's, or that of several.
    """
    if rule.get("kind") != "composite":
        return rule
    parts: list[str] = []
    members: list[str] = rule["rules"]
    for name in members:
        found = [those[name] for those in ids.values() if name in those]
        if len(found) > 1:
            kinds = " and ".join(_ONE[kind] for kind, those in ids.items() if name in those)
            raise BadInput(f"rule {rule['name']!r} is made of {name!r}, which is the name of {kinds}: rename one")
        if not found and not any(name in those.values() for those in ids.values()):
            raise BadInput(f"rule {rule['name']!r} is made of {name!r}, which is no rule, heartbeat or uptime check")
        parts.append(found[0] if found else name)
    return rule | {"rules": parts}


def _unique_names(names: dict[str, str]) -> dict[str, str]:
    """Names by id, without those that several share: these stay ids."""
    shared = Counter(names.values())
    return {each: name for each, name in names.items() if shared[name] == 1}


def _parts_first(things: dict[str, Thing]) -> list[tuple[str, Thing]]:
    return sorted(things.items(), key=lambda item: item[1].get("kind") == "composite")


def _difference(kind: str, has: Thing, wanted: Thing) -> tuple[Thing, Thing] | None:
    hidden = _HIDDEN.get(kind, set[str]())
    names = {name for name in (has.keys() | wanted.keys()) - hidden if has.get(name) != wanted.get(name)} - (
        {"address"} if "address" not in has else set[str]()
    )
    if not names:
        return None
    defaults = {"isActive": True, "intervalSeconds": 30, "labels": {}} if kind not in _WHOLE else {}
    return (
        {name: has[name] for name in names if name in has},
        {name: wanted[name] if name in wanted else defaults.get(name) for name in names},
    )


def _as_given(kind: str, each: Thing, names: dict[str, str]) -> Thing:
    if kind == "rules":
        spec: Thing = each["spec"]
        parts = [names.get(part, part) for part in spec.get("rules", ())]
        return spec | ({"rules": parts} if spec["kind"] == "composite" else {})
    if kind in NAMING:
        return {name: value for name, value in each.items() if name not in _OWN}
    if kind in _WHOLE:
        return each["spec"]
    if kind == "channels":
        where = {"email": "address", "webhook": "url"}.get(each["kind"])
        given = {"kind": each["kind"], "name": each["name"], "isActive": each["isActive"]}
        return given | ({where: each["target"]} if where else {})
    return {name: each[name] for name in ("url", "name", "intervalSeconds", "labels", "isActive")}


def _shown(value: Any) -> str:
    return "(default)" if value is None else str(value)
