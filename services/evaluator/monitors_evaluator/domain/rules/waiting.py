"""What waits to fire: conditions that hold, and not yet for as long as their rules ask."""

import math

import numpy as np

from monitors_contracts.alert_labels import labels_from, origin_of_rule
from monitors_contracts.matchers import match_all
from monitors_contracts.pending import ListPending, PendingAlert

from .crossings import condition, fingerprint, moment
from .judging import Judge
from .levels import CRITICAL, WARNING, crossed_since, pending
from .table import LEVELED
from .transitions import Transition, transition


def to_fire(judge: Judge, asked: ListPending, now: int) -> tuple[list[PendingAlert], int]:
    """What waits by now (ms), what fires next first: as much as was asked for, and how much there is.

    What nothing was heard of for longer than its rule bears waits no more: its hold begins anew with the next sample.
    """
    cells = judge.roster.cells[: len(judge.roster.keys)]
    rules = judge.roster.rows[cells["rule"]]
    is_heard = now - cells["arrived"] <= rules["stale_after"]
    waiting = np.flatnonzero(pending(cells) & np.isin(rules["kind"], LEVELED) & is_heard)
    since = crossed_since(cells[waiting])
    fires_at = since + rules["hold"][waiting]
    # Of two levels that were crossed at once, the worse one fires.
    level = np.where(cells["critical_since"][waiting] == since, CRITICAL, WARNING)
    order = np.lexsort((waiting, fires_at))
    columns = zip(*(column[order].tolist() for column in (waiting, level, since, fires_at)), strict=True)
    value = judge.roster.cells["value"]
    ahead = [
        (transition(judge.roster, cell, reached, begun, float(value[cell]), "pending"), due)
        for cell, reached, begun, due in columns
    ]
    chosen = [each for each in ahead if _is_asked_for(each[0], asked)]
    return [_alert(*each) for each in chosen[: asked.limit]], len(chosen)


def _is_asked_for(ahead: Transition, asked: ListPending) -> bool:
    rule = ahead.rule
    if asked.rule_id not in (None, rule.id) or asked.severity not in (None, ahead.severity):
        return False
    words = (asked.query or "").strip().lower()
    if words and words not in f"{rule.name}\n{condition(rule, ahead.level)}".lower():
        return False
    if not asked.matchers:
        return True
    own = _own_labels(ahead)
    labels = labels_from(rule.name, origin_of_rule(own), rule.spec.group, ahead.severity, own)
    return match_all(asked.matchers, labels)


def _alert(ahead: Transition, fires_at: int) -> PendingAlert:
    rule = ahead.rule
    return PendingAlert(
        rule_id=rule.id,
        fingerprint=fingerprint(ahead),
        name=rule.name,
        severity=ahead.severity,
        labels=_own_labels(ahead),
        group=rule.spec.group,
        condition=condition(rule, ahead.level),
        value=ahead.value if math.isfinite(ahead.value) else None,
        since=moment(ahead.at),
        fires_at=moment(fires_at),
    )


def _own_labels(ahead: Transition) -> dict[str, str]:
    """The labels that the alert will carry."""
    return ahead.labels | ahead.rule.spec.labels
