"""Other systems' alerts, from the real programs to a message: Prometheus fires here, and amtool looks at it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from driving import Command, eventually

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

PROMETHEUS = shutil.which("prometheus")
AMTOOL = os.environ.get("MONITORS_TEST_AMTOOL") or shutil.which("amtool")
CONFIGURATION = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - job_name: tank
    static_configs: [{{targets: ["{site}"]}}]
rule_files: [{rules}]
alerting:
  alertmanagers:
    - api_version: v2
      authorization: {{credentials: {token}}}
      static_configs: [{{targets: ["{api}"]}}]
"""
RULES = """
groups:
  - name: tanks
    rules:
      - alert: TankLow
        expr: tank_level < 10
        labels: {severity: page}
        annotations: {summary: "{{ $labels.tank }} is at {{ $value }} %", runbook_url: "https://runbooks.example/tank"}
"""


@contextmanager
def prometheus(folder: Path, **parts: str) -> Generator[None]:
    """A Prometheus that evaluates every second."""
    assert PROMETHEUS
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.mkdir()
    (folder / "rules.yml").write_text(RULES)
    configuration = CONFIGURATION.format(rules=folder / "rules.yml", **parts)
    (folder / "prometheus.yml").write_text(configuration)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--rules.alert.resend-delay=1s",
            ],
            stdout=log,
            stderr=log,
        )
        yield
        process.terminate()
        process.wait()


@pytest.mark.skipif(PROMETHEUS is None, reason="needs Prometheus: apt-get install prometheus")
def test_an_alert_of_prometheus_fires_and_resolves_here(platform: Any, site: Any, tmp_path: Path) -> None:
    user = platform.user()
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
    token = user.call("POST", "/api/tokens", {"name": "prometheus", "scopes": ["alerts:write"]}).json()["token"]
    site.pages["/metrics"] = ("text/plain", 'tank_level{tank="east"} 5\ntank_level{tank="west"} 50\n')
    parts = {"site": urlsplit(site.url).netloc, "api": urlsplit(platform.api).netloc, "token": token}
    with prometheus(tmp_path / "prometheus", **parts):
        [alert] = eventually(lambda: user.get("/api/alerts?state=firing")["alerts"])
        assert (alert["name"], alert["severity"], alert["origin"]) == ("TankLow", "critical", "prometheus")
        assert (alert["labels"]["tank"], alert["condition"]) == ("east", "tank_level < 10")
        assert (alert["summary"], alert["runbookUrl"]) == ("east is at 5 %", "https://runbooks.example/tank")
        site.pages["/metrics"] = ("text/plain", 'tank_level{tank="east"} 4\ntank_level{tank="west"} 50\n')
        eventually(lambda: user.get(f"/api/alerts/{alert['id']}")["summary"] == "east is at 4 %")
        site.pages["/metrics"] = ("text/plain", 'tank_level{tank="east"} 60\ntank_level{tank="west"} 50\n')
        [over] = eventually(lambda: user.get("/api/alerts?state=resolved")["alerts"])
        assert over["id"] == alert["id"]
        hooks = eventually(lambda: len(site.hooks) == 2 and site.hooks)
        assert [hook["type"] for _, hook in hooks] == ["alert.triggered", "alert.resolved"]
    timeline = user.get(f"/api/alerts/{alert['id']}/timeline")["entries"]
    reasons = [entry["reason"] for entry in timeline if entry["kind"] in ("opened", "resolved")]
    assert reasons == ["received", "over-at-sender"]


@pytest.mark.skipif(AMTOOL is None, reason="needs amtool: apt-get install prometheus-alertmanager")
def test_amtool_adds_finds_and_silences_alerts(platform: Any, tmp_path: Path) -> None:
    user = platform.user()
    configuration = tmp_path / "http.yml"
    configuration.write_text(f"authorization: {{credentials: {user.token}}}\n")
    eventually(lambda: user.get("/api/v2/receivers"))
    assert AMTOOL
    program = [AMTOOL, f"--http.config.file={configuration}", f"--alertmanager.url={platform.api}"]

    def amtool(*arguments: str) -> str:
        done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    amtool("alert", "add", "DiskFull", "host=db-1", "severity=critical", "--annotation=summary=no room left")
    assert "no room left" in amtool("alert", "query", "host=db-1", "-o", "extended")
    silence = amtool("silence", "add", "host=db-1", "--comment=a new disk", "--author=robin").strip()
    assert "DiskFull" not in amtool("alert", "query")
    assert "DiskFull" in amtool("alert", "query", "--silenced")
    assert "a new disk" in amtool("silence", "query", "host=db-1")
    amtool("silence", "expire", silence)
    assert "DiskFull" in amtool("alert", "query")
    [receiver] = user.get("/api/v2/receivers")
    assert amtool("config", "routes", "test", "severity=critical").strip() == "all channels"
    [group] = user.get("/api/v2/alerts/groups")
    assert (group["receiver"], len(group["alerts"])) == (receiver, 1)
    amtool("alert", "add", "DiskFull", "host=db-1", "severity=critical", "--end=2026-01-01T00:00:00Z")
    assert amtool("alert", "query", "-o", "json").strip() in ("[]", "null")


def test_a_webhook_becomes_an_alert_and_ends_it(platform: Any, site: Any) -> None:
    user = platform.user()
    user.call("POST", "/api/channels", {"kind": "webhook", "url": f"{site.url}/hook"}).raise_for_status()
    made = user.call(
        "POST", "/api/integrations", {"kind": "generic", "name": "Checks", "labels": {"team": "db"}}
    ).json()
    path = urlsplit(made["url"]).path
    body = {"name": "DiskFull", "severity": "critical", "summary": "db-1 has no room left", "labels": {"host": "db-1"}}
    assert user.call("POST", path, body).json() == {"success": True, "received": 1, "opened": 1, "resolved": 0}
    eventually(lambda: site.hooks)
    assert user.call("POST", path, body | {"status": "ok"}).json()["resolved"] == 1
    [alert] = user.get("/api/alerts")["alerts"]
    assert (alert["state"], alert["origin"], alert["labels"]) == (
        "resolved",
        "webhook",
        {"alertname": "DiskFull", "host": "db-1", "team": "db"},
    )
    hooks = eventually(lambda: len(site.hooks) == 2 and site.hooks)
    assert [hook["data"]["summary"] for _, hook in hooks] == ["db-1 has no room left"] * 2


ALERTMANAGER = """
route:
  receiver: team
  group_by: ["..."]
  group_wait: 0s
  routes:
    - {{matchers: ['severity="page"'], receiver: pager}}
receivers:
  - {{name: team, webhook_configs: [{{url: "{site}/team"}}]}}
  - {{name: pager, webhook_configs: [{{url: "{site}/pager"}}]}}
inhibit_rules:
  - {{source_matchers: [severity=page], target_matchers: [severity=warning], equal: [host]}}
"""


def test_a_configuration_of_alertmanager_is_applied_and_leads_where_it_did(
    user: Any, monitors: Command, site: Any, tmp_path: Path
) -> None:
    theirs, ours = tmp_path / "alertmanager.yml", tmp_path / "alerting.yml"
    theirs.write_text(ALERTMANAGER.format(site=site.url))
    ours.write_text(monitors("alertmanager", "import", str(theirs)))
    monitors("apply", "-f", str(ours))
    monitors("alerts", "send", "HostDown", "--label", "host=db-1", "--severity", "critical")
    [alert] = eventually(lambda: listed(user))
    assert [each["name"] for each in alert["receivers"]] == ["pager"]
    monitors("alerts", "send", "Slow", "--label", "host=db-1")
    eventually(lambda: len(listed(user)) == 2)
    [slow] = [each for each in listed(user) if each["labels"]["alertname"] == "Slow"]
    assert (slow["receivers"], slow["status"]["state"]) == ([{"name": "team"}], "suppressed")
    assert eventually(lambda: site.hooks)[0][1]["data"]["name"] == "HostDown"
    assert len(site.hooks) == 1


def listed(user: Any) -> list[dict[str, Any]]:
    """Alerts as Alertmanager shows them."""
    return user.call("GET", "/api/v2/alerts").json()
