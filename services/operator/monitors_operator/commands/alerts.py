"""`monitors alerts`: what became true, who has it, and that it is over."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

AlertId = Annotated[str, typer.Argument(metavar="ID", help="An alert, as `monitors alerts list` shows it.")]
AlertIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Alerts, as `monitors alerts list` shows them.")]
Note = Annotated[str | None, typer.Option(help="A word on why.")]

group = typer.Typer(
    help="What became true: list alerts, take them, end them, talk about them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="alerts")


@group.command(
    "list", epilog=examples("monitors alerts list", "monitors alerts list --state open --severity critical --json")
)
def list_all(
    state: Annotated[
        str | None, typer.Option(help="Only open (firing or acknowledged), firing, acknowledged or resolved ones.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Only info, warning or critical ones.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only those with these words in name, summary or condition.")
    ] = None,
    monitor: Annotated[str | None, typer.Option(metavar="ID", help="Only this monitor's.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most alerts to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Alerts, newest first."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shortened, shown_time, shown_value, table

    if state not in (None, "open", "firing", "acknowledged", "resolved"):
        raise BadInput(f"--state is open, firing, acknowledged or resolved, not {state!r}")
    if severity not in (None, "info", "warning", "critical"):
        raise BadInput(f"--severity is info, warning or critical, not {severity!r}")
    asked = {"state": state, "severity": severity, "q": search, "monitorId": monitor, "ruleId": rule, "limit": limit}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/alerts", **asked)["alerts"])
    if json:
        as_json(found)
    elif not found:
        say("No alerts.")
    else:
        table(
            ("ID", "STATE", "SEVERITY", "SINCE (UTC)", "VALUE", "SUMMARY"),
            (
                (
                    each["id"],
                    each["state"],
                    each["severity"],
                    shown_time(each["startedAt"]),
                    shown_value(each.get("value"), each.get("unit")),
                    shortened(each["summary"], 90),
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(epilog=examples("monitors alerts timeline 019a…"))
def timeline(alert_id: AlertId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What happened to an alert: when, by whom and why, with comments and messages."""
    from ..connect import with_api
    from ..render import as_json, clean, say, shown_time, table
    from ..shown import timeline_row

    path = f"/api/alerts/{alert_id}/timeline"
    found = with_api(api, Path(data_dir), lambda platform: platform.get(path))
    if json:
        as_json(found)
        return
    alert = found["alert"]
    say(f"{clean(alert['name'])}  ({alert['id']}, {alert['state']} since {shown_time(alert['startedAt'])} UTC)")
    table(("WHEN (UTC)", "WHAT", "WHO", ""), map(timeline_row, found["entries"]))


@group.command(epilog=examples('monitors alerts comment 019a… "two left at this price"'))
def comment(
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say something about an alert."""
    from ..connect import with_api
    from ..render import as_json, say

    path = f"/api/alerts/{alert_id}/comments"
    entry = with_api(api, Path(data_dir), lambda platform: platform.post(path, {"text": text})["entry"])
    if json:
        as_json(entry)
    else:
        say("Said.")


@group.command(epilog=examples('monitors alerts ack 019a… --note "ordered one"', "monitors alerts ack 019a… 019b…"))
def ack(
    alert_ids: AlertIds, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Say that you have alerts."""
    _change(alert_ids, "acknowledge", note, api, data_dir, json)


@group.command(epilog=examples("monitors alerts resolve 019a…", "monitors alerts resolve 019a… 019b…"))
def resolve(
    alert_ids: AlertIds, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """End alerts by hand."""
    _change(alert_ids, "resolve", note, api, data_dir, json)


def _change(alert_ids: list[str], what: str, note: str | None, api: str | None, data_dir: Path, json: bool) -> None:
    """Change one alert, or many in one request; then those that stay as they are are said, with exit code 1."""
    from ..connect import with_api
    from ..render import as_json, clean, say

    if len(alert_ids) == 1:
        path = f"/api/alerts/{alert_ids[0]}/{what}"
        alert: dict[str, Any] = with_api(
            api, Path(data_dir), lambda platform: platform.post(path, {"note": note})["alert"]
        )
        if json:
            as_json(alert)
        else:
            say(f"{alert['state']}: {clean(alert['summary'])}")
        return
    body = {"ids": alert_ids, "note": note}
    reply = with_api(api, Path(data_dir), lambda platform: platform.post(f"/api/alerts/{what}", body))
    if json:
        as_json({"alerts": reply["alerts"], "refused": reply["refused"]})
    else:
        for alert in reply["alerts"]:
            say(f"{alert['state']}: {clean(alert['summary'])}")
        for each in reply["refused"]:
            say(f"refused: {each['problem']['title']}  ({each['alertId']})")
    if reply["refused"]:
        raise typer.Exit(1)
