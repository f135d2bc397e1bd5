"""`monitors alerts`: what became true, who has it, and that it is over."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

AlertId = Annotated[str, typer.Argument(metavar="ID", help="An alert, as `monitors alerts list` shows it.")]
Note = Annotated[str | None, typer.Option(help="A word on why.")]

group = typer.Typer(
    help="What became true: list alerts, take them, end them.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="alerts")


@group.command("list", epilog=examples("monitors alerts list", "monitors alerts list --state firing --json"))
def list_all(
    state: Annotated[str | None, typer.Option(help="Only firing, acknowledged or resolved ones.")] = None,
    monitor: Annotated[str | None, typer.Option(metavar="ID", help="Only this monitor's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most alerts to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Alerts, newest first."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shortened, shown_time, shown_value, table

    if state not in (None, "firing", "acknowledged", "resolved"):
        raise BadInput(f"--state is firing, acknowledged or resolved, not {state!r}")
    found = with_api(
        api,
        Path(data_dir),
        lambda platform: platform.get("/api/alerts", state=state, monitorId=monitor, limit=limit)["alerts"],
    )
    if json:
        as_json(found)
    elif not found:
        say("No alerts.")
    else:
        table(
            ("ID", "STATE", "SINCE (UTC)", "VALUE", "SUMMARY"),
            (
                (
                    each["id"],
                    each["state"],
                    shown_time(each["startedAt"]),
                    shown_value(each.get("value"), each.get("unit")),
                    shortened(each["summary"], 90),
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(epilog=examples('monitors alerts ack 019a… --note "ordered one"'))
def ack(
    alert_id: AlertId, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Say that you have an alert."""
    _change(alert_id, "acknowledge", note, api, data_dir, json)


@group.command(epilog=examples("monitors alerts resolve 019a…"))
def resolve(
    alert_id: AlertId, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """End an alert by hand."""
    _change(alert_id, "resolve", note, api, data_dir, json)


def _change(alert_id: str, what: str, note: str | None, api: str | None, data_dir: Path, json: bool) -> None:
    from ..connect import with_api
    from ..render import as_json, clean, say

    path = f"/api/alerts/{alert_id}/{what}"
    alert: dict[str, Any] = with_api(api, Path(data_dir), lambda platform: platform.post(path, {"note": note})["alert"])
    if json:
        as_json(alert)
    else:
        say(f"{alert['state']}: {clean(alert['summary'])}")
