"""compose.yaml holds the whole platform, fenced, limited, and with no secret of its own."""

import json
import re
from pathlib import Path
from typing import Any

from monitors_operator.bootstrap import SERVICES

NATS = ("nats-1", "nats-2", "nats-3")
SERVERS = (*NATS, "postgres", "prometheus")
SECRETS = ("MONITORS_SECRET_KEY", "POSTGRES_PASSWORD", "NATS_TOKEN", "NATS_ROUTE_PASSWORD")
Containers = dict[str, dict[str, Any]]


def test_every_service_and_server_is_there_and_nothing_else(containers: Containers):
    assert set(containers) == {*SERVICES, *SERVERS}


def test_each_service_is_built_from_the_one_containerfile(containers: Containers):
    for name in SERVICES:
        build = containers[name]["build"]
        assert build["args"]["SERVICE"] == name
        assert (build["context"], build["dockerfile"]) == ("..", "deploy/Containerfile")


def test_only_the_scraper_carries_a_browser(containers: Containers):
    assert [name for name in SERVICES if "CHROMIUM" in containers[name]["build"]["args"]] == ["scraper"]


def test_only_the_gateway_publishes_a_port_and_only_on_loopback(containers: Containers):
    published = {name: each["ports"] for name, each in containers.items() if "ports" in each}
    assert published == {"gateway": ["127.0.0.1:${GATEWAY_PORT:-8000}:8000"]}


def test_servers_have_health_checks_and_services_wait_for_them(containers: Containers):
    for name in SERVERS:
        assert containers[name]["healthcheck"]["test"][0] == "CMD"
    for name in SERVICES:
        waits = containers[name]["depends_on"]
        assert {server: wait["condition"] for server, wait in waits.items()} == dict.fromkeys(
            (*NATS, "postgres"), "service_healthy"
        )


def test_everything_restarts_stops_in_order_and_has_limits(containers: Containers):
    for name, container in containers.items():
        assert container["restart"] == "unless-stopped", name
        assert int(container["stop_grace_period"].removesuffix("s")) >= 30, name
        assert container["mem_limit"], name
        assert container["cpus"] > 0, name


def test_services_run_on_a_read_only_disk_without_privileges(containers: Containers):
    for name in SERVICES:
        container = containers[name]
        assert container["read_only"] is True, name
        assert container["tmpfs"] == ["/tmp"], name
        assert container["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in container["security_opt"], name


def test_servers_are_on_the_inner_network_alone(compose: dict[str, Any], containers: Containers):
    assert compose["networks"]["backbone"] == {"internal": True}
    for name in SERVERS:
        assert containers[name]["networks"] == ["backbone"], name


def test_services_that_reach_out_have_a_way_out_and_the_others_have_none(containers: Containers):
    outside = {name for name in SERVICES if "outside" in containers[name]["networks"]}
    assert outside == {"gateway", "scraper", "evaluator", "notifier"}


def test_a_secret_is_asked_for_and_never_defaulted(compose_text: str):
    for secret in SECRETS:
        uses = re.findall(r"\$\{" + secret + r"([^}]*)\}", compose_text)
        assert any(use.startswith(":?") for use in uses), secret
        assert not any(use.startswith((":-", "-")) for use in uses), secret


def test_a_key_reaches_only_the_services_that_use_it(containers: Containers):
    def holders(variable: str) -> set[str]:
        return {name for name in SERVICES if variable in containers[name]["environment"]}

    assert holders("MONITORS_SECRET_KEY") == {"gateway", "notifier"}
    assert holders("MONITORS_ANTHROPIC_API_KEY") == holders("MONITORS_OPENAI_API_KEY") == {"evaluator"}
    assert holders("MONITORS_SMTP_URL") == holders("MONITORS_SENDGRID_API_KEY") == {"notifier"}


def test_every_variable_given_to_a_service_is_a_setting_of_it(containers: Containers, settings_of: dict[str, set[str]]):
    for name in SERVICES:
        assert set(containers[name]["environment"]) <= settings_of[name], name


def test_streams_have_as_many_replicas_as_there_are_servers(containers: Containers):
    for name in SERVICES:
        environment = containers[name]["environment"]
        assert environment["MONITORS_NATS_REPLICAS"] == len(NATS)
        assert environment["MONITORS_NATS_URL"] == ",".join(f"nats://{server}:4222" for server in NATS)


def test_what_must_survive_lies_on_volumes(compose: dict[str, Any], containers: Containers):
    for name in (*SERVERS, "notifier"):
        named = [volume.split(":")[0] for volume in containers[name]["volumes"] if not volume.startswith(".")]
        assert named == [name]
        assert name in compose["volumes"]


def test_the_browsers_fence_allows_namespaces_and_little_else_that_is_forbidden_otherwise(deploy: Path):
    profile = json.loads((deploy / "chromium-seccomp.json").read_text())
    forbidden = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert forbidden.isdisjoint({"clone", "clone3", "unshare", "chroot"})
    assert forbidden >= {
        "mount",
        "setns",
        "bpf",
        "keyctl",
        "kexec_load",
        "init_module",
        "userfaultfd",
        "io_uring_setup",
    }
