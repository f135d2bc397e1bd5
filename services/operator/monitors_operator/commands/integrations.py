"""`monitors integrations`: where other systems send their alerts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

IntegrationId = Annotated[
    str, typer.Argument(metavar="ID", help="An integration, as `monitors integrations list` shows it.")
]

group = typer.Typer(
    help="Where other systems send their alerts: Grafana, CloudWatch, Datadog, Sentry, Uptime Kuma, any webhook.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="integrations")


@group.command("list", epilog=examples("monitors integrations list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The integrations, newest first, and when each was last heard of."""
    from ..connect import with_api
    from ..render import as_json, say, shortened, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/integrations")["integrations"])
    if json:
        as_json(found)
    elif not found:
        say("No integrations: add one with `monitors integrations add`.")
    else:
        table(
            ("ID", "KIND", "NAME", "ALERTS", "LAST (UTC)", "REFUSED", ""),
            (
                (
                    each["id"],
                    each["kind"],
                    shortened(each["name"], 40),
                    str(each["alerts"]),
                    shown_time(each["lastReceivedAt"]) if each.get("lastReceivedAt") else "-",
                    str(each["refused"]),
                    "" if each["isActive"] else "paused",
                )
                for each in found
            ),
            keep=("ID",),
        )


@group.command(
    epilog=examples(
        "monitors integrations add grafana --label team=shop",
        "monitors integrations add sentry --secret CLIENT_SECRET",
        "monitors integrations add generic --name Checks --mapping mapping.yml",
    )
)
def add(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="grafana, alertmanager, cloudwatch, datadog, sentry, uptime-kuma or generic."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="A name for it; its kind when left out.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="For its alerts that have none. May repeat."),
    ] = None,
    secret: Annotated[str | None, typer.Option(help="sentry: the client secret that it signs with.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="generic: YAML that says where the parts of an alert are.")
    ] = None,
    resolve_after: Annotated[
        str | None, typer.Option(metavar="DURATION", help="An alert not told again for so long is over, such as 1h.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make an address for another system's alerts. It is shown this once."""
    from ..as_code import documents
    from ..connect import with_api
    from ..render import as_json, clean, say
    from .metrics_send import pairs

    body: dict[str, Any] = {
        "kind": kind,
        "name": name or kind,
        "labels": pairs(labels or [], "--label"),
        "secret": secret,
        "mapping": documents.load(mapping) if mapping else None,
        "resolveAfter": resolve_after,
    }
    body = {field: value for field, value in body.items() if value is not None}
    made = with_api(api, Path(data_dir), lambda platform: platform.post("/api/integrations", body))
    if json:
        as_json({"url": made["url"], **made["integration"]})
        return
    integration = made["integration"]
    say(f"Added {integration['kind']} integration {clean(integration['name'])!r}  ({integration['id']})")
    say(f"  address  {made['url']}  (shown this once)")
    say(f"  where    {integration['setup']}")


@group.command(epilog=examples("monitors integrations show 019a…"))
def show(
    integration_id: IntegrationId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """One integration: what came by it, where its address goes, and a body to try it with."""
    from ..connect import with_api
    from ..render import as_json, clean, say, shown_time

    found = with_api(api, Path(data_dir), lambda platform: platform.get(f"/api/integrations/{integration_id}"))
    if json:
        as_json(found)
        return
    last = f", last at {shown_time(found['lastReceivedAt'])} UTC" if found.get("lastReceivedAt") else ""
    say(f"{clean(found['name'])}  ({found['kind']}, address ends in {found['hint']})")
    say(f"  alerts   {found['alerts']}{last}")
    if found["refused"]:
        refused = f"last at {shown_time(found['lastRefusedAt'])} UTC: {clean(found['lastRefusal'])}"
        say(f"  refused  {found['refused']}, {refused}")
    if found["labels"]:
        say(f"  labels   {', '.join(f'{clean(key)}={clean(value)}' for key, value in found['labels'].items())}")
    say(f"  where    {found['setup']}")
    say("  example")
    for line in found["example"].splitlines():
        say(f"    {line}")


@group.command(epilog=examples("monitors integrations delete 019a…"))
def delete(
    integration_id: IntegrationId,
    yes: Yes = False,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Take an address back. The alerts that came by it stay."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Take the address of this integration back?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/integrations/{integration_id}"))
    if json:
        as_json({"deleted": [integration_id]})
    else:
        say("Removed.")
