"""`monitors tokens`: API tokens, what programs sign in with."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from monitors_gateway.domain.scopes import Scope

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

group = typer.Typer(help="API tokens: what programs sign in with.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="tokens")


@group.command("list", epilog=examples("monitors tokens list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Your API tokens, newest first."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/tokens")["tokens"])
    if json:
        as_json(found)
    elif not found:
        say("No API tokens: make one with `monitors tokens create`.")
    else:
        table(
            ("ID", "NAME", "TOKEN", "SCOPES", "EXPIRES (UTC)", "LAST USED (UTC)"),
            (
                (
                    each["id"],
                    each["name"],
                    each["hint"],
                    ", ".join(each["scopes"]),
                    shown_time(each["expiresAt"]),
                    shown_time(each["lastUsedAt"]),
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(
    epilog=examples(
        "monitors tokens create Dashboard --scope read",
        "monitors tokens create Collector --scope metrics:write --days 90",
    )
)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help=f"What it may do: {', '.join(Scope)}; may be said several times.")],
    days: Annotated[int | None, typer.Option(min=1, help="How long it serves; without end by default.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make an API token. It is shown now and never again. Use it as MONITORS_TOKEN, or as a bearer token."""
    from ..connect import with_api
    from ..render import as_json, say

    body: dict[str, Any] = {"name": name, "scopes": scope}
    if days:
        body["expiresAt"] = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    reply = with_api(api, Path(data_dir), lambda platform: platform.post("/api/tokens", body))
    if json:
        as_json(reply)
    else:
        say(reply["token"])


@group.command(epilog=examples("monitors tokens revoke 019a…"))
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="A token, as `monitors tokens list` shows it.")],
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """End an API token, at once."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Revoke this token? Programs that use it are refused from now on.", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/tokens/{token_id}"))
    if json:
        as_json({"revoked": [token_id]})
    else:
        say("Revoked.")
