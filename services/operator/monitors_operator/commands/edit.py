"""`monitors edit`, `duplicate` and `restore`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import correcting
from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples
from .monitors import Id, Ids


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors edit 019a… --below 40", "monitors edit 019a… --pause"))(edit)
    app.command(epilog=examples("monitors duplicate 019a…"))(duplicate)
    app.command(epilog=examples("monitors restore 019a…"))(restore)


def edit(
    monitor_id: Id,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    sentence: Annotated[str | None, typer.Option(help="Another sentence; it is read anew.")] = None,
    pause: Annotated[bool | None, typer.Option("--pause/--resume", help="Check no more, or again.")] = None,
    fact: correcting.Fact = None,
    subject: correcting.Subject = None,
    page: correcting.Page = None,
    below: correcting.Below = None,
    at_most: correcting.AtMost = None,
    above: correcting.Above = None,
    at_least: correcting.AtLeast = None,
    equals: correcting.Equals = None,
    contains: correcting.Contains = None,
    changes: correcting.Changes = None,
    unit: correcting.Unit = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Change a monitor, or what its sentence means.

    Another condition is judged with the next check; another fact, subject or page forgets what was read before.
    """
    from ..client import Api
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, clean, say
    from ..shown import interpretation_lines

    correction = correcting.Correction(
        fact, subject, page, below, at_most, above, at_least, equals, contains, changes, unit
    )
    active = None if pause is None else not pause
    asked = {"name": name, "prompt": sentence, "isActive": active}
    body: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
    if not body and not correction.says_something:
        raise BadInput("say what is to change: `monitors edit --help`")

    def work(platform: Api) -> dict[str, Any]:
        path = f"/api/monitors/{monitor_id}"
        known = platform.get(path, history=0)["interpretation"]
        if sentence is not None:
            known = platform.post("/api/interpret", {"prompt": sentence})["interpretation"]
        if correction.says_something:
            body["interpretation"] = correction.applied_to(known)
        platform.put(path, body)
        return platform.get(path, history=0)

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json({"monitor": found["monitor"], "interpretation": found["interpretation"]})
        return
    say(f"{clean(found['monitor']['name'])}  ({monitor_id}){'' if found['monitor']['isActive'] else '  paused'}")
    for line in interpretation_lines(found["interpretation"]):
        say(line)


def duplicate(monitor_id: Id, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Make another monitor like this one, without its history."""
    from ..connect import with_api
    from ..render import as_json, clean, say

    made = with_api(api, Path(data_dir), lambda platform: platform.post(f"/api/monitors/{monitor_id}/duplicate"))
    if json:
        as_json(made["monitor"])
    else:
        say(f"Watching: {clean(made['monitor']['name'])}  ({made['monitor']['id']})")


def restore(ids: Ids, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Bring deleted monitors back with all that was read for them, within the hour or what the platform allows."""
    from ..client import Api
    from ..connect import with_api
    from ..render import as_json, clean, say

    def work(platform: Api) -> list[dict[str, Any]]:
        return [platform.post(f"/api/monitors/{each}/restore")["monitor"] for each in ids]

    back = with_api(api, Path(data_dir), work)
    if json:
        as_json(back)
        return
    for each in back:
        say(f"Back again: {clean(each['name'])}  ({each['id']})")
