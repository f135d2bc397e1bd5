"""What commands print: tables, values, JSON and progress. No colour and no spinner where nobody watches."""

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from monitors_contracts.summaries import clean as clean
from monitors_contracts.summaries import shortened as shortened
from monitors_contracts.summaries import shown_value as shown_value

WIDE = 220
"""Characters of a line when it goes to a file or a pipe: nothing is cut there that a terminal would wrap."""


def say(text: str = "") -> None:
    """A line on standard output."""
    print(text, flush=True)  # flushed: a pipe's reader sees it now


def as_json(value: Any) -> None:
    """A document on standard output."""
    say(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def shown_time(text: str | None) -> str:
    """An API time as `2026-11-21 10:00:42` UTC; `-` for none."""
    if not text:
        return "-"
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], keep: Sequence[str] = ()) -> None:
    """Columns under their names. Those in `keep` are never wrapped (ids, so that they can be copied)."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    drawn = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column, no_wrap=column in keep, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(clean(cell)) for cell in row))
    console.print(drawn)


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Named values, one a line, the names lined up."""
    rows = list(pairs)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"  {name:<{width}}  {clean(value)}")


@contextmanager
def progress(text: str) -> Generator["Progress"]:
    """Say on a terminal's standard error that something is under way."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console

    with Console(stderr=True).status(clean(text)) as status:
        shown = Progress()
        shown.update = lambda line: status.update(clean(line))
        yield shown


class Progress:
    """What is under way; `update` changes the line."""

    def update(self, line: str) -> None:
        """Say something else from now on."""
