"""What the servers and the operator are configured with."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors_operator.bootstrap import SERVICES
from monitors_runtime.embedded.nats import CONFIGURATION

Containers = dict[str, dict[str, Any]]
GIVEN = {"NATS_TOKEN": "1234", "NATS_ROUTE_PASSWORD": "5e6"}


@pytest.mark.parametrize("server", ["nats-1", "nats-2", "nats-3"])
def test_nats_accepts_its_configuration_with_secrets_that_look_like_numbers(
    deploy: Path, containers: Containers, server: str
):
    environment = {
        name: re.sub(r"\$\{(\w+)[^}]*\}", lambda variable: GIVEN[variable[1]], value)
        for name, value in containers[server]["environment"].items()
    }
    program = Path(sys.executable).parent / "nats-server"
    done = subprocess.run(
        [program, "-t", "-c", deploy / "nats.conf"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_nats_keeps_the_same_promises_as_on_one_machine(deploy: Path):
    clustered = (deploy / "nats.conf").read_text()
    for promise in ("sync_interval", "max_payload", "max_pending", "write_deadline", "max_file_store"):
        setting = re.compile(rf"^\s*{promise}:\s*(\S+)", re.MULTILINE)
        assert setting.findall(clustered) == setting.findall(CONFIGURATION) != [], promise


def test_prometheus_scrapes_every_copy_of_every_service(deploy: Path):
    configuration = yaml.safe_load((deploy / "prometheus.yml").read_text())
    (job,) = (each for each in configuration["scrape_configs"] if each["job_name"] == "monitors")
    (discovery,) = job["dns_sd_configs"]
    assert set(discovery["names"]) == set(SERVICES)
    assert (discovery["type"], discovery["port"]) == ("A", 8000)
    assert job.get("metrics_path", "/metrics") == "/metrics"


def test_env_example_lists_only_real_settings(env_example: dict[str, str], settings_of: dict[str, set[str]]):
    ours = {name for name in env_example if name.startswith("MONITORS_")} - {"MONITORS_VERSION"}
    assert ours <= set().union(*settings_of.values())


def test_env_example_and_compose_know_the_same_variables(
    env_example: dict[str, str], compose_text: str, containers: Containers
):
    interpolated = set(re.findall(r"\$\{(\w+)", compose_text))
    passed_on = {name for each in SERVICES for name, value in containers[each]["environment"].items() if value is None}
    assert set(env_example) == interpolated | passed_on


def test_env_example_sets_no_secret(env_example: dict[str, str]):
    for name, value in env_example.items():
        if re.search("TOKEN|PASSWORD|SECRET|_KEY", name):
            assert value == "", name


def test_healthcheck_fails_when_nothing_listens(deploy: Path):
    environment = os.environ | {"MONITORS_PORT": "1"}
    done = subprocess.run(
        [sys.executable, deploy / "healthcheck.py"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 1
    assert "not alive" in done.stderr
