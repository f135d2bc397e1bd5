"""`monitors login` and `register`: who the command line is."""

from pathlib import Path
from typing import Annotated

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
Password = Annotated[
    str | None,
    typer.Option(envvar="MONITORS_PASSWORD", help="Asked for when not given; better not on the command line."),
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors login robin@example.com --api https://monitors.example"))(login)
    app.command(epilog=examples("monitors register robin@example.com --name Robin"))(register)


def login(
    email: Email,
    password: Password = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Sign in. The tokens are kept for the next commands, in a file that only you can read."""
    _sign_in(email, _password(password, again=False), None, api, Path(data_dir), json)


def register(
    email: Email,
    name: Annotated[str, typer.Option(help="What to call you.")],
    password: Password = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make a new user, and sign in as it."""
    _sign_in(email, _password(password, again=True), name, api, Path(data_dir), json)


def _password(given: str | None, *, again: bool) -> str:
    return given or typer.prompt("Password", hide_input=True, confirmation_prompt=again, err=True)


def _sign_in(email: str, password: str, name: str | None, api: str | None, data_dir: Path, json: bool) -> None:
    from ..client import Api
    from ..credentials import keyring_of
    from ..errors import Failed
    from ..locate import running, start_hint
    from ..render import as_json, say

    found = None if api else running(data_dir)
    if not api and not found:
        raise Failed(start_hint(data_dir))
    base = api.rstrip("/") if api else found.api if found else ""
    keyring = keyring_of(None if api else data_dir, base)
    with Api(base, keyring) as platform:
        if name is None:
            platform.login(email, password)
        else:
            platform.register(email, password, name)
    if json:
        as_json({"api": base, "email": email, "keptIn": str(keyring.file)})
    else:
        say(f"Signed in at {base} as {email} (kept in {keyring.file})")
