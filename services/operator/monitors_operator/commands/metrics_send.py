"""`monitors metrics send` and `check`: measurements by hand, and expositions before they are scraped."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ..negative import NegativeNumbers
from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group `metrics`."""
    group.command(
        cls=NegativeNumbers,
        epilog=examples(
            "monitors metrics send room_temperature_celsius 21.5 --tag room=cellar",
            "monitors metrics send freezer_celsius -18.5",
            "monitors metrics send visits_total 1042 --type counter --at 5m",
            "monitors metrics send --file batch.json",
        ),
    )(send)
    group.command(
        epilog=examples("curl -s http://127.0.0.1:9100/metrics | monitors metrics check --prometheus /dev/stdin")
    )(check)


def send(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The metric's name.")] = None,
    value: Annotated[float | None, typer.Argument(metavar="[VALUE]", help="What was measured.")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A tag; several times.")] = None,
    kind: Annotated[str, typer.Option("--type", help="gauge, counter or histogram.")] = "gauge",
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When: 10m or 2h ago, or ISO 8601; now by default.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help='A batch instead, as JSON: {"metrics": [{"name": ..., "value": ...}]}.')
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Send measurements. Done when they are durable; what is refused is told, with the reason."""
    from ..connect import with_api
    from ..render import as_json, say

    body = _batch_of(file) if file else _one(name, value, tag or [], kind, at)
    reply = with_api(api, Path(data_dir), lambda platform: platform.post("/api/metrics", body))
    if json:
        as_json(reply)
    else:
        say(f"{reply['accepted']} accepted, {reply['refused']} refused.")
        for each in reply["refusals"]:
            say(f"  item {each['index']}  {each['reason']}  {each['detail']}")
    if reply["refused"]:
        raise typer.Exit(1)


def check(
    file: Annotated[Path, typer.Argument(exists=True, help="An exposition.")],
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Prometheus's text format; OpenMetrics by default.")
    ] = False,
    json: Json = False,
) -> None:
    """Whether a target that shows this could be scraped. Exit code 2 when not, with the reason."""
    from monitors_scraper.domain.exposition import Unparsable, parse

    from ..errors import BadInput
    from ..render import as_json, say

    try:
        found = parse(file.read_bytes(), "text/plain" if prometheus else "application/openmetrics-text")
    except Unparsable as wrong:
        raise BadInput(str(wrong)) from None
    if json:
        as_json({"samples": len(found.samples), "metrics": len(found.metrics)})
    else:
        say(f"{len(found.samples)} samples of {len(found.metrics)} metrics.")


def _one(name: str | None, value: float | None, tags: list[str], kind: str, at: str | None) -> dict[str, Any]:
    from datetime import UTC, datetime
    from math import isfinite

    from ..errors import BadInput
    from ..times import moment

    if name is None or value is None:
        raise BadInput("say NAME and VALUE, or a batch with --file")
    if not isfinite(value):
        raise BadInput("a value is a finite number")
    sample: dict[str, Any] = {"name": name, "value": value, "type": kind, "tags": pairs(tags, "--tag")}
    if at:
        sample["timestamp"] = moment(at, datetime.now(UTC)).isoformat()
    return {"metrics": [sample]}


def _batch_of(file: Path) -> Any:
    from json import loads

    from ..errors import BadInput

    try:
        return loads(file.read_bytes())
    except OSError as failure:
        raise BadInput(f"can't read {file}: {failure.strerror}") from None
    except ValueError as wrong:
        raise BadInput(f"{file} is not JSON: {wrong}") from None


def pairs(given: list[str], option: str, between: str = "=") -> dict[str, str]:
    """`["a=1", "b=2"]` as names and values. Raises BadInput."""
    from ..errors import BadInput

    found: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition(between)
        if not separator or not name.strip():
            raise BadInput(f"{option} takes NAME{between}VALUE, not {each!r}")
        found[name.strip()] = value.strip()
    return found
