"""The rule of an uptime check: so many failures in a row."""

from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher
from monitors_contracts.rules import NOfMRule, RuleSpec
from monitors_contracts.uptime import CHECK_LABEL, SUCCESS, UptimeSpec


def rule_of(check_id: Id, check: UptimeSpec) -> NOfMRule:
    """What tells when the check fails."""
    return NOfMRule(
        name=check.name,
        kind="nOfM",
        metric=SUCCESS,
        matchers=[Matcher(label=CHECK_LABEL, value=str(check_id))],
        op="lt",
        critical=1,
        n=check.failures,
        m=check.failures,
        annotations={"summary": "{{ name }} does not answer as it should"},
        is_active=check.is_active,
    )


def changed_rule(known: RuleSpec, check_id: Id, check: UptimeSpec) -> RuleSpec:
    """The rule after its check was changed. What only the rule says (severity, labels, texts, runbook) stays as it was."""
    fresh = rule_of(check_id, check)
    if not isinstance(known, NOfMRule):
        return fresh
    said = {name: getattr(fresh, name) for name in ("name", "n", "m", "is_active")}
    return known.model_copy(update=said)
