"""`monitors system`: how the platform's parts are, as its API tells."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(epilog=examples("monitors system", "monitors system --json", "monitors system || page-somebody"))(
        system
    )


def system(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Which parts of the platform are up, and for its operators what waits. Exit code 1 when one is not up."""
    from ..client import Api, ApiProblem
    from ..connect import with_api
    from ..render import as_json, table

    def work(platform: Api) -> dict[str, Any]:
        try:
            return platform.get("/api/system/status")
        except ApiProblem as refused:
            if refused.kind != "not-an-operator":
                raise
        return platform.get("/api/system/health")

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
    else:
        rows = [(each["name"], each["state"], _since(each), each["reason"]) for each in found["parts"]]
        table(("PART", "STATE", "SINCE", "WHY"), rows, keep=("PART", "STATE"))
        if "queues" in found:
            _say_numbers(found)
    if found["state"] != "up":
        raise typer.Exit(1)


def _say_numbers(found: dict[str, Any]) -> None:
    from ..render import say, table

    waiting = [(each["name"], each["waiting"]) for each in found["queues"] if each["waiting"]]
    if waiting:
        say()
        table(("QUEUE", "WAITING"), waiting, keep=("QUEUE",))
    say()
    say(
        f"{found['processes']} processes, {found['unpublished']} events to be published, "
        f"{found['deadLetters']} dead letters, database {found['databaseSeconds'] * 1000:.0f} ms"
    )


def _since(part: dict[str, Any]) -> str:
    from ..times import ago

    return ago(datetime.fromisoformat(part["since"]), datetime.now(UTC)) if part.get("since") else ""
