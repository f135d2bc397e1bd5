"""Finding the platform that runs on this machine, by the file it writes into its data folder."""

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

INFO_FILE = "platform.json"


@dataclass(frozen=True)
class Running:
    """A platform that runs here. The NATS URL holds its token."""

    pid: int
    api: str
    nats: str
    database: str


def running(data_dir: Path) -> Running | None:
    """The platform that owns this folder, or None when none runs."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        info = json.loads((data_dir.expanduser() / INFO_FILE).read_text())
        os.kill(int(info["pid"]), 0)
        return Running(int(info["pid"]), str(info["api"]), str(info["nats"]), str(info["database"]))
    return None


def start_hint(data_dir: Path) -> str:
    """What to do when none runs, for the end of an error message."""
    return f"no platform runs in {data_dir}; start one with `monitors up`, or name another with --data-dir"
