"""From a measurement to a message, through the REST API of a real platform."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driving import Command, eventually

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

BUSY = {"name": "CPU busy", "kind": "threshold", "metric": "cpu_percent", "op": "gt", "warning": 80, "critical": 95}


def test_a_measurement_when_it_crosses_a_level_then_an_alert_is_told_and_told_again_when_it_is_over(
    platform: Any, site: Any
) -> None:
    user = platform.user()
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
    body = BUSY | {"for": "1m", "severity": "warning", "labels": {"team": "web"}}
    body |= {"annotations": {"summary": "{{ labels.host }} is at {{ value }} %"}}
    reply = user.call("POST", "/api/rules", body)
    assert reply.status_code == 201, reply.text
    rule = reply.json()["rule"]
    assert rule["spec"]["for"] == 60

    send(user, "web-1", (-120, 97), (-90, 97))
    eventually(lambda: state(user, rule, "pending"))
    send(user, "web-1", (-30, 97))
    send(user, "web-2", (-30, 50))
    [firing] = eventually(lambda: state(user, rule, "firing"))
    assert (firing["labels"]["host"], firing["value"], firing["severity"]) == ("web-1", 97, "critical")
    [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"])
    assert (alert["severity"], alert["summary"], alert["labels"]["team"]) == ("critical", "web-1 is at 97 %", "web")

    send(user, "web-1", (0, 60))
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
    hooks = eventually(lambda: len(site.hooks) == 2 and site.hooks)
    assert [hook["type"] for _, hook in hooks] == ["alert.triggered", "alert.resolved"]
    assert hooks[0][1]["data"]["severity"] == "critical"


def test_a_rule_when_it_is_changed_or_deleted_then_what_it_fired_is_over(platform: Any, site: Any) -> None:
    user = platform.user()
    rule = user.call("POST", "/api/rules", BUSY).json()["rule"]
    send(user, "web-1", (-10, 90))
    [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"])
    assert alert["severity"] == "warning"
    changed = user.call("PATCH", f"/api/rules/{rule['id']}", {"warning": 92})
    assert changed.json()["rule"]["version"] == 2
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
    send(user, "web-1", (0, 93))
    eventually(lambda: len(user.get("/api/alerts?state=firing")["alerts"]) == 1)
    assert user.call("DELETE", f"/api/rules/{rule['id']}").status_code == 200
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
    assert user.call("GET", f"/api/rules/{rule['id']}").status_code == 404


def test_a_rule_when_it_makes_no_sense_then_is_refused_with_the_field(platform: Any, site: Any) -> None:
    user = platform.user()
    refusals: list[dict[str, Any]] = [
        {"kind": "threshold", "name": "x", "metric": "m", "op": "gt"},
        BUSY | {"for": "soon"},
        BUSY | {"warning": 99},
        BUSY | {"annotations": {"summary": "{% for x in y %}"}},
        BUSY | {"matchers": [{"label": "host", "op": "=~", "value": "("}]},
        {"kind": "unheard-of", "name": "x"},
    ]
    for body in refusals:
        reply = user.call("POST", "/api/rules", body)
        assert reply.status_code == 422, body
        assert reply.json()["errors"], body


def test_a_series_when_it_falls_silent_then_its_absence_is_told_and_its_return(platform: Any, site: Any) -> None:
    user = platform.user()
    absent = {"name": "Agent gone", "kind": "absence", "metric": "cpu_percent", "for": "2s", "severity": "critical"}
    rule = user.call("POST", "/api/rules", absent).json()["rule"]
    send(user, "web-1", (0, 1))
    [firing] = eventually(lambda: state(user, rule, "firing"))
    assert (firing["severity"], firing["data"]) == ("critical", "collector-down")
    [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"])
    assert "nothing comes from its sender" in alert["summary"]
    send(user, "web-1", (0, 1))
    eventually(lambda: user.get(f"/api/alerts/{alert['id']}")["state"] == "resolved")


def test_a_series_when_it_falls_silent_while_others_never_do_then_its_absence_is_told(platform: Any) -> None:
    user = platform.user()
    absent = {"name": "Gone", "kind": "absence", "metric": "cpu_percent", "for": "8s", "severity": "critical"}
    user.call("POST", "/api/rules", absent).raise_for_status()
    send(user, "web-1", (0, 1))
    silent_since = time.monotonic()

    with ThreadPoolExecutor(6) as senders:

        def alerts() -> Any:
            list(senders.map(lambda _: send(user, "web-2", (0, 1)), range(60)))  # something is always on its way
            return user.get("/api/alerts?state=firing")["alerts"]

        [alert] = eventually(alerts, patience=45)
    assert alert["labels"]["host"] == "web-1"
    assert time.monotonic() - silent_since > 8


def test_a_rule_when_previewed_then_says_what_it_would_have_done_with_what_is_stored(
    user: Any, monitors: Command, tmp_path: Path
) -> None:
    send(user, "web-1", *((-3600 + 60 * minute, 90 if 20 <= minute < 40 else 10) for minute in range(60)))
    eventually(lambda: preview(user, BUSY)["series"])
    shown = preview(user, BUSY | {"for": "5m"})
    assert [each["reason"] for each in shown["transitions"]] == ["crossed", "recovered"]
    begun, over = (datetime.fromisoformat(each["at"]) for each in shown["transitions"])
    assert timedelta(minutes=13) < over - begun < timedelta(minutes=17)
    assert user.get("/api/rules")["total"] == 0, "it was not saved"
    low = {
        "name": "Low",
        "kind": "window",
        "metric": "cpu_percent",
        "window": "5m",
        "op": "lt",
        "warning": 50,
        "by": [],
    }
    either = {"name": "Either", "kind": "composite", "operator": "or", "rules": ["CPU busy", "Low"]}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"rules": [BUSY, low, either]}))
    tried = json.loads(monitors("rules", "preview", str(file), "--json"))
    assert [each["reason"] for each in tried["CPU busy"]["transitions"]] == ["crossed", "recovered"]
    assert [each["reason"] for each in tried["Low"]["transitions"]] == ["crossed", "recovered", "crossed"]
    assert [each["reason"] for each in tried["Either"]["transitions"]][:1] == ["crossed"]
    assert user.get("/api/rules")["total"] == 0


def test_files_when_applied_twice_and_exported_then_nothing_differs(
    user: Any, monitors: Command, site: Any, tmp_path: Path
) -> None:
    file = tmp_path / "all.yml"
    both = {"name": "Both", "kind": "composite", "operator": "and", "rules": ["CPU busy", "Gone"]}
    gone = {"name": "Gone", "kind": "absence", "metric": "cpu_percent", "for": "10m"}
    hook = {"kind": "webhook", "name": "Ops", "url": f"{site.url}/hook"}
    target = {"name": "node", "url": f"{site.url}/metrics", "intervalSeconds": 60}
    nightly = {"name": "Nightly", "kind": "heartbeat", "cron": "0 2 * * *", "grace": "1h"}
    shop = {"name": "Shop", "kind": "dns", "host": "localhost", "failures": 3, "isActive": False}
    either = {"name": "Either", "kind": "composite", "operator": "or", "rules": ["Shop", "Nightly"]}
    rules = [both, either, BUSY | {"for": "5m"}, gone, nightly]
    things = {"rules": rules, "channels": [hook], "targets": [target], "uptime": [shop]}
    file.write_text(json.dumps(things))  # which is YAML as well
    assert "8 changes to make" in monitors("apply", "-f", str(file), "--dry-run")
    assert user.get("/api/rules")["total"] == 0
    assert "8 changes made" in monitors("apply", "-f", str(file))
    assert "Nothing to change" in monitors("apply", "-f", str(file))
    again = tmp_path / "again.yml"
    again.write_text(monitors("export"))
    assert monitors("diff", "-f", str(again)) == ""
    assert "Nothing to change" in monitors("apply", "-f", str(again))
    assert user.get("/api/rules")["total"] == 6, "one is the check's own"
    file.write_text(json.dumps({"uptime": [shop | {"name": "Other"}], "rules": [BUSY | {"for": "5m"}]}))
    assert "- uptime check 'Shop'" in monitors("apply", "-f", str(file), "--prune")
    eventually(lambda: {each["name"] for each in user.get("/api/rules")["rules"]} == {"CPU busy", "Nightly", "Other"})


def test_an_address_when_it_fails_twice_then_its_alert_comes_and_goes(platform: Any, site: Any) -> None:
    user = platform.user()
    site.pages["/health"] = ("text/html", "all good")
    spec = {"name": "Shop", "kind": "http", "url": f"{site.url}/health", "intervalSeconds": 10, "body": "good"}
    created = user.call("POST", "/api/uptime", spec | {"failures": 1})
    assert created.status_code == 201, created.text
    check = created.json()["check"]
    eventually(lambda: last(user, check).get("isUp") is True)
    site.pages["/health"] = ("text/html", "all bad")
    [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"], patience=40)
    assert (alert["summary"], alert["severity"]) == ("Shop does not answer as it should", "critical")
    assert last(user, check)["error"] == "The expected text is not in the answer."
    path = f"/api/uptime/{check['id']}"
    paused = user.call("PATCH", path, {"isActive": False, "failures": 4}).json()["check"]
    assert (paused["spec"]["isActive"], paused["spec"]["failures"], paused["version"]) == (False, 4, 2)
    eventually(lambda: user.get(f"/api/rules/{check['id']}")["rule"]["spec"]["n"] == 4)
    assert user.get(f"/api/rules/{check['id']}")["rule"]["isActive"] is False
    assert user.call("PATCH", path, {"url": None}).status_code == 422
    assert user.call("PATCH", path, {"failures": 0}).json()["errors"][0]["field"] == "failures"
    assert user.call("DELETE", f"/api/uptime/{check['id']}").status_code == 200
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
    eventually(lambda: user.get("/api/rules")["total"] == 0)


def last(user: Any, check: dict[str, Any]) -> dict[str, Any]:
    """How a check went last."""
    return user.get(f"/api/uptime/{check['id']}")["check"].get("last") or {}


def preview(user: Any, rule: dict[str, Any]) -> dict[str, Any]:
    """What the rule would have done over the last day."""
    reply = user.call("POST", "/api/rules/preview", {"rule": rule})
    assert reply.status_code == 200, reply.text
    return reply.json()


def send(user: Any, host: str, *samples: tuple[float, float]) -> None:
    """Samples of a host: (seconds from now, value)."""
    now = datetime.now(UTC)
    metrics = [
        {
            "name": "cpu_percent",
            "type": "gauge",
            "value": value,
            "tags": {"host": host},
            "timestamp": (now + timedelta(seconds=offset)).isoformat(),
            "source": "test",
        }
        for offset, value in samples
    ]
    user.call("POST", "/api/metrics", {"metrics": metrics}).raise_for_status()


def state(user: Any, rule: dict[str, Any], condition: str) -> list[dict[str, Any]]:
    """The rule's series in this condition."""
    series = user.get(f"/api/rules/{rule['id']}/state")["series"]
    return [each for each in series if each["condition"] == condition]


def test_a_job_when_it_pings_and_fails_then_its_heartbeat_says_so(platform: Any, site: Any) -> None:
    user = platform.user()
    created = user.call("POST", "/api/heartbeats", {"name": "Backup", "cron": "0 2 * * *", "grace": "1h"})
    assert created.status_code == 201, created.text
    beat = created.json()["heartbeat"]
    assert (beat["status"], beat["grace"]) == ("new", 3600)
    path = beat["pingUrl"].partition("/ping/")[2]
    for method, suffix, status in (("GET", "/start", "running"), ("POST", "", "up"), ("HEAD", "/7", "down")):
        assert user.call(method, f"/ping/{path}{suffix}").status_code == 200
        eventually(lambda status=status: user.get(f"/api/heartbeats/{beat['id']}")["heartbeat"]["status"] == status)
    [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"])
    assert (alert["name"], alert["severity"]) == ("Backup", "critical")
    assert user.call("GET", f"/ping/{path}/0").status_code == 200
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
    [listed] = user.get("/api/heartbeats")["heartbeats"]
    assert listed["status"] == "up"
    assert user.call("GET", f"/ping/{path[:-4]}AAAA").status_code == 404
    assert user.call("POST", "/api/heartbeats", {"name": "x"}).status_code == 422
    assert user.call("POST", "/api/heartbeats", {"name": "x", "cron": "whenever"}).status_code == 422
    assert user.call("DELETE", f"/api/heartbeats/{beat['id']}").status_code == 200
    assert user.get("/api/heartbeats")["total"] == 0


def test_a_value_when_compared_with_before_then_the_first_sample_is_judged_by_what_is_stored(
    platform: Any, site: Any
) -> None:
    user = platform.user()
    for host in ("web-1", "web-2"):
        send(user, host, *((-3600 + 15 * number, 10) for number in range(-20, 20)))
    stored = "/api/v1/query?query=count(count_over_time(cpu_percent[2h]))"
    eventually(lambda: [each["value"][1] for each in user.get(stored)["data"]["result"]] == ["2"])
    ratio = {"name": "Surge", "kind": "ratio", "metric": "cpu_percent", "window": "1m", "offset": "1h", "warning": 2}
    alone = user.call("POST", "/api/rules", ratio).json()["rule"]
    together = user.call("POST", "/api/rules", ratio | {"name": "All of it", "by": []}).json()["rule"]
    send(user, "web-1", (0, 25))
    [firing] = eventually(lambda: state(user, alone, "firing"))
    assert (firing["labels"]["host"], firing["value"]) == ("web-1", 2.5)
    [calm] = eventually(lambda: state(user, together, "ok"))
    assert calm["value"] == 1.25, "25 of one, against 20 of two"
    send(user, "web-2", (0.5, 25))
    eventually(lambda: state(user, together, "firing"))
    # What an agent kept for an hour is compared with the hour before that.
    send(user, "web-3", *((-7200 + 15 * number, 10) for number in range(-8, 8)))
    eventually(lambda: [each["value"][1] for each in user.get(stored.replace("2h", "3h"))["data"]["result"]] == ["3"])
    send(user, "web-3", (-3600, 30))
    eventually(lambda: len(state(user, alone, "firing")) == 3)
    shown = preview(user, ratio)
    assert {each["labels"]["host"] for each in shown["transitions"]} == {"web-1", "web-2", "web-3"}


def test_what_falls_silent_when_alone_or_with_its_sender_or_late_then_is_told_apart(platform: Any, site: Any) -> None:
    user = platform.user()
    absent = {"name": "Gone", "kind": "absence", "metric": "cpu_percent", "for": "3s", "severity": "critical"}
    rule = user.call("POST", "/api/rules", absent).json()["rule"]
    for host in ("web-1", "web-2", "web-3"):
        send(user, host, (0, 1))

    def keep_going() -> list[dict[str, Any]]:
        for host in ("web-1", "web-2"):
            send(user, host, (0, 1))
        return user.get("/api/alerts?state=firing")["alerts"]

    [alert] = eventually(keep_going)
    assert alert["labels"]["host"] == "web-3"
    assert "though its sender sends others" in alert["summary"]
    assert [each["data"] for each in state(user, rule, "firing")] == ["series-gone"]

    firing = eventually(lambda: len(found := user.get("/api/alerts?state=firing")["alerts"]) == 2 and found)
    [sender] = [each for each in firing if each["id"] != alert["id"]]
    assert sender["labels"] == {"source": "test"}
    assert sender["summary"] == "Gone (source=test): nothing comes from its sender any more: 2 series are silent"
    assert {each["data"] for each in state(user, rule, "firing")} == {"collector-down"}
    assert len(state(user, rule, "firing")) == 3

    # Samples come again, but old ones: the sender is there, and its data late. Nothing is absent.
    def late() -> Any:
        for host in ("web-1", "web-2", "web-3"):
            send(user, host, (-600 + time.monotonic() % 300, 1))
        series = user.get(f"/api/rules/{rule['id']}/state")["series"]
        return {(each["condition"], each["data"]) for each in series} == {("ok", "late-data")}

    eventually(late)
    eventually(lambda: user.get("/api/alerts?state=firing")["alerts"] == [])
