"""`monitors check`, `list`, `show` and `delete`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Monitors, as `monitors list` shows them.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="A monitor, as `monitors list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors check 019a…", "monitors check --all --json"))(check)
    app.command("list", epilog=examples("monitors list", "monitors list --json | jq '.[].currentValue'"))(list_all)
    app.command(epilog=examples("monitors show 019a…"))(show)
    app.command(epilog=examples("monitors delete 019a…", "monitors delete --yes 019a… 019b…"))(delete)


def check(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Monitors to check.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check all monitors.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Check monitors now and show what was found. Exit code 1 when one of them came to no verdict."""
    from ..client import Api
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, clean, progress, say
    from ..shown import evaluation_lines, verdict_failed

    if bool(ids) == everything:
        raise BadInput("name the monitors to check, or --all")

    def work(platform: Api) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, str]]:
        names = {each["id"]: each["name"] for each in platform.every("/api/monitors", "monitors")}
        wanted = list(names) if everything else list(ids or ())
        with progress(f"Checking {len(wanted)} monitor{'s' if len(wanted) > 1 else ''} ..."):
            if len(wanted) == 1:
                return [platform.check(wanted[0])], [], names
            return (*platform.check_many(wanted), names) if wanted else ([], [], names)

    evaluations, refused, names = with_api(api, Path(data_dir), work)
    if json:
        as_json({"evaluations": evaluations, "refused": refused})
    else:
        for found in evaluations:
            say(f"{clean(names.get(found['monitorId'], '?'))}  ({found['monitorId']})")
            for line in evaluation_lines(found):
                say(line)
        for each in refused:
            problem = each["problem"]
            say(f"{clean(names.get(each['monitorId'], '?'))}  ({each['monitorId']})")
            say(f"  refused   {problem['title']}: {problem.get('detail', '')}".rstrip(": "))
        if not evaluations and not refused:
            say('No monitors yet: make one with `monitors watch "..."`.')
    if refused or any(verdict_failed(found) for found in evaluations):
        raise typer.Exit(1)


def list_all(
    text: Annotated[
        str | None, typer.Option("--search", "-q", help="Only those whose name, sentence, page or fact says this.")
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="Only those that are new, paused, quiet, triggered, uncertain or failed.")
    ] = None,
    sort: Annotated[str, typer.Option(help="newest, name or lastChecked.")] = "newest",
    recent: Annotated[int, typer.Option(min=0, max=50, help="Show so many of the latest values.")] = 0,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List monitors, with value and status."""
    from ..connect import with_api
    from ..render import as_json, say, table
    from ..shown import MONITOR_COLUMNS, monitor_row, recent_values

    asked = {"q": text, "status": status, "sort": sort, "recent": recent}
    found = with_api(api, Path(data_dir), lambda platform: platform.every("/api/monitors", "monitors", **asked))
    if json:
        as_json(found)
    elif found and recent:
        rows = ((*monitor_row(each), recent_values(each)) for each in found)
        table((*MONITOR_COLUMNS, "LATEST VALUES"), rows, keep=("ID",))
    elif found:
        table(MONITOR_COLUMNS, map(monitor_row, found), keep=("ID",))
    elif text or status:
        say("No monitor is like that.")
    else:
        say('No monitors yet: make one with `monitors watch "..."`.')


def show(
    monitor_id: Id,
    history: Annotated[int, typer.Option(min=1, max=1000, help="Most checks to show.")] = 10,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Show one monitor and its latest checks.

    With its sentence, how that was understood, and the messages it led to.
    """
    from ..connect import with_api
    from ..render import as_json, clean, fields, say, shortened, shown_time, shown_value, table
    from ..shown import interpretation_lines

    path = f"/api/monitors/{monitor_id}"
    found = with_api(api, Path(data_dir), lambda platform: platform.get(path, history=history))
    if json:
        as_json(found)
        return
    monitor = found["monitor"]
    say(f"{clean(monitor['name'])}  ({monitor['id']})")
    fields(
        [
            ("sentence", monitor["prompt"]),
            ("value", shown_value(monitor["currentValue"], monitor.get("unit"))),
            ("verdict", f"{monitor['lastVerdict'] or '-'} ({monitor['lastReason'] or 'never checked'})"),
            ("checked", f"{monitor['evaluationCount']} times, fired {monitor['triggerCount']} times"),
        ]
    )
    for line in interpretation_lines(found["interpretation"]):
        say(line)
    if found["history"]:
        say()
        table(
            ("CHECKED (UTC)", "VALUE", "VERDICT", "WHY", "EVIDENCE"),
            (
                (
                    shown_time(each["timestamp"]),
                    shown_value(each["value"], each.get("unit")),
                    each["verdict"] or "-",
                    each["reason"],
                    shortened((each.get("evidence") or {}).get("quote", ""), 60),
                )
                for each in found["history"]
            ),
        )
    if found["notifications"]:
        say()
        table(
            ("TOLD (UTC)", "CHANNEL", "STATE", "SUBJECT"),
            (
                (shown_time(each["createdAt"]), each["channelName"], each["state"], shortened(each["subject"], 80))
                for each in found["notifications"]
            ),
        )


def delete(
    ids: Ids, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Delete monitors; what was read for them goes when they can't be brought back any more."""
    from ..ask import confirmed
    from ..client import Api
    from ..connect import with_api
    from ..render import as_json, say, shown_time

    confirmed(f"Delete {len(ids)} monitor{'s' if len(ids) > 1 else ''} with their facts?", yes)

    def work(platform: Api) -> str | None:
        ends = [platform.delete(f"/api/monitors/{each}")["restorableUntil"] for each in ids]
        return min(filter(None, ends), default=None)

    until = with_api(api, Path(data_dir), work)
    if json:
        as_json({"deleted": ids, "restorableUntil": until})
    elif until:
        say(f"Deleted {len(ids)}. Until {shown_time(until)} UTC they come back with: monitors restore {' '.join(ids)}")
    else:
        say(f"Deleted {len(ids)}.")
