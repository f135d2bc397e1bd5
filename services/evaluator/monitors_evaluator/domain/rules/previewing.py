"""What a rule would have done: the same judging, over stored samples, with the clock of back then."""

from datetime import datetime

import numpy as np

from monitors_contracts.base import Id, new_id
from monitors_contracts.metrics import MetricGraph
from monitors_contracts.rules import RulePreview, RuleSpec, RuleView
from monitors_contracts.series import series_key

from .batches import Batch
from .crossings import told
from .judging import Judge, Transition
from .past import past_of

MOST_TOLD = 1000


def preview(
    spec: RuleSpec, graph: MetricGraph, past: MetricGraph | None, organization: Id, since: datetime, until: datetime
) -> RulePreview:
    """Judge the graph's points step by step; a group's or series' silence counts from the beginning.

    `past` is the graph of what the rule compares with, where it does.
    """
    rule = RuleView(
        id=new_id(),
        organization_id=organization,
        user_id=organization,
        name=spec.name,
        spec=spec.model_copy(update={"is_active": True}),
        version=1,
        created_at=since,
        updated_at=since,
    )
    begin, end = (round(each.timestamp() * 1000) for each in (since, until))
    judge = Judge()
    if past:
        judge.pasts[rule.id] = past_of(past)
    found: list[Transition] = judge.put([rule], [], begin)
    names = [series_key(line.name, line.labels) for line in graph.series]
    table = np.array([line.values for line in graph.series], np.float64).reshape(len(names), len(graph.times))
    for column, time in enumerate(graph.times):
        here = np.flatnonzero(~np.isnan(table[:, column]))
        if len(here):
            at = np.full(len(here), time, np.int64)
            batch = Batch([names[each] for each in here], np.ones(len(here), np.int64), at, table[here, column])
            found += judge.take(batch, time)
        found += judge.tick(time, begin)
    found += judge.tick(end, begin)
    return RulePreview(
        since=since,
        until=until,
        series=len(judge.roster.keys),
        total=len(found),
        transitions=[told(each) for each in found[:MOST_TOLD]],
    )
