"""How a rule stands, for a person."""

import math
from collections import Counter
from datetime import datetime

import numpy as np

from monitors_contracts.base import Id
from monitors_contracts.rules import RuleState, SeriesCondition, SeriesState

from .crossings import moment
from .judging import Judge
from .levels import NEVER, QUIET, crossed_since, pending
from .silence import FLOWING
from .transitions import severity

_FIRST = (SeriesCondition.FIRING, SeriesCondition.PENDING, SeriesCondition.OK)


def of_rule(
    judge: Judge, rule_id: Id, now: int, limit: int, judged_at: datetime, *, silence_is_ours: bool = False
) -> RuleState:
    """The series and groups of a rule, firing ones first. `now` is milliseconds.

    While nothing can come in (`silence_is_ours`), data that does not flow says `gateway-down` and nothing about its sender.
    """
    roster = judge.roster
    number = next((place for place, rule in enumerate(roster.rules) if rule.id == rule_id), None)
    if number is None:
        return RuleState(rule_id=rule_id, series=[], counts={}, judged_at=judged_at)
    cells = [int(cell) for cell in np.flatnonzero(roster.cells["rule"][: len(roster.keys)] == number)]
    cells = [cell for cell in cells if cell not in roster.senders]
    conditions = {cell: _condition(judge, cell) for cell in cells}
    ordered = sorted(cells, key=lambda cell: (_FIRST.index(conditions[cell]), roster.keys[cell][1]))
    series = [_state(judge, cell, conditions[cell], now, silence_is_ours) for cell in ordered[:limit]]
    silent = sum(_data(judge, cell, now) != FLOWING for cell in cells)
    counts = Counter(conditions.values())
    return RuleState(rule_id=rule_id, series=series, counts=counts, silent=silent, judged_at=judged_at)


def _data(judge: Judge, cell: int, now: int) -> str:
    """What a cell's data does, where it is data that a rule judges."""
    rule = judge.roster.rules[int(judge.roster.cells[cell]["rule"])]
    return FLOWING if rule.spec.kind in ("composite", "heartbeat") else judge.silent_because(cell, now)


def _condition(judge: Judge, cell: int) -> SeriesCondition:
    known = judge.roster.cells[cell]
    if known["level"] != QUIET:
        return SeriesCondition.FIRING
    return SeriesCondition.PENDING if pending(known) else SeriesCondition.OK


def _state(judge: Judge, cell: int, condition: SeriesCondition, now: int, silence_is_ours: bool) -> SeriesState:
    known = judge.roster.cells[cell]
    rule = judge.roster.rules[int(known["rule"])]
    since = {
        SeriesCondition.FIRING: int(known["fired_at"]),
        SeriesCondition.PENDING: int(crossed_since(known)),
        SeriesCondition.OK: NEVER,
    }[condition]
    data = _data(judge, cell, now)
    return SeriesState(
        labels=judge.roster.labels(cell),
        condition=condition,
        severity=severity(rule, int(known["level"])) if condition is SeriesCondition.FIRING else None,
        value=float(known["value"]) if math.isfinite(known["value"]) else None,
        since=None if since == NEVER else moment(since),
        last_sample=None if known["last"] == NEVER else moment(int(known["last"])),
        data="gateway-down" if silence_is_ours and data in ("series-gone", "collector-down") else data,
    )
