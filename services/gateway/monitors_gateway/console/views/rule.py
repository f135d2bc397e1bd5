"""One rule: what it watches, how each of its series stands, and what it led to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.durations import lasting
from monitors_contracts.rules import (
    SIGNS,
    CompositeRule,
    LeveledRule,
    RuleSpec,
    RuleState,
    SeriesCondition,
    SeriesState,
)

from ...api.rules import Rule
from ..formats import Formats, When
from .alert import web_link
from .lines import Drawn
from .marks import Mark
from .parts import Action, Badge, Link, Moment, Tone
from .plot import Plot
from .rule_preview import drawing, fired_of_alerts, series_words
from .rule_words import KIND_NAMES, watches
from .rules import STATES, actions_of, counts_of, edit_of, like_of, mark_of, state_of

MOST_SERIES = 200
MOST_MOMENTS = 60

DATA = {
    "flowing": "",
    "late-data": "Its samples come late.",
    "series-gone": "Its sender sends others, but not this one any more.",
    "collector-down": "Nothing comes from its sender any more.",
    "never-seen": "No sample ever came.",
    "gateway-down": "Nothing can come in at the moment: the silence is ours.",
}
"""What a series' data does, where it does not simply flow. Its state stays as it was."""
CONDITIONS: dict[SeriesCondition, Badge] = {
    SeriesCondition.OK: STATES["ok"],
    SeriesCondition.PENDING: STATES["pending"],
    SeriesCondition.FIRING: STATES["firing"],
}


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """How the rule stands for one series or group."""

    name: str
    state: Badge
    value: str
    since: When | None
    sample: When | None
    data: str


@dataclass(frozen=True, slots=True)
class RulePageView:
    """The page of one rule."""

    id: str
    name: str
    here: str
    watches: str
    back: Link
    state: Badge
    counts: str
    mark: Mark
    judged: When | None
    unknown: str
    edit: Link
    like: Link | None
    actions: tuple[Action, ...]
    facts: tuple[tuple[str, str], ...]
    runbook: Link | None
    parts: tuple[Link, ...]
    plot: Plot | None
    no_plot: str
    series: tuple[SeriesRow, ...]
    more_series: str
    moments: tuple[Moment, ...]
    more_moments: str


@dataclass(frozen=True, slots=True)
class Past:
    """What a rule judged from `since` to `until`; `drawn` is None when that can't be drawn."""

    drawn: Drawn | None
    since: datetime
    until: datetime


def rule_view(
    rule: Rule,
    state: RuleState | None,
    alerts: Sequence[AlertView],
    past: Past,
    names: Mapping[Id, str],
    root: str,
    formats: Formats,
) -> RulePageView:
    """The page. `state` is None while nobody can say; `alerts` are newest first; `names` are of a composite's parts."""
    spec = rule.spec
    at = f"{root}/rules/{rule.id}"
    shown = state.series if state else []
    total = sum(state.counts.values()) if state else 0
    moments = _moments(alerts, root, formats)
    return RulePageView(
        id=str(rule.id),
        name=rule.name,
        here=at,
        watches=watches(spec, formats, names),
        back=Link("Rules", f"{root}/rules"),
        state=STATES[state_of(spec, state)],
        counts=counts_of(state, formats) if rule.is_active else "It judges nothing until it is resumed.",
        mark=mark_of(spec),
        judged=formats.maybe_when(state.judged_at if state else None),
        unknown="" if state else "How it stands can't be said right now. It is judged all the same.",
        edit=Link("Edit", edit_of(rule.id, rule.kind, root), "pencil"),
        like=Link("Duplicate", like, "copy") if (like := like_of(rule, root)) else None,
        actions=actions_of(rule, root),
        facts=_facts(spec, formats),
        runbook=web_link(str(spec.runbook_url)) if spec.runbook_url else None,
        parts=_parts(spec, names, root),
        plot=_plot(spec, alerts, past, formats),
        no_plot=_no_plot(spec, past),
        series=tuple(_series(each, formats) for each in shown),
        more_series=f"{formats.number(len(shown))} of {formats.number(total)}" if total > len(shown) else "",
        moments=moments[:MOST_MOMENTS],
        more_moments=f"{root}/alerts?state=all&rule={rule.id}" if len(moments) > MOST_MOMENTS else "",
    )


def _facts(spec: RuleSpec, formats: Formats) -> tuple[tuple[str, str], ...]:
    facts = [("Kind", KIND_NAMES[spec.kind]), ("Severity", mark_of(spec).words)]
    if isinstance(spec, LeveledRule):
        sign = SIGNS[spec.op]
        facts = facts[:1]
        facts += [
            (words, f"{sign} {formats.number(level)}")
            for words, level in (("Warning", spec.warning), ("Critical", spec.critical))
            if level is not None
        ]
        facts.append(("Must last", lasting(spec.hold) if spec.hold else "no time: at once"))
        if spec.recovery is not None or spec.recover_for:
            at = f"behind {formats.number(spec.recovery)}" if spec.recovery is not None else "behind the lowest level"
            facts.append(("Over", f"{at}, for {lasting(spec.recover_for)}" if spec.recover_for else at))
    facts += [("Group", spec.group)] if spec.group else []
    labels = series_words(spec.labels) if spec.labels else ""
    facts += [("Labels", labels)] if labels else []
    facts += [(name.capitalize(), text) for name, text in spec.annotations.items()]
    return tuple(facts)


def _parts(spec: RuleSpec, names: Mapping[Id, str], root: str) -> tuple[Link, ...]:
    if not isinstance(spec, CompositeRule):
        return ()
    return tuple(Link(names[each], f"{root}/rules/{each}") for each in spec.rules if each in names)


def _plot(spec: RuleSpec, alerts: Sequence[AlertView], past: Past, formats: Formats) -> Plot | None:
    if past.drawn is None or not past.drawn.lines:
        return None
    return drawing(spec, past.drawn, fired_of_alerts(alerts), past.since, past.until, formats)


def _no_plot(spec: RuleSpec, past: Past) -> str:
    if spec.kind in ("composite", "heartbeat"):
        return ""
    return (
        "Its measurements can't be drawn right now." if past.drawn is None else "Nothing was measured in the last day."
    )


def _series(each: SeriesState, formats: Formats) -> SeriesRow:
    badge = CONDITIONS[each.condition]
    if each.severity and each.condition is SeriesCondition.FIRING:
        tone: Tone = "bad" if each.severity == "critical" else "warn" if each.severity == "warning" else "info"
        badge = Badge(f"Firing, {each.severity}", tone)
    return SeriesRow(
        name=series_words(each.labels),
        state=badge,
        value=formats.value(each.value),
        since=formats.maybe_when(each.since),
        sample=formats.maybe_when(each.last_sample),
        data=DATA.get(each.data, each.data),
    )


def _moments(alerts: Sequence[AlertView], root: str, formats: Formats) -> tuple[Moment, ...]:
    """When it fired and when that was over, newest first; each leads to its alert."""
    found: list[tuple[datetime, Moment]] = []
    for alert in alerts:
        href, series = f"{root}/alerts/{alert.id}", series_words(alert.labels)
        tone: Tone = "bad" if alert.severity == "critical" else "warn" if alert.severity == "warning" else "info"
        begun = Moment(
            f"Fired, {alert.severity}", formats.when(alert.started_at), tone, alert.summary, by=series, href=href
        )
        found.append((alert.started_at, begun))
        if alert.resolved_at:
            lasted = formats.span((alert.resolved_at - alert.started_at).total_seconds())
            words = "Resolved by hand" if alert.resolved_by else "Recovered"
            over = Moment(f"{words} after {lasted}", formats.when(alert.resolved_at), "good", by=series, href=href)
            found.append((alert.resolved_at, over))
    return tuple(moment for _, moment in sorted(found, key=lambda pair: pair[0], reverse=True))
