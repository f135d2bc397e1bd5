"""The command line against a real platform: NATS, PostgreSQL and all services of one `monitors up`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitors_operator.demo.pages import AFTER, BEFORE
from monitors_operator.demo.site import Site

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
PATIENCE = 280
SETTINGS = {
    "MONITORS_ALLOW_PRIVATE_ADDRESSES": "true",
    "MONITORS_REFRESHES_PER_MINUTE": "0",
    "MONITORS_WORKERS": "0",
}


@dataclass(frozen=True)
class Up:
    """A `monitors up` that runs."""

    process: subprocess.Popen[str]
    data_dir: Path
    port: int


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _spawn(data_dir: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitors_operator", "up", "--data-dir", str(data_dir), "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | SETTINGS,
    )


@contextmanager
def _up(data_dir: Path) -> Generator[Up]:
    port = _free_port()
    process = _spawn(data_dir, port)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (data_dir / "platform.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield Up(process, data_dir, port)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Up]:
    with _up(tmp_path_factory.mktemp("platform")) as up:
        yield up


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(BEFORE)


@pytest.fixture
def ask(monitors: Callable[..., Any], platform: Up) -> Callable[..., Any]:
    """A command's JSON: `ask("list")`."""

    def run(*arguments: str, code: int = 0) -> Any:
        ran = monitors(*arguments, "--json", "--data-dir", str(platform.data_dir))
        assert ran.code == code, ran.err
        return json.loads(ran.out)

    return run


@pytest.fixture(scope="module")
def watched(platform: Up, site: Site) -> dict[str, Any]:
    """The kettle, watched: made once, checked before and after its price fell."""
    sentence = f"tell me when the price of the copper kettle at {site.url}/kettle drops below $50"
    outcome = _monitors(platform, "watch", sentence, "--json")
    site.state = AFTER
    checked = _monitors(platform, "check", outcome["monitor"]["id"], "--json")
    return outcome | {"second": checked["evaluations"][0]}


def _monitors(platform: Up, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "monitors_operator", *arguments, "--data-dir", str(platform.data_dir)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_watch_understands_reads_and_decides(watched: dict[str, Any]) -> None:
    assert watched["interpretation"]["type"] == "state"
    first, second = watched["evaluation"], watched["second"]
    assert (first["value"], first["verdict"]) == (64.0, "quiet")
    assert "64" in first["evidence"]["quote"]
    assert (second["value"], second["verdict"], second["triggered"]) == (47.5, "triggered", True)


def test_list_and_show_tell_the_monitor_and_its_history(ask: Callable[..., Any], watched: dict[str, Any]) -> None:
    [listed] = [each for each in ask("list") if each["id"] == watched["monitor"]["id"]]
    shown = ask("show", watched["monitor"]["id"])

    assert listed["currentValue"] == 47.5
    assert [each["value"] for each in shown["history"]] == [47.5, 64.0]


def test_an_alert_is_listed_taken_and_ended(
    ask: Callable[..., Any], monitors: Callable[..., Any], platform: Up, watched: dict[str, Any]
) -> None:
    alert = _soon(lambda: ask("alerts", "list", "--monitor", watched["monitor"]["id"]))[0]

    assert alert["state"] == "firing"
    assert ask("alerts", "ack", alert["id"], "--note", "ordered one")["state"] == "acknowledged"
    said = ask("alerts", "comment", alert["id"], "two left")
    assert (said["kind"], said["note"], bool(said["userName"])) == ("commented", "two left", True)
    assert ask("alerts", "assign", alert["id"], "--to", "Robin")["alerts"][0]["assignee"] == "Robin"
    assert [each["id"] for each in ask("alerts", "list", "--assignee", "Robin", "--filter", "origin=monitor")] == [
        alert["id"]
    ]
    unknown = monitors("alerts", "list", "--saved", "Nowhere", "--data-dir", str(platform.data_dir))
    assert (unknown.code, "there are: none" in unknown.err) == (2, True)
    assert ask("alerts", "resolve", alert["id"])["state"] == "resolved"
    why = ask("alerts", "explain", alert["id"])
    assert why["answer"].startswith("Told: "), why
    assert {"condition-became-true", "told", "assigned", "by-hand"} <= {line["word"] for line in why["trace"]}
    told = ask("alerts", "timeline", alert["id"])["entries"]
    kinds = [each["kind"] for each in told if each["kind"] != "notified"]
    assert kinds == ["opened", "acknowledged", "commented", "assigned", "resolved"]
    assert ask("alerts", "list", "--state", "open", "--monitor", watched["monitor"]["id"]) == []


def test_a_message_is_found_by_its_alert(ask: Callable[..., Any], watched: dict[str, Any]) -> None:
    alert = _soon(lambda: ask("alerts", "list", "--monitor", watched["monitor"]["id"]))[0]
    sent = _soon(lambda: ask("notifications", "list", "--alert", alert["id"], "--state", "sent"))
    assert {each["channelKind"] for each in sent} == {
        "local"
    }  # that it fires; and that it is over, where it is by then


def test_the_message_lies_in_the_outbox(ask: Callable[..., Any], watched: dict[str, Any]) -> None:
    message = _soon(lambda: [each for each in ask("outbox", "list") if each["monitorId"] == watched["monitor"]["id"]])[
        -1
    ]

    assert "47.5" in message["subject"]
    assert Path(message["file"]).exists()
    assert ask("outbox", "show", message["id"])["text"] == message["text"]


def test_trace_of_a_refresh_reaches_from_request_to_message(ask: Callable[..., Any], watched: dict[str, Any]) -> None:
    refresh = watched["second"]["refreshId"]
    found = _soon(lambda: _if_sent(ask("trace", refresh)))

    [request] = found["events"]
    types = [event["type"] for event in _walk(request)]
    assert types[0] == "monitor.refresh-requested"
    assert {"page.fetched", "monitor.evaluated", "threshold.exceeded", "alert.triggered", "notification.sent"} <= set(
        types
    )
    assert all(event["atMs"] >= 0 for event in _walk(request))
    fetched = request["caused"][0]
    assert (fetched["type"], fetched["service"]) == ("page.fetched", "scraper")
    assert "200" in fetched["summary"]

    alert_id = ask("alerts", "list", "--monitor", watched["monitor"]["id"])[0]["id"]
    for reference in (watched["monitor"]["id"], alert_id, fetched["id"]):
        assert ask("trace", reference)["correlationId"] == refresh


def test_events_are_listed_by_type_and_shown_by_id(
    monitors: Callable[..., Any], ask: Callable[..., Any], platform: Up, watched: dict[str, Any]
) -> None:
    ran = monitors(
        "events", "tail", "--type", "MonitorEvaluated", "--entity", watched["monitor"]["id"], "--json",
        "--data-dir", str(platform.data_dir),
    )  # fmt: skip
    events = [json.loads(line) for line in ran.out.splitlines()]

    assert [event["data"]["evaluation"]["value"] for event in events] == [64.0, 47.5]
    shown = ask("events", "show", events[0]["id"])
    assert (shown["type"], shown["data"]) == ("monitors.monitor.evaluated.v1", events[0]["data"])


def test_events_tail_follow_shows_what_happens_next(
    ask: Callable[..., Any], platform: Up, watched: dict[str, Any]
) -> None:
    command = [sys.executable, "-m", "monitors_operator", "events", "tail", "--follow", "--since", "0s"]
    following = subprocess.Popen(
        [*command, "--type", "monitor.evaluated", "--json", "--data-dir", str(platform.data_dir)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(8)  # it says nothing until something happens
        refresh = ask("check", watched["monitor"]["id"])["evaluations"][0]["refreshId"]
        assert following.stdout
        assert json.loads(following.stdout.readline())["correlationid"] == refresh
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == 130


def test_replay_from_empty_rebuilds_what_was_there(ask: Callable[..., Any], watched: dict[str, Any]) -> None:
    before = ask("show", watched["monitor"]["id"])

    again = ask("replay", "--service", "evaluator", "--since", "1h")
    rebuilt = ask("replay", "--service", "evaluator", "--from-empty", "--yes")
    after = ask("show", watched["monitor"]["id"])

    assert again["events"] == rebuilt["events"] >= 5
    assert rebuilt["unreadable"] == 0
    assert "evaluator.monitors" in rebuilt["tables"]
    assert after == before


def test_dead_letters_are_listed_shown_retried_and_dropped(
    ask: Callable[..., Any], platform: Up, monitors: Callable[..., Any]
) -> None:
    _publish_rubbish(platform)
    letters = _soon(lambda: ask("dead-letters", "list"))
    letter = letters[0]

    assert letter["consumer"].startswith("evaluator-page")
    assert "ce-type" in letter["reason"]
    assert ask("dead-letters", "show", str(letter["number"]))["data"] == "rubbish"
    assert ask("doctor", "--checks", code=1)["checks"][-1]["what"] == "API"

    assert ask("dead-letters", "retry", str(letter["number"])) == {"retried": [letter["number"]]}
    back = _soon(lambda: [each for each in ask("dead-letters", "list") if each["number"] > letter["number"]])
    assert len(back) == 1
    assert ask("dead-letters", "drop", "--all", "--yes") == {"dropped": [back[0]["number"]]}
    assert ask("dead-letters", "list") == []
    missing = monitors("dead-letters", "show", "99", "--data-dir", str(platform.data_dir))
    assert (missing.code, missing.err) == (1, "monitors: there is no dead letter 99\n")


def test_channels_are_added_tested_and_removed(ask: Callable[..., Any]) -> None:
    channel = ask("channels", "add", "local", "--name", "Second outbox")

    assert ask("channels", "test", channel["id"])["success"] is True
    assert channel["id"] in [each["id"] for each in ask("channels", "list")]
    ask("channels", "delete", channel["id"], "--yes")
    assert channel["id"] not in [each["id"] for each in ask("channels", "list")]


def test_a_monitor_is_corrected_copied_found_deleted_and_brought_back(
    ask: Callable[..., Any], monitors: Callable[..., Any], platform: Up, watched: dict[str, Any]
) -> None:
    monitor = watched["monitor"]["id"]
    copy = ask("duplicate", monitor)["id"]
    edited = ask("edit", copy, "--below", "40", "--name", "Cheaper", "--pause")
    assert edited["monitor"]["triggerCondition"] == "price < 40 USD"
    assert (edited["monitor"]["status"], edited["interpretation"]["provider"]) == ("paused", "by-hand")
    for option in (("-q", "CHEAPER"), ("--status", "paused")):
        assert [each["id"] for each in ask("list", *option)] == [copy]
    [found] = [each for each in ask("list", "--sort", "name", "--recent", "2") if each["id"] == monitor]
    assert [each["value"] for each in found["recentValues"]][-1] == found["currentValue"]

    here = ("--data-dir", str(platform.data_dir))
    deleted = monitors("delete", copy, "--yes", *here)
    assert (deleted.code, deleted.out.strip().endswith(f"monitors restore {copy}")) == (0, True)
    assert copy not in [each["id"] for each in ask("list")]
    assert ask("restore", copy)[0]["name"] == "Cheaper"
    ask("delete", copy, "--yes")
    for refused, code in (("edit", monitor), 2), (("edit", copy, "--resume"), 1), (("list", "--status", "fine"), 2):
        ran = monitors(*refused, *here)
        assert (ran.code, ran.err.count("\n")) == (code, 1), refused


def test_problems_are_one_line(monitors: Callable[..., Any], platform: Up) -> None:
    here = ("--data-dir", str(platform.data_dir))
    for arguments, code in (
        (("show", "019aa5a5-d3a0-7000-8000-000000000000"), 1),
        (("watch", "too short"), 2),
        (("watch", "tell me when it rains on the moon base"), 2),
        (("trace", "019aa5a5-d3a0-7000-8000-000000000000"), 1),
        (("alerts", "ack", "019aa5a5-d3a0-7000-8000-000000000000"), 1),
        (("delete", "nothing", "--yes"), 1),
    ):
        ran = monitors(*arguments, *here)
        assert (ran.code, ran.out) == (code, ""), arguments
        assert ran.err.startswith("monitors: ")
        assert ran.err.count("\n") == 1


def test_doctor_finds_nothing_wrong(ask: Callable[..., Any]) -> None:
    found = ask("doctor", "--checks")

    states = {each["what"]: each["state"] for each in found["checks"]}
    assert states["NATS"] == states["PostgreSQL"] == states["API"] == states["outbox"] == "ok"


def test_a_second_platform_on_the_same_folder_is_refused(platform: Up) -> None:
    second = _spawn(platform.data_dir, _free_port())
    out, err = second.communicate(timeout=PATIENCE)

    assert second.returncode == 2
    assert (out, err.count("\n")) == ("", 1)
    assert f"process {platform.process.pid}" in err
    assert "--data-dir" in err


def test_a_port_that_is_taken_is_named(platform: Up, tmp_path: Path) -> None:
    second = _spawn(tmp_path, platform.port)
    out, err = second.communicate(timeout=PATIENCE)

    assert second.returncode == 2
    assert (out, err.count("\n")) == ("", 1)
    assert str(platform.port) in err
    assert "--port" in err


def test_what_the_folder_keeps_is_there_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, monitors: Callable[..., Any], site: Site
) -> None:
    data_dir = tmp_path_factory.mktemp("kept")
    sentence = f"let me know when {site.url}/course says registration is open"
    with _up(data_dir) as first:
        watched = monitors("watch", sentence, "--json", "--data-dir", str(data_dir))
        first.process.send_signal(signal.SIGTERM)
        out, err = first.process.communicate(timeout=120)
    with _up(data_dir) as second:
        listed = json.loads(monitors("list", "--json", "--data-dir", str(data_dir)).out)
        checked = monitors("check", "--all", "--data-dir", str(data_dir))
        second.process.send_signal(signal.SIGINT)
        assert second.process.wait(120) == 0

    assert (first.process.returncode, err) == (0, "")
    assert out.endswith("Stopped.\n")
    assert [each["id"] for each in listed] == [json.loads(watched.out)["monitor"]["id"]]
    assert "evidence" in checked.out
    assert not (data_dir / "platform.json").exists()


def test_watch_without_a_platform_starts_one_for_the_duration(
    monitors: Callable[..., Any], site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITORS_ALLOW_PRIVATE_ADDRESSES", "true")
    ran = monitors(
        "watch", f"tell me whenever the course fee at {site.url}/course changes", "--data-dir", str(tmp_path)
    )

    assert (ran.code, ran.err) == (0, "")
    assert "fires     when" in ran.out
    assert "195 USD" in ran.out or "180 USD" in ran.out
    assert not (tmp_path / "platform.json").exists()


def _publish_rubbish(platform: Up) -> None:
    """A message that no consumer can read."""
    import asyncio

    import nats

    async def publish() -> None:
        connection = await nats.connect(json.loads((platform.data_dir / "platform.json").read_text())["nats"])
        await connection.jetstream().publish("evt.page.fetched.nobody.nothing", b"rubbish", headers={"ce-type": "x"})
        await connection.close()

    asyncio.run(publish())


def _if_sent(found: dict[str, Any]) -> dict[str, Any] | None:
    types = [event["type"] for root in found["events"] for event in _walk(root)]
    return found if "notification.sent" in types else None


def _walk(event: dict[str, Any]) -> Generator[dict[str, Any]]:
    yield event
    for caused in event["caused"]:
        yield from _walk(caused)


def _soon(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found
