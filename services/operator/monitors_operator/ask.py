"""Asking before something can't be undone."""

import sys

import typer

from .errors import BadInput


def confirmed(question: str, yes: bool) -> None:
    """Go on when the person agrees, or has with --yes. Raises BadInput where nobody can be asked, and Abort for a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Nobody is there to ask: say --yes")
    typer.confirm(question, abort=True, err=True)
