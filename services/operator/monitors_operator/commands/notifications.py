"""`monitors notifications`: what became of messages."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

NotificationId = Annotated[
    str, typer.Argument(metavar="ID", help="A message, as `monitors notifications list` shows it.")
]

group = typer.Typer(
    help="What became of messages: list them, try failed ones again.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="notifications")


@group.command("list", epilog=examples("monitors notifications list --state failed"))
def list_all(
    state: Annotated[str | None, typer.Option(help="Only those that are pending, sent, delivered, failed ...")] = None,
    channel: Annotated[str | None, typer.Option(metavar="ID", help="Only this channel's.")] = None,
    alert: Annotated[str | None, typer.Option(metavar="ID", help="Only those about this alert.")] = None,
    monitor: Annotated[str | None, typer.Option(metavar="ID", help="Only those about this monitor.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most messages to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Messages, newest first, and how far each came."""
    from ..connect import with_api
    from ..render import as_json, say, shortened, shown_time, table

    asked = {"state": state, "channelId": channel, "alertId": alert, "monitorId": monitor, "limit": limit}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/notifications", **asked)["notifications"])
    if json:
        as_json(found)
    elif not found:
        say("No messages.")
    else:
        table(
            ("ID", "MADE (UTC)", "CHANNEL", "STATE", "TRIES", "WHY", "ROUTE", "SUBJECT", "ERROR"),
            (
                (
                    each["id"],
                    shown_time(each["createdAt"]),
                    shortened(each["channelName"], 30),
                    each["state"],
                    each["attempts"],
                    _why(each),
                    shortened(each.get("route") or "", 30),
                    shortened(each["subject"], 60),
                    shortened(each.get("error") or "", 40),
                )
                for each in found
            ),
            keep=("ID",),
        )


def _why(message: dict[str, Any]) -> str:
    """Why it was told, and whether it stands in for another."""
    reason = message.get("reason") or ""
    return f"{reason} (stands in)" if message.get("fallbackFor") else reason


@group.command(epilog=examples("monitors notifications retry 019a…"))
def retry(
    notification_id: NotificationId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Try a message once more that was given up."""
    from ..connect import with_api
    from ..render import as_json, clean, say

    path = f"/api/notifications/{notification_id}/retry"
    waiting = with_api(api, Path(data_dir), lambda platform: platform.post(path)["notification"])
    if json:
        as_json(waiting)
    else:
        say(f"{waiting['state']}: {clean(waiting['subject'])}")
