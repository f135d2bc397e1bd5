"""`monitors metrics`: measurements, asked for by what they are called."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ..options import DEFAULT_DATA_DIR, ApiUrl, DataDir, Json, examples

group = typer.Typer(help="Measurements: graphs, series, PromQL.", no_args_is_help=True, rich_markup_mode=None)

Selector = Annotated[
    str, typer.Argument(metavar="SELECTOR", help="""Which series: 'up{job="api",instance=~"web.*"}'.""")
]


def add_to(app: typer.Typer) -> None:
    """Put the group into `app`."""
    app.add_typer(group, name="metrics")


@group.command(
    epilog=examples(
        "monitors metrics graph node_load1",
        """monitors metrics graph 'http_requests_total{job="api"}' --function rate --by code --since 1d --step 300""",
    )
)
def graph(
    selector: Selector,
    function: Annotated[
        str, typer.Option(help="avg, min, max, sum, count, last, rate, increase or percentile of each step.")
    ] = "avg",
    percentile: Annotated[float, typer.Option(min=0, max=100, help="Of --function percentile.")] = 95,
    by: Annotated[
        list[str] | None, typer.Option(help="Series that agree in this label are one line; several times.")
    ] = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="From then on: 10m, 2h, 1d, or ISO 8601.")] = "1h",
    step: Annotated[int | None, typer.Option(min=1, help="Seconds of a step; about 300 steps by default.")] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Series as one number a step, the newest last."""
    from ..connect import with_api
    from ..render import as_json, say, table
    from ..times import moment

    asked: dict[str, Any] = {"selector": selector, "function": function, "percentile": percentile}
    asked |= {"by": by or None, "since": moment(since, datetime.now(UTC)).isoformat(), "step": step}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/metrics/query", **asked))
    if json:
        as_json(found)
        return
    if not found["series"]:
        say("No samples there.")
        return
    rows = [
        (_time(time), _shown(line), f"{value:g}")
        for line in found["series"]
        for time, value in zip(found["times"], line["values"], strict=True)
        if value is not None
    ]
    table(("TIME (UTC)", "SERIES", function.upper()), rows)


@group.command(
    "series", epilog=examples("monitors metrics series '{job=\"api\"}'", "monitors metrics series up --json")
)
def list_series(
    selector: Selector,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most series to show.")] = 1000,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """The series that match."""
    from ..connect import with_api
    from ..render import as_json, say

    asked = {"match": selector, "limit": limit}
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/metrics/series", **asked))
    if json:
        as_json(found)
        return
    if not found["series"]:
        say("No series.")
    for each in found["series"]:
        say(_shown(each))
    if found["more"]:
        say(f"... and others: these are the first {len(found['series'])}.")


@group.command(
    "promql",
    epilog=examples(
        "monitors metrics promql 'sum by (job) (rate(http_requests_total[5m]))'", "monitors metrics promql up --json"
    ),
)
def evaluate(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="An expression in PromQL.")],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="When: 10m (ago), 2h, 1d, or ISO 8601; now by default.")
    ] = None,
    api: ApiUrl = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Evaluate PromQL at one time."""
    from ..connect import with_api
    from ..render import as_json, say, table
    from ..times import moment

    asked: dict[str, Any] = {"query": query}
    if at:
        asked["time"] = moment(at, datetime.now(UTC)).timestamp()
    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/v1/query", **asked))
    data = found["data"]
    if json:
        as_json(data)
    elif data["resultType"] in ("scalar", "string"):
        say(data["result"][1])
    elif not data["result"]:
        say("No series.")
    else:
        rows = [
            (_labels(each["metric"]), value)
            for each in data["result"]
            for _, value in each.get("values") or [each["value"]]
        ]
        table(("SERIES", "VALUE"), rows)


@group.command(epilog=examples("monitors metrics usage"))
def usage(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """How many series there are and may be, and samples that storage refused; `senders` tells who was refused what at once."""
    from ..connect import with_api
    from ..render import as_json, fields

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/metrics/usage"))
    if json:
        as_json(found)
    else:
        refused = [(f"refused: {reason}", samples) for reason, samples in found["refusedSamples"].items()]
        fields([("series", f"{found['used']} of {found['limit']}"), *refused])


@group.command(epilog=examples("monitors metrics senders"))
def senders(api: ApiUrl = None, data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Who has sent measurements by which way, the latest first."""
    from ..connect import with_api
    from ..render import as_json, say, table
    from ..times import ago

    found = with_api(api, Path(data_dir), lambda platform: platform.get("/api/metrics/senders")["senders"])
    if json:
        as_json(found)
    elif not found:
        say("Nobody has sent anything yet.")
    else:
        now = datetime.now(UTC)
        rows = [
            (
                each["name"],
                each["way"],
                ago(datetime.fromisoformat(each["lastAt"]), now),
                each["accepted"],
                f"{each['refused']} ({each['lastRefusal']})" if each["refused"] else "",
            )
            for each in found
        ]
        table(("SENDER", "WAY", "LAST", "TAKEN IN", "REFUSED"), rows, keep=("SENDER",))


def _shown(series: dict[str, Any]) -> str:
    return _labels({"__name__": series["name"], **series["labels"]})


def _labels(labels: dict[str, str]) -> str:
    from monitors_contracts.series import series_key

    rest = {name: value for name, value in labels.items() if name != "__name__"}
    name = labels.get("__name__")
    return series_key(name, rest) if name else series_key("_", rest).removeprefix("_") or "{}"


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
