"""`monitors account`: the user the command line is signed in as."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

Password = Annotated[
    str | None,
    typer.Option(envvar="MONITORS_PASSWORD", help="The current password; asked for when not given and needed."),
]

group = typer.Typer(
    help="Your own account: name, password, sessions, export, leaving.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="account")


@group.command(epilog=examples("monitors account show"))
def show(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Who you are, and what you used of your limits."""
    from ..connect import with_api
    from ..render import as_json, fields

    def ask(platform: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return platform.get("/api/auth/me")["user"], platform.get("/api/usage")

    user, usage = with_api(api, Path(data_dir), ask)
    if json:
        as_json({"user": user, "usage": usage})
        return
    fields(
        [
            ("name", user["name"]),
            ("e-mail", user["email"]),
            ("id", user["id"]),
            ("monitors", _used(usage["monitors"])),
            ("checks today", _used(usage["refreshesToday"])),
        ]
    )


@group.command(
    epilog=examples("monitors account update --name Robin", "monitors account update --email robin@example.org")
)
def update(
    name: Annotated[str | None, typer.Option(help="What to call you.")] = None,
    email: Annotated[str | None, typer.Option(help="Your new e-mail address; needs the password.")] = None,
    password: Password = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Change your name or e-mail address."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if name is None and email is None:
        raise BadInput("say what to change: --name or --email")

    def work(platform: Any) -> dict[str, Any]:
        body = {"name": name, "email": email, "currentPassword": _current(platform, password) if email else None}
        user = platform.patch("/api/auth/me", {key: value for key, value in body.items() if value is not None})["user"]
        platform.changed(email=user["email"])
        return user

    user = with_api(api, Path(data_dir), work)
    if json:
        as_json(user)
    else:
        say(f"You are {user['name']}, {user['email']}.")


@group.command("password", epilog=examples("monitors account password"))
def change_password(
    password: Password = None,
    new: Annotated[
        str | None, typer.Option(envvar="MONITORS_NEW_PASSWORD", help="The new one; asked for when not given.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Change your password. You are signed out everywhere else; API tokens go on."""
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> dict[str, Any]:
        current = _current(platform, password)
        wanted = new or typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
        reply = platform.post("/api/auth/password", {"currentPassword": current, "newPassword": wanted})
        platform.changed(password=wanted)
        return reply

    reply = with_api(api, Path(data_dir), work)
    if json:
        as_json(reply)
    else:
        say(f"Changed. Other sessions ended: {reply['ended']}")


@group.command(epilog=examples("monitors account sessions"))
def sessions(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Where you are signed in, the last used first."""
    from ..connect import with_api
    from ..render import as_json, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/auth/sessions")["sessions"])
    if json:
        as_json(found)
        return
    table(
        ("ID", "CLIENT", "ADDRESS", "SINCE (UTC)", "LAST USED (UTC)", ""),
        (
            (
                each["id"],
                each["client"],
                each["address"],
                shown_time(each["createdAt"]),
                shown_time(each["lastUsedAt"]),
                "this one" if each["current"] else "",
            )
            for each in found
        ),
        keep=("ID",),
    )


@group.command(
    "end-session", epilog=examples("monitors account end-session 019a…", "monitors account end-session --others")
)
def end_session(
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="A session, as listed.")] = None,
    others: Annotated[bool, typer.Option("--others", help="All but this one.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Sign out elsewhere, at once."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if (session_id is None) != others:
        raise BadInput("say which session to end, or --others for all but this one")
    path = f"/api/auth/sessions/{session_id}" if session_id else "/api/auth/sessions"
    reply = with_api(api, Path(data_dir), lambda platform: platform.delete(path))
    if json:
        as_json(reply)
    else:
        say(f"Sessions ended: {reply.get('ended', 1)}")


@group.command(epilog=examples("monitors account audit --limit 20"))
def audit(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most entries to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """What you did, newest first."""
    from ..connect import with_api
    from ..render import as_json, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/audit", limit=limit)["entries"])
    if json:
        as_json(found)
        return
    table(
        ("WHEN (UTC)", "WHAT", "TO", "FROM"),
        (
            (shown_time(each["occurredAt"]), each["what"], each["target"] or "-", each["address"] or "-")
            for each in found
        ),
        keep=("TO",),
    )


@group.command(epilog=examples("monitors account export monitors.zip"))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="Where to save it.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file when it exists.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Save everything that is kept of you as a zip archive; README.txt in it says what is what."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, progress, say

    if file.exists() and not force:
        raise BadInput(f"{file} exists: say --force to replace it")
    if not file.absolute().parent.is_dir():
        raise BadInput(f"there is no folder {file.absolute().parent}")
    with progress("Exporting ...") as shown:
        size = with_api(
            api,
            Path(data_dir),
            lambda platform: platform.download(
                "/api/export", file.absolute(), lambda done: shown.update(f"Exporting: {done:,} bytes ...")
            ),
        )
    if json:
        as_json({"file": str(file), "bytes": size})
    else:
        say(f"Saved {size:,} bytes to {file}")


@group.command(epilog=examples("monitors account export monitors.zip", "monitors account delete"))
def delete(
    password: Password = None,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Delete your account with everything in it, for good. Export first what you want to keep."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> str:
        user = platform.get("/api/auth/me")["user"]
        confirmed(f"Delete {user['email']} with all monitors, checks, alerts and messages, for good?", yes)
        platform.delete("/api/auth/me", {"password": _current(platform, password), "confirm": "delete"})
        platform.forget()
        return user["email"]

    email = with_api(api, Path(data_dir), work)
    if json:
        as_json({"deleted": email})
    else:
        say(f"Deleted {email}.")


def _current(platform: Any, given: str | None) -> str:
    return given or platform.own_password or typer.prompt("Current password", hide_input=True, err=True)


def _used(limited: dict[str, Any]) -> str:
    return f"{limited['used']} of {limited['limit']}" if limited["limit"] else f"{limited['used']}, no limit"
