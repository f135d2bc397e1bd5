"""What is to be done so that the platform is as the files say, and doing it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from monitors_contracts.silences import SilenceSpec

from ..client import Api
from ..errors import BadInput
from .documents import KINDS, Thing, Things, normal
from .naming import NAMING, id_of, name_of, translated

_HIDDEN = {"channels": {"secret", "url"}, "targets": {"headers"}}
"""What the platform does not show again, so that it can't be compared."""
_FILLED_IN = {"silences": {"author", "startsAt"}}
"""What the platform says where a file says nothing."""
_ONE = {
    "channels": "channel",
    "contacts": "contact",
    "schedules": "schedule",
    "policies": "policy",
    "targets": "target",
    "uptime": "uptime check",
    "heartbeats": "heartbeat",
    "rules": "rule",
    "silences": "silence",
    "maintenance": "maintenance window",
    "inhibitions": "inhibition rule",
    "status-pages": "status page",
    "routing": "routes of",
}
_MANY = {kind: f"{one}s" for kind, one in _ONE.items()} | {"policies": "policies"}
_PATHS = {kind: f"/api/{kind}" for kind in KINDS} | {"heartbeats": "/api/rules"}
_WHOLE = {
    "uptime": "check",
    "heartbeats": "rule",
    "rules": "rule",
    "silences": "silence",
    "maintenance": "window",
    "inhibitions": "inhibition",
    "status-pages": "page",
    "routing": "routing",
} | {kind: _ONE[kind] for kind in NAMING}
"""Kinds that are made, and replaced, as a whole; by the name of what the platform answers with."""
_OWN = {"id", "version", "createdAt", "updatedAt", "calendarUrl"}
"""What the platform says of a thing beside what was given."""
_LASTING = ["active", "pending"]
_SILENCE_FIELDS = [field.alias or name for name, field in SilenceSpec.model_fields.items()]
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
    """What the platform has, and the ids by kind and name.

    Things of a kind that share a name are in `shared`, by kind and name; among the ids each stands under its own, by
    which files may still name it.
    """

    things: Things
    ids: dict[str, dict[str, str]]
    shared: dict[str, dict[str, list[Thing]]] = field(default_factory=dict[str, dict[str, list[Thing]]])

    def everything(self) -> dict[str, list[Thing]]:
        """All things by kind; those that share a name come last."""
        alike = {kind: [each for those in names.values() for each in those] for kind, names in self.shared.items()}
        return {kind: [*those.values(), *alike.get(kind, ())] for kind, those in self.things.items()}

    def alike(self, kinds: Iterable[str]) -> Iterator[str]:
        """What of these kinds shares names, in words: `two channels are called 'Ops'`."""
        for kind in kinds:
            for name, those in self.shared.get(kind, {}).items():
                yield _alike(kind, name, len(those))

    def tell_apart(self, kind: str, name: str) -> str:
        """The name. Raises BadInput where several things of the kind have it, because files could not tell them apart."""
        if those := self.shared.get(kind, {}).get(name):
            raise BadInput(f"{_alike(kind, name, len(those))}: rename one before files can speak of them")
        return name


def known(api: Api) -> Known:
    """All that the platform has."""
    things: Things = {}
    ids: dict[str, dict[str, str]] = {}
    shared: dict[str, dict[str, list[Thing]]] = {}
    listed = _listed(api)
    names = _unique_names({each["id"]: each["name"] for kind in JUDGING for each in listed[kind]})
    for kind in KINDS:
        things[kind], shared[kind], ids[kind] = {}, {}, _ids(listed[kind])
        for each in listed[kind]:
            name = each["name"]
            given = translated(kind, _as_given(kind, each, names), name_of(ids), key="name")
            if name in ids[kind]:
                things[kind][name] = normal(kind, given)
            else:
                shared[kind].setdefault(name, []).append(normal(kind, given))
    return Known(things, ids, shared)


def _shared(members: list[Thing]) -> dict[str, list[Thing]]:
    """Those of a name that is not theirs alone, by name."""
    names = Counter(each["name"] for each in members)
    return {name: [each for each in members if each["name"] == name] for name, count in names.items() if count > 1}


def _ids(members: list[Thing]) -> dict[str, str]:
    """Ids by name; those that share a name stand under their own ids."""
    ids: list[str] = [each["id"] for each in members]
    names = _unique_names({each["id"]: each["name"] for each in members})
    return {names.get(each, each): each for each in ids}


def _listed(api: Api) -> dict[str, list[Thing]]:
    """The members of each kind, oldest first, with id and name. A check's own rule comes and goes with its check."""
    checks = _by_spec(api.get("/api/uptime")["checks"])
    of_checks = {check["id"] for check in checks}
    rules = [rule for rule in reversed(api.every("/api/rules", "rules")) if rule["id"] not in of_checks]
    return {
        "channels": api.get("/api/channels")["channels"],
        **{kind: api.get(f"/api/{kind}")[kind] for kind in NAMING},
        "targets": api.get("/api/targets")["targets"],
        "uptime": checks,
        "heartbeats": [rule for rule in rules if rule["spec"]["kind"] == "heartbeat"],
        "rules": [rule for rule in rules if rule["spec"]["kind"] != "heartbeat"],
        "silences": [each for each in api.every("/api/silences", "silences", state=_LASTING) if each["name"]],
        "maintenance": _by_spec(api.get("/api/maintenance")["windows"]),
        "inhibitions": _by_spec(api.get("/api/inhibitions")["rules"]),
        "status-pages": _by_spec(api.get("/api/status-pages")["pages"]),
        "routing": [routing["root"] | {"id": ""}] if (routing := api.get("/api/routing"))["version"] else [],
    }


def _lasting(silences: dict[str, Thing], now: datetime) -> dict[str, Thing]:
    """Those that are not over: files may keep the others."""
    ends = {name: SilenceSpec.model_validate(each).ends_at for name, each in silences.items()}
    return {name: each for name, each in silences.items() if (end := ends[name]) and end > now}


def _by_spec(members: list[Thing]) -> list[Thing]:
    return [each | {"name": each["spec"]["name"]} for each in members]


def plan(wanted: Things, has: Known, *, prune: bool = False) -> list[Change]:
    """The changes, in the order in which they can be made; with `prune`, what no file speaks of is removed.

    Of kinds that the files say nothing about, nothing is removed. Raises BadInput for what names something that is nowhere,
    and for a name that several things have, where the files say it or `prune` would go by it.
    """
    wanted = wanted | {"silences": _lasting(wanted["silences"], datetime.now(UTC))}
    refuse_shared(wanted, has, KINDS)
    for kind in KINDS if prune else ():
        for name in has.shared.get(kind, {}) if wanted[kind] else ():
            has.tell_apart(kind, name)
    there = {kind: dict.fromkeys(wanted[kind], "") | has.ids[kind] for kind in KINDS}
    for kind in (*NAMING, "rules", "status-pages", "routing"):
        for thing in wanted[kind].values():
            _body(kind, thing, there)
    changes: list[Change] = []
    for kind in KINDS:
        for name, thing in _parts_first(wanted[kind]):
            if kind == "routing" and (before := next(iter(has.things[kind].values()), None)):
                if differs := _difference(kind, before, thing):
                    changes.append(Change("update", kind, name, *differs))
            elif name not in has.things[kind]:
                changes.append(Change("create", kind, name, after=thing))
            elif differs := _difference(kind, has.things[kind][name], thing):
                changes.append(Change("update", kind, name, *differs, id=has.ids[kind][name]))
    if prune:
        for kind in reversed([kind for kind in KINDS if kind != "routing"]):
            gone = [name for name in has.things[kind] if name not in wanted[kind]] if wanted[kind] else []
            changes += [Change("delete", kind, name, id=has.ids[kind][name]) for name in gone]
    return changes


def refuse_shared(wanted: Things, has: Known, kinds: Iterable[str]) -> None:
    """Raises BadInput where things of these kinds have, or name, what several things at the platform are called."""
    for kind in kinds:
        for name, thing in wanted[kind].items():
            has.tell_apart(kind, name)
            translated(kind, thing, has.tell_apart, key="name")
            parts: list[str] = thing["rules"] if kind == "rules" and thing.get("kind") == "composite" else []
            for part in parts:
                for judging in JUDGING:
                    has.tell_apart(judging, part)


def carry_out(api: Api, changes: list[Change], wanted: Things, has: Known) -> Iterator[Change]:
    """Make the changes, one after the other; each as it is done."""
    ids = {kind: dict(has.ids[kind]) for kind in KINDS}
    for change in changes:
        path = _PATHS[change.kind]
        if change.kind == "routing":
            api.put(path, {"root": _body(change.kind, wanted[change.kind][change.name], ids)})
        elif change.action == "delete" and change.kind == "silences":
            api.post(f"{path}/{change.id}/expire")
        elif change.action == "delete":
            api.delete(f"{path}/{change.id}")
        elif change.kind == "silences":
            # Who wrote it into a file means it, however much it hides.
            of = path if change.action == "create" else f"{path}/{change.id}"
            (api.post if change.action == "create" else api.put)(f"{of}?confirm=true", wanted["silences"][change.name])
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


def ready(api: Api, kind: str, thing: Thing) -> Thing:
    """A thing of a file as the platform takes it, with the ids of what it names. Raises BadInput."""
    listed = {each: api.get(f"/api/{each}")[each] for each in ("channels", *NAMING)}
    shared = {each: _shared(those) for each, those in listed.items()}
    translated(kind, thing, Known({}, {}, shared).tell_apart, key="name")
    return _body(kind, thing, {each: _ids(those) for each, those in listed.items()})


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
    hidden = hidden | (_FILLED_IN.get(kind, set[str]()) - wanted.keys()) | ({"address"} - has.keys())
    names = {name for name in (has.keys() | wanted.keys()) - hidden if has.get(name) != wanted.get(name)}
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
    if kind in NAMING or kind == "routing":
        return {name: value for name, value in each.items() if name not in _OWN}
    if kind == "silences":
        return {name: each[name] for name in _SILENCE_FIELDS if each.get(name) is not None}
    if kind in _WHOLE:
        return each["spec"]
    if kind == "channels":
        where = {"email": "address", "webhook": "url"}.get(each["kind"])
        given = {"kind": each["kind"], "name": each["name"], "isActive": each["isActive"]}
        return given | ({where: each["target"]} if where else {})
    return {name: each[name] for name in ("url", "name", "intervalSeconds", "labels", "isActive")}


def _alike(kind: str, name: str, number: int) -> str:
    return f"{'two' if number == 2 else number} {_MANY[kind]} are called {name!r}"


def _shown(value: Any) -> str:
    return "(default)" if value is None else str(value)
