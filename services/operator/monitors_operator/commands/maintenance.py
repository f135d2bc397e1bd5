"""`monitors maintenance`: times that come again, in which nobody is told."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples
from .silences import show_held, written

WindowId = Annotated[str, typer.Argument(metavar="ID", help="A window, as `monitors maintenance list` shows it.")]
Name = Annotated[str, typer.Argument(help="What the work is called.")]
Matchers = Annotated[
    list[str], typer.Argument(metavar="MATCHER...", help="label=value, label!=value, label=~pattern or label!~pattern.")
]
At = Annotated[str, typer.Option("--at", help="Local time of the first one: 2026-11-22T02:00.")]
Lasts = Annotated[str, typer.Option("--for", help="How long each lasts: 90m, 2h.")]
Zone = Annotated[str, typer.Option("--timezone", help="Whose clocks: Europe/Berlin.")]
Rule = Annotated[
    str | None, typer.Option("--rrule", help="How it comes again (RFC 5545): FREQ=MONTHLY;BYDAY=1SU. Once by default.")
]
Weekly = Annotated[str | None, typer.Option(help="Every week on these days: sun or mon,thu.")]
Daily = Annotated[bool, typer.Option("--daily", help="Every day.")]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

group = typer.Typer(help="Times that come again, in which nobody is told.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="maintenance")


@group.command(
    epilog=examples(
        "monitors maintenance add 'Database updates' service=db --at 2026-11-22T02:00 --for 90m --weekly sun",
        "monitors maintenance add Move 'rack=~r1|r2' --at 2026-12-05T22:00 --for 6h --timezone Europe/Berlin",
    )
)
def add(
    name: Name,
    matchers: Matchers,
    at: At,
    lasts: Lasts,
    weekly: Weekly = None,
    daily: Daily = False,
    rrule: Rule = None,
    timezone: Zone = "UTC",
    comment: Annotated[str, typer.Option(help="What is done.")] = "",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Plan maintenance: once, or as often as a rule says."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time

    body = _body(name, matchers, at, lasts, _rule(weekly, daily, rrule), timezone) | {"comment": comment}
    window = with_api(api, Path(data_dir), lambda platform: platform.post("/api/maintenance", body)["window"])
    if json:
        as_json(window)
    else:
        coming = ", ".join(shown_time(each["startsAt"]) for each in window["occurrences"][:3])
        say(f"Planned {window['spec']['name']!r} ({window['id']}): {coming or 'it is over'}.")


@group.command(epilog=examples("monitors maintenance preview service=db --at 2026-11-22T02:00 --for 90m --weekly sun"))
def preview(
    matchers: Matchers,
    at: At,
    lasts: Lasts,
    weekly: Weekly = None,
    daily: Daily = False,
    rrule: Rule = None,
    timezone: Zone = "UTC",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """When a window would be open next, and what it would hide if it were now. Nothing is planned."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time

    body = _body("preview", matchers, at, lasts, _rule(weekly, daily, rrule), timezone)

    def work(platform: Any) -> dict[str, Any]:
        chosen = platform.post("/api/silences/preview", {"matchers": body["matchers"], "limit": 0})
        return platform.post("/api/maintenance/preview", body) | {"open": chosen["open"], "matched": chosen["matched"]}

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    for each in found["occurrences"]:
        say(f"{shown_time(each['startsAt'])} to {shown_time(each['endsAt'])}")
    say(f"Of {found['open']} alerts that fire now it would hide {found['matched']}.")


@group.command("list", epilog=examples("monitors maintenance list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The windows by name, with the next time of each."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/maintenance")["windows"])
    if json:
        as_json(found)
    elif not found:
        say("No maintenance is planned: add some with `monitors maintenance add`.")
    else:
        rows = (
            (
                each["id"],
                each["spec"]["name"],
                _state(each),
                written(each["spec"]["matchers"]),
                shown_time(each["occurrences"][0]["startsAt"]) if each["occurrences"] else "-",
                each["spec"].get("rrule") or "once",
                each["held"],
            )
            for each in found
        )
        table(("ID", "NAME", "", "MATCHERS", "NEXT", "AGAIN", "HELD"), rows, keep=("ID",))


@group.command(epilog=examples("monitors maintenance hidden 01a2…"))
def hidden(window_id: WindowId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What a window hid: open alerts first."""
    show_held(f"/api/maintenance/{window_id}/held", api, data_dir, json)


@group.command(epilog=examples("monitors maintenance delete 01a2…"))
def delete(
    window_id: WindowId, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Take a window away; what it holds back now is told, if it fires still."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Delete this window?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/maintenance/{window_id}"))
    if json:
        as_json({"deleted": [window_id]})
    else:
        say("Deleted.")


def _rule(weekly: str | None, daily: bool, rrule: str | None) -> str | None:
    from ..errors import BadInput

    if sum((weekly is not None, daily, rrule is not None)) > 1:
        raise BadInput("say one of --weekly, --daily and --rrule")
    if weekly is None:
        return "FREQ=DAILY" if daily else rrule
    days = [each.strip().lower()[:3] for each in weekly.split(",")]
    if wrong := [each for each in days if each not in _DAYS]:
        raise BadInput(f"{wrong[0]!r} is no day: write {', '.join(_DAYS)}")
    return "FREQ=WEEKLY;BYDAY=" + ",".join(each[:2].upper() for each in days)


def _body(name: str, matchers: list[str], at: str, lasts: str, rrule: str | None, timezone: str) -> dict[str, Any]:
    from monitors_contracts.maintenance import WindowLength

    from ..wrong import check_duration

    body = {
        "name": name,
        "matchers": ", ".join(matchers),
        "startsAt": at,
        "duration": check_duration("--for", lasts, WindowLength),
        "timezone": timezone,
        "rrule": rrule,
    }
    return {field: value for field, value in body.items() if value is not None}


def _state(window: dict[str, Any]) -> str:
    if not window["spec"]["isActive"]:
        return "off"
    return "open" if window["isOpen"] else ""
