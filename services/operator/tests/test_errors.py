"""Every failure is one line on standard error and a meaningful exit code; help is there and quick."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

COMMANDS = (
    "up", "run", "watch", "check", "list", "show", "edit", "duplicate", "delete", "restore",
    "alerts", "channels", "notifications", "outbox", "login", "register",
    "interpret", "extract", "events", "trace", "dead-letters", "replay", "doctor", "openapi", "asyncapi",
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lst"], "list"),
        (["watch"], "sentence"),
        (["list", "--nonsense"], "--nonsense"),
        (["up", "--port", "70000"], "65535"),
        (["check"], "--all"),
        (["check", "--all", "019a"], "--all"),
        (["watch", "a sentence", "--render", "carrier pigeon"], "browser"),
        (["watch", "a sentence", "--below", "5", "--above", "9"], "contradict"),
        (["edit", "019a"], "--help"),
        (["alerts", "list", "--state", "angry"], "firing"),
        (["alerts", "list", "--severity", "mild"], "critical"),
        (["alerts", "pending", "--severity", "mild"], "critical"),
        (["alerts", "comment", "019a"], "TEXT"),
        (["alerts", "list", "--held", "angry"], "inhibited"),
        (["alerts", "explain"], "--filter"),
        (["alerts", "explain", "019a", "--filter", "a=b"], "--filter"),
        (["alerts", "assign", "019a"], "--nobody"),
        (["alerts", "assign", "019a", "--to", "Robin", "--nobody"], "--nobody"),
        (["alerts", "send", ""], "has a name"),
        (["alerts", "send", " "], "has a name"),
        (["alerts", "send", "DiskFull", "--label", "alertname="], "has a name"),
        (["alerts", "send", "DiskFull", "--for", "99999999d"], "longer than calendars go"),
        (["alerts", "send", "DiskFull", "--for", "soon"], "--for: a duration is seconds, or like 30s"),
        (["silences", "add", "a=b", "--for", "99999999d"], "--for: at most 366 d, not '99999999d'"),
        (["silences", "add", "a=b", "--for", "5s"], "--for: at least 1 min, not '5s'"),
        (["silences", "add", "a=b", "--for", ""], "--for: a duration is seconds, or like 30s"),
        (["silences", "add", "a=b", "--for", "2h", "--remind", "9w"], "--remind: at most 7 d, not '9w'"),
        (["maintenance", "preview", "a=b", "--at", "2026-11-22T02:00", "--for", "32d"], "--for: at most 31 d"),
        (["rules", "add", "x", "x", "--above", "3", "--for", "8d"], "--for: at most 7 d"),
        (["channels", "add", "smoke-signal", "x"], "webhook"),
        (["channels", "add", "email"], "where"),
        (["list", "--api", "shop.example"], "http"),
        (["trace", "yesterday"], "no id"),
        (["trace", "7a3c1f0e-6f1b-4a59-9d7c-0123456789ab"], "version 7"),
        (["events", "tail", "--type", "alert.exploded"], "alert.triggered"),
        (["events", "tail", "--since", "recently"], "10m"),
        (["events", "tail", "--follow", "--until", "1m"], "--until"),
        (["dead-letters", "drop"], "--all"),
        (["dead-letters", "retry", "1", "--all"], "--all"),
        (["replay", "--service", "alerter"], "--since"),
        (["replay", "--service", "alerter", "--since", "1h", "--until", "2h"], "before"),
        (["replay", "--service", "toaster", "--since", "1h"], "toaster"),
        (["replay", "--service", "alerter", "--from-empty"], "--yes"),
        (["run", "toaster"], "toaster"),
    ],
)
def test_bad_use_is_one_line_and_code_2(monitors: Callable[..., Any], arguments: list[str], says: str) -> None:
    ran = monitors(*arguments)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("monitors: ")
    assert ran.err.count("\n") == 1
    assert says in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["check", "--all"],
        ["alerts", "list"],
        ["outbox"],
        ["events", "tail"],
        ["trace", "019aa5a5-d3a0-7000-8000-000000000000"],
        ["dead-letters", "list"],
        ["replay", "--service", "alerter", "--since", "1h"],
        ["login", "robin@example.com", "--password", "x"],
    ],
)
def test_without_a_platform_commands_say_how_to_start_one(monitors: Callable[..., Any], arguments: list[str]) -> None:
    ran = monitors(*arguments)

    assert (ran.code, ran.out) == (1, "")
    assert "monitors up" in ran.err
    assert ran.err.count("\n") == 1


def test_a_platform_that_does_not_answer_is_a_failure(
    monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITORS_TOKEN", "x")
    ran = monitors("list", "--api", "http://127.0.0.1:9")

    assert ran.code == 1
    assert "can't reach http://127.0.0.1:9" in ran.err
    assert ran.err.count("\n") == 1


def test_a_bad_setting_is_named_and_not_repeated(monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORS_NATS_URL", "nats://127.0.0.1:9")
    monkeypatch.setenv("MONITORS_DATABASE_URL", "postgresql://127.0.0.1:9/x")
    monkeypatch.setenv("MONITORS_DATABASE_POOL", "s3cret")
    ran = monitors("dead-letters", "list")

    assert ran.code == 2
    assert "MONITORS_DATABASE_POOL" in ran.err
    assert "s3cret" not in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(monitors: Callable[..., Any], command: str) -> None:
    ran = monitors(command, "--help")
    if "Commands:" in ran.out:
        ran = monitors(command, "list" if command != "events" else "tail", "--help")

    assert ran.code == 0
    assert f"monitors {command}" in ran.out.split("Examples:")[1]


def test_help_says_all_scopes_of_tokens(monitors: Callable[..., Any]) -> None:
    said = " ".join(monitors("tokens", "create", "--help").out.split())
    assert "What it may do: read, write, metrics:write, alerts:write; may be said several times." in said


def test_an_incident_is_not_merged_into_itself(monitors: Callable[..., Any], platform: Any) -> None:
    for number in (1, 2):
        platform.answers[f"GET /api/incidents/{number}"] = {"incident": {"id": f"id-{number}"}}
    for itself in ("1", "#1", "id-1"):
        ran = monitors("incidents", "merge", "1", "2", itself, "--api", platform.url)
        assert (ran.code, ran.out, ran.err) == (2, "", "monitors: incident 1 can't be merged into itself\n")
    assert all(what.startswith("GET ") for what, _, _ in platform.asked)


def test_help_needs_none_of_the_services() -> None:
    script = (
        "import sys\nfrom monitors_operator.cli import run_command\nrun_command(['--help'])\n"
        "heavy = {'pydantic', 'nats', 'asyncpg', 'httpx', 'rich', 'fastapi', 'monitors_runtime'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "monitors up --demo" in done.stdout
    assert time.perf_counter() - begun < 10  # far above what it takes, for a busy machine


def test_doctor_lists_settings_masks_secrets_and_finds_typing_errors(
    monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITORS_SECRET_KEY", "correct-horse-battery-staple-and-more-of-it")
    monkeypatch.setenv("MONITORS_OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("MONITORS_REFRESHES_PER_DAI", "7")
    ran = monitors("doctor", "--json")

    found = json.loads(ran.out)
    settings = {each["name"]: each for each in found["settings"]}
    assert ran.code == 1
    assert "secret" not in json.dumps([each["value"] for each in settings.values()])
    assert "staple" not in ran.out
    assert settings["MONITORS_OPENAI_API_KEY"]["value"] == "********"
    assert settings["MONITORS_OPENAI_API_KEY"]["source"] == "environment"
    assert settings["MONITORS_REFRESHES_PER_DAY"]["source"] == "default"
    assert settings["MONITORS_REFRESHES_PER_DAY"]["description"]
    [typing_error] = [each for each in found["checks"] if each["state"] == "wrong"]
    assert "MONITORS_REFRESHES_PER_DAI" in typing_error["detail"]
    assert "MONITORS_REFRESHES_PER_DAY" in typing_error["detail"]


def test_doctor_names_each_refused_setting(monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORS_FETCH_TIMEOUT", "soon")
    monkeypatch.setenv("MONITORS_PORT", "99999999")
    ran = monitors("doctor", "--checks")

    assert ran.code == 1
    assert "MONITORS_FETCH_TIMEOUT" in ran.out
    assert "MONITORS_PORT" in ran.out
    assert "What to do:" in ran.out


def test_doctor_of_a_place_that_cannot_be_written_says_so(
    monitors: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("place") / "file"
    file.write_text("")
    ran = monitors("doctor", "--checks", "--data-dir", str(file / "under"))

    assert ran.code != 0
    assert "Traceback" not in ran.err
    assert os.fspath(file) in ran.out + ran.err
