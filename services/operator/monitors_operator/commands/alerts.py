"""`monitors alerts`: what became true, who has it, and that it is over."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

if TYPE_CHECKING:
    from ..client import Api

AlertId = Annotated[str, typer.Argument(metavar="ID", help="An alert, as `monitors alerts list` shows it.")]
AlertIds = Annotated[list[str], typer.Argument(metavar="ID...", help="Alerts, as `monitors alerts list` shows them.")]
Note = Annotated[str | None, typer.Option(help="A word on why.")]

group = typer.Typer(
    help="What became true: list alerts, take them, end them, talk about them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="alerts")


@group.command(
    "list", epilog=examples("monitors alerts list", "monitors alerts list --state open --severity critical --json")
)
def list_all(
    state: Annotated[
        str | None, typer.Option(help="Only open (firing or acknowledged), firing, acknowledged or resolved ones.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Only info, warning or critical ones.")] = None,
    search: Annotated[
        str | None, typer.Option(help="Only those with these words in name, summary or condition.")
    ] = None,
    monitor: Annotated[str | None, typer.Option(metavar="ID", help="Only this monitor's.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule's.")] = None,
    matchers: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="MATCHERS", help='Only these labels: host=~"db-.*"; may repeat.'),
    ] = None,
    origin: Annotated[
        str | None, typer.Option(help="Only those that this found: monitor, rule, prometheus, ...")
    ] = None,
    assignee: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those that this person takes care of.")
    ] = None,
    held: Annotated[
        list[str] | None,
        typer.Option(help="Only those that this keeps from being told: silenced, maintenance, inhibited."),
    ] = None,
    saved: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="By filters kept by this name; other options go before.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most alerts to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Alerts, newest first."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shortened, shown_time, shown_value, table

    if state not in (None, "open", "firing", "acknowledged", "resolved"):
        raise BadInput(f"--state is open, firing, acknowledged or resolved, not {state!r}")
    _check_severity(severity)
    if unknown := set(held or ()) - {"silenced", "maintenance", "inhibited"}:
        raise BadInput(f"--held is silenced, maintenance or inhibited, not {min(unknown)!r}")
    asked = {
        "state": state,
        "severity": severity,
        "q": search,
        "monitorId": monitor,
        "ruleId": rule,
        "filter": matchers or None,
        "origin": origin,
        "assignee": assignee,
        "held": held or None,
        "limit": limit,
    }

    def ask(platform: "Api") -> list[dict[str, Any]]:
        given = {name: value for name, value in asked.items() if value is not None}
        return platform.get("/api/alerts", **(_kept(platform, saved) if saved else {}) | given)["alerts"]

    found = with_api(api, Path(data_dir), ask)
    if json:
        as_json(found)
    elif not found:
        say("No alerts.")
    else:
        table(
            ("ID", "STATE", "SEVERITY", "SINCE (UTC)", "VALUE", "SUMMARY"),
            (
                (
                    each["id"],
                    each["state"],
                    each["severity"],
                    shown_time(each["startedAt"]),
                    shown_value(each.get("value"), each.get("unit")),
                    shortened(each["summary"], 90),
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(epilog=examples("monitors alerts pending", "monitors alerts pending --filter 'host=~\"db-.*\"' --json"))
def pending(
    severity: Annotated[str | None, typer.Option(help="Only info, warning or critical ones.")] = None,
    search: Annotated[str | None, typer.Option(help="Only those with these words in name or condition.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule's.")] = None,
    matchers: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="MATCHERS", help='Only these labels: host=~"db-.*"; may repeat.'),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """What holds and has not fired yet, because its rule waits; what fires next first."""
    from ..connect import with_api
    from ..render import as_json, say, shortened, shown_time, shown_value, table
    from ..shown import labels_words

    _check_severity(severity)
    asked = {"severity": severity, "q": search, "ruleId": rule, "filter": matchers or None, "limit": limit}
    given = {name: value for name, value in asked.items() if value is not None}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/alerts/pending", **given))
    if json:
        as_json(found)
        return
    if not found["alerts"]:
        say("Nothing is pending.")
        return
    table(
        ("FIRES (UTC)", "SINCE (UTC)", "SEVERITY", "VALUE", "NAME", "LABELS", "CONDITION"),
        (
            (
                shown_time(each["firesAt"]),
                shown_time(each["since"]),
                each["severity"],
                shown_value(each.get("value"), None),
                shortened(each["name"], 40),
                shortened(labels_words(each["labels"]), 60),
                shortened(each["condition"], 60),
            )
            for each in found["alerts"]
        ),
    )
    if (more := found["total"] - len(found["alerts"])) > 0:
        say(f"{more} more fire later.")


@group.command(epilog=examples("monitors alerts timeline 019a…"))
def timeline(alert_id: AlertId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What happened to an alert: when, by whom and why, with comments and messages."""
    from ..connect import with_api
    from ..render import as_json, clean, say, table
    from ..shown import state_words, timeline_row

    path = f"/api/alerts/{alert_id}/timeline"
    found = with_api(api, Path(data_dir), lambda platform: platform.get(path))
    if json:
        as_json(found)
        return
    alert = found["alert"]
    say(f"{clean(alert['name'])}  ({alert['id']}, {state_words(alert)})")
    table(("WHEN (UTC)", "WHAT", "WHO", ""), map(timeline_row, found["entries"]))


@group.command(
    epilog=examples("monitors alerts explain 019a…", "monitors alerts explain --filter 'host=\"db-1\"' --json")
)
def explain(
    alert_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="An alert; or --filter.")] = None,
    matchers: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="MATCHERS", help='Why was nobody told of this? By labels: host="db-1".'),
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Why somebody was told of an alert, or was not: what was decided, and what became of each message."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, table
    from ..shown import explanation_lines, trace_row
    from .routes import names_of

    if (alert_id is None) == (not matchers):
        raise BadInput("say which alert: its ID, or labels by --filter")
    path = f"/api/alerts/{alert_id}/explain" if alert_id else "/api/alerts/explain"
    asked = {"filter": matchers} if matchers else {}

    def work(platform: "Api") -> tuple[dict[str, Any], dict[str, str]]:
        return platform.get(path, **asked), {} if json else names_of(platform)

    found, names = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    told = found if alert_id else found["explanation"]
    for line in explanation_lines(found, told, names):
        say(line)
    if told:
        table(("WHEN (UTC)", "WHAT", "WHERE", "WHY"), map(trace_row, told["trace"]))


@group.command(
    epilog=examples("monitors alerts assign 019a… --to Robin", "monitors alerts assign 019a… 019b… --nobody")
)
def assign(
    alert_ids: AlertIds,
    to: Annotated[str | None, typer.Option(metavar="NAME", help="Who takes care of them.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Nobody takes care of them any more.")] = False,
    note: Note = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say who takes care of alerts."""
    from ..errors import BadInput

    if (to is None) != nobody:
        raise BadInput("say who: --to NAME, or --nobody")
    _change_many({"ids": alert_ids, "assignee": to, "note": note}, "assign", api, data_dir, json)


@group.command(epilog=examples('monitors alerts comment 019a… "two left at this price"'))
def comment(
    alert_id: AlertId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say.")],
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say something about an alert."""
    from ..connect import with_api
    from ..render import as_json, say

    path = f"/api/alerts/{alert_id}/comments"
    entry = with_api(api, Path(data_dir), lambda platform: platform.post(path, {"text": text})["entry"])
    if json:
        as_json(entry)
    else:
        say("Said.")


@group.command(epilog=examples('monitors alerts ack 019a… --note "ordered one"', "monitors alerts ack 019a… 019b…"))
def ack(
    alert_ids: AlertIds, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Say that you have alerts."""
    _change(alert_ids, "acknowledge", note, api, data_dir, json)


@group.command(epilog=examples("monitors alerts resolve 019a…", "monitors alerts resolve 019a… 019b…"))
def resolve(
    alert_ids: AlertIds, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """End alerts by hand."""
    _change(alert_ids, "resolve", note, api, data_dir, json)


def _check_severity(severity: str | None) -> None:
    """Raises BadInput."""
    from ..errors import BadInput

    if severity not in (None, "info", "warning", "critical"):
        raise BadInput(f"--severity is info, warning or critical, not {severity!r}")


def _kept(platform: "Api", name: str) -> dict[str, Any]:
    """Filters that were kept by a name. Raises BadInput with the names there are."""
    from ..errors import BadInput

    kept = {each["name"]: each["query"] for each in platform.get("/api/alert-filters")["filters"]}
    if name not in kept:
        raise BadInput(f"--saved: no filters are called {name!r}; there are: {', '.join(kept) or 'none'}")
    if kept[name].get("state") == "pending":
        raise BadInput(f"--saved: {name!r} is of what is pending, which `monitors alerts pending` shows")
    return {each: value for each, value in kept[name].items() if value is not None}


def _change(alert_ids: list[str], what: str, note: str | None, api: str | None, data_dir: Path, json: bool) -> None:
    """Change one alert, or many in one request."""
    from ..connect import with_api
    from ..render import as_json, clean, say

    if len(alert_ids) == 1:
        path = f"/api/alerts/{alert_ids[0]}/{what}"
        alert: dict[str, Any] = with_api(
            api, Path(data_dir), lambda platform: platform.post(path, {"note": note})["alert"]
        )
        if json:
            as_json(alert)
        else:
            say(f"{alert['state']}: {clean(alert['summary'])}")
        return
    _change_many({"ids": alert_ids, "note": note}, what, api, data_dir, json)


def _change_many(body: dict[str, Any], what: str, api: str | None, data_dir: Path, json: bool) -> None:
    """Change many alerts in one request; those that stay as they are are said, with exit code 1."""
    from ..connect import with_api
    from ..render import as_json, clean, say

    reply = with_api(api, Path(data_dir), lambda platform: platform.post(f"/api/alerts/{what}", body))
    if json:
        as_json({"alerts": reply["alerts"], "refused": reply["refused"]})
    else:
        for alert in reply["alerts"]:
            say(f"{alert['state']}: {clean(alert['summary'])}")
        for each in reply["refused"]:
            say(f"refused: {each['problem']['title']}  ({each['alertId']})")
    if reply["refused"]:
        raise typer.Exit(1)


@group.command(
    "test-fire",
    epilog=examples("monitors alerts test-fire", "monitors alerts test-fire --label team=shop --severity critical"),
)
def fire_test(
    labels: Annotated[
        list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="A label of the alert; may repeat.")
    ] = None,
    severity: Annotated[str, typer.Option(help="info, warning or critical.")] = "warning",
    resolve_after: Annotated[
        float, typer.Option(min=1, max=3600, metavar="SECONDS", help="When it is over; a longer one escalates.")
    ] = 5,
    patience: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=300,
            metavar="SECONDS",
            help="How long to wait for messages; by default 15 s, and until a group that gathers is told.",
        ),
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Fire a test alert, and see to which channels it came: by the way that a real one with these labels would go.

    Exit code 1 when nobody was told, or not every channel.
    """
    from ..connect import with_api
    from ..errors import BadInput, Failed
    from ..firing import failure, fire, later
    from ..render import as_json, clean, progress, say, shortened, table

    pairs = [each.partition("=") for each in labels or ()]
    if not all(name and separator for name, separator, _ in pairs):
        raise BadInput("a label is written NAME=VALUE: --label team=shop")
    asked = {
        "labels": {name: value for name, _, value in pairs},
        "severity": severity,
        "resolveAfter": resolve_after,
    }
    with progress("Fired; messages go out ...") as shown:
        fired = with_api(api, Path(data_dir), lambda platform: fire(platform, asked, patience, shown.update))
    if json:
        as_json(fired)
    else:
        say(f"Fired {clean(fired['alert']['name'])} ({fired['alert']['id']}).")
    if fired["notifications"] and not json:
        table(
            ("CHANNEL", "STATE", "ROUTE", "ERROR"),
            (
                (each["channelName"], each["state"], each.get("route") or "", shortened(each.get("error") or "", 60))
                for each in fired["notifications"]
            ),
        )
        for line in later(fired):
            say(line)
    if why := failure(fired):
        raise Failed(why)
