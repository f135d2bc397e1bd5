"""`monitors silences`: alerts that nobody is told of for a while."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

SilenceId = Annotated[str, typer.Argument(metavar="ID", help="A silence, as `monitors silences list` shows it.")]
Matchers = Annotated[
    list[str], typer.Argument(metavar="MATCHER...", help="label=value, label!=value, label=~pattern or label!~pattern.")
]

group = typer.Typer(help="Alerts that nobody is told of for a while.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="silences")


@group.command(
    epilog=examples(
        "monitors silences add host=db-1 --for 2h --comment 'Disk is replaced'",
        "monitors silences add 'service=~pay|cart' --from 2026-12-01T22:00 --until 2026-12-02T02:00",
    )
)
def add(
    matchers: Matchers,
    lasts: Annotated[str | None, typer.Option("--for", help="How long: 30m, 2h, 3d.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="From when on, in UTC; by default now.")] = None,
    until: Annotated[str | None, typer.Option(help="Until when, in UTC, instead of --for.")] = None,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    remind: Annotated[str | None, typer.Option(help="How long before its end to remind; 0 for never.")] = None,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Silence alerts from now on. One that would hide much asks first, with how many alerts it would hide."""
    from monitors_contracts.silences import Ahead, Lasting

    from ..ask import confirmed
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shown_time
    from ..times import moment
    from ..wrong import check_duration

    if (lasts is None) == (until is None):
        raise BadInput("say --for or --until")
    now = datetime.now(UTC)
    body: dict[str, Any] = {"matchers": ", ".join(matchers), "comment": comment}
    body |= (
        {"for": check_duration("--for", lasts, Lasting)}
        if lasts is not None
        else {"endsAt": moment(until or "", now).isoformat()}
    )
    body |= {"startsAt": moment(start, now).isoformat()} if start else {}
    body |= {"remind": check_duration("--remind", remind, Ahead)} if remind else {}

    def work(platform: Any) -> dict[str, Any]:
        found = platform.post("/api/silences/preview", {"matchers": body["matchers"], "limit": 0})
        if why := found.get("tooBroad"):
            confirmed(f"{why} Silence all the same?", yes)
        # Asked for here and answered, or nothing to ask for: what begins to fire meanwhile does not undo the answer.
        made = platform.post("/api/silences", body, confirm=True)["silence"]
        return made | {"matched": found["matched"]}

    made = with_api(api, Path(data_dir), work)
    if json:
        as_json(made)
    else:
        say(f"Silenced until {shown_time(made['endsAt'])} ({made['id']}): {_alerts(made['matched'])} firing now.")


@group.command("list", epilog=examples("monitors silences list", "monitors silences list --state expired"))
def list_all(
    state: Annotated[
        list[str] | None, typer.Option(help="active, pending or expired; by default those that are not over.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Stands in the comment, the author or the matchers.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """The silences, newest first, with how many alerts each held back."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shown_time, table

    states = state or ["active", "pending"]
    if wrong := [each for each in states if each not in ("active", "pending", "expired")]:
        raise BadInput(f"{wrong[0]!r} is none of active, pending, expired")
    found = with_api(
        api, Path(data_dir), lambda platform: platform.every("/api/silences", "silences", state=states, q=text)
    )
    if json:
        as_json(found)
    elif not found:
        say("No silences." if state else "No silences last; `--state expired` shows those that are over.")
    else:
        rows = (
            (
                each["id"],
                each["state"],
                written(each["matchers"]),
                shown_time(each["startsAt"]),
                shown_time(each["endsAt"]),
                each["held"],
                each["author"],
                each["comment"],
            )
            for each in found
        )
        table(("ID", "STATE", "MATCHERS", "FROM", "UNTIL", "HELD", "BY", "COMMENT"), rows, keep=("ID",))


@group.command(epilog=examples("monitors silences preview host=db-1"))
def preview(
    matchers: Matchers,
    limit: Annotated[int, typer.Option(min=0, max=500, help="Most alerts to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Which of the alerts that fire now these matchers choose. Nothing is silenced."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    body = {"matchers": ", ".join(matchers), "limit": limit}
    found = with_api(api, Path(data_dir), lambda platform: platform.post("/api/silences/preview", body))
    if json:
        as_json(found)
        return
    say(f"{found['matched']} of {_alerts(found['open'])}." + (f" {found['tooBroad']}" if found.get("tooBroad") else ""))
    if found["alerts"]:
        rows = (
            (each["id"], each["severity"], each["name"], each["state"], shown_time(each["startedAt"]))
            for each in found["alerts"]
        )
        table(("ID", "SEVERITY", "NAME", "STATE", "SINCE"), rows, keep=("ID",))


@group.command(epilog=examples("monitors silences hidden 01a2…"))
def hidden(silence_id: SilenceId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What a silence hid: open alerts first."""
    show_held(f"/api/silences/{silence_id}/held", api, data_dir, json)


@group.command(epilog=examples("monitors silences expire 01a2…"))
def expire(
    silence_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Silences to end.")],
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """End silences now; what they hold back is told, if it fires still."""
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> list[dict[str, Any]]:
        return [platform.post(f"/api/silences/{each}/expire")["silence"] for each in silence_ids]

    ended = with_api(api, Path(data_dir), work)
    if json:
        as_json(ended)
    else:
        say("Ended." if len(ended) == 1 else f"{len(ended)} ended.")


def written(matchers: list[dict[str, str]]) -> str:
    """Matchers as they are typed."""
    return ", ".join(f"{each['label']}{each['op']}{each['value']}" for each in matchers)


def show_held(path: str, api: str | None, data_dir: Path, json: bool) -> None:
    """What something held back."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get(path, limit=500))
    if json:
        as_json(found)
    elif not found["held"]:
        say("It has held back nothing so far.")
    else:
        rows = (
            (
                each["alert"]["id"],
                each["alert"]["state"],
                each["alert"]["severity"],
                each["alert"]["name"],
                shown_time(each["since"]),
                shown_time(each["last"]),
                each["times"],
            )
            for each in found["held"]
        )
        table(("ALERT", "STATE", "SEVERITY", "NAME", "SINCE", "LAST", "TIMES"), rows, keep=("ALERT",))


def _alerts(count: int) -> str:
    return f"{count} alert" + ("" if count == 1 else "s")
