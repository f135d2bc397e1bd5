"""Unit tests of rules: series come in on a clock of the test's own, and alerts are looked for at certain times."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from monitors_contracts.matchers import match_all
from monitors_contracts.metrics import MetricGraph, MetricLine
from monitors_contracts.monitors import Crossing
from monitors_contracts.rules import RatioRule, RuleView
from monitors_contracts.series import parse_series_key
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.crossings import crossing
from monitors_evaluator.domain.rules.judging import Judge
from monitors_evaluator.domain.rules.levels import QUIET
from monitors_evaluator.domain.rules.past import Past, past_of

from .documents import Thing
from .rule_test_files import BEGIN, Expectation, Input, Test, read


@dataclass(frozen=True)
class Difference:
    """Where a test found something else than it expected."""

    test: str
    at: str
    alert: str
    expected: list[Thing]
    found: list[Thing]


def run(file: Path) -> tuple[int, list[Difference]]:
    """How many expectations a file has, and those that were not met. Raises BadInput for what is no test file."""
    rules, tests = read(file)
    return sum(len(test.wanted) for test in tests), [each for test in tests for each in _run(rules, test)]


def _run(rules: list[RuleView], test: Test) -> Iterator[Difference]:
    step, interval, wanted = test.step, test.interval, list(test.wanted)
    series = {each.key: each.values for each in test.inputs}
    judge, firing = Judge(), dict[str, tuple[RuleView, Crossing]]()
    _note(firing, judge.put(rules, [], _ms(0)))
    judge.pasts = {rule.id: _past(rule.spec, series, step) for rule in rules if isinstance(rule.spec, RatioRule)}
    length = max((len(values) for values in series.values()), default=0)
    end = max(each.at for each in wanted)
    moments = sorted(
        {number * step for number in range(length)} | {n * interval for n in range(int(end / interval) + 2)}
    )
    for moment in moments:
        while wanted and wanted[0].at < moment:
            yield from _compared(test.name, wanted.pop(0), firing)
        number = round(moment / step)
        if abs(number * step - moment) < 1e-6:
            for batch in _batches(test.inputs, number, _ms(moment)):
                _note(firing, judge.take(batch, _ms(moment)))
        _note(firing, judge.tick(_ms(moment), _ms(0)))
    for each in wanted:
        yield from _compared(test.name, each, firing)


def _batches(inputs: list[Input], number: int, moment: int) -> Iterator[Batch]:
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


def _compared(test: str, wanted: Expectation, firing: dict[str, tuple[RuleView, Crossing]]) -> Iterator[Difference]:
    found = [_found(event) for rule, event in firing.values() if rule.name == wanted.alert]
    left = list(found)
    for each in wanted.alerts:
        match = next((one for one in left if _is_as(each, one)), None)
        if match is None:
            break
        left.remove(match)
    else:
        if not left:
            return
    yield Difference(test, wanted.written, wanted.alert, wanted.alerts, found)


def _found(event: Crossing) -> Thing:
    return {"labels": event.labels, "annotations": event.annotations, "severity": event.severity}


def _is_as(expected: Thing, found: Thing) -> bool:
    """Whether all that is expected is so. `severity` among the labels is the alert's own, as in Prometheus's rules."""
    labels = found["labels"]
    if "severity" in expected["labels"] and "severity" not in labels:
        labels = labels | {"severity": found["severity"]}
    return expected["labels"] == labels and expected.get("annotations", found["annotations"]) == found["annotations"]


def _ms(seconds: float) -> int:
    return round((BEGIN.timestamp() + seconds) * 1000)
