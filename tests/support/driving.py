"""Driving a platform as its users do: the `monitors` command, and waiting for what takes as long as it takes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PATIENCE = 90.0
"""Seconds a condition may take; test machines are busy ones."""


def eventually(condition: Callable[[], Any], what: str = "what is asked here", patience: float = PATIENCE) -> Any:
    """Wait until the condition gives something true, and give it."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain for: {what}"
        time.sleep(0.1)
    return found


class Command:
    """The `monitors` command as one user's token lets it act."""

    def __init__(self, api: str, token: str) -> None:
        self._environment = os.environ | {"MONITORS_API": api, "MONITORS_TOKEN": token}

    def __call__(self, *arguments: str, fails: int = 0) -> str:
        """What it prints, on the error output too when it `fails` with this exit code."""
        ran = self.run(*arguments)
        assert ran.returncode == fails, ran.stdout + ran.stderr
        return ran.stdout + (ran.stderr if fails else "")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        command = [sys.executable, "-m", "monitors_operator", *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120, check=False)
