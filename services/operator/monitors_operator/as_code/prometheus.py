"""Prometheus's alerting rules as rules of ours, where there is an equivalent; and why not, where there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import promql_parser as promql

from monitors_contracts.durations import seconds_of
from monitors_contracts.rules import Comparison
from monitors_evaluator.domain.rules.texts import strange_place

from ..errors import BadInput
from .documents import Thing, normal

STALE_SECONDS = 300
"""Prometheus takes a series for gone after this silence."""

_OPS: dict[str, Comparison] = {">": "gt", ">=": "ge", "<": "lt", "<=": "le", "==": "eq", "!=": "ne"}
_TURNED: dict[Comparison, Comparison] = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}
_OVER_TIME = {f"{name}_over_time": name for name in ("avg", "min", "max", "sum", "count")}
_ACROSS = ("sum", "avg", "min", "max", "count")
_SEVERITIES = {"critical": "critical", "page": "critical", "error": "critical", "warning": "warning", "info": "info"}


class NoEquivalent(Exception):
    """Why an expression has no rule of ours."""


@dataclass
class Imported:
    """The rules, what was left out and why, and what is not as it was in those that came over."""

    rules: list[Thing] = field(default_factory=list[Thing])
    left_out: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def convert(document: dict[str, Any]) -> Imported:
    """The groups of a rule file. Raises BadInput for what is no rule file."""
    groups = document.get("groups")
    if not isinstance(groups, list):
        raise BadInput("this is no Prometheus rule file: it has no list of groups")
    if not all(isinstance(group, dict) and _are_mappings(group.get("rules") or []) for group in groups):
        raise BadInput("this is no Prometheus rule file: its groups are not mappings with lists of rules")
    found = Imported()
    names: set[str] = set()
    for group in groups:
        for entry in group.get("rules") or ():
            if "record" in entry:
                found.left_out.append((str(entry["record"]), "a recording rule: query what it is made of instead"))
                continue
            name = str(entry.get("alert", "?"))
            try:
                rule = _rule(name, entry, str(group.get("name", "")), found)
                rule["name"] = _fresh(name, rule, names)
                found.rules.append(normal("rules", rule))
            except (NoEquivalent, BadInput, ValueError) as why:
                found.left_out.append((name, str(why)))
    return found


def _rule(name: str, entry: Thing, group: str, found: Imported) -> Thing:
    try:
        expression = promql.parse(str(entry.get("expr", "")))
    except ValueError as wrong:
        raise NoEquivalent(f"not PromQL: {wrong}") from None
    labels = {str(label): str(value) for label, value in (entry.get("labels") or {}).items()}
    severity = _SEVERITIES.get(labels.pop("severity", "warning"))
    if severity is None:
        severity = "warning"
        found.notes.append((name, "its severity is none of critical, warning, info: it is a warning"))
    hold = float(seconds_of(str(entry.get("for", "0"))))
    rule = _judging(expression, "critical" if severity == "critical" else "warning", hold)
    if severity == "info" and rule["kind"] != "absence":
        found.notes.append((name, "levels are warning or critical: its severity info is a warning"))
    if entry.get("keep_firing_for") and rule["kind"] != "absence":
        rule["recoverFor"] = seconds_of(str(entry["keep_firing_for"]))
    annotations: dict[str, str] = {}
    for title, text in (entry.get("annotations") or {}).items():
        if place := strange_place(str(text)):
            found.notes.append((name, f"annotation {title!r} was left out: {place} has no equivalent"))
        elif title == "runbook_url":
            rule["runbookUrl"] = str(text)
        else:
            annotations[str(title)] = str(text)
    return rule | {
        "name": name,
        "severity": severity,
        "labels": labels,
        "annotations": annotations,
        "group": group,
    }


def _judging(expression: Any, level: str, hold: float) -> Thing:
    expression = _bare(expression)
    if isinstance(expression, promql.Call):
        return _absence(expression, hold)
    if not isinstance(expression, promql.BinaryExpr) or str(expression.op) not in _OPS:
        raise NoEquivalent("only a comparison with a number, absent() and absent_over_time() have an equivalent")
    if expression.modifier is not None and expression.modifier.return_bool:
        raise NoEquivalent("a comparison with `bool` always fires")
    op, left, right = _OPS[str(expression.op)], _bare(expression.lhs), _bare(expression.rhs)
    if isinstance(left, promql.NumberLiteral):
        op, left, right = _TURNED[op], right, left
    if not isinstance(right, promql.NumberLiteral):
        raise NoEquivalent("both sides are series: only a comparison with a number has an equivalent")
    judged, factor = _judged(left)
    return judged | {"op": op, level: right.val * factor, "for": hold, "staleAfter": STALE_SECONDS}


def _judged(expression: Any) -> tuple[Thing, float]:
    """What is judged, and by what the level is to be multiplied."""
    match expression:
        case promql.VectorSelector():
            return {"kind": "threshold"} | _selected(expression), 1
        case promql.AggregateExpr():
            return _grouped(expression)
        case promql.Call():
            return _function(expression)
        case _:
            raise NoEquivalent(
                f"{_named(expression)} has no equivalent: only series, a function of one, or their sum have"
            )


def _named(expression: Any) -> str:
    """What an expression is called in PromQL's documentation."""
    match expression:
        case promql.BinaryExpr():
            return f"an expression with `{expression.op}`"
        case promql.UnaryExpr():
            return "a negated expression"
        case promql.SubqueryExpr():
            return "a subquery"
        case promql.MatrixSelector():
            return "a range of samples without a function"
        case promql.NumberLiteral() | promql.StringLiteral():
            return "a comparison without series"
        case _:
            return "this expression"


def _grouped(expression: Any) -> tuple[Thing, float]:
    across, inner, modifier = str(expression.op), _bare(expression.expr), expression.modifier
    if across not in _ACROSS:
        raise NoEquivalent(f"{across}() has no equivalent; {', '.join(_ACROSS)} have")
    if not isinstance(inner, promql.VectorSelector | promql.Call):
        raise NoEquivalent(f"{across}() of anything but series or a function of them has no equivalent")
    if modifier is not None and modifier.type != promql.AggModifierType.By:
        raise NoEquivalent("`without` has no equivalent: name the labels with `by`")
    by = list(modifier.labels) if modifier is not None else []
    judged, factor = _judged(inner)
    return judged | {"across": across, "by": by}, 1 if across == "count" else factor


def _function(expression: Any) -> tuple[Thing, float]:
    name, arguments = expression.func.name, expression.args
    if name not in (*_OVER_TIME, "rate", "increase", "delta") or not isinstance(arguments[0], promql.MatrixSelector):
        raise NoEquivalent(f"{name}() has no equivalent")
    window = arguments[0].range.total_seconds()
    selected = _selected(arguments[0].vector_selector) | {"window": window}
    if name in _OVER_TIME:
        return selected | {"kind": "window", "function": _OVER_TIME[name]}, 1
    function = "delta" if name == "delta" else "rate"
    return selected | {"kind": "rate", "function": function}, 1 if name == "rate" else 1 / window


def _absence(expression: Any, hold: float) -> Thing:
    name, argument = expression.func.name, _bare(expression.args[0]) if len(expression.args) else None
    if name == "absent" and isinstance(argument, promql.VectorSelector):
        return {"kind": "absence", "by": [], "for": hold + STALE_SECONDS} | _selected(argument)
    if name == "absent_over_time" and isinstance(argument, promql.MatrixSelector):
        silence = hold + argument.range.total_seconds()
        return {"kind": "absence", "by": [], "for": silence} | _selected(argument.vector_selector)
    raise NoEquivalent(f"{name}() without a comparison has no equivalent")


def _selected(selector: Any) -> Thing:
    if selector.offset is not None or selector.at is not None:
        raise NoEquivalent("`offset` and `@` have no equivalent")
    if selector.matchers.or_matchers:
        raise NoEquivalent("`or` between matchers has no equivalent")
    metric, matchers = selector.name, list[Thing]()
    for each in selector.matchers.matchers:
        op = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(each.op).rpartition(".")[2]]
        if each.name == "__name__" and op == "=":
            metric = each.value
        elif each.name == "__name__":
            raise NoEquivalent("a pattern of metric names has no equivalent: a rule is about one metric")
        else:
            matchers.append({"label": each.name, "op": op, "value": each.value})
    if not metric:
        raise NoEquivalent("it names no metric")
    return {"metric": metric, "matchers": matchers}


def _bare(expression: Any) -> Any:
    while isinstance(expression, promql.ParenExpr):
        expression = expression.expr
    return expression


def _are_mappings(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(each, dict) for each in given)


def _fresh(name: str, rule: Thing, names: set[str]) -> str:
    """Files speak of rules by name, and Prometheus has one name with several severities."""
    options: Sequence[str] = (
        name,
        f"{name} ({rule['severity']})",
        *(f"{name} ({number})" for number in range(2, 1000)),
    )
    fresh = next(each for each in options if each not in names)
    names.add(fresh)
    return fresh
