"""`monitors watch`: one sentence, checked once."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import correcting
from ..options import DEFAULT_DATA_DIR, DataDir, Json, examples

TOLD_WITHIN = 5.0
"""Seconds to wait for the message of an alert that was just raised."""


def add_to(app: typer.Typer) -> None:
    """Put the command into `app`."""
    app.command(
        epilog=examples(
            'monitors watch "tell me when the copper kettle at https://shop.example/kettle drops below $50"',
            'monitors watch "let me know when https://uni.example/apply says registration is open" --json',
        )
    )(watch)


def watch(
    sentence: Annotated[str, typer.Argument(help="What to watch, where, and when to tell, in plain words.")],
    name: Annotated[str | None, typer.Option(help="A name for the monitor; one is suggested by default.")] = None,
    render: Annotated[
        str, typer.Option(help="How to fetch the page: auto, http, or browser for one made by JavaScript.")
    ] = "auto",
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
    api: Annotated[
        str | None, typer.Option("--api", "--url", envvar="MONITORS_API", metavar="URL", help="A platform elsewhere.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Watch what one sentence asks for, as it is understood or as the options correct it.

    Creates a monitor, shows how the sentence was understood, and checks it once. Exit code 1 when the check came to no
    verdict. Uses the platform that runs in the data folder, or starts one for the duration of the command.
    """
    from ..client import Api
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, progress, say
    from ..shown import evaluation_lines, interpretation_lines, verdict_failed

    if render not in ("auto", "http", "browser"):
        raise BadInput(f"--render is auto, http or browser, not {render!r}")

    correction = correcting.Correction(
        fact, subject, page, below, at_most, above, at_least, equals, contains, changes, unit
    )

    def work(platform: Api) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": sentence, "source": {"render": render}} | ({"name": name} if name else {})
        with progress("Reading the sentence ..."):
            if correction.says_something:
                understood = platform.post("/api/interpret", {"prompt": sentence})["interpretation"]
                body["interpretation"] = correction.applied_to(understood)
            created = platform.post("/api/monitors", body)
        monitor = created["monitor"]
        if not json:
            say(f"Watching: {monitor['name']}  ({monitor['id']})")
            for line in interpretation_lines(created["interpretation"]):
                say(line)
        with progress("Checking the page ..."):
            evaluation = platform.check(monitor["id"])
        told = _message(platform, monitor["id"]) if evaluation["triggered"] else None
        if not json:
            for line in evaluation_lines(evaluation):
                say(line)
            if told:
                say(f"  told      {told['subject']} ({told['channelName']}: {told['state']})")
        return {
            "monitor": monitor,
            "interpretation": created["interpretation"],
            "evaluation": evaluation,
            "notification": told,
        }

    outcome = with_api(api, Path(data_dir), work, embed=True)
    if json:
        as_json(outcome)
    if verdict_failed(outcome["evaluation"]):
        raise typer.Exit(1)


def _message(platform: Any, monitor_id: str) -> dict[str, Any] | None:
    """The newest message about the monitor, once it has been sent; what there is after a while."""
    deadline = time.monotonic() + TOLD_WITHIN
    while True:
        found = platform.get("/api/notifications", monitorId=monitor_id, limit=1)["notifications"]
        if (found and found[0]["state"] != "pending") or time.monotonic() > deadline:
            return found[0] if found else None
        time.sleep(0.1)
