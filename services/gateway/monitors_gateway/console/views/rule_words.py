"""A rule as a person says it, and as the query that draws what it judges."""

from collections.abc import Mapping
from typing import assert_never

from monitors_contracts.base import Id
from monitors_contracts.durations import lasting
from monitors_contracts.rules import (
    SIGNS,
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
    selector,
)

from ..formats import Formats

_ACROSS = {"sum": "sum", "avg": "average", "min": "lowest", "max": "highest", "count": "number"}
_OVER = {"avg": "average", "min": "lowest", "max": "highest", "sum": "sum", "count": "number of samples"}

KINDS: dict[str, tuple[str, str, str]] = {
    "threshold": ("Threshold", "gauge", "The value is above or below a level."),
    "window": ("Window", "hourglass", "The average, lowest, highest or sum of the last minutes crosses a level."),
    "rate": ("Rate of change", "activity", "A counter grows, or a gauge changes, too fast or too slowly."),
    "ratio": ("Against the past", "history", "The value is a multiple of what it was a day or a week before."),
    "nOfM": ("N of M", "list-checks", "So many of the last samples cross a level: for values that jump."),
    "absence": ("Absence", "cloud-off", "Nothing is heard any more."),
    "composite": ("Rules together", "git-compare", "Several rules fire together, or any of them."),
}
"""The kinds of the builder: their names, icons, and what each is for."""
KIND_NAMES = {kind: name for kind, (name, _, _) in KINDS.items()} | {"heartbeat": "Heartbeat"}


def watches(spec: RuleSpec, formats: Formats, names: Mapping[Id, str] | None = None) -> str:
    """What the rule watches: `cpu_usage > 90 for 5 min`. `names` are of the rules that a composite is made of."""
    match spec:
        case HeartbeatRule():
            when = f"every {lasting(spec.period)}" if spec.period else f"at “{spec.cron}” ({spec.timezone})"
            return f"a ping {when}, at most {lasting(spec.grace)} late"
        case CompositeRule():
            known = [(names or {}).get(each, "a rule that is gone") for each in spec.rules]
            together = (" and " if spec.operator == "and" else " or ").join(f"“{name}”" for name in known)
            alike = f", for each {_listed(spec.by)}" if spec.by else ""
            return f"{together}{alike}"
        case AbsenceRule():
            of = "" if spec.by is None else f" of any {_listed(spec.by)}" if spec.by else " at all"
            return f"no {selector(spec)}{of} for {lasting(spec.hold)}"
        case _:
            held = f" for {lasting(spec.hold)}" if spec.hold else ""
            return f"{_judged(spec)} {_levels(spec, formats)}{held}"


def _judged(spec: LeveledRule) -> str:
    """What of the series is held against the levels."""
    what = selector(spec)
    if isinstance(spec, ThresholdRule | NOfMRule):
        what = _together(spec, what)
    match spec:
        case WindowRule():
            return _together(spec, f"{_OVER[spec.function]} of {what} over {lasting(spec.window)}", ",")
        case RateRule():
            return _together(spec, f"change of {what} a second, over {lasting(spec.window)}", ",") + ","
        case RatioRule():
            return f"{_together(spec, what)}, as a multiple of {lasting(spec.offset)} before,"
        case NOfMRule():
            return f"{spec.n} of the last {spec.m} samples of {what}"
        case _:
            return what


def _together(spec: LeveledRule, what: str, pause: str = "") -> str:
    """What the series of a group come to: `sum of cpu by zone`."""
    if spec.by is None:
        return what
    return f"{_ACROSS[spec.across]} of {what}" + (f"{pause} by {_listed(spec.by)}" if spec.by else "")


def _levels(spec: LeveledRule, formats: Formats) -> str:
    """The levels: `> 80`, or with two `> 80 (critical > 95)`."""
    sign = SIGNS[spec.op]
    given = [level for level in (spec.warning, spec.critical) if level is not None]
    words = f"{sign} {formats.number(given[0])}"
    return words if len(given) == 1 else f"{words} (critical {sign} {formats.number(given[1])})"


def _listed(labels: list[str]) -> str:
    return ", ".join(labels)


def expression(spec: RuleSpec) -> str:
    """PromQL of what the rule judges, to be drawn; empty for what has no samples of its own."""
    match spec:
        case CompositeRule() | HeartbeatRule():
            return ""
        case WindowRule():
            return _across(spec, f"{spec.function}_over_time({_over(spec, spec.window)})")
        case RateRule() if spec.function == "rate":
            return _across(spec, f"rate({_over(spec, spec.window)})")
        case RateRule():
            return _across(spec, f"delta({_over(spec, spec.window)}) / {spec.window:g}")
        case RatioRule():
            now, then = (
                _across(spec, f"avg_over_time({_over(spec, spec.window)}{offset})")
                for offset in ("", f" offset {_milliseconds(spec.offset)}")
            )
            return f"{now} / {then}"
        case ThresholdRule() | NOfMRule():
            return _across(spec, selector(spec))
        case AbsenceRule():
            return selector(spec)
        case _:
            assert_never(spec)


def _across(spec: LeveledRule, what: str) -> str:
    if spec.by is None:
        return what
    return f"{spec.across}{' by (' + ', '.join(spec.by) + ')' if spec.by else ''} ({what})"


def _over(spec: LeveledRule, window: float) -> str:
    return f"{selector(spec)}[{_milliseconds(window)}]"


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
