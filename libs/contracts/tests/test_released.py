"""What was released stays readable, and the check says so by name."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors_contracts import released
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.released import broken_messages, main, read_released
from monitors_contracts.schemas import all_schemas

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
NO_EXPLAINING = [phase for phase in Phase if phase is not Phase.explain]  # of a whole event: takes minutes
EVENT, REQUEST = "monitors.alert.triggered.v1.json", "requests/GetAlert.json"
RELEASED_EVENTS = sorted(name for name in read_released() if "/" not in name)


def test_nothing_released_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("name", RELEASED_EVENTS)
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW, phases=NO_EXPLAINING)
@given(data=st.data())
def test_whatever_the_released_schema_allows_the_model_of_now_reads(
    name: str, payloads: Any, data: st.DataObject
) -> None:
    payload = data.draw(payloads(read_released()[name]))
    try:
        EVENTS_BY_TYPE[name.removesuffix(".json")].model_validate_json(json.dumps(payload))
    except ValidationError as refused:  # rules beyond the schema held at the time of writing, too
        if any(error["type"] != "value_error" for error in refused.errors()):
            raise


def test_a_message_that_is_gone_is_named_and_a_new_one_breaks_nobody() -> None:
    now = all_schemas()
    less = {name: schema for name, schema in now.items() if name != EVENT}
    assert list(broken_messages(now, less)) == [EVENT]
    assert broken_messages(less, now) == {}


@pytest.mark.parametrize("part", ["request", "reply"])
def test_a_break_in_a_request_or_its_reply_is_named(part: str) -> None:
    new = copy.deepcopy(all_schemas())
    new[REQUEST][part]["required"].append("reason")
    [found] = broken_messages(all_schemas(), new)[REQUEST]
    assert found.path == f"{part}.reason"


def test_the_check_exits_1_and_names_the_break(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    new = copy.deepcopy(all_schemas())
    new[EVENT]["$defs"]["AlertState"]["enum"].remove("acknowledged")
    monkeypatch.setattr(released, "all_schemas", lambda: new)
    assert main(["--check"]) == 1
    said = capsys.readouterr().err
    assert f"{EVENT}: alert.state: " in said
    assert "breaks stored events" in said


def _git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_check_compares_with_a_git_ref(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    schemas = tmp_path / "libs" / "schemas"
    released.write(schemas / "released", {EVENT: {"type": "string"}})  # not to be taken for a schema of that commit
    released.write(schemas, all_schemas())
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-qm", "as it was")
    monkeypatch.setattr(released, "SCHEMAS", schemas)
    assert main(["--check", "--against", "HEAD"]) == 0, capsys.readouterr().err
    assert set(released.read_committed("HEAD")) == set(all_schemas())

    new = copy.deepcopy(all_schemas())
    del new[REQUEST]
    monkeypatch.setattr(released, "all_schemas", lambda: new)
    assert main(["--check", "--against", "HEAD"]) == 1
    assert REQUEST in capsys.readouterr().err
    assert main(["--check", "--against", "no-such-ref"]) == 1
    assert "no-such-ref" in capsys.readouterr().err


def test_a_release_replaces_the_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(released, "RELEASED", tmp_path)
    released.write(tmp_path, {"monitors.gone.v1.json": {"type": "object"}})
    assert main(["--replace"]) == 0
    assert read_released(tmp_path) == all_schemas()
