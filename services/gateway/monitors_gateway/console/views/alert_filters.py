"""What the inbox of alerts is narrowed by: the fields, and filters that were kept by a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ...api.saved_filters import SavedFilter
from .parts import Action, Link, Option

ORIGINS = {
    "monitor": "Monitors",
    "rule": "Rules",
    "heartbeat": "Heartbeats",
    "uptime": "Uptime checks",
    "prometheus": "Prometheus",
    "grafana": "Grafana",
    "cloudwatch": "CloudWatch",
    "datadog": "Datadog",
    "sentry": "Sentry",
    "uptime-kuma": "Uptime Kuma",
    "webhook": "Other webhooks",
}
HELD = {"silenced": "Silenced", "maintenance": "In maintenance", "inhibited": "Inhibited"}
MORE = ("filter", "origin", "held", "assignee")
"""Filters that are out of sight until one is wanted."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Filters that were kept by a name."""

    link: Link
    is_current: bool
    forget: Action


@dataclass(frozen=True, slots=True)
class FilterView:
    """The fields beside the search, what is wrong with the labels, and what was kept."""

    labels: str
    error: str
    origin: str
    origins: tuple[Option, ...]
    held: str
    helds: tuple[Option, ...]
    assignee: str
    is_open: bool
    saved: tuple[Saved, ...]
    save: str
    fields: tuple[tuple[str, str], ...]


def filter_view(
    state: str, asked: Mapping[str, str], error: str, saved: Sequence[SavedFilter], root: str
) -> FilterView:
    """What is asked for, by the names of the address; `fields` is what would be kept."""
    here = f"{root}/alerts"
    now = {
        name: value for name, value in {"state": state, **asked}.items() if value and name not in ("monitor", "rule")
    }
    return FilterView(
        labels=asked.get("filter", ""),
        error=error,
        origin=asked.get("origin", ""),
        origins=(Option("", "Any origin"), *(Option(value, words) for value, words in ORIGINS.items())),
        held=asked.get("held", ""),
        helds=(Option("", "Held back or not"), *(Option(value, words) for value, words in HELD.items())),
        assignee=asked.get("assignee", ""),
        is_open=bool(error) or any(asked.get(name) for name in MORE),
        saved=tuple(_saved(each, now, here) for each in saved),
        save=f"{here}/filters",
        fields=tuple(now.items()),
    )


def query_of(saved: SavedFilter) -> dict[str, str]:
    """The address's query that shows what was kept; without a state, all states."""
    kept = saved.query.model_dump(exclude_none=True)
    return {"state": "all", **kept}


def _saved(each: SavedFilter, now: Mapping[str, str], here: str) -> Saved:
    query = query_of(each)
    return Saved(
        Link(each.name, f"{here}?{urlencode(query)}"),
        query == dict(now),
        Action(f"Forget “{each.name}”", f"{here}/filters/{each.id}/delete", "x"),
    )
