"""Unit tests of rules: series come in on a clock of the test's own, and alerts are looked for at certain times.

The notation is that of `promtool test rules`; see https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from monitors_contracts.base import new_id
from monitors_contracts.durations import seconds_of
from monitors_contracts.matchers import match_all
from monitors_contracts.metrics import MetricGraph, MetricLine
from monitors_contracts.monitors import Crossing
from monitors_contracts.rules import HEARTBEAT_LABEL, HEARTBEAT_METRIC, RatioRule, RuleSpec, RuleView
from monitors_contracts.series import parse_series_key, series_key
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.crossings import crossing
from monitors_evaluator.domain.rules.judging import Judge
from monitors_evaluator.domain.rules.levels import QUIET
from monitors_evaluator.domain.rules.past import Past, past_of

from ..errors import BadInput
from . import prometheus
from .documents import Document, Thing, normal_of, parse
from .planning import with_ids

_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
_RUN = re.compile(r"(?P<first>[-+]?[\d.eE]+?(?:[eE][-+]?\d+)?)(?P<step>[-+][\d.]+(?:[eE][-+]?\d+)?)?x(?P<times>\d+)")
_SPACE = re.compile(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""Spaces outside of quotes."""
_GAP = re.compile(r"_x(\d+)")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOST_VALUES = 100_000


@dataclass(frozen=True)
class Difference:
    """Where a test found something else than it expected."""

    test: str
    at: str
    alert: str
    expected: list[Thing]
    found: list[Thing]


@dataclass(frozen=True)
class _Input:
    key: str
    values: list[float]
    source: str


def run(file: Path) -> tuple[int, list[Difference]]:
    """How many expectations a file has, and those that were not met. Raises BadInput for what is no test file."""
    read = parse(file)
    document, rules = read.content, _rules(read)
    interval = _seconds(document.get("evaluation_interval", "1m"))
    count, differences = 0, list[Difference]()
    tests = document.get("tests")
    if not isinstance(tests, list) or not tests:
        raise BadInput(f"{file} has no tests")
    for number, test in enumerate(tests, 1):
        name = str(test.get("name", f"test {number}"))
        given: list[Thing] = test.get("alert_rule_test") or []
        wanted = sorted(given, key=lambda each: _seconds(each.get("eval_time", 0)))
        count += len(wanted)
        differences += _run(name, rules, test, wanted, interval)
    return count, differences


def values_of(notation: str) -> list[float]:
    """The samples of `1+2x3 _ 5 stale`: NaN where there is none, or none any more. Raises BadInput."""
    values: list[float] = []
    for token in notation.split():
        if gap := _GAP.fullmatch(token):
            values += [math.nan] * min(int(gap[1]), MOST_VALUES)
        elif token in ("_", "stale"):
            values.append(math.nan)
        elif repeated := _RUN.fullmatch(token):
            first, step = float(repeated["first"]), float(repeated["step"] or 0)
            values += [first + step * number for number in range(min(int(repeated["times"]), MOST_VALUES) + 1)]
        else:
            try:
                values.append(float(token))
            except ValueError:
                raise BadInput(f"{token!r} is no value of a series") from None
        if len(values) > MOST_VALUES:
            raise BadInput(f"a series has more than {MOST_VALUES:,} values")
    return values


def _rules(document: Document) -> list[RuleView]:
    file = document.file
    documents = [document, *(parse(file.parent / str(name)) for name in document.content.get("rule_files") or ())]
    things: list[Thing] = []
    for each in documents:
        if "groups" in each.content:
            things += prometheus.convert(each.content).rules
        for number, thing in enumerate(each.content.get("rules") or ()):
            things.append(normal_of(each, "rules", thing, "rules", number))
    if not things:
        raise BadInput(f"{file} has no rules: name files in `rule_files`, or write `rules`")
    ids = {thing["name"]: new_id() for thing in things}
    texts = {name: str(identifier) for name, identifier in ids.items()}
    views: list[RuleView] = []
    for thing in things:
        spec = _SPEC.validate_python(with_ids(thing, {"rules": texts}))
        owner = ids[thing["name"]]
        views.append(
            RuleView(
                id=owner,
                organization_id=owner,
                user_id=owner,
                name=spec.name,
                spec=spec,
                version=1,
                created_at=_BEGIN,
                updated_at=_BEGIN,
            )
        )
    return views


def _run(name: str, rules: list[RuleView], test: Thing, wanted: list[Thing], interval: float) -> Iterator[Difference]:
    step = _seconds(test.get("interval", interval))
    inputs = [_input(each, rules) for each in test.get("input_series") or ()]
    series = {each.key: each.values for each in inputs}
    judge, firing = Judge(), dict[str, tuple[RuleView, Crossing]]()
    _note(firing, judge.put(rules, [], _ms(0)))
    judge.pasts = {rule.id: _past(rule.spec, series, step) for rule in rules if isinstance(rule.spec, RatioRule)}
    length = max((len(values) for values in series.values()), default=0)
    end = max([_seconds(each.get("eval_time", 0)) for each in wanted], default=0.0)
    moments = sorted(
        {number * step for number in range(length)} | {n * interval for n in range(int(end / interval) + 2)}
    )
    for moment in moments:
        while wanted and _seconds(wanted[0].get("eval_time", 0)) < moment:
            yield from _compared(name, wanted.pop(0), firing)
        number = round(moment / step)
        if abs(number * step - moment) < 1e-6:
            for batch in _batches(inputs, number, _ms(moment)):
                _note(firing, judge.take(batch, _ms(moment)))
        _note(firing, judge.tick(_ms(moment), _ms(0)))
    for each in wanted:
        yield from _compared(name, each, firing)


def _input(given: Thing, rules: list[RuleView]) -> _Input:
    """A series with its values; the pings of a heartbeat name it by its rule's name."""
    name, labels = parse_series_key(_SPACE.sub("", str(given["series"])))
    if name == HEARTBEAT_METRIC:
        named = next((rule.id for rule in rules if rule.name == labels.get(HEARTBEAT_LABEL)), None)
        labels |= {HEARTBEAT_LABEL: str(named)} if named else {}
    return _Input(series_key(name, labels), values_of(str(given["values"])), str(given.get("source", "")))


def _batches(inputs: list[_Input], number: int, moment: int) -> Iterator[Batch]:
    """What each sender sends at a moment (ms): the values of this number."""
    here = [each for each in inputs if number < len(each.values) and not math.isnan(each.values[number])]
    for source in dict.fromkeys(each.source for each in here):
        its = [each for each in here if each.source == source]
        values = np.array([each.values[number] for each in its], np.float64)
        ones = np.ones(len(its), np.int64)
        yield Batch([each.key for each in its], ones, np.full(len(its), moment, np.int64), values, source)


def _past(spec: RatioRule, series: dict[str, list[float]], step: float) -> Past:
    """What the test's own series were before: each value is the middle of a step."""
    length = max((len(values) for values in series.values()), default=0)
    lines: list[MetricLine] = []
    for key, values in series.items():
        name, labels = parse_series_key(key)
        if name == spec.metric and match_all(spec.matchers, labels):
            known = [None if math.isnan(value) else value for value in values]
            lines.append(MetricLine(name=name, labels=labels, values=known + [None] * (length - len(known))))
    times = [_ms((number - 0.5) * step) for number in range(length)]
    graph = MetricGraph(step_seconds=max(1, round(step)), resolution="raw", times=times, series=lines)
    return past_of(spec, [graph], _ms(0), _ms(length * step))


def _note(firing: dict[str, tuple[RuleView, Crossing]], transitions: Any) -> None:
    for each in transitions:
        event = crossing(each)
        if each.level == QUIET:
            firing.pop(event.fingerprint, None)
        else:
            firing[event.fingerprint] = (each.rule, event)


def _compared(name: str, wanted: Thing, firing: dict[str, tuple[RuleView, Crossing]]) -> Iterator[Difference]:
    alert = str(wanted.get("alertname", ""))
    expected = [_expected(each) for each in wanted.get("exp_alerts") or ()]
    found = [_found(event) for rule, event in firing.values() if rule.name == alert]
    left = list(found)
    for each in expected:
        match = next((one for one in left if _is_as(each, one)), None)
        if match is None:
            break
        left.remove(match)
    else:
        if not left:
            return
    yield Difference(name, str(wanted.get("eval_time", 0)), alert, expected, found)


def _expected(alert: Thing) -> Thing:
    labels = {
        str(label): str(value) for label, value in (alert.get("exp_labels") or {}).items() if label != "alertname"
    }
    annotations = alert.get("exp_annotations")
    return {"labels": labels} | ({"annotations": annotations} if annotations is not None else {})


def _found(event: Crossing) -> Thing:
    return {"labels": event.labels, "annotations": event.annotations, "severity": event.severity}


def _is_as(expected: Thing, found: Thing) -> bool:
    """Whether all that is expected is so. `severity` among the labels is the alert's own, as in Prometheus's rules."""
    labels = found["labels"]
    if "severity" in expected["labels"] and "severity" not in labels:
        labels = labels | {"severity": found["severity"]}
    return expected["labels"] == labels and expected.get("annotations", found["annotations"]) == found["annotations"]


def _seconds(given: Any) -> float:
    try:
        return float(seconds_of(given))
    except (TypeError, ValueError):
        raise BadInput(f"{given!r} is no duration") from None


def _ms(seconds: float) -> int:
    return round((_BEGIN.timestamp() + seconds) * 1000)
