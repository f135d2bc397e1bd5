"""`monitors routes`: which alerts are told where."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

group = typer.Typer(help="Which alerts are told where.", no_args_is_help=True, rich_markup_mode=None)
_BLANK = "name: root\nroutes: []\n"


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="routes")


@group.command(epilog=examples("monitors routes show"))
def show(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The tree: each alert goes to the first route that takes it, and on where a route says so."""
    from ..connect import with_api
    from ..render import as_json, say

    def work(platform: Any) -> tuple[dict[str, Any], dict[str, str]]:
        return platform.get("/api/routing"), names_of(platform)

    routing, names = with_api(api, Path(data_dir), work)
    if json:
        as_json(routing)
        return
    for line in lines(routing["root"], names):
        say(line)


@group.command(
    "test",
    epilog=examples("monitors routes test severity=critical host=db-1", "monitors routes test host=db-1 -f routes.yml"),
)
def try_labels(
    labels: Annotated[list[str], typer.Argument(metavar="LABEL=VALUE...", help="Labels of an alert.")],
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Routes of a file instead of the saved ones.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="When, in UTC (2026-12-01T22:00); by default now.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Where would an alert with these labels go, and what would hold it back?"""
    from datetime import UTC, datetime

    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say, shown_time
    from ..shown import leads_words
    from ..times import moment

    if wrong := [each for each in labels if "=" not in each[1:]]:
        raise BadInput(f"{wrong[0]!r} is no label: write it as host=db-1")
    asked: dict[str, Any] = {"labels": dict(each.split("=", 1) for each in labels)}
    asked |= {"at": moment(at, datetime.now(UTC)).isoformat()} if at else {}

    def work(platform: Any) -> tuple[dict[str, Any], dict[str, str]]:
        tree = {"root": _tree_of(platform, file)} if file else {}
        return platform.post("/api/routing/test", asked | tree), names_of(platform)

    found, names = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
        return
    for each in found["destinations"]:
        say(f"{'/'.join(each['path'])} -> {leads_words(each, names)}")
        for note in _notes(each, names):
            say(f"    {note}")
        if each.get("openAt"):
            say(f"    waits for its hours, until {shown_time(each['openAt'])}")
    for words in found["heldBy"]:
        say(f"held back: {words}")


@group.command(epilog=examples("monitors routes edit", "monitors routes edit -f routes.yml"))
def edit(
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Take this file instead of opening an editor.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Edit the tree as YAML, channels and policies by name; what makes no sense is refused, and nothing changed."""
    import click
    import yaml

    from ..as_code import documents, planning
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    def work(platform: Any) -> dict[str, Any] | None:
        version = platform.get("/api/routing")["version"]
        if file:
            root = _tree_of(platform, file)
        else:
            known = planning.known(platform).things["routing"]
            before = "".join(yaml.safe_dump(each, sort_keys=False) for each in known.values()) or _BLANK
            after = click.edit(before, extension=".yml")
            if after is None or after == before:
                return None
            try:
                given = yaml.safe_load(after)
            except yaml.YAMLError as broken:
                raise BadInput(f"this is no YAML: {' '.join(str(broken).split())[:300]}") from None
            if not isinstance(given, dict):
                raise BadInput("routing is one route, with the others in its `routes`")
            root = planning.ready(platform, "routing", documents.normal("routing", given))
        return platform.put("/api/routing", {"root": root, "expectedVersion": version})["routing"]

    saved = with_api(api, Path(data_dir), work)
    if saved is None:
        say("Nothing changed.")
    elif json:
        as_json(saved)
    else:
        say(f"Saved as version {saved['version']}.")


def lines(root: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    """The tree, a route a line."""
    yield _route(root, names, is_root=True)
    yield from _below(root, names, "")


def _below(route: dict[str, Any], names: dict[str, str], indent: str) -> Iterator[str]:
    children = route.get("routes", [])
    for child in children:
        is_last = child is children[-1]
        yield f"{indent}{'└─' if is_last else '├─'} {_route(child, names)}"
        yield from _below(child, names, indent + ("   " if is_last else "│  "))


def _route(route: dict[str, Any], names: dict[str, str], *, is_root: bool = False) -> str:
    asks: list[str] = [f"{each['label']}{each.get('op', '=')}{each['value']}" for each in route.get("matchers", [])]
    if route.get("severities"):
        asks.append(f"severity {' or '.join(route['severities'])}")
    leads: list[str] = [_named(names, channel) for channel in route.get("channels") or []]
    if route.get("policyId"):
        leads.append(f"policy {_named(names, route['policyId'])}")
    if is_root and route.get("channels") is None:
        leads.insert(0, "all channels")
    nobody: list[str] = [] if route.get("channels") is None else ["nobody"]
    parts = [route["name"], " ".join(asks) or ("" if is_root else "everything")]
    parts += [f"-> {', '.join(leads or nobody)}"] if leads or nobody else []
    parts += [", ".join(_notes(route, names))]
    parts += ["and goes on"] if route.get("continue") else []
    return "  ".join(filter(None, parts))


def _notes(route: dict[str, Any], names: dict[str, str]) -> Iterator[str]:
    from monitors_contracts.durations import lasting

    if (by := route.get("groupBy")) is not None:
        yield "each alert alone" if "..." in by else f"together by {', '.join(by)}" if by else "all together"
    for field, words in (
        ("groupWait", "gathers for {}"),
        ("groupInterval", "changes every {}"),
        ("repeatInterval", "repeated every {}"),
    ):
        if seconds := route.get(field):
            yield words.format(lasting(seconds))
    if limit := route.get("limit"):
        messages = "1 message" if limit["notices"] == 1 else f"{limit['notices']} messages"
        yield f"at most {messages} in {lasting(limit['per'])} to each channel"
    if fallback := route.get("fallback"):
        yield f"else {' and '.join(_named(names, channel) for channel in fallback)}"
    if hours := route.get("activeHours"):
        yield " and ".join(
            f"{', '.join(each.get('days') or ['daily'])} {each['start']}-{each['end']} {each['timezone']}"
            for each in hours
        )


def _tree_of(platform: Any, file: Path) -> dict[str, Any]:
    """The tree that a file says, or the file as one."""
    from ..as_code import documents, planning
    from ..errors import BadInput

    trees = documents.read([file])["routing"]
    if not trees:
        raise BadInput(f"{file} has no `routing`")
    [root] = trees.values()
    return planning.ready(platform, "routing", root)


def _named(names: dict[str, str], identifier: str) -> str:
    return names.get(identifier, identifier)


def names_of(platform: Any) -> dict[str, str]:
    """The names of channels and policies by their ids."""
    listed = [*platform.get("/api/channels")["channels"], *platform.get("/api/policies")["policies"]]
    return {each["id"]: each["name"] for each in listed}
