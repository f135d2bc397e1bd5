"""What `deploy/` holds, parsed."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors_evaluator.providers.settings import AiSettings
from monitors_gateway.settings import GatewaySettings
from monitors_notifier.settings import NotifierSettings
from monitors_operator.bootstrap import SERVICES
from monitors_runtime.settings import RuntimeSettings
from monitors_runtime.standalone import HttpSettings
from monitors_scraper.settings import ScraperSettings

ROOT = Path(__file__).parents[2]
OF_EVERY_SERVICE = (RuntimeSettings, HttpSettings)
OF_ONE = {"evaluator": AiSettings, "gateway": GatewaySettings, "notifier": NotifierSettings, "scraper": ScraperSettings}


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def deploy() -> Path:
    return ROOT / "deploy"


@pytest.fixture
def compose_text(deploy: Path) -> str:
    return (deploy / "compose.yaml").read_text()


@pytest.fixture
def compose(compose_text: str) -> dict[str, Any]:
    return yaml.safe_load(compose_text)


@pytest.fixture
def containers(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return compose["services"]


@pytest.fixture
def settings_of() -> dict[str, set[str]]:
    """The environment variables each service understands."""
    known: dict[str, set[str]] = {}
    for service in SERVICES:
        classes = [*OF_EVERY_SERVICE, *([OF_ONE[service]] if service in OF_ONE else [])]
        known[service] = {f"MONITORS_{name.upper()}" for each in classes for name in each.model_fields}
    return known


@pytest.fixture
def env_example(deploy: Path) -> dict[str, str]:
    """Every variable named in .env.example, those in comments too, and what it is set to there."""
    lines = (deploy / ".env.example").read_text().splitlines()
    found = (re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]*)=(.*)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}
