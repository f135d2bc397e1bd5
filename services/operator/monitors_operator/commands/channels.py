"""`monitors channels`: where messages go."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

ChannelId = Annotated[str, typer.Argument(metavar="ID", help="A channel, as `monitors channels list` shows it.")]

group = typer.Typer(
    help="Where messages go: e-mail, webhooks, chat services.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="channels")


@group.command("list", epilog=examples("monitors channels list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The channels, oldest first."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/channels")["channels"])
    if json:
        as_json(found)
    elif not found:
        say("No channels: add one with `monitors channels add`.")
    else:
        table(
            ("ID", "KIND", "NAME", "TARGET", "LAST MESSAGE", ""),
            (
                (
                    each["id"],
                    each["kind"],
                    each["name"],
                    each["target"],
                    (each.get("lastDelivery") or {}).get("state", "-"),
                    "" if each["isActive"] else "paused",
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(
    epilog=examples(
        "monitors channels add email robin@example.com",
        "monitors channels add webhook https://hooks.example/monitors",
        "monitors channels add apprise discord://WEBHOOK_ID/TOKEN --name Team",
    )
)
def add(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="email, webhook, apprise or local.")],
    target: Annotated[str | None, typer.Argument(metavar="[TARGET]", help="Address or URL; none for local.")] = None,
    name: Annotated[str | None, typer.Option(help="A name for the channel.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Add a channel: an e-mail address, a webhook (signed as Standard Webhooks), any of Apprise's services."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if kind not in ("email", "webhook", "apprise", "local"):
        raise BadInput(f"a channel is email, webhook, apprise or local, not {kind!r}")
    if (target is None) != (kind == "local"):
        raise BadInput("a local channel has no target" if target else f"say where the {kind} channel goes")
    body: dict[str, Any] = {"kind": kind, "name": name}
    if target:
        body["address" if kind == "email" else "url"] = target
    body = {field: value for field, value in body.items() if value is not None}
    channel = with_api(api, Path(data_dir), lambda platform: platform.post("/api/channels", body)["channel"])
    if json:
        as_json(channel)
        return
    say(f"Added {channel['kind']} channel {channel['name']!r}: {channel['target']}  ({channel['id']})")
    if channel.get("secret"):
        say(f"  secret  {channel['secret']}  (shown this once; verifies the signatures)")


@group.command("test", epilog=examples("monitors channels test 019a…"))
def send_test(
    channel_id: ChannelId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Send a test message now and say what came of it."""
    from ..connect import with_api
    from ..render import as_json, progress, say

    with progress("Sending ..."):
        reply = with_api(api, Path(data_dir), lambda platform: platform.post(f"/api/channels/{channel_id}/test"))
    sent = reply["notification"]
    if json:
        as_json(reply)
    else:
        say(f"{sent['state']}: {sent['subject']}" + (f" - {sent['error']}" if sent.get("error") else ""))
    if not reply["success"]:
        raise typer.Exit(1)


@group.command(epilog=examples("monitors channels delete 019a…"))
def delete(
    channel_id: ChannelId,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Remove a channel."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Remove this channel?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/channels/{channel_id}"))
    if json:
        as_json({"deleted": [channel_id]})
    else:
        say("Removed.")
