"""Options that many commands share, and how examples are shown in `--help`."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA_DIR = Path(".monitors")

Json = Annotated[bool, typer.Option("--json", help="Print plain JSON.")]
DataDir = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="MONITORS_DATA_DIR",
        file_okay=False,
        help="The platform's folder; one that runs there is found by it.",
    ),
]
ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api",
        envvar="MONITORS_API",
        metavar="URL",
        help="A platform elsewhere (sign in with `monitors login`); by default the one of the data folder.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def examples(*lines: str) -> str:
    """The end of a command's help: lines to copy. The backspace keeps them from being wrapped."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
