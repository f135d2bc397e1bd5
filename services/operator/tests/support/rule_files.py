"""A rule, and files to keep things like it in."""

from pathlib import Path
from typing import Any

import yaml

CPU = {"name": "CPU busy", "kind": "threshold", "metric": "cpu", "op": "gt", "warning": 80, "critical": 95, "for": "2m"}


def write(folder: Path, name: str, document: Any) -> Path:
    """The document as a YAML file of this name."""
    file = folder / name
    file.write_text(yaml.safe_dump(document))
    return file
