"""What is to be done so that the platform is as the files say, and doing it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from ..client import Api
from ..errors import BadInput
from .documents import KINDS, Thing, Things, normal

_HIDDEN = {"channels": {"secret", "url"}, "targets": {"headers"}, "rules": set[str]()}
"""What the platform does not show again, so that it can't be compared."""
_ONE = {"channels": "channel", "targets": "target", "rules": "rule"}


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
    of_checks = {check["id"] for check in api.get("/api/uptime")["checks"]}  # these come and go with their checks
    rules = [rule for rule in api.every("/api/rules", "rules") if rule["id"] not in of_checks]
    names = {rule["id"]: rule["name"] for rule in rules}
    listed = {
        "channels": api.get("/api/channels")["channels"],
        "targets": api.get("/api/targets")["targets"],
        "rules": rules,
    }
    for kind in KINDS:
        things[kind], ids[kind] = {}, {}
        for each in reversed(listed[kind]) if kind == "rules" else listed[kind]:
            name = each["name"]
            if name in things[kind]:
                raise BadInput(f"two {kind} are called {name!r}: rename one before files can speak of them")
            ids[kind][name] = each["id"]
            things[kind][name] = normal(kind, _as_given(kind, each, names), name)
    return Known(things, ids)


def plan(wanted: Things, has: Known, *, prune: bool = False) -> list[Change]:
    """The changes, in the order in which they can be made; with `prune`, what no file speaks of is removed.

    Of kinds that the files say nothing about, nothing is removed.
    """
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
    rule_ids = dict(has.ids["rules"])
    for change in changes:
        path = f"/api/{change.kind}"
        if change.action == "delete":
            api.delete(f"{path}/{change.id}")
        elif change.kind == "rules":
            body = with_ids(wanted["rules"][change.name], rule_ids)
            if change.action == "create":
                rule_ids[change.name] = api.post(path, body)["rule"]["id"]
            else:
                api.put(f"{path}/{change.id}", body)
        elif change.action == "create":
            api.post(path, change.after)
        else:
            fixed = change.after.keys() & {"kind", "address"}
            if change.kind == "channels" and fixed:
                raise BadInput(f"channel {change.name!r} can't be sent elsewhere: remove it, or use another name")
            api.patch(f"{path}/{change.id}", change.after)
        yield change


def with_ids(rule: Thing, ids: dict[str, str]) -> Thing:
    """The rule with the ids of those it is made of. Raises BadInput for a name that is nobody's."""
    if rule.get("kind") != "composite":
        return rule
    parts: list[str] = []
    members: list[str] = rule["rules"]
    for name in members:
        if name not in ids and name not in ids.values():
            raise BadInput(f"rule {rule['name']!r} is made of {name!r}, which is no rule")
        parts.append(ids.get(name, name))
    return rule | {"rules": parts}


def _parts_first(things: dict[str, Thing]) -> list[tuple[str, Thing]]:
    return sorted(things.items(), key=lambda item: item[1].get("kind") == "composite")


def _difference(kind: str, has: Thing, wanted: Thing) -> tuple[Thing, Thing] | None:
    names = {name for name in (has.keys() | wanted.keys()) - _HIDDEN[kind] if has.get(name) != wanted.get(name)} - (
        {"address"} if "address" not in has else set[str]()
    )
    if not names:
        return None
    defaults = {"isActive": True, "intervalSeconds": 30, "labels": {}} if kind != "rules" else {}
    return (
        {name: has[name] for name in names if name in has},
        {name: wanted[name] if name in wanted else defaults.get(name) for name in names},
    )


def _as_given(kind: str, each: Thing, rule_names: dict[str, str]) -> Thing:
    if kind == "rules":
        spec: Thing = each["spec"]
        parts = [rule_names.get(part, part) for part in spec.get("rules", ())]
        return spec | ({"rules": parts} if spec["kind"] == "composite" else {})
    if kind == "channels":
        where = {"email": "address", "webhook": "url"}.get(each["kind"])
        given = {"kind": each["kind"], "name": each["name"], "isActive": each["isActive"]}
        return given | ({where: each["target"]} if where else {})
    return {name: each[name] for name in ("url", "name", "intervalSeconds", "labels", "isActive")}


def _shown(value: Any) -> str:
    return "(default)" if value is None else str(value)
