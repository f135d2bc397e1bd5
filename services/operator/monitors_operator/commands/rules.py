"""`monitors rules`: what measurements are judged by."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

RuleId = Annotated[str, typer.Argument(metavar="ID", help="A rule, as `monitors rules list` shows it.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file.")]

group = typer.Typer(help="What measurements are judged by.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="rules")


@group.command("list", epilog=examples("monitors rules list", "monitors rules list --group machines"))
def list_all(
    text: Annotated[str | None, typer.Option(help="Stands in the name.")] = None,
    in_group: Annotated[str | None, typer.Option("--group", help="Of this group.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """The rules, newest first."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(
        api, Path(data_dir), lambda platform: platform.every("/api/rules", "rules", text=text, group=in_group)
    )
    if json:
        as_json(found)
    elif not found:
        say("No rules: add one with `monitors rules add`, or many with `monitors apply`.")
    else:
        rows = (
            (
                each["id"],
                each["name"],
                each["kind"],
                each["spec"].get("metric", "-"),
                _levels(each["spec"]),
                _paused(each),
            )
            for each in found
        )
        table(("ID", "NAME", "KIND", "METRIC", "LEVELS", ""), rows, keep=("ID",))


@group.command(
    epilog=examples(
        "monitors rules add 'CPU busy' cpu_percent --above 80 --critical 95 --for 5m",
        "monitors rules add 'Disk full' disk_free_bytes --below 1e9 --match host=db-1",
    )
)
def add(
    name: Annotated[str, typer.Argument(help="What its alerts are called.")],
    metric: Annotated[str, typer.Argument(help="The metric.")],
    above: Annotated[float | None, typer.Option(help="Warn above this level.")] = None,
    below: Annotated[float | None, typer.Option(help="Warn below this level.")] = None,
    critical: Annotated[float | None, typer.Option(help="Critical beyond this level.")] = None,
    recovery: Annotated[float | None, typer.Option(help="Over when back behind this level.")] = None,
    hold: Annotated[str, typer.Option("--for", help="How long before it fires.")] = "0s",
    match: Annotated[list[str] | None, typer.Option(help="label=value, label!=value, label=~pattern.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Add a threshold. Other kinds are written as YAML: see `monitors apply`."""
    from monitors_contracts.rules import Hold

    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say
    from ..wrong import check_duration

    if (above is None) == (below is None):
        raise BadInput("say --above or --below")
    body: dict[str, Any] = {
        "name": name,
        "kind": "threshold",
        "metric": metric,
        "op": "lt" if above is None else "gt",
        "warning": below if above is None else above,
        "critical": critical,
        "recovery": recovery,
        "for": check_duration("--for", hold, Hold),
        "matchers": [_matcher(each) for each in match or ()],
    }
    body = {field: value for field, value in body.items() if value is not None}
    rule = with_api(api, Path(data_dir), lambda platform: platform.post("/api/rules", body)["rule"])
    if json:
        as_json(rule)
    else:
        say(f"Added rule {rule['name']!r} ({rule['id']}): judged from now on.")


@group.command(epilog=examples("monitors rules state 019a…"))
def state(
    rule_id: RuleId,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most series.")] = 50,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """How each series of a rule stands, firing ones first."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get(f"/api/rules/{rule_id}/state", limit=limit))
    if json:
        as_json(found)
        return
    say(", ".join(f"{count} {condition}" for condition, count in found["counts"].items()) or "No series yet.")
    if found["series"]:
        rows = (
            (
                _series(each["labels"]),
                each["condition"],
                each.get("severity") or "",
                "-" if each.get("value") is None else f"{each['value']:g}",
                shown_time(each.get("since")),
                each["data"],
            )
            for each in found["series"]
        )
        table(("SERIES", "", "SEVERITY", "VALUE", "SINCE", "DATA"), rows)


@group.command(epilog=examples("monitors rules delete 019a…"))
def delete(
    rule_id: RuleId, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Delete a rule; what it fired is resolved."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Delete this rule?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/rules/{rule_id}"))
    if json:
        as_json({"deleted": [rule_id]})
    else:
        say("Deleted.")


@group.command(epilog=examples("monitors rules preview rules.yml"))
def preview(file: File, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What the rules of a file would have done over the last day; of heartbeats those that are there already."""
    from ..as_code import documents, planning, trying
    from ..connect import with_api
    from ..render import as_json, say, shown_time

    wanted = documents.read([file])

    def tried(platform: Any) -> dict[str, Any]:
        bodies = trying.asked(wanted, planning.known(platform))
        return {name: platform.post("/api/rules/preview", body) for name, body in bodies.items()}

    found = with_api(api, Path(data_dir), tried)
    if json:
        as_json(found)
        return
    for name, shown in found.items():
        say(f"{name}: {shown['series']} series, {shown['total']} transitions")
        for each in shown["transitions"][:50]:
            say(f"  {shown_time(each['at'])}  {each.get('severity') or 'over':<8}  {each['summary']}")


@group.command("test", epilog=examples("monitors rules test tests/cpu.yml"))
def run_tests(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Test files, in promtool's notation.")],
    json: Json = False,
) -> None:
    """Run unit tests of rules: input series, and the alerts expected at times. No platform is needed."""
    from ..as_code import rule_tests
    from ..render import as_json, say

    failed = False
    report: list[dict[str, Any]] = []
    for file in files:
        count, differences = rule_tests.run(file)
        failed |= bool(differences)
        report.append({"file": str(file), "expectations": count, "failed": [vars(each) for each in differences]})
        if not json:
            say(f"{file}: {count - len(differences)} of {count} as expected")
            for each in differences:
                say(f"  {each.test}, {each.alert} at {each.at}:")
                say(f"    expected {each.expected or 'no alert'}")
                say(f"    found    {each.found or 'no alert'}")
    if json:
        as_json(report)
    if failed:
        raise typer.Exit(1)


@group.command("import", epilog=examples("monitors rules import alerts.yml > config/rules.yml"))
def import_rules(file: File, json: Json = False) -> None:
    """Rewrite a Prometheus alerting rule file as rules of ours, on standard output; what has no equivalent is told."""
    import sys

    from ..as_code import documents, prometheus
    from ..render import as_json, say

    found = prometheus.convert(documents.load(file))
    if json:
        as_json({"rules": found.rules, "leftOut": dict(found.left_out), "notes": found.notes})
        return
    if found.rules:
        say(documents.written({"rules": found.rules}).rstrip())
    for name, why in found.left_out:
        print(f"left out: {name}: {why}", file=sys.stderr)
    for name, note in found.notes:
        print(f"note: {name}: {note}", file=sys.stderr)
    print(f"{len(found.rules)} rules, {len(found.left_out)} left out", file=sys.stderr)


def _matcher(text: str) -> dict[str, str]:
    import re

    from ..errors import BadInput

    found = re.fullmatch(r"([^=!~]+)(=~|!~|!=|=)(.*)", text, re.DOTALL)
    if found is None:
        raise BadInput(f"{text!r} is no matcher: label=value, label!=value, label=~pattern or label!~pattern")
    return {"label": found[1], "op": found[2], "value": found[3]}


def _levels(spec: dict[str, Any]) -> str:
    levels = [f"{name} {spec['op']} {spec[name]:g}" for name in ("warning", "critical") if spec.get(name) is not None]
    return ", ".join(levels) or "-"


def _paused(rule: dict[str, Any]) -> str:
    return "" if rule["isActive"] else "paused"


def _series(labels: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items()) or "all"
