"""`monitors incidents`: alerts that belong together, who has them, and how long it took."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

Incident = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its number (12 or #12) or its id.")]
Note = Annotated[str | None, typer.Option(help="A word on why.")]

group = typer.Typer(help="Alerts that belong together, as one.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="incidents")


@group.command("list", epilog=examples("monitors incidents list", "monitors incidents list --status resolved --json"))
def list_all(
    status: Annotated[
        list[str] | None, typer.Option(help="open, acknowledged or resolved; by default those that are not over.")
    ] = None,
    severity: Annotated[str | None, typer.Option(help="Only info, warning or critical ones.")] = None,
    text: Annotated[str | None, typer.Option(help="Stands in the title or the impact.")] = None,
    alert: Annotated[str | None, typer.Option(metavar="ID", help="Only the one that this alert is in.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Most incidents to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Incidents, newest first."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shown_time, table

    if wrong := [each for each in status or () if each not in ("open", "acknowledged", "resolved")]:
        raise BadInput(f"--status is open, acknowledged or resolved, not {wrong[0]!r}")
    if severity not in (None, "info", "warning", "critical"):
        raise BadInput(f"--severity is info, warning or critical, not {severity!r}")
    statuses = status or (None if alert else ["open", "acknowledged"])
    asked = {"status": statuses, "severity": severity, "q": text, "alertId": alert, "limit": limit}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/incidents", **asked)["incidents"])
    if json:
        as_json(found)
    elif not found:
        say("No incidents.")
    else:
        rows = (
            (
                f"#{each['number']}",
                each["status"],
                each["severity"],
                shown_time(each["openedAt"]),
                sum(each["counts"].values()),
                each["title"],
            )
            for each in found
        )
        table(("INCIDENT", "STATUS", "SEVERITY", "OPENED (UTC)", "ALERTS", "TITLE"), rows, keep=("INCIDENT",))


@group.command(epilog=examples("monitors incidents show 12"))
def show(incident: Incident, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """One incident: its alerts, why each belongs to it, tasks, and what happened."""
    _do(incident, None, api, data_dir, json)


@group.command("open", epilog=examples("monitors incidents open 'Orders arrive twice' --severity critical"))
def open_one(
    title: Annotated[str, typer.Argument(help="What is wrong.")],
    severity: Annotated[str | None, typer.Option(help="info, warning or critical.")] = None,
    impact: Annotated[str, typer.Option(help="Who notices what.")] = "",
    alert: Annotated[list[str] | None, typer.Option(metavar="ID", help="An alert of it; may repeat.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Open an incident by hand."""
    from ..connect import with_api

    body: dict[str, Any] = {"title": title, "impact": impact, "alerts": alert or []}
    body |= {"severity": severity} if severity else {}
    _said(with_api(api, Path(data_dir), lambda platform: platform.post("/api/incidents", body)), json, "Opened")


@group.command(epilog=examples("monitors incidents ack 12 --note 'Looking'"))
def ack(
    incident: Incident, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Take an incident, and with it all its alerts that fire."""
    _do(incident, lambda api, at: api.post(f"{at}/acknowledge", {"note": note}), api, data_dir, json, "Acknowledged")


@group.command(epilog=examples("monitors incidents resolve 12 --note 'Rolled back'"))
def resolve(
    incident: Incident, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Say that it is over; its alerts end by themselves."""
    _do(incident, lambda api, at: api.post(f"{at}/resolve", {"note": note}), api, data_dir, json, "Resolved")


@group.command(epilog=examples("monitors incidents reopen 12"))
def reopen(
    incident: Incident, note: Note = None, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Say that it is not over."""
    _do(incident, lambda api, at: api.post(f"{at}/reopen", {"note": note}), api, data_dir, json, "Opened again")


@group.command(epilog=examples("monitors incidents merge 12 13 14"))
def merge(
    incident: Incident,
    others: Annotated[list[str], typer.Argument(metavar="OTHER...", help="Incidents whose alerts come here.")],
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Move all alerts of other incidents into this one."""
    from ..errors import BadInput

    def work(platform: Any, at: str) -> dict[str, Any]:
        ids = [_id(platform, each) for each in others]
        if at.rpartition("/")[2] in ids:
            raise BadInput(f"incident {incident} can't be merged into itself")
        return platform.post(f"{at}/merge", {"incidents": ids})

    _do(incident, work, api, data_dir, json, "Merged into")


@group.command(epilog=examples("monitors incidents split 12 019a… 019b… --title 'Disk is full'"))
def split(
    incident: Incident,
    alerts: Annotated[list[str], typer.Argument(metavar="ALERT...", help="Alerts of it, by their ids.")],
    title: Annotated[str | None, typer.Option(help="Of the new incident.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make some of its alerts an incident of their own."""
    body: dict[str, Any] = {"alerts": alerts} | ({"title": title} if title else {})
    _do(incident, lambda api, at: api.post(f"{at}/split", body), api, data_dir, json, "Split off")


@group.command(epilog=examples("monitors incidents describe 12 --impact 'Nobody can pay' --severity critical"))
def describe(
    incident: Incident,
    title: Annotated[str | None, typer.Option(help="What is wrong.")] = None,
    severity: Annotated[str | None, typer.Option(help="info, warning or critical.")] = None,
    impact: Annotated[str | None, typer.Option(help="Who notices what.")] = None,
    commander: Annotated[str | None, typer.Option(metavar="NAME", help="Who decides.")] = None,
    responder: Annotated[str | None, typer.Option(metavar="NAME", help="Somebody who works on it, too.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say what it is and who works on it; only what is given changes."""
    from ..errors import BadInput

    given = {"title": title, "severity": severity, "impact": impact, "commander": commander}
    body = {name: value for name, value in given.items() if value is not None}
    if not body and responder is None:
        raise BadInput("say --title, --severity, --impact, --commander or --responder")

    def work(platform: Any, at: str) -> dict[str, Any]:
        told = platform.patch(at, body) if body else {}
        return platform.post(f"{at}/responders", {"name": responder}) if responder else told

    _do(incident, work, api, data_dir, json, "Described")


@group.command(epilog=examples("monitors incidents update 12 'The release was rolled back; we watch.' --public"))
def update(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What those are told who wait.")],
    public: Annotated[bool, typer.Option(help="It may be shown to anybody.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Tell those who wait how it stands."""
    body = {"text": text, "isPublic": public}
    _do(incident, lambda api, at: api.post(f"{at}/updates", body), api, data_dir, json, "Told of")


@group.command(
    epilog=examples("monitors incidents task 12 'Roll back the release'", "monitors incidents task 12 --done 1")
)
def task(
    incident: Incident,
    text: Annotated[str | None, typer.Argument(help="What is to be done.")] = None,
    done: Annotated[int | None, typer.Option(min=1, metavar="N", help="The Nth task is done instead.")] = None,
    assignee: Annotated[str | None, typer.Option(metavar="NAME", help="Who does it.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Add a task, or say that one is done."""
    from ..errors import BadInput

    if (text is None) == (done is None):
        raise BadInput("say what is to be done, or --done N")

    def work(platform: Any, at: str) -> dict[str, Any]:
        if done is None:
            return platform.post(f"{at}/tasks", {"text": text, "assignee": assignee})
        tasks = platform.get(at)["incident"]["tasks"]
        if done > len(tasks):
            raise BadInput(f"it has {len(tasks)} tasks")
        return platform.post(f"{at}/tasks/{tasks[done - 1]['id']}/complete")

    _do(incident, work, api, data_dir, json, "Task done in" if done else "Task added to")


@group.command(
    epilog=examples("monitors incidents postmortem 12 --draft > 12.md", "monitors incidents postmortem 12 --save 12.md")
)
def postmortem(
    incident: Incident,
    draft: Annotated[bool, typer.Option(help="A beginning, made of the timeline; nothing is saved.")] = False,
    save: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Keep this file's text.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """The post-mortem in Markdown: shown, drafted or saved."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    if draft and save:
        raise BadInput("say --draft or --save")
    if save:
        body = {"text": save.read_text("utf-8", errors="replace")}
        _do(incident, lambda api, at: api.put(f"{at}/postmortem", body), api, data_dir, json, "Saved for")
        return

    def work(platform: Any) -> str:
        at = f"/api/incidents/{_id(platform, incident)}"
        return platform.get(f"{at}/postmortem/draft")["text"] if draft else platform.get(at)["incident"]["postmortem"]

    text = with_api(api, Path(data_dir), work)
    if json:
        as_json({"text": text})
    else:
        say(text.rstrip("\n") or "None is written; `--draft` begins one.")


@group.command(epilog=examples("monitors incidents figures", "monitors incidents figures --since 90d"))
def figures(
    since: Annotated[str, typer.Option(help="An age (30d) or a date.")] = "30d",
    until: Annotated[str | None, typer.Option(help="An age or a date; now by default.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """How long detection, acknowledgement and resolution took: median and 90th percentile, by severity."""
    from ..connect import with_api
    from ..render import as_json, table
    from ..times import moment, span

    now = datetime.now(UTC)
    asked = {"since": moment(since, now).isoformat(), "until": (moment(until, now) if until else now).isoformat()}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/incidents/figures", **asked))
    if json:
        as_json(found)
        return

    def took(spread: dict[str, Any]) -> str:
        if spread.get("median") is None:
            return "-"
        return f"{span(spread['median'] * 1000)} / {span(spread['p90'] * 1000)}"

    parts = [("all", found["all"])] + [
        (each, found["bySeverity"][each]) for each in ("critical", "warning", "info") if each in found["bySeverity"]
    ]
    rows = (
        (name, each["incidents"], took(each["detect"]), took(each["acknowledge"]), took(each["resolve"]))
        for name, each in parts
    )
    table(("SEVERITY", "INCIDENTS", "DETECT", "ACKNOWLEDGE", "RESOLVE"), rows)


def _id(platform: Any, given: str) -> str:
    """The id of an incident that is named by its number or its id."""
    number = given.removeprefix("#")
    return platform.get(f"/api/incidents/{number}")["incident"]["id"] if number.isdecimal() else given


def _do(
    incident: str,
    work: Callable[[Any, str], dict[str, Any]] | None,
    api: str | None,
    data_dir: Path,
    json: bool,
    done: str = "",
) -> None:
    """Do something with one incident, or show it."""
    from ..connect import with_api

    def ask(platform: Any) -> dict[str, Any]:
        at = f"/api/incidents/{_id(platform, incident)}"
        return work(platform, at) if work else platform.get(at)

    _said(with_api(api, Path(data_dir), ask), json, done)


def _said(found: dict[str, Any], json: bool, done: str) -> None:
    from ..render import as_json, clean, say

    known = found["incident"]
    if json:
        as_json(found)
    elif done:
        say(f"{done} #{known['number']} {clean(known['title'])} ({known['status']}).")
    else:
        _shown(found)


def _shown(found: dict[str, Any]) -> None:
    from ..render import clean, fields, say, shown_time, table

    known = found["incident"]
    say(f"#{known['number']} {clean(known['title'])}  ({known['id']})")
    pairs = [
        ("status", known["status"]),
        ("severity", known["severity"]),
        ("began", shown_time(known["startedAt"])),
        ("opened", shown_time(known["openedAt"])),
        ("acknowledged", shown_time(known.get("acknowledgedAt"))),
        ("resolved", shown_time(known.get("resolvedAt"))),
        ("in common", ", ".join(f"{name}={value}" for name, value in known["labels"].items())),
        ("impact", known["impact"]),
        ("commander", known.get("commander") or ""),
        ("responders", ", ".join(each["name"] for each in known["responders"])),
    ]
    fields((name, value) for name, value in pairs if value not in ("", "-"))
    if found["alerts"]:
        say()
        rows = (
            (
                each["alertId"],
                each["state"],
                each["severity"],
                shown_time(each["startedAt"]),
                each["name"],
                each["words"],
            )
            for each in found["alerts"]
        )
        table(("ALERT", "STATE", "SEVERITY", "SINCE (UTC)", "NAME", "WHY HERE"), rows, keep=("ALERT",))
    if known["tasks"]:
        say()
        tasks = enumerate(known["tasks"], 1)
        rows = (
            (n, "done" if each.get("doneAt") else "", each["text"], each.get("assignee") or "") for n, each in tasks
        )
        table(("TASK", "", "WHAT", "WHO"), rows)
    say()
    steps = (
        (
            shown_time(each["at"]),
            each["kind"],
            found["people"].get(each.get("userId") or "", ""),
            each["text"] or (f"{len(each['alerts'])} alerts" if len(each["alerts"]) > 1 else ""),
        )
        for each in found["steps"]
    )
    table(("WHEN (UTC)", "WHAT", "WHO", ""), steps)
