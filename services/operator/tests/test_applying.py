"""What `monitors apply` does in which order, and what it says when it stops half-way."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors_operator.as_code import carrying, documents, planning
from monitors_operator.client import ApiProblem

CPU = {"name": "CPU busy", "kind": "threshold", "metric": "cpu", "warning": 80}
BOTH = {"name": "Both", "kind": "composite", "operator": "or", "rules": ["CPU busy", "Nightly"]}
NIGHTLY = {"name": "Nightly", "period": "1d"}
_IDS = {"rules": {"CPU busy": "1", "Both": "2"}, "heartbeats": {"Nightly": "3"}}


def known(**things: list[dict[str, Any]]) -> planning.Known:
    """What the platform has of these kinds."""
    named = {kind: {each["name"]: each for each in things.get(kind, ())} for kind in documents.KINDS}
    ids = {kind: {name: _IDS[kind][name] for name in members} for kind, members in named.items()}
    return planning.Known(named, ids)


def write(folder: Path, content: Any) -> Path:
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file


def test_a_composite_when_pruned_with_its_parts_then_goes_first(tmp_path: Path) -> None:
    wanted = documents.read(
        [write(tmp_path, {"rules": [CPU | {"name": "A"}], "heartbeats": [NIGHTLY | {"name": "B"}]})]
    )
    has = known(rules=[CPU, BOTH], heartbeats=[NIGHTLY])
    changes = carrying.in_order(planning.plan(wanted, has, prune=True), has)
    assert [f"{each.action} {each.name}" for each in changes] == [
        *("create B", "create A"),
        *("delete Both", "delete CPU busy", "delete Nightly"),
    ]


class Refusing:
    """An API that makes every rule except those of this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def post(self, _: str, body: dict[str, Any]) -> Any:
        if body["name"] == self.name:
            raise ApiProblem(422, {"title": "The rule makes no sense", "detail": "It does not."})
        return {"rule": {"id": body["name"]}}

    def delete(self, _: str) -> Any:
        raise ApiProblem(409, {"title": "The rule is in use", "detail": "By 'Both'."})


@pytest.mark.parametrize(("among", "line"), [("rules", 6), ("heartbeats", 2)])
def test_files_when_the_platform_refuses_a_thing_then_it_is_named_with_its_place(
    tmp_path: Path, among: str, line: int
) -> None:
    things = {"rules": [CPU], "heartbeats": [NIGHTLY]}
    if among == "rules":
        things = {"rules": [CPU, NIGHTLY | {"kind": "heartbeat"}]}
    else:
        things = {"heartbeats": [NIGHTLY], "rules": [CPU]}
    file = write(tmp_path, things)
    wanted, has = documents.read([file]), known()
    changes = planning.plan(wanted, has)
    platform: Any = Refusing("Nightly")
    with pytest.raises(carrying.Stopped) as stopped:
        list(carrying.made(platform, changes, wanted, has, [file]))
    assert str(stopped.value) == (
        f"{file}:{line}: heartbeat 'Nightly' was not made; 0 of 2 changes were made. "
        "The rule makes no sense: It does not."
    )
    assert stopped.value.exit_code == 2
    platform = Refusing("CPU busy")
    done: list[planning.Change] = []
    with pytest.raises(carrying.Stopped, match=r"rule 'CPU busy' was not made; 1 of 2 changes were made\."):
        done.extend(carrying.made(platform, changes, wanted, has, [file]))


def test_a_removal_when_refused_then_names_what_it_was(tmp_path: Path) -> None:
    file = write(tmp_path, {"rules": [CPU | {"name": "A"}]})
    wanted, has = documents.read([file]), known(rules=[CPU])
    changes = planning.plan(wanted, has, prune=True)
    platform: Any = Refusing("")
    with pytest.raises(carrying.Stopped) as stopped:
        list(carrying.made(platform, changes, wanted, has, [file]))
    assert str(stopped.value) == (
        "rule 'CPU busy' was not deleted; 1 of 2 changes were made. The rule is in use: By 'Both'."
    )
    assert stopped.value.exit_code == 1
