"""`monitors history`, `values`, `why`, `snapshot` and `point`: what is kept of a monitor, and where it is read from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

if TYPE_CHECKING:
    from ..client import Api

Id = Annotated[str, typer.Argument(metavar="ID", help="A monitor, as `monitors list` shows it.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="From then on: 10m, 2h, 1d, or ISO 8601.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")]


def add_to(app: typer.Typer) -> None:
    """Put the commands into `app`."""
    app.command(epilog=examples("monitors history 019a…", "monitors history 019a… --verdict triggered --since 30d"))(
        history
    )
    app.command(epilog=examples("monitors values 019a… --since 7d", "monitors values 019a… --json"))(values)
    app.command(epilog=examples("monitors why 019a…", "monitors why 019a… 019b…"))(why)
    app.command(
        epilog=examples(
            "monitors snapshot 019a…",
            "monitors snapshot 019a… --against 019b…",
            "monitors snapshot 019a… --screenshot page.png",
        )
    )(snapshot)
    app.command(epilog=examples('monitors point 019a… --text "$1,299.00" --dry-run'))(point)


def history(
    monitor_id: Id,
    verdict: Annotated[str | None, typer.Option(help="triggered, quiet, uncertain or failed.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="Most checks to show.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """List a monitor's checks, newest first."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, shown_value, table

    path, span = f"/api/monitors/{monitor_id}/evaluations", _span(since, until)
    found = with_api(api, Path(data_dir), lambda platform: platform.get(path, verdict=verdict, limit=limit, **span))
    if json:
        as_json(found["evaluations"])
    elif not found["evaluations"]:
        say("No such checks.")
    else:
        rows = (
            (
                each["refreshId"],
                shown_time(each["timestamp"]),
                shown_value(each["value"], each.get("unit")),
                each["verdict"] or each["status"],
                each["reason"],
            )
            for each in found["evaluations"]
        )
        table(("CHECK", "TIME (UTC)", "VALUE", "VERDICT", "WHY"), rows, keep=("CHECK",))


def values(
    monitor_id: Id,
    since: Since = None,
    until: Until = None,
    points: Annotated[int, typer.Option(min=10, max=5000, help="Most numbers to print.")] = 500,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Print what was read over time as CSV: times in UTC, and values.

    Of a long history every low and high is kept. Texts come as their changes.
    """
    import csv
    import sys
    from datetime import UTC, datetime

    from ..connect import with_api
    from ..render import as_json

    path, span = f"/api/monitors/{monitor_id}/values", _span(since, until)
    found = with_api(api, Path(data_dir), lambda platform: platform.get(path, points=points, **span))
    if json:
        as_json(found)
        return
    rows = [
        (datetime.fromtimestamp(at, UTC).isoformat(), value)
        for at, value in zip(found["times"], found["values"], strict=True)
    ]
    rows += [(each["at"], each["value"]) for each in found["changes"]]
    csv.writer(sys.stdout).writerows([("time", "value"), *rows])


def why(
    monitor_id: Id,
    refresh_id: Annotated[str | None, typer.Argument(metavar="[CHECK]", help="A check; by default the latest.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Explain why a check did or did not fire, step by step."""
    from ..connect import with_api
    from ..errors import Failed
    from ..render import as_json, clean, say, shown_time

    path = f"/api/monitors/{monitor_id}/evaluations"

    def work(platform: "Api") -> dict[str, Any]:
        wanted = refresh_id
        if wanted is None:
            latest = platform.get(path, limit=1)["evaluations"]
            if not latest:
                raise Failed("never checked: check it with `monitors check`")
            wanted = latest[0]["refreshId"]
        return platform.get(f"{path}/{wanted}")

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    say(f"{found['evaluation']['refreshId']}  {shown_time(found['evaluation']['timestamp'])} UTC")
    for step in found["explanation"]:
        say(f"  {step['step']:<10}{'' if step['ok'] else '! '}{clean(step['text'])}")
    if not found["explanation"]:
        say("  The check is under way.")


def snapshot(
    snapshot_id: Annotated[str, typer.Argument(metavar="ID", help="A snapshot, as a check's evidence names it.")],
    against: Annotated[str | None, typer.Option(metavar="ID", help="Show what changed since this snapshot.")] = None,
    screenshot: Annotated[Path | None, typer.Option(metavar="FILE", help="Save how the page looked (PNG).")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the page as a reader sees it (HTML).")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Show a kept page, what changed since another, or save it."""
    from ..connect import with_api
    from ..render import as_json, clean, fields, say

    path = f"/api/snapshots/{snapshot_id}"

    def work(platform: "Api") -> tuple[dict[str, Any], dict[str, Any] | None]:
        for kind, file in (("screenshot", screenshot), ("rendering", page)):
            if file is not None:
                platform.download(f"{path}/{kind}", file)
        return platform.get(path), platform.get(f"{path}/diff", against=against) if against else None

    found, diff = with_api(api, Path(data_dir), work)
    if json:
        as_json(found | {"diff": diff} if diff else found)
        return
    names = ("finalUrl", "fetchedAt", "status", "contentType", "renderedBy", "previousId")
    fields([(name, found[name] or "-") for name in names])
    if diff:
        say()
        signs = {"equal": " ", "added": "+", "removed": "-"}
        for number, hunk in enumerate(diff["hunks"]):
            if number:
                say("  ...")
            for line in hunk:
                say(f"{signs[line['kind']]} {clean(line['text'])}")
        say(
            f"{diff['added']} lines added, {diff['removed']} removed{', more than are shown' if diff['isTruncated'] else ''}"
        )


def point(
    monitor_id: Id,
    text: Annotated[str, typer.Option(help="A piece of the page: the very one that states the fact.")],
    snapshot_id: Annotated[
        str | None, typer.Option("--snapshot", metavar="ID", help="The kept page; by default the latest.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be read.")] = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Read a monitor's fact at another place of its page from now on."""
    from ..connect import with_api
    from ..errors import Failed
    from ..render import as_json, say, shortened, shown_value

    def work(platform: "Api") -> dict[str, Any]:
        kept = snapshot_id or _latest_snapshot(platform, monitor_id)
        if kept is None:
            raise Failed("no page of it is kept yet: check it with `monitors check`")
        body = {"snapshotId": kept, "text": text, "dryRun": dry_run}
        return platform.post(f"/api/monitors/{monitor_id}/extraction", body)

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    reading = found["reading"]
    say(f"  fact      {shown_value(reading['value'], reading.get('unit'))}")
    say(f"  evidence  “{shortened(reading['evidence']['quote'], 160)}” ({reading['evidence']['method']})")
    say("  saved     the next check reads it there" if found["saved"] else "  saved     no, this was a try")


def _latest_snapshot(platform: "Api", monitor_id: str) -> str | None:
    checks = platform.get(f"/api/monitors/{monitor_id}/evaluations", limit=50)["evaluations"]
    kept = ((each.get("fetched") or {}).get("snapshotId") for each in checks)
    return next((each for each in kept if each), None)


def _span(since: str | None, until: str | None) -> dict[str, str]:
    from datetime import UTC, datetime

    from ..times import moment

    now = datetime.now(UTC)
    given = (("since", since), ("until", until))
    return {name: moment(text, now).isoformat() for name, text in given if text is not None}
