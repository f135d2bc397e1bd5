"""`monitors status-pages`: what anybody is told of how things do."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

Page = Annotated[
    str, typer.Argument(metavar="PAGE", help="Its slug or its id, as `monitors status-pages list` shows it.")
]
Key = Annotated[str, typer.Argument(metavar="COMPONENT", help="The component's key.")]
Matchers = Annotated[
    list[str] | None,
    typer.Argument(metavar="MATCHER...", help="Alerts that degrade it: label=value, label!=value, label=~pattern."),
]
Impact = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SEVERITY=STATUS",
        help="What alerts make of it: critical=partial-outage; may repeat. "
        "By default critical=major-outage and warning=degraded.",
    ),
]
_STATUSES = ("operational", "maintenance", "degraded", "partial-outage", "major-outage")
_STAGES = ("investigating", "identified", "watching", "resolved", "notice")

group = typer.Typer(help="What anybody is told of how things do.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="status-pages")


@group.command("list", epilog=examples("monitors status-pages list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The pages by name, how they do, and where they are."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/status-pages")["pages"])
    if json:
        as_json(found)
    elif not found:
        say("There is no status page: add one with `monitors status-pages add`.")
    else:
        rows = (
            (each["spec"]["slug"], each["spec"]["name"], each["spec"]["visibility"], each["status"], each["url"])
            for each in found
        )
        table(("SLUG", "NAME", "", "STATUS", "ADDRESS"), rows, keep=("SLUG", "ADDRESS"))


@group.command(epilog=examples("monitors status-pages show acme"))
def show(page: Page, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """One page: its components, and what was said on it."""

    def work(platform: Any) -> dict[str, Any]:
        known = _found(platform, page)
        updates = platform.get(f"/api/status-pages/{known['id']}/updates")["updates"]
        subscribers = platform.get(f"/api/status-pages/{known['id']}/subscribers", limit=1)["counts"]
        return known | {"updates": updates, "subscribers": subscribers}

    _do(work, _shown, api, data_dir, json)


@group.command(
    epilog=examples("monitors status-pages add Acme acme", "monitors status-pages add Tools tools --private")
)
def add(
    name: Annotated[str, typer.Argument(help="What the page is called.")],
    slug: Annotated[str, typer.Argument(help="Where it is: /status/SLUG. Lower case letters, digits and hyphens.")],
    private: Annotated[bool, typer.Option("--private", help="Found only by its link, which nobody guesses.")] = False,
    description: Annotated[str, typer.Option(help="What stands below the name.")] = "",
    timezone: Annotated[str, typer.Option(help="By whose clocks its days are: Europe/Berlin.")] = "UTC",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Make a page; its components are added one by one."""
    body = {
        "name": name,
        "slug": slug,
        "visibility": "private" if private else "public",
        "description": description,
        "timezone": timezone,
    }
    _do(lambda platform: platform.post("/api/status-pages", body)["page"], _told, api, data_dir, json)


@group.command(
    epilog=examples(
        "monitors status-pages component acme api API service=api",
        "monitors status-pages component acme shop 'Web shop' 'service=~shop|cart' --impact critical=partial-outage",
    )
)
def component(
    page: Page,
    key: Key,
    name: Annotated[str, typer.Argument(help="What the component is called.")],
    matchers: Matchers = None,
    impact: Impact = None,
    description: Annotated[str, typer.Option(help="What stands below the name.")] = "",
    within: Annotated[str, typer.Option("--group", help="Components of one group are shown together.")] = "",
    window: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A maintenance window that is shown as its; may repeat.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Add a component, or make the one of this key what is said; it keeps its history."""
    made: dict[str, Any] = {"key": key, "name": name, "description": description, "group": within}
    made |= {"matchers": ", ".join(matchers)} if matchers else {}
    made |= {"impact": _impact(impact)} if impact else {}
    made |= {"windows": window} if window else {}

    def work(platform: Any) -> dict[str, Any]:
        known = _found(platform, page)
        others = known["spec"]["components"]
        at = next((n for n, each in enumerate(others) if each["key"] == key), len(others))
        return _patched(platform, known, {"components": [*others[:at], made, *others[at + 1 :]]})

    _do(work, _shown, api, data_dir, json)


@group.command("remove-component", epilog=examples("monitors status-pages remove-component acme api"))
def remove_component(
    page: Page, key: Key, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Take a component from its page."""
    from ..errors import BadInput

    def work(platform: Any) -> dict[str, Any]:
        known = _found(platform, page)
        left = [each for each in known["spec"]["components"] if each["key"] != key]
        if len(left) == len(known["spec"]["components"]):
            raise BadInput(f"the page has no component {key!r}")
        return _patched(platform, known, {"components": left})

    _do(work, _shown, api, data_dir, json)


@group.command(
    "set",
    epilog=examples(
        "monitors status-pages set acme api degraded --note 'Slower than usual'",
        "monitors status-pages set acme api auto",
    ),
)
def set_status(
    page: Page,
    key: Key,
    status: Annotated[str, typer.Argument(help=f"{', '.join(_STATUSES)}; or auto, as alerts say.")],
    note: Annotated[str, typer.Option(help="Shown on the page.")] = "",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say how a component does, whatever alerts say; `auto` takes it back."""
    from ..errors import BadInput

    if status not in (*_STATUSES, "auto"):
        raise BadInput(f"a component is {', '.join(_STATUSES)} or auto, not {status!r}")

    def work(platform: Any) -> dict[str, Any]:
        at = f"/api/status-pages/{_found(platform, page)['id']}/components/{key}/override"
        reply = platform.delete(at) if status == "auto" else platform.put(at, {"status": status, "note": note})
        return reply["page"]

    _do(work, _shown, api, data_dir, json)


@group.command(
    epilog=examples(
        "monitors status-pages post acme 'Some payments fail. We look for the cause.' --title Payments "
        "--stage investigating --component shop",
        "monitors status-pages post acme 'It is over.' --stage resolved --thread 01a2…",
    )
)
def post(
    page: Page,
    text: Annotated[str, typer.Argument(help="What is said; subscribers are told.")],
    title: Annotated[str | None, typer.Option(help="What it is about; not needed with --thread.")] = None,
    stage: Annotated[str, typer.Option(help=f"{', '.join(_STAGES)}.")] = "notice",
    component: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="A component that is concerned; may repeat.")
    ] = None,
    thread: Annotated[str | None, typer.Option(metavar="ID", help="Continue what was said before.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Say something on a page."""
    from ..errors import BadInput
    from ..render import say

    if stage not in _STAGES:
        raise BadInput(f"--stage is {', '.join(_STAGES)}, not {stage!r}")
    if title is None and thread is None:
        raise BadInput("say what it is about with --title, or continue what was said before with --thread")
    body = {"text": text, "title": title, "stage": stage, "components": component or [], "threadId": thread}
    given = {name: value for name, value in body.items() if value is not None}

    def work(platform: Any) -> dict[str, Any]:
        return platform.post(f"/api/status-pages/{_found(platform, page)['id']}/updates", given)["update"]

    _do(work, lambda made: say(f"Posted {made['title']!r} (thread {made['threadId']})."), api, data_dir, json)


@group.command(epilog=examples("monitors status-pages subscribers acme"))
def subscribers(page: Page, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Who asked for a page's updates, and who confirmed it."""
    from ..render import say, shown_time, table

    def draw(found: list[dict[str, Any]]) -> None:
        if not found:
            say("Nobody has subscribed.")
            return
        rows = (
            (each["id"], each["kind"], each["state"], each["target"], shown_time(each["createdAt"])) for each in found
        )
        table(("ID", "BY", "STATE", "WHO", "SINCE (UTC)"), rows, keep=("ID",))

    def work(platform: Any) -> list[dict[str, Any]]:
        return platform.every(f"/api/status-pages/{_found(platform, page)['id']}/subscribers", "subscribers")

    _do(work, draw, api, data_dir, json)


@group.command("renew-link", epilog=examples("monitors status-pages renew-link tools"))
def renew_link(
    page: Page, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Make a new link of a private page; the one before opens nothing any more."""
    from ..ask import confirmed

    confirmed("Make a new link? Who has the present one can't open the page any more.", yes)

    def work(platform: Any) -> dict[str, Any]:
        return platform.post(f"/api/status-pages/{_found(platform, page)['id']}/link", {})["page"]

    _do(work, _told, api, data_dir, json)


@group.command(epilog=examples("monitors status-pages delete acme"))
def delete(
    page: Page, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Take a page away, with its history, its updates and its subscribers."""
    from ..ask import confirmed
    from ..render import say

    confirmed("Delete this page, its history and its subscribers?", yes)

    def work(platform: Any) -> dict[str, Any]:
        known = _found(platform, page)
        platform.delete(f"/api/status-pages/{known['id']}")
        return {"deleted": [known["id"]]}

    _do(work, lambda _: say("Deleted."), api, data_dir, json)


def _do(work: Callable[[Any], Any], draw: Callable[[Any], None], api: str | None, data_dir: Any, json: bool) -> None:
    from ..connect import with_api
    from ..render import as_json

    found = with_api(api, Path(data_dir), work)
    if json:
        as_json(found)
    else:
        draw(found)


def _found(platform: Any, page: str) -> dict[str, Any]:
    """The page of this slug or id."""
    from ..errors import BadInput

    pages: list[dict[str, Any]] = platform.get("/api/status-pages")["pages"]
    found = [each for each in pages if page in (each["id"], each["spec"]["slug"])]
    if not found:
        raise BadInput(f"there is no status page {page!r}: see `monitors status-pages list`")
    if len(found) > 1:
        raise BadInput(f"two pages have the slug {page!r}: say the id")
    return found[0]


def _patched(platform: Any, page: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return platform.patch(f"/api/status-pages/{page['id']}", changes)["page"]


def _impact(given: list[str]) -> dict[str, str]:
    from ..errors import BadInput

    found = dict(each.split("=", 1) for each in given if "=" in each)
    known = all(severity in ("info", "warning", "critical") for severity in found)
    if len(found) < len(given) or not known or not all(status in _STATUSES[2:] for status in found.values()):
        raise BadInput(f"--impact is info, warning or critical = {', '.join(_STATUSES[2:])}")
    return found


def _told(page: dict[str, Any]) -> None:
    from ..render import say

    say(f"{page['spec']['name']} ({page['spec']['visibility']}) is at {page['url']}")


def _shown(page: dict[str, Any]) -> None:
    from ..render import say, shown_time, table
    from .silences import written

    _told(page)
    components = {each["key"]: each for each in page["spec"]["components"]}
    if components:
        rows = (
            (
                each["key"],
                each["status"] + (" (by hand)" if each.get("override") else ""),
                components[each["key"]]["name"],
                shown_time(each["since"]),
                written(components[each["key"]].get("matchers") or []) or "-",
            )
            for each in page["standings"]
        )
        table(("KEY", "STATUS", "NAME", "SINCE (UTC)", "ALERTS"), rows, keep=("KEY",))
    else:
        say(f"It has no component: add one with `monitors status-pages component {page['spec']['slug']} KEY NAME`.")
    if counts := page.get("subscribers"):
        say(f"{counts.get('confirmed', 0)} subscribers, {counts.get('pending', 0)} who have not confirmed.")
    if updates := page.get("updates"):
        told = (
            (each["threadId"], shown_time(each["postedAt"]), each["stage"], each["title"], each["text"])
            for each in updates
        )
        table(("THREAD", "POSTED (UTC)", "STAGE", "TITLE", "TEXT"), told, keep=("THREAD",))
