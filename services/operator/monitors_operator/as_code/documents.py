"""Files of configuration: what they say, each thing by kind and name."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from monitors_contracts.notifications import ChannelSpec
from monitors_contracts.rules import RuleSpec
from monitors_contracts.targets import TargetSpec

from ..errors import BadInput

Thing = dict[str, Any]
Things = dict[str, dict[str, Thing]]
"""By kind (`rules`, `channels`, `targets`), then by name."""

_SHAPES: dict[str, TypeAdapter[Any]] = {
    "channels": TypeAdapter(ChannelSpec),
    "targets": TypeAdapter(TargetSpec),
    "rules": TypeAdapter(RuleSpec),
}
KINDS = tuple(_SHAPES)
"""In the order in which they are made."""
_NO_ID = "01a00000-0000-7000-8000-000000000000"


def read(paths: Iterable[Path]) -> Things:
    """What all files (`*.yml`, `*.yaml` of folders) say together. Raises BadInput with the file for what makes no sense."""
    things: Things = {kind: {} for kind in KINDS}
    for file in _files(paths):
        document = load(file)
        if unknown := sorted(document.keys() - things.keys()):
            raise BadInput(f"{file}: unknown {', '.join(unknown)}; known are {', '.join(KINDS)}")
        for kind, members in document.items():
            for thing in _list_of(members, f"{file}: {kind}"):
                name = thing.get("name")
                if not isinstance(name, str) or not name.strip():
                    raise BadInput(f"{file}: one of the {kind} has no name")
                if name in things[kind]:
                    raise BadInput(f"{file}: {kind} has {name!r} twice")
                things[kind][name] = normal(kind, thing, f"{file}: {name}")
    return things


def load(file: Path) -> dict[str, Any]:
    """One YAML file, a mapping. Raises BadInput."""
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except OSError as failure:
        raise BadInput(f"can't read {file}: {failure.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as broken:
        raise BadInput(f"{file} is no YAML: {' '.join(str(broken).split())[:300]}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput(f"{file} is no mapping")
    return document


def normal(kind: str, thing: Thing, where: str) -> Thing:
    """The thing as the platform would keep it: names spelled one way, defaults left out. Raises BadInput.

    Rules of a composite stay names.
    """
    members = thing.get("rules")
    given = thing | ({"rules": [_NO_ID] * len(members)} if isinstance(members, list) and members else {})
    try:
        made: BaseModel = _SHAPES[kind].validate_python(given)
    except ValidationError as wrong:
        error = wrong.errors(include_url=False, include_input=False)[0]
        path = [str(part) for part in error["loc"] if part != thing.get("kind")]
        raise BadInput(f"{where}: {'.'.join(path)}: {error['msg']}".replace(": : ", ": ")) from None
    if isinstance(members, list) and "rules" in type(made).model_fields:
        made = made.model_copy(update={"rules": members})
    written = made.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, warnings=False)
    return written | ({"kind": thing["kind"]} if "kind" in thing else {})


def written(things: Things) -> str:
    """The things as YAML."""
    listed = {kind: list(members.values()) for kind, members in things.items() if members}
    return yaml.safe_dump(listed, sort_keys=False, allow_unicode=True, width=120)


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


def _list_of(members: Any, where: str) -> list[Thing]:
    if not isinstance(members, list) or not all(isinstance(each, dict) for each in members):
        raise BadInput(f"{where} is no list of mappings")
    return members
