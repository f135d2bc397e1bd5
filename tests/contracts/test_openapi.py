"""The committed OpenAPI document is that of the gateway."""

import json
import os
import subprocess
import sys
from pathlib import Path

COMMITTED = Path(__file__).parents[2] / "docs" / "api" / "openapi.json"


def test_the_committed_document_is_what_the_gateway_prints() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MONITORS_")}
    command = [sys.executable, "-m", "monitors_gateway.openapi"]
    printed = subprocess.run(command, env=clean, check=True, capture_output=True, text=True).stdout
    assert json.loads(COMMITTED.read_text("utf-8")) == json.loads(printed), (
        "run `python -m monitors_gateway.openapi > docs/api/openapi.json` and commit"
    )
