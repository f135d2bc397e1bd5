"""What becomes of a cell: it fires, gets worse or ends."""

from dataclasses import dataclass

from monitors_contracts.alerts import Severity
from monitors_contracts.rules import LeveledRule, RuleView

from .levels import CRITICAL
from .roster import Roster


@dataclass(frozen=True, slots=True)
class Transition:
    """A cell fires, gets worse or ends. `at` is milliseconds; `level` the one it now has, QUIET when it ends.

    Of one that is not `told`, others hear by its sender's: it counts for rules that are made of this one. `pending_since` is
    when its level was crossed (ms), where that had to last before it fired.
    """

    rule: RuleView
    key: str
    labels: dict[str, str]
    level: int
    at: int
    value: float
    reason: str
    told: bool = True
    pending_since: int | None = None

    @property
    def severity(self) -> Severity:
        """Of the level; rules without levels say it themselves."""
        return severity(self.rule, self.level)


def severity(rule: RuleView, level: int) -> Severity:
    """What a level of this rule is called."""
    if isinstance(rule.spec, LeveledRule):
        return "critical" if level == CRITICAL else "warning"
    return rule.spec.severity


def transition(roster: Roster, cell: int, level: int, at: int, value: float, reason: str) -> Transition:
    """What became of the cell of this number."""
    rule, key = roster.keys[cell]
    return Transition(roster.rules[rule], key, roster.labels(cell), level, at, value, reason)
