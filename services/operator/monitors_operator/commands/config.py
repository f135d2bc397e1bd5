"""`monitors apply`, `diff` and `export`: channels, on-call settings, targets, checks, rules, silences as files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

Files = Annotated[list[Path], typer.Option("--file", "-f", help="A YAML file, or a folder of them.")]
Prune = Annotated[bool, typer.Option("--prune", help="Also remove what the files do not speak of.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors apply -f config/", "monitors apply -f rules.yml --dry-run"))(apply)
    app.command(epilog=examples("monitors diff -f config/"))(diff)
    app.command(epilog=examples("monitors export > config/all.yml", "monitors export --kind rules"))(export)


def apply(
    files: Files,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    prune: Prune = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make channels, on-call settings, targets, checks, rules, silences, maintenance and inhibitions what files say.

    Applied again, nothing changes.
    """
    from ..as_code import carrying, documents, planning
    from ..connect import with_api
    from ..render import as_json, say

    wanted = documents.read(files)

    def work(platform: Any) -> list[planning.Change]:
        has = planning.known(platform)
        changes = carrying.in_order(planning.plan(wanted, has, prune=prune), has)
        done: list[planning.Change] = []
        for change in changes if dry_run else carrying.made(platform, changes, wanted, has, files):
            done.append(change)
            if not json:
                for line in change.lines():
                    say(line)
        return done

    done = with_api(api, Path(data_dir), work)
    if json:
        as_json({"dryRun": dry_run, "changes": [vars(change) for change in done]})
    else:
        counted = f"{len(done)} change{'' if len(done) == 1 else 's'}"
        say("Nothing to change." if not done else f"{counted} to make." if dry_run else f"{counted} made.")


def diff(
    files: Files, prune: Prune = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """What `apply` would change; exit code 1 when there is something."""
    from ..as_code import carrying, documents, planning
    from ..connect import with_api
    from ..render import as_json, say

    wanted = documents.read(files)

    def work(platform: Any) -> list[planning.Change]:
        has = planning.known(platform)
        return carrying.in_order(planning.plan(wanted, has, prune=prune), has)

    changes = with_api(api, Path(data_dir), work)
    if json:
        as_json({"changes": [vars(change) for change in changes]})
    for change in () if json else changes:
        for line in change.lines():
            say(line)
    if changes:
        raise typer.Exit(1)


def export(
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="channels, contacts, schedules, policies, targets, uptime, heartbeats, rules, silences, maintenance, "
            "inhibitions, status-pages or routing; by default all."
        ),
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Everything as YAML that `apply` takes. Secrets are not in it.

    Things of a kind that share a name are all in it, and told of: one is to be renamed before the file is applied.
    """
    import sys

    from ..as_code import documents, planning
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if wrong := [each for each in kind or () if each not in documents.KINDS]:
        raise BadInput(f"{wrong[0]!r} is none of {', '.join(documents.KINDS)}")
    has = with_api(api, Path(data_dir), planning.known)
    found = {each: members for each, members in has.everything().items() if not kind or each in kind}
    if json:
        as_json(found)
    else:
        say(documents.written(found).rstrip())
    for words in has.alike(found):
        print(f"note: {words}: rename one before this can be applied", file=sys.stderr)
