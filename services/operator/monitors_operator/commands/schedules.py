"""`monitors schedules` and `monitors policies`: whose turn it is, and who is told next. Files make them: `monitors apply`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples
from .oncall import Schedule, identify

Policy = Annotated[str, typer.Argument(metavar="POLICY", help="A policy's name or id.")]
Revoke = Annotated[bool, typer.Option("--revoke", help="Take the link away.")]

schedules = typer.Typer(help="Schedules of who is on call.", no_args_is_help=True, rich_markup_mode=None)
policies = typer.Typer(help="Escalation policies.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the groups into `app`."""
    app.add_typer(schedules, name="schedules")
    app.add_typer(policies, name="policies")


@schedules.command("list", epilog=examples("monitors schedules list"))
def list_schedules(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The schedules, by name."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/schedules")["schedules"])
    if json:
        as_json(found)
    elif not found:
        say("No schedules: write one into a file (`monitors apply`), or make one in the console.")
    else:
        rows = (
            (each["id"], each["name"], each["timezone"], ", ".join(layer["name"] for layer in each["layers"]))
            for each in found
        )
        table(("ID", "NAME", "TIME ZONE", "LAYERS"), rows, keep=("ID",))


@schedules.command(
    epilog=examples("monitors schedules calendar Platform", "monitors schedules calendar Platform --revoke")
)
def calendar(
    schedule: Schedule,
    revoke: Revoke = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make a link for calendar programs; the one before it shows nothing any more."""
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> dict[str, Any]:
        path = f"/api/schedules/{identify(platform, 'schedules', schedule)}/calendar"
        return (platform.delete(path) if revoke else platform.post(path))["schedule"]

    changed = with_api(api, Path(data_dir), work)
    if json:
        as_json(changed)
    else:
        say("Revoked." if revoke else changed["calendarUrl"])


@schedules.command("delete", epilog=examples("monitors schedules delete Platform"))
def delete_schedule(
    schedule: Schedule, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Remove a schedule that no policy names."""
    _delete("schedules", schedule, yes, api, data_dir, json)


@policies.command("list", epilog=examples("monitors policies list"))
def list_policies(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The escalation policies, by name."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/policies")["policies"])
    if json:
        as_json(found)
    elif not found:
        say("No policies: write one into a file (`monitors apply`), or make one in the console.")
    else:
        rows = ((each["id"], each["name"], len(each["steps"]), each["repeat"]) for each in found)
        table(("ID", "NAME", "STEPS", "REPEATED"), rows, keep=("ID",))


@policies.command(epilog=examples("monitors policies show Urgent"))
def show(policy: Policy, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Whom each step would tell now, and whom not and why."""
    from monitors_contracts.durations import lasting

    from ..connect import with_api
    from ..render import as_json, clean, say

    def work(platform: Any) -> tuple[dict[str, Any], dict[str, str]]:
        shown = platform.get(f"/api/policies/{identify(platform, 'policies', policy)}")
        listed = {kind: platform.get(f"/api/{kind}")[kind] for kind in ("channels", "contacts", "schedules")}
        return shown, {each["id"]: clean(each["name"]) for those in listed.values() for each in those}

    shown, names = with_api(api, Path(data_dir), work)
    if json:
        as_json(shown)
        return
    for step in shown["steps"]:
        say(f"{step['step']}. " + (f"after {lasting(step['after'])}" if step["after"] else "at once"))
        for each in step["reached"]:
            channel = names.get(each["channelId"], each["channelId"])
            say(f"     {clean(each['person'])}: {channel}" if each.get("person") else f"     {channel}")
        for each in step["passed"]:
            target = each["target"]
            say(f"     passed over: {target['kind']} {names.get(target['id'], target['id'])}: {each['words']}")
    repeat = shown["policy"]["repeat"]
    times = "once more" if repeat == 1 else f"{repeat} times more"
    again = f"All of it {times}, {lasting(shown['policy']['repeatAfter'])} after the last step."
    say(again if repeat else "Once.")


@policies.command("delete", epilog=examples("monitors policies delete Urgent"))
def delete_policy(
    policy: Policy, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Remove a policy that no route names."""
    _delete("policies", policy, yes, api, data_dir, json)


def _delete(kind: str, name: str, yes: bool, api: str | None, data_dir: Path, json: bool) -> None:
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed(f"Delete {name!r}?", yes)

    def work(platform: Any) -> str:
        identifier = identify(platform, kind, name)
        platform.delete(f"/api/{kind}/{identifier}")
        return identifier

    deleted = with_api(api, Path(data_dir), work)
    if json:
        as_json({"deleted": [deleted]})
    else:
        say("Deleted.")
