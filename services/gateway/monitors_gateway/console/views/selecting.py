"""What somebody wants to see of their measurements: read from the page's address, and written as a query."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal, TypeAlias, cast, get_args
from urllib.parse import urlencode

from monitors_contracts.metrics import MetricFunction, MetricType
from monitors_contracts.series import series_key

Op: TypeAlias = Literal["=", "!=", "=~", "!~"]

SPANS: dict[str, tuple[str, timedelta]] = {
    "1h": ("Last hour", timedelta(hours=1)),
    "6h": ("Last 6 hours", timedelta(hours=6)),
    "24h": ("Last 24 hours", timedelta(days=1)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
EVERY = (10, 30, 60, 0)
"""Seconds after which a page may be made current by itself; 0 for never."""
MOST_MATCHERS = 20
LONGEST_QUERY = 4000
_PLAIN_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*").fullmatch


@dataclass(frozen=True, slots=True)
class Match:
    """What one label must or must not be."""

    label: str
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A graph that is asked for: a metric with labels and a function, or PromQL (`query`), over a span.

    `function` is empty for the one that fits the metric; `by` is None for each series alone, empty for all in one.
    """

    metric: str = ""
    matchers: tuple[Match, ...] = ()
    function: MetricFunction | Literal[""] = ""
    percentile: float = 95
    by: tuple[str, ...] | None = None
    span: str = "1h"
    every: int = EVERY[0]
    promql: bool = False
    query: str = ""
    search: str = ""

    @property
    def is_given(self) -> bool:
        """Whether there is something to draw."""
        return bool(self.query if self.promql else self.metric)

    @property
    def selector(self) -> str:
        """The series that are meant, as PromQL writes them."""
        return selector(self.metric, self.matchers)


def asked(pairs: Sequence[tuple[str, str]]) -> Asked:
    """What the address of a page asks for. Whatever makes no sense counts as not given."""
    given = [(name, value.replace("\0", "").strip()) for name, value in pairs]

    def one(name: str) -> str:
        return next((value for key, value in given if key == name), "")

    def every(name: str) -> list[str]:
        return [value for key, value in given if key == name]

    function, chosen, regular = one("function"), one("span"), one("every")
    by = every("by")
    return Asked(
        metric=one("metric")[:200],
        matchers=_matchers(every("label"), every("match"), every("value")),
        function=cast(MetricFunction, function) if function in get_args(MetricFunction) else "",
        percentile=_percentile(one("percentile")),
        by=tuple(dict.fromkeys(each[:200] for each in by if each))[:30] if by else None,
        span=chosen if chosen in SPANS else "1h",
        every=int(regular) if regular in {str(each) for each in EVERY} else EVERY[0],
        promql=one("mode") == "promql",
        query=one("query")[:LONGEST_QUERY],
        search=one("q")[:200],
    )


def _matchers(labels: list[str], ops: list[str], values: list[str]) -> tuple[Match, ...]:
    rows = zip(labels, ops, values, strict=False)
    return tuple(
        Match(label[:200], cast(Op, op) if op in get_args(Op) else "=", value[:1000])
        for label, op, value in rows
        if label
    )[:MOST_MATCHERS]


def _percentile(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 95
    return found if 0 <= found <= 100 else 95


def address(wanted: Asked) -> str:
    """The query of the page's address that asks for this: the link to share."""
    pairs: list[tuple[str, str]] = []
    if wanted.promql:
        pairs += [("mode", "promql"), ("query", wanted.query)]
    else:
        pairs.append(("metric", wanted.metric))
        for each in wanted.matchers:
            pairs += [("label", each.label), ("match", each.op), ("value", each.value)]
        pairs.append(("function", wanted.function))
        if wanted.function == "percentile":
            pairs.append(("percentile", f"{wanted.percentile:g}"))
        if wanted.by is not None:
            pairs += [("by", each) for each in wanted.by or ("",)]
    pairs.append(("span", wanted.span))
    if wanted.every != EVERY[0]:
        pairs.append(("every", str(wanted.every)))
    return urlencode([(name, value) for name, value in pairs if value or name in ("by", "value")])


def selector(metric: str, matchers: Sequence[Match] = ()) -> str:
    """Series as PromQL writes them: `http_requests_total{job="api",path=~"/v1/.*"}`."""
    name = series_key(metric, {})
    pairs = [
        f"{each.label if _PLAIN_LABEL(each.label) else _quoted(each.label)}{each.op}{_quoted(each.value)}"
        for each in matchers
    ]
    if name.startswith("{"):
        return f"{{{','.join([name[1:-1], *pairs])}}}"
    return f"{name}{{{','.join(pairs)}}}" if pairs else name


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_COUNTING = ("_total", "_bucket", "_count", "_sum")
"""How names of counters end, and of the parts of histograms and summaries, which are counters and described as the whole."""


def fitting(wanted: Asked, kind: MetricType) -> Asked:
    """What is asked, with the function that fits the metric when none was chosen: counters are read by their rate."""
    if wanted.promql or wanted.function:
        return wanted
    counts = kind == "counter" or (kind == "unknown" and wanted.metric.endswith(_COUNTING))
    return replace(wanted, function="rate" if counts else "avg")


def promql(wanted: Asked) -> str:
    """About the same in PromQL, to go on from. What an average of a step is there, a sample at its end is here."""
    text = wanted.selector
    if wanted.function in ("rate", "increase"):
        text = f"{wanted.function}({text}[5m])"
    if wanted.by is None:
        return text
    aggregated = {"rate": "sum", "increase": "sum", "last": "avg", "percentile": "quantile"}
    over = aggregated.get(wanted.function, wanted.function)
    groups = ", ".join(each if _PLAIN_LABEL(each) else _quoted(each) for each in wanted.by)
    level = f"{wanted.percentile / 100:g}, " if over == "quantile" else ""
    return f"{over} by ({groups}) ({level}{text})" if groups else f"{over}({level}{text})"
