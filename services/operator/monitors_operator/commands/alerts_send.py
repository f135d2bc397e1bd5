"""`monitors alerts send`: an alert by hand or by a script, as other systems send theirs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples


def add_to(group: typer.Typer) -> None:
    """Put the command into the group `alerts`."""
    group.command(
        epilog=examples(
            'monitors alerts send DiskFull --label host=db-1 --severity critical --summary "no room left"',
            "monitors alerts send DiskFull --label host=db-1 --severity critical --over",
            "monitors alerts send --file alerts.json",
        )
    )(send)


def send(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="What it is called: its label alertname.")
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="Name and labels tell alerts apart. May repeat."),
    ] = None,
    severity: Annotated[str, typer.Option(help="info, warning or critical; a label, too.")] = "warning",
    summary: Annotated[str | None, typer.Option(help="A line about it.")] = None,
    runbook: Annotated[str | None, typer.Option(metavar="URL", help="What to do.")] = None,
    lasting: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="It is over then, unless it is sent again; 5m by default."),
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="It is over now.")] = False,
    file: Annotated[Path | None, typer.Option(help="Alerts as JSON instead, as Alertmanager's API takes them.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Send an alert, which stays open while it is sent again in time. Done when it is kept for good."""
    from ..connect import with_api
    from ..render import as_json, say

    alerts = _alerts_of(file) if file else [_one(name, labels or [], severity, summary, runbook, lasting, over)]
    with_api(api, Path(data_dir), lambda platform: platform.post("/api/v2/alerts", alerts))
    if json:
        as_json({"sent": len(alerts)})
    else:
        say(f"{len(alerts)} sent.")


def _one(
    name: str | None,
    labels: list[str],
    severity: str,
    summary: str | None,
    runbook: str | None,
    lasting: str | None,
    over: bool,
) -> dict[str, Any]:
    from datetime import UTC, datetime, timedelta

    from monitors_contracts.durations import seconds_of

    from ..errors import BadInput
    from .metrics_send import pairs

    if name is None:
        raise BadInput("say NAME, or a batch with --file")
    if severity not in ("info", "warning", "critical"):
        raise BadInput(f"--severity is info, warning or critical, not {severity!r}")
    if over and lasting:
        raise BadInput("an alert that is over (--over) does not last (--for)")
    now = datetime.now(UTC)
    alert: dict[str, Any] = {"labels": {"alertname": name, **pairs(labels, "--label"), "severity": severity}}
    if not alert["labels"]["alertname"].strip():
        raise BadInput("an alert has a name: its label alertname, which messages call it by")
    annotations = {"summary": summary, "runbook_url": runbook}
    alert["annotations"] = {key: text for key, text in annotations.items() if text}
    try:
        if over or lasting:
            alert["endsAt"] = (now + timedelta(seconds=0 if over else seconds_of(lasting))).isoformat()
    except OverflowError:
        raise BadInput(f"--for: {lasting!r} is longer than calendars go") from None
    except ValueError as wrong:
        raise BadInput(f"--for: {wrong}") from None
    return alert


def _alerts_of(file: Path) -> list[Any]:
    from json import loads

    from ..errors import BadInput

    try:
        found = loads(file.read_bytes())
    except OSError as failure:
        raise BadInput(f"can't read {file}: {failure.strerror}") from None
    except ValueError as wrong:
        raise BadInput(f"{file} is not JSON: {wrong}") from None
    if not isinstance(found, list):
        raise BadInput(f"{file} holds no list of alerts")
    return found  # pyright: ignore[reportUnknownVariableType] - the platform says what is wrong with one
