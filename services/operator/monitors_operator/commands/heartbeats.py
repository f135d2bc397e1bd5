"""`monitors heartbeats`: jobs that say that they ran."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

HeartbeatId = Annotated[str, typer.Argument(metavar="ID", help="A heartbeat, as `monitors heartbeats list` shows it.")]

group = typer.Typer(help="Jobs that say that they ran.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="heartbeats")


@group.command("list", epilog=examples("monitors heartbeats list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The heartbeats, newest first."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.every("/api/heartbeats", "heartbeats"))
    if json:
        as_json(found)
    elif not found:
        say("No heartbeats: add one with `monitors heartbeats add`.")
    else:
        rows = (
            (each["id"], each["name"], each["status"], shown_time(each.get("lastPing")), each["pingUrl"])
            for each in found
        )
        table(("ID", "NAME", "", "LAST PING", "PING"), rows, keep=("ID", "PING"))


@group.command(
    epilog=examples(
        "monitors heartbeats add 'Nightly backup' --cron '30 2 * * *' --grace 1h",
        "monitors heartbeats add Queue --period 5m",
    )
)
def add(
    name: Annotated[str, typer.Argument(help="What its alerts are called.")],
    period: Annotated[str | None, typer.Option(help="How often it pings, like 5m or 1d.")] = None,
    cron: Annotated[str | None, typer.Option(help="When it pings.")] = None,
    timezone: Annotated[str, typer.Option(help="Whose clock the cron goes by.")] = "UTC",
    grace: Annotated[str, typer.Option(help="How late it may be.")] = "5m",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Expect to hear of a job; shows the address that it is to ping."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if (period is None) == (cron is None):
        raise BadInput("say --period or --cron")
    body = {"name": name, "period": period, "cron": cron, "timezone": timezone, "grace": grace}
    body = {field: value for field, value in body.items() if value is not None}
    made = with_api(api, Path(data_dir), lambda platform: platform.post("/api/heartbeats", body)["heartbeat"])
    if json:
        as_json(made)
        return
    say(f"Added heartbeat {made['name']!r} ({made['id']}).")
    say(f"  ping   curl -fsS {made['pingUrl']}")
    say("  and    /start behind it when the job begins, /fail or /$? when it ends otherwise")


@group.command("rotate-key", epilog=examples("monitors heartbeats rotate-key 019a…"))
def rotate_key(
    heartbeat_id: HeartbeatId,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Give it another address to ping; the one it has is refused from then on."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Pings to the address it has will be refused. Go on?", yes)
    path = f"/api/heartbeats/{heartbeat_id}/rotate-key"
    changed = with_api(api, Path(data_dir), lambda platform: platform.post(path)["heartbeat"])
    if json:
        as_json(changed)
    else:
        say(f"  ping   curl -fsS {changed['pingUrl']}")


@group.command(epilog=examples("monitors heartbeats delete 019a…"))
def delete(
    heartbeat_id: HeartbeatId,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Expect it no more; its alert is resolved."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Delete this heartbeat?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/heartbeats/{heartbeat_id}"))
    if json:
        as_json({"deleted": [heartbeat_id]})
    else:
        say("Deleted.")
