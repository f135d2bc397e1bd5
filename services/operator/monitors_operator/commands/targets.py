"""`monitors targets`: addresses that show measurements, scraped at an interval."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

TargetId = Annotated[str, typer.Argument(metavar="ID", help="A target, as `monitors targets list` shows it.")]
Interval = Annotated[int | None, typer.Option(min=5, max=86_400, help="Seconds from one scrape to the next.")]
Name = Annotated[str | None, typer.Option(help="The label `job`; by default the host.")]
Label = Annotated[
    list[str] | None, typer.Option(metavar="NAME=VALUE", help="A label of all its series; several times.")
]
Header = Annotated[
    list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A request header, never shown again; several times.")
]

group = typer.Typer(
    help="What is scraped: Prometheus's text format and OpenMetrics.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="targets")


@group.command("list", epilog=examples("monitors targets list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The targets, oldest first, and how each one's last scrape went."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/targets")["targets"])
    if json:
        as_json(found)
    elif not found:
        say("No targets: add one with `monitors targets add`.")
    else:
        rows = [(each["id"], each["name"], each["url"], f"{each['intervalSeconds']} s", _last(each)) for each in found]
        table(("ID", "NAME", "URL", "EVERY", "LAST SCRAPE"), rows, keep=("ID",))


@group.command(
    epilog=examples(
        "monitors targets add http://127.0.0.1:9100/metrics --name node",
        "monitors targets add https://api.example/metrics --interval 15 --label env=prod --header 'Authorization: Bearer ...'",
    )
)
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where the measurements are shown.")],
    name: Name = None,
    interval: Interval = None,
    label: Label = None,
    header: Header = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Add a target. It is scraped at once, then at its interval."""
    from ..connect import with_api

    body = {"url": url, **_given(name, interval, label, header)}
    _show(with_api(api, Path(data_dir), lambda platform: platform.post("/api/targets", body)["target"]), json)


@group.command(epilog=examples("monitors targets change 019a… --interval 60", "monitors targets change 019a… --pause"))
def change(
    target_id: TargetId,
    url: Annotated[str | None, typer.Option(help="Another address.")] = None,
    name: Name = None,
    interval: Interval = None,
    label: Label = None,
    header: Header = None,
    pause: Annotated[
        bool | None, typer.Option("--pause/--resume", help="Scrape it no longer for now, or again.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Change a target. Labels and headers take the place of all those before."""
    from ..connect import with_api
    from ..errors import BadInput

    body = _given(name, interval, label, header) | ({"url": url} if url else {})
    if pause is not None:
        body["isActive"] = not pause
    if not body:
        raise BadInput("say what is to be different")
    changed = with_api(
        api, Path(data_dir), lambda platform: platform.patch(f"/api/targets/{target_id}", body)["target"]
    )
    _show(changed, json)


@group.command(epilog=examples("monitors targets show 019a…"))
def show(target_id: TargetId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """A target, and how its last scrape went."""
    from ..connect import with_api

    _show(with_api(api, Path(data_dir), lambda platform: platform.get(f"/api/targets/{target_id}")), json)


@group.command(epilog=examples("monitors targets delete 019a…"))
def delete(
    target_id: TargetId,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Scrape it no longer. What was measured stays."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Remove this target?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/targets/{target_id}"))
    if json:
        as_json({"deleted": [target_id]})
    else:
        say("Removed.")


def _given(
    name: str | None, interval: int | None, labels: list[str] | None, headers: list[str] | None
) -> dict[str, Any]:
    from .metrics_send import pairs

    body: dict[str, Any] = {"name": name, "intervalSeconds": interval}
    body["labels"] = pairs(labels, "--label") if labels else None
    body["headers"] = pairs(headers, "--header", ":") if headers else None
    return {field: value for field, value in body.items() if value is not None}


def _show(target: dict[str, Any], json: bool) -> None:
    from ..render import as_json, say

    if json:
        as_json(target)
        return
    say(f"{target['name']}  {target['url']}  ({target['id']})")
    say(f"  every   {target['intervalSeconds']} s" + ("" if target["isActive"] else ", paused"))
    if target["labels"]:
        say("  labels  " + ", ".join(f"{name}={value}" for name, value in target["labels"].items()))
    if target["headers"]:
        say("  sends   " + ", ".join(target["headers"]))
    say(f"  last    {_last(target)}")


def _last(target: dict[str, Any]) -> str:
    if not target.get("lastScrapeAt"):
        return "not yet" if target["isActive"] else "paused"
    if error := target.get("lastError"):
        return f"failed: {error}"
    refused = f", {target['lastRefused']} refused" if target.get("lastRefused") else ""
    return f"{target['lastSamples']} samples in {target['lastDurationSeconds']:.2g} s{refused}"
