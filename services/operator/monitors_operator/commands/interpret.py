"""`monitors interpret`: sentences to interpretations, without a server."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import examples

Files = Annotated[
    list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files of JSON lines; standard input by default.")
]


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples(
            """echo '{"id": "1", "prompt": "tell me when the price of milk drops below $2"}' | monitors interpret""",
            "monitors interpret prompts.jsonl > interpretations.jsonl",
        )
    )(interpret)


def interpret(files: Files = None) -> None:
    """Say what sentences mean: a filter.

    Needs no server, no model and no network.

    In: {"id", "prompt"}, one a line. Out: {"id", "kind", "fact", "factType", "op", "value", "unit", "url", "name",
    "confidence"}. A line that can't be answered gives {"id", "error"}, and exit code 2 at the end.
    """
    from ..filters import run_filter
    from ..interpreting import interpretation_of

    raise typer.Exit(run_filter(files or [], interpretation_of))
