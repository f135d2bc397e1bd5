"""A transition as what is told of it: to the alerter as an event, to a person in words."""

import hashlib
import math
from datetime import UTC, datetime

from monitors_contracts.monitors import Crossing, ThresholdCleared, ThresholdExceeded
from monitors_contracts.rules import (
    SIGNS,
    AbsenceRule,
    CompositeRule,
    HeartbeatRule,
    LeveledRule,
    NOfMRule,
    RateRule,
    RatioRule,
    RuleTransition,
    RuleView,
    WindowRule,
    selector,
)

from .levels import CRITICAL, QUIET
from .silence import COLLECTOR_DOWN
from .texts import duration, fill, number
from .transitions import Transition

REASONS = {
    "never-seen": "no sample ever came",
    "series-gone": "no sample any more, though its sender sends others",
    "collector-down": "nothing comes from its sender any more",
    "rule-deleted": "the rule was deleted",
    "rule-changed": "the rule was changed",
    "rule-paused": "the rule was paused",
    "back": "it is heard of again",
    "failed": "it told of a failure",
    "not-pinged": "no ping came in time",
    "not-finished": "it began, and did not end in time",
}
"""Why a transition came to be, where the value does not say it, in words for a person."""


def fingerprint(transition: Transition) -> str:
    """The same rule on the same series has the same."""
    return f"rule:{transition.rule.id}:{hashlib.sha256(transition.key.encode()).hexdigest()[:16]}"


def moment(milliseconds: int) -> datetime:
    """The moment so many milliseconds after 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def crossing(transition: Transition) -> Crossing:
    """The event that tells the alerter."""
    rule, spec = transition.rule, transition.rule.spec
    words = _words(transition)
    labels = transition.labels | spec.labels
    ended = transition.level == QUIET
    return (ThresholdCleared if ended else ThresholdExceeded)(
        organization_id=rule.organization_id,
        monitor_id=rule.id,
        monitor_name=rule.name,
        rule_id=rule.id,
        fingerprint=fingerprint(transition),
        kind="state",
        summary=summary(transition),
        condition=condition(rule, transition.level),
        value=transition.value if math.isfinite(transition.value) else None,
        labels=labels,
        occurred_at=moment(transition.at),
        severity=None if ended else transition.severity,
        annotations={name: fill(text, labels, words) for name, text in spec.annotations.items()},
        runbook_url=spec.runbook_url,
        group=spec.group,
        reason=transition.reason,
        pending_since=None if transition.pending_since is None else moment(transition.pending_since),
    )


def told(transition: Transition) -> RuleTransition:
    """The transition for a preview."""
    return RuleTransition(
        at=moment(transition.at),
        labels=transition.labels | transition.rule.spec.labels,
        severity=None if transition.level == QUIET else transition.severity,
        value=transition.value if math.isfinite(transition.value) else None,
        reason=transition.reason,
        summary=summary(transition),
    )


def summary(transition: Transition) -> str:
    """One line for a person: the rule's own words, or which value of what did it.

    What a rule says is about one of its series, so of a silent sender it is said here how many there are.
    """
    rule = transition.rule
    of_sender = transition.reason == COLLECTOR_DOWN and math.isfinite(transition.value)
    if transition.level != QUIET and not of_sender and (text := rule.spec.annotations.get("summary")):
        return fill(text, transition.labels | rule.spec.labels, _words(transition))[:500]
    series = ", ".join(f"{name}={value}" for name, value in sorted(transition.labels.items()) if value)
    why = REASONS.get(transition.reason)
    if of_sender:
        why = f"{why}: {number(transition.value)} series are silent"
    if why is None:
        why = "recovered" if transition.level == QUIET else condition(rule, transition.level)
        if not math.isnan(transition.value):
            why = f"{why}; value {number(transition.value)}"
    return f"{rule.name}{f' ({series})' if series else ''}: {why}"[:500]


def condition(rule: RuleView, level: int) -> str:
    """What was crossed: `avg(cpu{env="prod"}[5m]) > 80 for 5m`."""
    spec = rule.spec
    if isinstance(spec, CompositeRule):
        return f"{'all' if spec.operator == 'and' else 'any'} of {len(spec.rules)} rules"
    if isinstance(spec, HeartbeatRule):
        when = f"every {duration(spec.period)}" if spec.period else f"at {spec.cron} {spec.timezone}"
        return f"a ping {when}, {duration(spec.grace)} later at most"
    if isinstance(spec, AbsenceRule):
        return f"no {selector(spec)} for {duration(spec.hold)}"
    what = selector(spec)
    if isinstance(spec, WindowRule | RateRule):
        what = f"{spec.function}({what}[{duration(spec.window)}])"
    if spec.by is not None:
        what = f"{spec.across}{' by (' + ', '.join(spec.by) + ')' if spec.by else ''} ({what})"
    match spec:
        case RatioRule():
            what = f"{what} against {duration(spec.offset)} before"
        case NOfMRule():
            what = f"{spec.n} of {spec.m} {what}"
        case _:
            pass
    wanted = _threshold(spec, level)
    held = f" for {duration(spec.hold)}" if spec.hold else ""
    return f"{what} {SIGNS[spec.op]} {number(wanted)}{held}"


def _threshold(spec: LeveledRule, level: int) -> float:
    lowest = spec.critical if spec.warning is None else spec.warning
    wanted = spec.critical if level == CRITICAL else lowest
    return math.nan if wanted is None else wanted


def _words(transition: Transition) -> dict[str, str | float]:
    spec = transition.rule.spec
    words: dict[str, str | float] = {
        "value": transition.value,
        "name": transition.rule.name,
        "severity": transition.severity,
    }
    if isinstance(spec, LeveledRule):
        words["threshold"] = _threshold(spec, transition.level)
    return words
