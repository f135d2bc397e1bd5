"""`monitors extract`: facts off kept pages, without a server."""

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
            """echo '{"id": "1", "file": "kettle.html.gz", "facts": ["price", "availability"]}' | monitors extract""",
            """echo '{"id": "2", "file": "apply.html", "facts": ["registration status"]}' | monitors extract""",
        )
    )(extract)


def extract(files: Files = None) -> None:
    """Read facts off kept pages: a filter.

    Needs no server, no model and no network.

    In: {"id", "file", "url", "facts"}, one a line; a file is .html or .html.gz. Out: {"id"}
    and each fact asked for, null where the page does not tell it, with where each was read under "evidence". The facts
    price, currency, availability and sku are read as a shop's; any other name as a person would look for it. Without
    "facts" all four of a shop are read. A line that can't be answered gives {"id", "error"}, and exit code 2 at the end.
    """
    from ..extracting import facts_of
    from ..filters import run_filter

    raise typer.Exit(run_filter(files or [], facts_of))
