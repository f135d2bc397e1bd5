"""`monitors oncall`: who is on call, whose turn is next, and who stands in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

Schedule = Annotated[str, typer.Argument(metavar="SCHEDULE", help="A schedule's name or id.")]

group = typer.Typer(help="Who is on call, and who stands in.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="oncall")


@group.command(epilog=examples("monitors oncall who", "monitors oncall who --at 2026-12-24T18:00"))
def who(
    at: Annotated[str | None, typer.Option(help="A time like 2026-12-24T18:00 (UTC); now when not said.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Who is on call by each schedule, and who is next."""
    from ..connect import with_api
    from ..render import as_json, say, table
    from ..times import moment

    asked = moment(at, datetime.now(UTC)).isoformat() if at else None
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/on-call", at=asked)["onCall"])
    if json:
        as_json(found)
    elif not found:
        say("No schedules: write one into a file (`monitors apply`), or make one in the console.")
    else:
        rows = ((each["schedule"], _person(each["now"]), _until(each), *_next(each.get("next"))) for each in found)
        table(("SCHEDULE", "ON CALL", "UNTIL (UTC)", "NEXT", "FROM (UTC)"), rows)


@group.command(epilog=examples("monitors oncall shifts Platform", "monitors oncall shifts Platform --days 31 --json"))
def shifts(
    schedule: Schedule,
    since: Annotated[
        str | None,
        typer.Option("--from", help="A time like 2026-12-24T00:00 (UTC), or an age like 1d; now by default."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days.")] = 7,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """The turns of a schedule, overrides and gaps included."""
    from ..connect import with_api
    from ..render import as_json, shown_time, table
    from ..times import moment

    now = datetime.now(UTC)
    begin = moment(since, now) if since else now
    span = {"from": begin.isoformat(), "to": (begin + timedelta(days=days)).isoformat()}

    def work(platform: Any) -> dict[str, Any]:
        return platform.get(f"/api/schedules/{identify(platform, 'schedules', schedule)}/shifts", **span)

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    rows = (
        (shown_time(each["startsAt"]), shown_time(each["endsAt"]), _person(each), _why(each))
        for each in found["shifts"]
    )
    table(("FROM (UTC)", "TO (UTC)", "ON CALL", ""), rows)


@group.command(
    epilog=examples(
        "monitors oncall override Platform Second --for 2h",
        "monitors oncall override Platform Second --from 2026-12-24T08:00 --to 2026-12-27T08:00 --note Holidays",
    )
)
def override(
    schedule: Schedule,
    person: Annotated[str, typer.Argument(metavar="CONTACT", help="Who stands in: a contact's name or id.")],
    since: Annotated[
        str | None, typer.Option("--from", help="A time like 2026-12-24T08:00 (UTC); now by default.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="A time like 2026-12-27T08:00 (UTC).")] = None,
    length: Annotated[str | None, typer.Option("--for", help="How long, like 2h or 1d, instead of --to.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Let somebody stand in for whoever's turn it is."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shown_time
    from ..times import moment

    if (until is None) == (length is None):
        raise BadInput("say --to or --for")
    now = datetime.now(UTC)
    begin = moment(since, now) if since else now
    end = moment(until, now) if until else begin + (now - moment(length or "", now))
    spec = {"startsAt": begin.isoformat(), "endsAt": end.isoformat(), "note": note}

    def work(platform: Any) -> dict[str, Any]:
        body = spec | {"contactId": identify(platform, "contacts", person)}
        path = f"/api/schedules/{identify(platform, 'schedules', schedule)}/overrides"
        return platform.post(path, body)["override"]

    made = with_api(api, Path(data_dir), work)
    if json:
        as_json(made)
    else:
        say(f"{person} stands in from {shown_time(made['startsAt'])} to {shown_time(made['endsAt'])} UTC.")
        say(f"  undo   monitors oncall remove-override {schedule!r} {made['id']}")


@group.command("remove-override", epilog=examples("monitors oncall remove-override Platform 019a…"))
def remove_override(
    schedule: Schedule,
    override_id: Annotated[str, typer.Argument(metavar="ID", help="The override, as it was shown when it was made.")],
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Let the turns be as the schedule says."""
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> None:
        platform.delete(f"/api/schedules/{identify(platform, 'schedules', schedule)}/overrides/{override_id}")

    with_api(api, Path(data_dir), work)
    if json:
        as_json({"removed": [override_id]})
    else:
        say("Removed.")


def identify(platform: Any, kind: str, name: str) -> str:
    """The id of a schedule, contact or policy by its name or id. Raises BadInput for one that is not there."""
    from ..errors import BadInput

    known: list[dict[str, Any]] = platform.get(f"/api/{kind}")[kind]
    for each in known:
        if name in (each["name"], each["id"]):
            return each["id"]
    names = ", ".join(each["name"] for each in known) or "none"
    raise BadInput(f"{name!r} is none of the {kind}; there are: {names}")


def _person(shift: dict[str, Any]) -> str:
    return shift.get("name") or "nobody"


def _until(on_call: dict[str, Any]) -> str:
    from ..render import shown_time

    return shown_time(on_call["now"]["endsAt"]) if on_call["endsInSight"] else "in more than five weeks"


def _why(shift: dict[str, Any]) -> str:
    if shift.get("overrideId"):
        return "stands in"
    return shift.get("layer") or "gap"


def _next(shift: dict[str, Any] | None) -> tuple[str, str]:
    from ..render import shown_time

    return (_person(shift), shown_time(shift["startsAt"])) if shift else ("nobody soon", "-")
