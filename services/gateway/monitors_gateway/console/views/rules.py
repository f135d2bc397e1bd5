"""The list of rules: what each watches, how it stands, and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from monitors_contracts.alerts import AlertState
from monitors_contracts.base import Id
from monitors_contracts.rules import LeveledRule, RuleSpec, RuleState, SeriesCondition

from ...api.rules import Rule, RulesReply, RuleStanding
from ..formats import Formats, When
from .marks import Mark, marked
from .parts import Action, Badge, Empty, Link, Option, Tab
from .rule_words import KIND_NAMES, watches

STATES = {
    "firing": Badge("Firing", "bad"),
    "pending": Badge("Pending", "warn"),
    "silent": Badge("No data", "warn"),
    "ok": Badge("OK", "good"),
    "new": Badge("Waiting", "info"),
    "paused": Badge("Paused"),
}
STATE_OPTIONS = (Option("", "Any state"), *(Option(state, badge.words) for state, badge in STATES.items()))
KIND_OPTIONS = (Option("", "Any kind"), *(Option(kind, name) for kind, name in KIND_NAMES.items()))
MOST_BY_STATE = 500
"""Rules that are looked at when only those in one state are asked for."""

# About what `monitors agent` measures of every machine.
EXAMPLES = (
    (
        "A machine's load above 4 for five minutes",
        {"kind": "threshold", "metric": "node_load5", "warning": "4", "for": "5m", "name": "Load high"},
    ),
    (
        "Less than 500 MB of memory left, critical below 100 MB",
        {
            "kind": "threshold",
            "metric": "node_memory_MemAvailable_bytes",
            "op": "lt",
            "warning": "500000000",
            "critical": "100000000",
            "name": "Memory short",
        },
    ),
    (
        "Nothing heard of a machine for ten minutes",
        {"kind": "absence", "metric": "node_load5", "for": "10m", "severity": "critical", "name": "Machine silent"},
    ),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of the list."""

    id: str
    name: str
    href: str
    watches: str
    kind: str
    group: str
    mark: Mark
    state: Badge
    counts: str
    last: Link | None
    last_at: When | None
    edit: str
    like: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class RulesView:
    """The list, narrowed by what was asked for; `examples` when there is none at all."""

    here: str
    new: str
    tabs: tuple[Tab, ...]
    query: str
    state: str
    states: tuple[Option, ...]
    kind: str
    kinds: tuple[Option, ...]
    rows: tuple[RuleRow, ...]
    count: str
    unknown: str
    more: str
    empty: Empty | None
    examples: tuple[Link, ...]


def rules_view(
    found: RulesReply,
    standings: Mapping[Id, RuleStanding] | None,
    asked: Mapping[str, str],
    root: str,
    formats: Formats,
) -> RulesView:
    """The list as it was asked for by `asked`: q, state, kind. `standings` are None while nobody can say."""
    here = f"{root}/rules"
    filters = {name: value for name, value in asked.items() if value}
    names = {each.id: each.name for each in found.rules}
    known = standings or {}
    wanted = asked.get("state", "")
    rows = [
        _row(each, known.get(each.id), names, root, formats)
        for each in found.rules
        if not wanted or state_of(each.spec, _state(known.get(each.id))) == wanted
    ]
    words = f"{formats.number(found.total)} {'rule' if found.total == 1 else 'rules'}"
    if wanted:
        newest = f"the newest {MOST_BY_STATE} of " if found.total > MOST_BY_STATE else ""
        words = f"{formats.number(len(rows))} of {newest}{words}"
    return RulesView(
        here=here,
        new=f"{here}/new",
        tabs=rules_tabs(root, "Rules"),
        query=asked.get("q", ""),
        state=wanted,
        states=STATE_OPTIONS,
        kind=asked.get("kind", ""),
        kinds=KIND_OPTIONS,
        rows=tuple(rows),
        count=words,
        unknown="How rules stand can't be said right now. They are judged all the same." if standings is None else "",
        more=f"{here}?{urlencode(filters | {'cursor': found.next_cursor})}" if found.next_cursor and not wanted else "",
        empty=None if rows or not filters else _nothing(here),
        examples=() if rows or filters else tuple(_example(words, fields, here) for words, fields in EXAMPLES),
    )


def rules_tabs(root: str, current: str) -> tuple[Tab, ...]:
    """Rules over measurements, and heartbeats and uptime checks beside them."""
    return tuple(Tab(words, f"{root}/{words.lower()}", words == current) for words in ("Rules", "Heartbeats", "Uptime"))


def _state(standing: RuleStanding | None) -> RuleState | None:
    return standing.state if standing else None


def state_of(spec: RuleSpec, state: RuleState | None) -> str:
    """How a rule stands as a whole: the worst of its series; `silent` when none of them is heard of."""
    if not spec.is_active:
        return "paused"
    if state is None or not any(state.counts.values()):
        return "new"
    for condition in (SeriesCondition.FIRING, SeriesCondition.PENDING):
        if state.counts.get(condition):
            return condition.value
    return "silent" if state.silent >= sum(state.counts.values()) else "ok"


def counts_of(state: RuleState | None, formats: Formats) -> str:
    """How many series are in which state: `2 firing, 7 ok; 1 of them silent`."""
    if state is None or not any(state.counts.values()):
        return "No series yet"
    order = (SeriesCondition.FIRING, SeriesCondition.PENDING, SeriesCondition.OK)
    told = [f"{formats.number(state.counts[each])} {each.value}" for each in order if state.counts.get(each)]
    silent = f"; {formats.number(state.silent)} of them silent" if state.silent else ""
    return ", ".join(told) + silent


def mark_of(spec: RuleSpec) -> Mark:
    """How bad it is when the rule fires: its worst level, or what it says itself."""
    severity = spec.severity
    if isinstance(spec, LeveledRule):
        severity = "warning" if spec.critical is None else "critical"
    return marked(severity)


def actions_of(rule: Rule, root: str) -> tuple[Action, ...]:
    """What can be done with a rule, beside editing it."""
    at = f"{root}/rules/{rule.id}"
    pause = Action("Pause", f"{at}/pause", "pause") if rule.is_active else Action("Resume", f"{at}/resume", "play")
    sure = f"Delete “{rule.name}”? What it fired is resolved."
    return (pause, Action("Delete", f"{at}/delete", "trash-2", "danger", sure, {"name": rule.name}))


def _row(rule: Rule, standing: RuleStanding | None, names: Mapping[Id, str], root: str, formats: Formats) -> RuleRow:
    at = f"{root}/rules/{rule.id}"
    latest = standing.latest_alert if standing else None
    last = None
    if latest:
        words = "recovered" if latest.state is AlertState.RESOLVED else "fired"
        last = Link(words, f"{root}/alerts/{latest.id}")
    state = _state(standing)
    return RuleRow(
        id=str(rule.id),
        name=rule.name,
        href=at,
        watches=watches(rule.spec, formats, names),
        kind=KIND_NAMES[rule.kind],
        group=rule.spec.group,
        mark=mark_of(rule.spec),
        state=STATES[state_of(rule.spec, state)],
        counts=counts_of(state, formats) if rule.is_active else "",
        last=last,
        last_at=formats.maybe_when((latest.resolved_at or latest.started_at) if latest else None),
        edit=edit_of(rule.id, rule.kind, root),
        like=like_of(rule, root),
        actions=actions_of(rule, root),
    )


def edit_of(rule_id: Id, kind: str, root: str) -> str:
    """Where a rule is changed: heartbeats have a form of their own."""
    return f"{root}/heartbeats/{rule_id}/edit" if kind == "heartbeat" else f"{root}/rules/{rule_id}/edit"


def like_of(rule: Rule, root: str) -> str:
    """Where another rule like this one is made; empty where that has a form of its own."""
    return "" if rule.kind == "heartbeat" else f"{root}/rules/new?like={rule.id}"


def _example(words: str, fields: Mapping[str, str], here: str) -> Link:
    return Link(words, f"{here}/new?{urlencode(fields)}")


def _nothing(here: str) -> Empty:
    words = "Search looks at names. Try fewer letters, another state or another kind."
    return Empty("search", "No rule is like that", words, Link("Show all rules", here))
