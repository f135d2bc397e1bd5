"""Files of configuration: what they say, each thing by kind and name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from monitors_contracts.inhibition import InhibitionSpec
from monitors_contracts.maintenance import WindowSpec
from monitors_contracts.notifications import ChannelSpec
from monitors_contracts.oncall import ContactSpec, ScheduleSpec
from monitors_contracts.policies import PolicySpec
from monitors_contracts.routing import Route
from monitors_contracts.rules import HeartbeatRule, RuleSpec
from monitors_contracts.silences import SilenceSpec
from monitors_contracts.status_pages import StatusPageSpec
from monitors_contracts.targets import TargetSpec
from monitors_contracts.uptime import UptimeSpec

from ..errors import BadInput
from ..wrong import words_of
from .naming import translated

Thing = dict[str, Any]
Things = dict[str, dict[str, Thing]]
"""By kind, then by name."""
Place = tuple[str | int, ...]
"""The way to a part of a document: keys and positions."""

_SHAPES: dict[str, TypeAdapter[Any]] = {
    "channels": TypeAdapter(ChannelSpec),
    "contacts": TypeAdapter(ContactSpec),
    "schedules": TypeAdapter(ScheduleSpec),
    "policies": TypeAdapter(PolicySpec),
    "targets": TypeAdapter(TargetSpec),
    "uptime": TypeAdapter(UptimeSpec),
    "heartbeats": TypeAdapter(HeartbeatRule),
    "rules": TypeAdapter(RuleSpec),
    "silences": TypeAdapter(SilenceSpec),
    "maintenance": TypeAdapter(WindowSpec),
    "inhibitions": TypeAdapter(InhibitionSpec),
    "status-pages": TypeAdapter(StatusPageSpec),
    "routing": TypeAdapter(Route),
}
KINDS = tuple(_SHAPES)
"""In the order in which they are made: each may be made of what comes before it."""
_NO_ID = "01a00000-0000-7000-8000-000000000000"


class Unfit(BadInput):
    """A thing that makes no sense; `place` is where within it."""

    def __init__(self, place: Place, why: str) -> None:
        super().__init__(f"{'.'.join(map(str, place))}: {why}" if place else why)
        self.place = place


@dataclass(frozen=True)
class Document:
    """One YAML file: what it says, and where."""

    file: Path
    content: dict[str, Any]
    root: yaml.Node | None

    def at(self, *place: str | int) -> str:
        """`file:line` of a part, or of the nearest thing around it that is written."""
        line, node = 0, self.root
        for part in place:
            if (found := _member(node, part)) is None:
                break
            line, node = found
        return f"{self.file}:{line + 1}"


def read(paths: Iterable[Path]) -> Things:
    """What all files (`*.yml`, `*.yaml` of folders) say together. Raises BadInput with file and line for what makes no sense.

    Heartbeats may also stand among the rules, as they are. Routes are one tree, of which the first route is the member.
    """
    things: Things = {kind: {} for kind in KINDS}
    for file in _files(paths):
        document = parse(file)
        for section, members in document.content.items():
            if section not in KINDS:
                raise BadInput(f"{document.at(section)}: unknown {section!r}{meant(section, KINDS)}")
            if section == "routing":
                things[section] |= _tree(document, members, things[section])
                continue
            for number, thing in enumerate(_list_of(members, document, section)):
                kind = "heartbeats" if section == "rules" and thing.get("kind") == "heartbeat" else section
                name = thing.get("name")
                if not isinstance(name, str) or not name.strip():
                    raise BadInput(f"{document.at(section, number)}: one of the {section} has no name")
                if name in things[kind]:
                    raise BadInput(f"{document.at(section, number)}: {kind} has {name!r} twice")
                things[kind][name] = normal_of(document, kind, thing, section, number)
    return things


def _tree(document: Document, root: Any, before: dict[str, Thing]) -> dict[str, Thing]:
    if not isinstance(root, dict) or not isinstance(root.setdefault("name", "root"), str):
        raise BadInput(f"{document.at('routing')}: routing is one route, with the others in its `routes`")
    if before:
        raise BadInput(f"{document.at('routing')}: another file has routes already, and there is one tree of them")
    return {root["name"]: normal_of(document, "routing", root, "routing")}


def place_of(paths: Iterable[Path], kind: str, name: str) -> str | None:
    """`file:line` of the thing of this kind and name, of those that `read` finds; None where there is none."""
    for document in map(parse, _files(paths)):
        for section, members in document.content.items():
            for number, thing in enumerate(members if isinstance(members, list) else [members]):
                found = isinstance(thing, dict) and thing.get("name") == name
                among = "heartbeats" if section == "rules" and found and thing.get("kind") == "heartbeat" else section
                if found and among == kind:
                    return document.at(section, number) if isinstance(members, list) else document.at(section)
    return None


def load(file: Path) -> dict[str, Any]:
    """What one YAML file says, a mapping. Raises BadInput."""
    return parse(file).content


def parse(file: Path) -> Document:
    """One YAML file, a mapping. Raises BadInput."""
    try:
        loader = yaml.SafeLoader(file.read_text("utf-8"))
        root = loader.get_single_node()
        content: Any = loader.construct_document(root) if root else {}
    except OSError as failure:
        raise BadInput(f"can't read {file}: {failure.strerror}") from None
    except yaml.MarkedYAMLError as broken:
        line = f":{broken.problem_mark.line + 1}" if broken.problem_mark else ""
        raise BadInput(f"{file}{line} is no YAML: {broken.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise BadInput(f"{file} is no YAML: {' '.join(str(broken).split())[:300]}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{file} is no mapping")
    return Document(file, content, root)


def normal_of(document: Document, kind: str, thing: Thing, *place: str | int) -> Thing:
    """`normal` of what stands at this place of a document. Raises BadInput with file and line."""
    try:
        return normal(kind, thing)
    except Unfit as unfit:
        raise BadInput(f"{document.at(*place, *unfit.place)}: {thing.get('name')}: {unfit}") from None


def normal(kind: str, thing: Thing) -> Thing:
    """The thing as the platform would keep it: names spelled one way, defaults left out. Raises Unfit.

    What it names - rules of a composite, people of a schedule - stays named.
    """
    members = thing.get("rules")
    given = thing | ({"rules": [_NO_ID] * len(members)} if isinstance(members, list) and members else {})
    names: list[str] = []
    given = translated(kind, given, lambda _, name: names.append(name) or _NO_ID)
    if kind == "heartbeats":
        given = {"kind": "heartbeat"} | given
    try:
        made: BaseModel = _SHAPES[kind].validate_python(given)
    except ValidationError as wrong:
        error = wrong.errors(include_url=False, include_input=False)[0]
        place = tuple(part for part in error["loc"] if part != thing.get("kind"))
        raise Unfit(place, words_of(error, _given_at(thing, place))) from None
    for unknown in _unknown(given, made):
        raise unknown
    if isinstance(made, SilenceSpec) and made.for_ is not None:
        raise Unfit(("for",), "a silence in a file says when it ends: `endsAt`")
    if isinstance(members, list) and "rules" in type(made).model_fields:
        made = made.model_copy(update={"rules": members})
    written = made.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, warnings=False)
    if kind == "heartbeats":
        return {name: value for name, value in written.items() if name != "kind"}
    in_order = iter(names)
    written = translated(kind, written, lambda *_: next(in_order), key="name")
    return written | ({"kind": thing["kind"]} if "kind" in thing else {})


def written(things: Mapping[str, list[Thing]]) -> str:
    """The things of each kind as YAML."""
    listed: dict[str, Any] = {kind: members for kind, members in things.items() if members and kind != "routing"}
    for root in things.get("routing", ()):
        listed["routing"] = root
    return yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, width=120)


def _given_at(given: Any, place: Place) -> Any:
    """What stands at a place; None where nothing does."""
    for part in place:
        try:
            given = given[part]
        except (LookupError, TypeError):
            return None
    return given


def _unknown(given: Any, made: Any, place: Place = ()) -> Iterator[Unfit]:
    """What was given and is no field: the platform would pass over it in silence."""
    if isinstance(given, list) and isinstance(made, list):
        for number, (one, other) in enumerate(zip(given, made, strict=False)):
            yield from _unknown(one, other, (*place, number))
    if not isinstance(given, dict) or not isinstance(made, BaseModel):
        return
    aliases = {each.alias or name: name for name, each in type(made).model_fields.items()}
    for name, value in given.items():
        field = name if name in type(made).model_fields else aliases.get(name)
        if field is None:
            yield Unfit((*place, name), f"there is no such field{meant(name, aliases)}")
        else:
            yield from _unknown(value, getattr(made, field), (*place, name))


def meant(name: Any, known: Iterable[str]) -> str:
    """The end of an error about a name that is not among these: the one that is nearest, or all."""
    close = get_close_matches(str(name), known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def _member(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line of a member of a list or mapping, and the member."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key.start_mark.line, value
    return None


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(each for each in path.rglob("*") if each.suffix in (".yml", ".yaml") and each.is_file())
        else:
            files.append(path)
    if not files:
        raise BadInput("there is no .yml or .yaml file")
    return files


def _list_of(members: Any, document: Document, section: str) -> list[Thing]:
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise BadInput(f"{document.at(section)}: {section} is no list of mappings")
    return members
