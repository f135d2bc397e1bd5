"""`monitors uptime`: addresses that are to answer."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, Yes, examples

CheckId = Annotated[str, typer.Argument(metavar="ID", help="A check, as `monitors uptime list` shows it.")]
Body = Annotated[str | None, typer.Option(help="Text that an HTTP answer holds.")]
Status = Annotated[int | None, typer.Option(help="The HTTP status; else 200 to 299.")]
ADDRESS = "https://..., tcp://host:port, dns://host or icmp://host"

group = typer.Typer(help="Addresses that are to answer.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="uptime")


@group.command("list", epilog=examples("monitors uptime list"))
def list_all(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """The uptime checks, oldest first, and how they went last."""
    from ..connect import with_api
    from ..render import as_json, say, shown_time, table

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/uptime")["checks"])
    if json:
        as_json(found)
    elif not found:
        say("No uptime checks: add one with `monitors uptime add`.")
    else:
        rows = ((each["id"], each["spec"]["name"], _address(each["spec"]), *_last(each)) for each in found)
        rows = ((*row[:-1], shown_time(row[-1])) for row in rows)
        table(("ID", "NAME", "ADDRESS", "", "LAST"), rows, keep=("ID",))


@group.command(
    epilog=examples(
        "monitors uptime add Shop https://shop.example/health --body ok",
        "monitors uptime add Mail tcp://mail.example:25 --every 30",
        "monitors uptime add Name dns://shop.example",
        "monitors uptime add Router icmp://192.0.2.1 --failures 5",
    )
)
def add(
    name: Annotated[str, typer.Argument(help="What its alerts are called.")],
    address: Annotated[str, typer.Argument(help=f"{ADDRESS}.")],
    every: Annotated[int, typer.Option(min=10, help="Seconds between two checks.")] = 60,
    body: Body = None,
    status: Status = None,
    failures: Annotated[int, typer.Option(min=1, help="Failed checks in a row until an alert.")] = 2,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Ask an address at an interval, and tell when it does not answer as it should."""
    from ..connect import with_api
    from ..render import as_json, say

    given: dict[str, Any] = {"name": name, "intervalSeconds": every, "failures": failures} | asked(address)
    given |= {field: value for field, value in (("body", body), ("status", status)) if value is not None}
    made = with_api(api, Path(data_dir), lambda platform: platform.post("/api/uptime", given)["check"])
    if json:
        as_json(made)
    else:
        say(f"Added uptime check {made['spec']['name']!r} ({made['id']}): asked from now on.")


@group.command(
    epilog=examples("monitors uptime change 019a… --every 30 --failures 3", "monitors uptime change 019a… --pause")
)
def change(
    check_id: CheckId,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    address: Annotated[str | None, typer.Option(help=f"Another address: {ADDRESS}.")] = None,
    every: Annotated[int | None, typer.Option(min=10, help="Seconds between two checks.")] = None,
    body: Body = None,
    status: Status = None,
    failures: Annotated[int | None, typer.Option(min=1, help="Failed checks in a row until an alert.")] = None,
    pause: Annotated[bool | None, typer.Option("--pause/--resume", help="Ask nothing for now, or again.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Change a check, and its rule with it. An empty --body expects none any more."""
    from ..connect import with_api
    from ..errors import BadInput
    from ..render import as_json, say

    given: dict[str, Any] = {"name": name, "intervalSeconds": every, "failures": failures, "status": status}
    given = {field: value for field, value in given.items() if value is not None}
    if address is not None:
        given |= dict.fromkeys(("url", "host", "port")) | asked(address)
    if body is not None:
        given["body"] = body or None
    if pause is not None:
        given["isActive"] = not pause
    if not given:
        raise BadInput("say what is to be different")
    changed = with_api(api, Path(data_dir), lambda platform: platform.patch(f"/api/uptime/{check_id}", given)["check"])
    if json:
        as_json(changed)
    else:
        spec = changed["spec"]
        paused = "" if spec["isActive"] else ", paused"
        say(f"{spec['name']}  {_address(spec)}  ({changed['id']})")
        say(f"  every {spec['intervalSeconds']} s, an alert after {spec['failures']} failures in a row{paused}")


@group.command(epilog=examples("monitors uptime delete 019a…"))
def delete(
    check_id: CheckId, yes: Yes = False, api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False
) -> None:
    """Ask no more; its rule goes with it."""
    from ..ask import confirmed
    from ..connect import with_api
    from ..render import as_json, say

    confirmed("Delete this check?", yes)
    with_api(api, Path(data_dir), lambda platform: platform.delete(f"/api/uptime/{check_id}"))
    if json:
        as_json({"deleted": [check_id]})
    else:
        say("Deleted.")


def asked(address: str) -> dict[str, Any]:
    """What is asked at this address. Raises BadInput."""
    from ..errors import BadInput

    if address.startswith(("http://", "https://")):
        return {"kind": "http", "url": address}
    if found := re.fullmatch(r"tcp://(.+):(\d{1,5})", address):
        return {"kind": "tcp", "host": found[1].strip("[]"), "port": int(found[2])}
    if found := re.fullmatch(r"(dns|icmp)://([^/:\[\]]+|\[[^\[\]]+\])", address):
        return {"kind": found[1], "host": found[2].strip("[]")}
    raise BadInput(f"{address!r} is no address to ask: {ADDRESS}")


def _address(spec: dict[str, Any]) -> str:
    if spec["kind"] == "http":
        return spec["url"]
    host = f"[{spec['host']}]" if ":" in spec["host"] else spec["host"]
    return f"{spec['kind']}://{host}" + (f":{spec['port']}" if spec.get("port") else "")


def _last(check: dict[str, Any]) -> tuple[str, str | None]:
    if not check["spec"]["isActive"]:
        return "paused", None
    last = check.get("last")
    if last is None:
        return "new", None
    return "up" if last["isUp"] else f"down: {last['error']}", last["at"]
