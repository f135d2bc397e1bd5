"""What a rule would have done: the same judging, over stored samples, with the clock of back then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricFunction, MetricGraph
from monitors_contracts.rules import (
    HEARTBEAT_LABEL,
    HEARTBEAT_METRIC,
    CompositeRule,
    HeartbeatRule,
    LeveledRule,
    RulePreview,
    RuleSpec,
    RuleView,
    WindowRule,
    selector,
)
from monitors_contracts.series import series_key

from .batches import Batch
from .crossings import told
from .judging import Judge
from .past import Past
from .transitions import Transition

MOST_TOLD = 1000
_STALE_STEPS = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of what a rule judges: graphs of it, one after the other, and what it is compared with."""

    graphs: Sequence[MetricGraph]
    past: Past | None = None


def drawn_as(rule_id: Id, spec: RuleSpec) -> tuple[str, MetricFunction]:
    """The series that a rule judges, and what of each step of theirs; a composite judges none."""
    assert not isinstance(spec, CompositeRule)
    if isinstance(spec, HeartbeatRule):
        return series_key(HEARTBEAT_METRIC, {HEARTBEAT_LABEL: str(rule_id)}), "last"
    return selector(spec), spec.function if isinstance(spec, WindowRule) else "last"


def view_of(spec: RuleSpec, organization: Id, since: datetime, rule_id: Id | None = None) -> RuleView:
    """The rule as if it had been there since then, and active."""
    return RuleView(
        id=rule_id or new_id(),
        organization_id=organization,
        user_id=organization,
        name=spec.name,
        spec=spec.model_copy(update={"is_active": True}),
        version=1,
        created_at=since,
        updated_at=since,
    )


def preview(
    tried: RuleView, parts: Sequence[RuleView], stored: Mapping[Id, Stored], since: datetime, until: datetime
) -> RulePreview:
    """Judge the graphs' points step by step; a group's or series' silence counts from the beginning.

    `parts` are the rules that the tried one is made of, and `stored` is by rule. Graphs have the same steps for all.
    """
    begin, end = (round(each.timestamp() * 1000) for each in (since, until))
    judge, found = Judge(), list[Transition]()
    step = max((graph.step_seconds for each in stored.values() for graph in each.graphs), default=1)
    found += judge.put([_by_steps(rule, step) for rule in (*parts, tried)], [], begin)
    judge.pasts = {rule: each.past for rule, each in stored.items() if each.past}
    for graphs in zip(*(each.graphs for each in stored.values()), strict=True):
        # Functions differ only where one rule is tried alone: the parts of a composite judge a series' own steps.
        lines = {series_key(line.name, line.labels): line.values for graph in graphs for line in graph.series}
        names, times = list(lines), graphs[0].times
        table = np.array(list(lines.values()), np.float64).reshape(len(names), len(times))
        for column, time in enumerate(times):
            here = np.flatnonzero(~np.isnan(table[:, column]))
            if len(here):
                at = np.full(len(here), time, np.int64)
                batch = Batch([names[each] for each in here], np.ones(len(here), np.int64), at, table[here, column])
                found += judge.take(batch, time)
            found += judge.tick(time, begin)
    found += judge.tick(end, begin)
    of_it = [replace(each, rule=tried) for each in found if each.rule.id == tried.id]
    made_of_others = {number for number, rule in enumerate(judge.roster.rules) if isinstance(rule.spec, CompositeRule)}
    return RulePreview(
        since=since,
        until=until,
        series=sum(number not in made_of_others for number, _ in judge.roster.keys),
        total=len(of_it),
        transitions=[told(each) for each in of_it[:MOST_TOLD]],
    )


def _by_steps(rule: RuleView, step: int) -> RuleView:
    """The rule for points of so many seconds each, where it would be about samples."""
    spec = rule.spec
    if isinstance(spec, WindowRule) and spec.function == "count":
        spec = spec.model_copy(update={"function": "sum"})
    if isinstance(spec, LeveledRule):
        spec = spec.model_copy(update={"stale_after": max(spec.stale_after, _STALE_STEPS * step)})
    return rule.model_copy(update={"spec": spec})
