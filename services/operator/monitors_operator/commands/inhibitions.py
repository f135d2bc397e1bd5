"""`monitors inhibitions`: alerts that hold others back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples
from .silences import show_held, written

RuleId = Annotated[str, typer.Argument(metavar="ID", help="A rule, as `monitors inhibitions list` shows it.")]

group = typer.Typer(help="Alerts that hold others back.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="inhibitions")


@group.command(
    epilog=examples(
        "monitors inhibitions add 'Host down' --source alertname=HostDown --target 'host!=\"\"' --equal host",
    )
)
def add(
    name: Annotated[str, typer.Argument(help="What the rule is called.")],
    source: Annotated[list[str], typer.Option(help="Matcher of alerts that hold others back; may repeat.")],
    target: Annotated[list[str], typer.Option(help="Matcher of alerts that are held back; may repeat.")],
    equal: Annotated[list[str] | None, typer.Option(help="Label that both have alike; may repeat.")] = None,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """While an alert of the source lasts, hold those of the target back."""
    from ..connect import with_api
    from ..render import as_json, say

    body: dict[str, Any] = {
        "name": name,
        "source": ", ".join(source),
        "target": ", ".join(target),
        "equal": equal or [],
        "comment": comment,
    }
    rule = with_api(api, Path(data_dir), lambda platform: platform.post("/api/inhibitions", body)["inhibition"])
    if json:
        as_json(rule)
    else:
        count = rule["sources"]
        say(f"Added {name!r} ({rule['id']}): {count} open alert{'' if count == 1 else 's'} may hold others back by it.")


@group.command("list", epilog=examples("monitors inhibitions list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The rules by name, with how many alerts each held back."""
    from ..connect import with_api
    from ..render import as_json, say, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/inhibitions")["rules"])
    if json:
        as_json(found)
    elif not found:
        say("No inhibition rules: add one with `monitors inhibitions add`.")
    else:
        rows = (
            (
                each["id"],
                each["spec"]["name"],
                written(each["spec"]["source"]),
                written(each["spec"]["target"]),
                ", ".join(each["spec"]["equal"]),
                each["held"],
                "" if each["spec"]["isActive"] else "off",
            )
            for each in found
        )
        table(("ID", "NAME", "SOURCE", "TARGET", "EQUAL", "HELD", ""), rows, keep=("ID",))


@group.command(epilog=examples("monitors inhibitions hidden 01a2…"))
def hidden(rule_id: RuleId, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """What a rule hid: open alerts first."""
    show_held(f"/api/inhibitions/{rule_id}/held", api, data_dir, json)


@group.command(epilog=examples("monitors inhibitions delete 01a2…"))
def delete(
    rule_id: RuleId, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Take a rule away; what it holds back now is told, if it fires still."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Delete this rule?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/inhibitions/{rule_id}"))
    if json:
        as_json({"deleted": [rule_id]})
    else:
        say("Deleted.")
