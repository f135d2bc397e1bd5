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
from monitors_contracts.monitors import Crossing
from monitors_contracts.rules import RuleSpec, RuleView, seconds_of
from monitors_contracts.series import parse_series_key, series_key
from monitors_evaluator.domain.rules.batches import Batch
from monitors_evaluator.domain.rules.crossings import crossing
from monitors_evaluator.domain.rules.judging import Judge
from monitors_evaluator.domain.rules.levels import QUIET

from ..errors import BadInput
from . import prometheus
from .documents import Thing, load, normal
from .planning import with_ids

_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
_RUN = re.compile(r"(?P<first>[-+]?[\d.eE]+?(?:[eE][-+]?\d+)?)(?P<step>[-+][\d.]+(?:[eE][-+]?\d+)?)?x(?P<times>\d+)")
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


def run(file: Path) -> tuple[int, list[Difference]]:
    """How many expectations a file has, and those that were not met. Raises BadInput for what is no test file."""
    document = load(file)
    rules = _rules(document, file)
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


def _rules(document: Thing, file: Path) -> list[RuleView]:
    documents = [document, *(load(file.parent / str(name)) for name in document.get("rule_files") or ())]
    things: list[Thing] = []
    for each in documents:
        if "groups" in each:
            things += prometheus.convert(each).rules
        for thing in each.get("rules") or ():
            things.append(normal("rules", thing, f"{file}: {thing.get('name')}"))
    if not things:
        raise BadInput(f"{file} has no rules: name files in `rule_files`, or write `rules`")
    ids = {thing["name"]: new_id() for thing in things}
    texts = {name: str(identifier) for name, identifier in ids.items()}
    views: list[RuleView] = []
    for thing in things:
        spec = _SPEC.validate_python(with_ids(thing, texts))
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
    series = {
        series_key(*parse_series_key(str(each["series"]).replace(" ", ""))): values_of(str(each["values"]))
        for each in test.get("input_series") or ()
    }
    judge, firing = Judge(), dict[str, tuple[RuleView, Crossing]]()
    _note(firing, judge.put(rules, [], _ms(0)))
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
            here = {key: values[number] for key, values in series.items() if number < len(values)}
            here = {key: value for key, value in here.items() if not math.isnan(value)}
            at = np.full(len(here), _ms(moment), np.int64)
            batch = Batch(list(here), np.ones(len(here), np.int64), at, np.array(list(here.values()), np.float64))
            _note(firing, judge.take(batch, _ms(moment)) if here else [])
        _note(firing, judge.tick(_ms(moment), _ms(0)))
    for each in wanted:
        yield from _compared(name, each, firing)


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
