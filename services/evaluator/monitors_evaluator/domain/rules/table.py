"""Rules as numbers: one row each, to be judged by vector."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from monitors_contracts.rules import (
    AbsenceRule,
    CompositeRule,
    HeartbeatRule,
    LeveledRule,
    NOfMRule,
    RateRule,
    RatioRule,
    RuleSpec,
    ThresholdRule,
    WindowRule,
)

from . import windows
from .levels import OPS, RULE, Rules


class Kind(IntEnum):
    """How a rule's cells come to the value that is judged."""

    DEAD = 0
    VALUE = 1
    WINDOW = 2
    COUNT = 3
    ABSENCE = 4
    COMPOSITE = 5
    RATIO = 6
    HEARTBEAT = 7


WINDOWED = (Kind.WINDOW, Kind.RATIO)
"""Kinds that judge what the samples of a window come to."""
LEVELED = (Kind.VALUE, Kind.COUNT, *WINDOWED)


def kind_of(spec: RuleSpec) -> Kind:
    """How this rule is judged."""
    match spec:
        case ThresholdRule():
            return Kind.VALUE
        case WindowRule() | RateRule():
            return Kind.WINDOW
        case RatioRule():
            return Kind.RATIO
        case NOfMRule():
            return Kind.COUNT
        case AbsenceRule():
            return Kind.ABSENCE
        case CompositeRule():
            return Kind.COMPOSITE
        case HeartbeatRule():
            return Kind.HEARTBEAT


def rows(specs: Sequence[RuleSpec]) -> Rules:
    """The rules' numbers."""
    made = np.zeros(len(specs), RULE)
    for row, spec in zip(made, specs, strict=True):
        _fill(row, spec)
    return made


def _fill(row: np.void, spec: RuleSpec) -> None:
    row["kind"] = kind_of(spec)
    for name in ("warning", "critical", "recovery"):
        row[name] = np.nan
    if isinstance(spec, LeveledRule):
        lowest = spec.critical if spec.warning is None else spec.warning
        recovery = lowest if spec.recovery is None else spec.recovery
        for name, level in (("warning", spec.warning), ("critical", spec.critical), ("recovery", recovery)):
            row[name] = np.nan if level is None else level
        row["op"] = OPS[spec.op]
        row["grouped"] = spec.by is not None
        row["hold"] = round(spec.hold * 1000)
        row["recover_for"] = round(spec.recover_for * 1000)
        row["stale_after"] = round(spec.stale_after * 1000)
    elif isinstance(spec, HeartbeatRule):
        row["hold"] = round(((spec.period or 0) + spec.grace) * 1000)
    elif isinstance(spec, AbsenceRule):
        row["hold"] = round(spec.hold * 1000)
    if isinstance(spec, WindowRule | RateRule | RatioRule):
        row["bucket"] = max(1, round(spec.window * 1000 / windows.SLOTS))
        row["function"] = windows.FUNCTIONS.index("avg" if isinstance(spec, RatioRule) else spec.function)
    if isinstance(spec, NOfMRule):
        row["n"], row["m"] = spec.n, spec.m


_SAID = {"name", "severity", "labels", "annotations", "runbook_url", "group", "is_active"}


def judges_alike(one: RuleSpec, other: RuleSpec) -> bool:
    """Whether two rules decide the same; they may say it differently."""
    return one.model_dump(exclude=_SAID) == other.model_dump(exclude=_SAID)
