"""`monitors alertmanager`: what was set up there, here."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import Json, examples

group = typer.Typer(
    help="What was set up in Alertmanager, here: routes, receivers, inhibition.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="alertmanager")


@group.callback()
def _group() -> None:
    pass


@group.command(
    "import",
    epilog=examples(
        "monitors alertmanager import alertmanager.yml --dry-run",
        "monitors alertmanager import alertmanager.yml > config/alerting.yml",
    ),
)
def import_configuration(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Alertmanager's configuration.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what comes over, and what does not.")] = False,
    json: Json = False,
) -> None:
    """Rewrite an Alertmanager configuration as channels, routes and inhibition rules; what has no equivalent is told."""
    import sys

    import yaml

    from ..as_code import alertmanager, documents
    from ..render import as_json, say

    found = alertmanager.convert(documents.load(file))
    if json:
        notes = {"leftOut": [list(each) for each in found.left_out], "notes": [list(each) for each in found.notes]}
        as_json(({} if dry_run else found.document()) | notes)
        return
    if not dry_run:
        say(yaml.safe_dump(found.document(), sort_keys=False, allow_unicode=True).rstrip())
    for about, why in found.left_out:
        print(f"left out: {about}: {why}", file=sys.stderr)
    for about, note in found.notes:
        print(f"note: {about}: {note}", file=sys.stderr)
    counts = (len(found.channels), _routes(found.routing), len(found.inhibitions), len(found.left_out))
    print("{} channels, {} routes, {} inhibition rules, {} left out".format(*counts), file=sys.stderr)


def _routes(route: dict[str, Any]) -> int:
    return 1 + sum(_routes(child) for child in route.get("routes", ()))
