"""The inbox of alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlencode

from monitors_contracts.alerts import AlertList, AlertState, AlertView, Severity
from monitors_contracts.base import Id
from monitors_contracts.pending import PendingList
from monitors_contracts.silences import Holding

from ...api.saved_filters import SavedFilter
from ..formats import Formats, When
from .alert_filters import FilterView, filter_view
from .holding import HeldBy, held_by
from .marks import Mark, marked
from .parts import Action, Badge, Empty, Link, Option, Tab
from .pending import PendingRow, pending_rows

Chosen = Literal["open", "pending", "acknowledged", "resolved", "all"]

STATES: dict[AlertState, Badge] = {
    AlertState.FIRING: Badge("Firing", "bad"),
    AlertState.ACKNOWLEDGED: Badge("Acknowledged", "warn"),
    AlertState.RESOLVED: Badge("Resolved", "good"),
}
TABS: dict[Chosen, tuple[str, tuple[AlertState, ...]]] = {
    "open": ("Open", (AlertState.FIRING, AlertState.ACKNOWLEDGED)),
    "pending": ("Pending", ()),
    "acknowledged": ("Acknowledged", (AlertState.ACKNOWLEDGED,)),
    "resolved": ("Resolved", (AlertState.RESOLVED,)),
    "all": ("All", tuple(AlertState)),
}
SEVERITIES = (
    Option("", "Any severity"),
    Option("critical", "Critical"),
    Option("warning", "Warning"),
    Option("info", "Info"),
)
LONGEST_VALUE = 40
KEYS = (
    ("j", "Next alert"),
    ("k", "Previous alert"),
    ("Enter", "Open the alert"),
    ("x", "Select the alert"),
    ("a", "Acknowledge it, or all selected"),
    ("r", "Resolve it, or all selected"),
    ("s", "Silence it, or all selected"),
    ("g", "Give it, or all selected, to somebody"),
    (".", "Show new alerts"),
    ("/", "Search"),
    ("?", "Show these keys"),
)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert of the list."""

    id: str
    href: str
    name: str
    summary: str
    value: str
    mark: Mark
    state: Badge
    held: HeldBy | None
    opened: When
    crossed: str
    is_over: bool
    assignee: str
    about: Link | None
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class AlertsView:
    """The inbox: which alerts, narrowed by what, and what can be done with them."""

    here: str
    change: str
    tabs: tuple[Tab, ...]
    state: Chosen
    query: str
    severity: str
    severities: tuple[Option, ...]
    filters: FilterView
    rows: tuple[AlertRow, ...]
    pending: tuple[PendingRow, ...]
    more_pending: str
    can_acknowledge: bool
    can_resolve: bool
    older: str
    empty: Empty | None
    keys: tuple[tuple[str, str], ...] = KEYS


def mark_of(severity: Severity, state: AlertState) -> Mark:
    """The mark of an alert: how bad it is, and calm once it is over."""
    return marked(severity, is_over=state is AlertState.RESOLVED)


def actions_of(alert: AlertView, root: str) -> tuple[Action, ...]:
    """What can be done with an alert as it is."""
    at = f"{root}/alerts/{alert.id}"
    acknowledge = Action("Acknowledge", f"{at}/acknowledge", "check", key="a")
    resolve = Action("Resolve", f"{at}/resolve", "circle-check", key="r")
    return {
        AlertState.FIRING: (acknowledge, resolve),
        AlertState.ACKNOWLEDGED: (resolve,),
        AlertState.RESOLVED: (),
    }[alert.state]


def alerts_view(
    found: AlertList,
    chosen: Chosen,
    asked: Mapping[str, str],
    root: str,
    formats: Formats,
    holdings: Mapping[Id, Sequence[Holding]] = MappingProxyType({}),
    saved: Sequence[SavedFilter] = (),
    error: str = "",
    ahead: PendingList | None = None,
) -> AlertsView:
    """The inbox. `asked` are the other filters of the query: q, severity, monitor, rule, and those of `alert_filters`.

    `error` is what is wrong with the labels that were asked for; `ahead` what is pending, None while nobody can say.
    """
    here = f"{root}/alerts"
    filters = {name: value for name, value in asked.items() if value}
    _, shown = TABS[chosen]
    pending = pending_rows(ahead, root, formats) if ahead and chosen == "pending" else ()
    unseen = ahead.total - len(pending) if ahead and pending else 0
    return AlertsView(
        here=here,
        change=f"{here}/change",
        tabs=tuple(_tab(each, chosen, _count(each, found, ahead), here, filters, formats) for each in TABS),
        state=chosen,
        query=asked.get("q", ""),
        severity=asked.get("severity", ""),
        severities=SEVERITIES,
        filters=filter_view(chosen, asked, error, saved, root),
        rows=tuple(_row(alert, holdings.get(alert.id, ()), root, formats) for alert in found.alerts),
        pending=pending,
        more_pending=f"{formats.number(unseen)} more fire later." if unseen else "",
        can_acknowledge=AlertState.FIRING in shown,
        can_resolve=chosen not in ("resolved", "pending"),
        older=_address(here, chosen, filters | {"cursor": found.next_cursor}) if found.next_cursor else "",
        empty=None if found.alerts or pending else _nothing(chosen, bool(filters), here, root),
    )


def _row(alert: AlertView, holdings: Sequence[Holding], root: str, formats: Formats) -> AlertRow:
    return AlertRow(
        id=str(alert.id),
        href=f"{root}/alerts/{alert.id}",
        name=alert.name,
        summary=summary_of(alert),
        value=_short(formats.value(alert.value, alert.unit)) if alert.value is not None else "",
        mark=mark_of(alert.severity, alert.state),
        state=STATES[alert.state],
        held=next(iter(held_by(holdings, root, formats)), None),
        opened=formats.when(alert.started_at),
        crossed=f"crossed {formats.number(alert.occurrences)} times" if alert.occurrences > 1 else "",
        is_over=alert.state is AlertState.RESOLVED,
        assignee=alert.assignee or "",
        about=about(alert, "Its monitor", "Its rule", root),
        actions=actions_of(alert, root),
    )


def about(alert: AlertView, monitor: str, rule: str, root: str) -> Link | None:
    """What an alert is about: its monitor, or the rule that fired; called so."""
    if alert.monitor_id:
        return Link(monitor, f"{root}/monitors/{alert.monitor_id}", "radar")
    return Link(rule, f"{root}/rules/{alert.rule_id}", "gauge") if alert.rule_id else None


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"


def summary_of(alert: AlertView) -> str:
    """What happened, without the name that stands beside it.

    What then begins with a word begins a sentence; a host or an address stays as it is written.
    """
    without = alert.summary.removeprefix(f"{alert.name}: ")
    word = without.split(" ", 1)[0].rstrip(",;:.!?")
    is_sentence = without != alert.summary and word.isalpha() and word.islower()
    return without[:1].upper() + without[1:] if is_sentence else without


def _count(each: Chosen, found: AlertList, ahead: PendingList | None) -> int | None:
    """How many there are; None while nobody can say."""
    if each == "pending":
        return ahead.total if ahead else None
    return sum(found.counts.get(state, 0) for state in TABS[each][1])


def _tab(each: Chosen, chosen: Chosen, count: int | None, here: str, filters: dict[str, str], formats: Formats) -> Tab:
    words = "" if count is None else formats.number(count)
    return Tab(TABS[each][0], _address(here, each, filters), each == chosen, words)


def _address(here: str, chosen: Chosen, filters: Mapping[str, str | None]) -> str:
    query = urlencode({name: value for name, value in {"state": chosen, **filters}.items() if value})
    return f"{here}?{query}"


def _nothing(chosen: Chosen, narrowed: bool, here: str, root: str) -> Empty:
    if narrowed:
        clear = Link("Clear the filters", _address(here, chosen, {}))
        return Empty("filter", "No alert matches", "Try other words, another severity or another tab.", clear)
    monitors = Link("To your monitors", root, "radar")
    return {
        "open": Empty(
            "circle-check",
            "Nothing is wrong",
            "When what a monitor watches for becomes true, its alert opens here and your channels get a message. "
            "Whatever you acknowledge stays until it is resolved.",
            monitors,
        ),
        "pending": Empty(
            "hourglass",
            "Nothing is pending",
            "When a rule asks that something holds for a while before it fires, what holds so far is here, "
            "with the time at which it will fire.",
            Link("To your rules", f"{root}/rules", "gauge"),
        ),
        "acknowledged": Empty(
            "check", "Nobody is working on anything", "Alerts that somebody has taken, and that are not over yet."
        ),
        "resolved": Empty(
            "history", "No alert has ended yet", "Alerts come here once they are over, with their story."
        ),
        "all": Empty(
            "bell", "No alert yet", "Alerts of your monitors will be here, open ones and past ones.", monitors
        ),
    }[chosen]
