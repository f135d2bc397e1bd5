"""`monitors outbox`: the messages of the local channel."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

group = typer.Typer(help="The local channel's messages, as mail.", invoke_without_command=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="outbox", epilog=examples("monitors outbox", "monitors outbox show"))


@group.callback()
def _default(
    context: typer.Context, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    if context.invoked_subcommand is None:
        list_all(api=api, data_dir=data_dir, json=json)


@group.command("list", epilog=examples("monitors outbox list --limit 5"))
def list_all(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most messages to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Messages, newest first, each with the file that holds it."""
    from ..connect import with_api
    from ..render import as_json, say, shortened, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/outbox", limit=limit)["messages"])
    if json:
        as_json(found)
    elif not found:
        say("The outbox is empty.")
    else:
        table(
            ("ID", "SENT (UTC)", "SUBJECT", "FILE"),
            (
                (each["id"], shown_time(each["createdAt"]), shortened(each["subject"], 70), each["file"])
                for each in found
            ),
            keep=("ID",),
        )


@group.command(epilog=examples("monitors outbox show", "monitors outbox show 019a…"))
def show(
    message_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A message; the newest by default.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """One message as it was sent."""
    from ..client import Api
    from ..connect import with_api
    from ..errors import Failed
    from ..render import as_json
    from ..shown import mail_lines

    def work(platform: Api) -> dict[str, Any] | None:
        if message_id:
            return platform.get(f"/api/outbox/{message_id}")
        return next(iter(platform.get("/api/outbox", limit=1)["messages"]), None)

    message = with_api(api, Path(data_dir), work)
    if message is None:
        raise Failed("the outbox is empty")
    if json:
        as_json(message)
        return
    for line in mail_lines(message):
        print(line)
