"""Files of rule tests, in the notation of `promtool test rules`. What would be passed over in silence is refused.

See https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from monitors_contracts.base import new_id
from monitors_contracts.durations import seconds_of
from monitors_contracts.rules import HEARTBEAT_LABEL, HEARTBEAT_METRIC, RuleSpec, RuleView
from monitors_contracts.series import parse_series_key, series_key

from ..errors import BadInput
from . import prometheus
from .documents import KINDS, Document, Thing, meant, normal_of, parse
from .planning import with_ids

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOST_VALUES = 100_000
MOST_STEPS = 100_000
"""At which the rules of a test are looked at."""
MOST_SECONDS = 3660 * 86_400.0

_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
_RUN = re.compile(r"(?P<first>[-+]?[\d.eE]+?(?:[eE][-+]?\d+)?)(?P<step>[-+][\d.]+(?:[eE][-+]?\d+)?)?x(?P<times>\d+)")
_SPACE = re.compile(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""Spaces outside of quotes."""
_GAP = re.compile(r"_x(\d+)")
_FILE_KEYS = ("tests", "rules", "groups", "rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare")
_TEST_KEYS = ("name", "interval", "input_series", "alert_rule_test", "external_labels", "external_url")
_SERIES_KEYS = ("series", "values", "source")
_EXPECTATION_KEYS = ("eval_time", "alertname", "exp_alerts")
_ALERT_KEYS = ("exp_labels", "exp_annotations")


@dataclass(frozen=True)
class Input:
    """A series, its value at each step (NaN: none), and who sends it."""

    key: str
    values: list[float]
    source: str


@dataclass(frozen=True)
class Expectation:
    """Which alerts of a rule fire at a time, in seconds since the beginning and as it is written."""

    at: float
    written: str
    alert: str
    alerts: list[Thing]


@dataclass(frozen=True)
class Test:
    """Series that come in every `step` seconds, rules looked at every `interval`, and what is expected, by time."""

    name: str
    step: float
    interval: float
    inputs: list[Input]
    wanted: list[Expectation]


def read(file: Path) -> tuple[list[RuleView], list[Test]]:
    """The rules and tests of a file. Raises BadInput with the line, and the test, of what makes no sense."""
    document = parse(file)
    top = _Part(document, (), document.content, "")
    top.only(_FILE_KEYS)
    rules, left_out = _rules(document)
    interval = top.seconds("evaluation_interval", "1m", least=0.001)
    tests = top.parts("tests")
    if not tests:
        raise BadInput(f"{file} has no tests")
    return rules, [_test(test.called(number), rules, left_out, interval) for number, test in enumerate(tests, 1)]


def values_of(notation: str) -> list[float]:
    """The samples of `1+2x3 _ 5 stale`: NaN where there is none, or none any more. Raises BadInput."""
    values: list[float] = []
    for token in notation.split():
        try:
            values += _values(token)
        except ValueError:
            raise BadInput(f"{token[:50]!r} is no value of a series") from None
        if len(values) > MOST_VALUES:
            raise BadInput(f"a series has more than {MOST_VALUES:,} values")
    return values


def _values(token: str) -> list[float]:
    if gap := _GAP.fullmatch(token):
        return [math.nan] * min(int(gap[1]), MOST_VALUES + 1)
    if token in ("_", "stale"):
        return [math.nan]
    if repeated := _RUN.fullmatch(token):
        first, step = float(repeated["first"]), float(repeated["step"] or 0)
        return [first + step * number for number in range(min(int(repeated["times"]), MOST_VALUES) + 1)]
    return [float(token)]


@dataclass(frozen=True)
class _Part:
    """A mapping of the file: where it stands, and in which test."""

    document: Document
    place: tuple[str | int, ...]
    content: Thing
    test: str

    def wrong(self, why: str, *place: str | int) -> BadInput:
        """The error of what stands here, or at this place within."""
        named = f"{self.test}: " if self.test else ""
        return BadInput(f"{self.document.at(*self.place, *place)}: {named}{why}")

    def called(self, number: int) -> "_Part":
        """This test, by its name or number."""
        return _Part(self.document, self.place, self.content, str(self.content.get("name", f"test {number}")))

    def only(self, known: Iterable[str]) -> None:
        """Refuse all keys but these: what is misspelled would test nothing."""
        known = tuple(known)
        for key in self.content:
            if key not in known:
                raise self.wrong(f"there is no such field as {key!r}{meant(key, known)}", key)

    def needs(self, *keys: str) -> None:
        """Refuse it without these."""
        for key in keys:
            if self.content.get(key) is None:
                raise self.wrong(f"it says no `{key}`")

    def parts(self, key: str) -> list["_Part"]:
        """The mappings of a list; none where there is no such list."""
        given = self.content.get(key)
        members: list[Any] = given if isinstance(given, list) else [] if given is None else [None]
        if not all(isinstance(each, dict) for each in members):
            raise self.wrong(f"`{key}` is no list of mappings", key)
        return [
            _Part(self.document, (*self.place, key, number), each, self.test) for number, each in enumerate(members)
        ]

    def mapping(self, key: str) -> Thing | None:
        """A mapping, if there is one."""
        given = self.content.get(key)
        if given is not None and not isinstance(given, dict):
            raise self.wrong(f"`{key}` is no mapping", key)
        return given

    def seconds(self, key: str, default: Any, least: float = 0.0) -> float:
        """A duration."""
        given = self.content.get(key, default)
        try:
            seconds = math.nan if isinstance(given, bool) else float(seconds_of(given))
        except (TypeError, ValueError, OverflowError):
            seconds = math.nan
        if not math.isfinite(seconds) or seconds < least:
            raise self.wrong(f"{str(given)[:50]!r} is no duration{' above zero' if least else ''} for `{key}`", key)
        if seconds > MOST_SECONDS:
            raise self.wrong(
                f"{str(given)[:50]!r} is too long: a test spans {MOST_SECONDS / 86_400:,.0f} days at most", key
            )
        return seconds


def _test(test: _Part, rules: list[RuleView], left_out: dict[str, str], interval: float) -> Test:
    if "promql_expr_test" in test.content:
        raise test.wrong(
            "expressions are not tested here, only alerts: leave `promql_expr_test` out", "promql_expr_test"
        )
    test.only(_TEST_KEYS)
    step = test.seconds("interval", interval, least=0.001)
    inputs = [_input(each, rules) for each in test.parts("input_series")]
    names = [rule.name for rule in rules]
    wanted = [_expectation(each, names, left_out) for each in test.parts("alert_rule_test")]
    if not wanted:
        raise test.wrong("it expects nothing: say in `alert_rule_test` which alerts fire when, or `exp_alerts: []`")
    length = max((len(each.values) for each in inputs), default=0)
    end = max(each.at for each in wanted)
    if length * step > MOST_SECONDS:
        raise test.wrong(f"its series are too long: a test spans {MOST_SECONDS / 86_400:,.0f} days at most")
    if end / interval > MOST_STEPS:
        raise test.wrong(
            f"{end:,.0f} s in steps of {interval:g} s are more than {MOST_STEPS:,} steps: set a longer `evaluation_interval`"
        )
    return Test(test.test, step, interval, inputs, sorted(wanted, key=lambda each: each.at))


def _input(given: _Part, rules: list[RuleView]) -> Input:
    """A series with its values; the pings of a heartbeat name it by its rule's name."""
    given.only(_SERIES_KEYS)
    given.needs("series", "values")
    try:
        name, labels = parse_series_key(_SPACE.sub("", str(given.content["series"])))
        values = values_of(str(given.content["values"]))
    except (BadInput, ValueError) as why:
        raise given.wrong(str(why)) from None
    if name == HEARTBEAT_METRIC:
        named = next((rule.id for rule in rules if rule.name == labels.get(HEARTBEAT_LABEL)), None)
        labels |= {HEARTBEAT_LABEL: str(named)} if named else {}
    return Input(series_key(name, labels), values, str(given.content.get("source", "")))


def _expectation(given: _Part, names: list[str], left_out: dict[str, str]) -> Expectation:
    given.only(_EXPECTATION_KEYS)
    given.needs("alertname", "eval_time")
    alert = str(given.content["alertname"])
    if alert in left_out and alert not in names:
        raise given.wrong(f"{alert!r} is no rule of ours: {left_out[alert]}", "alertname")
    if alert not in names:
        raise given.wrong(f"{alert!r} is no rule of the file{meant(alert, names)}", "alertname")
    at = given.seconds("eval_time", None)
    return Expectation(at, str(given.content["eval_time"]), alert, [_alert(each) for each in given.parts("exp_alerts")])


def _alert(given: _Part) -> Thing:
    given.only(_ALERT_KEYS)
    labels = {
        str(label): str(value) for label, value in (given.mapping("exp_labels") or {}).items() if label != "alertname"
    }
    annotations = given.mapping("exp_annotations")
    return {"labels": labels} | ({"annotations": annotations} if annotations is not None else {})


def _rules(document: Document) -> tuple[list[RuleView], dict[str, str]]:
    """The rules of a test file and of those that it names; and why alerts of Prometheus were left out."""
    file, named = document.file, document.content.get("rule_files") or []
    if not isinstance(named, list):
        raise BadInput(f"{document.at('rule_files')}: `rule_files` is no list of files")
    others = [parse(file.parent / str(name)) for name in named]
    things: dict[str, Thing] = {}
    left_out: dict[str, str] = {}
    for each in (document, *others):
        part = _Part(each, (), each.content, "")
        found: list[tuple[Thing, str]] = []
        if "groups" in each.content:
            imported = prometheus.convert(each.content)
            found += [(thing, each.at("groups")) for thing in imported.rules]
            left_out |= dict(imported.left_out)
        elif each is not document:
            part.only(KINDS)
        for number, rule in enumerate(part.parts("rules")):
            found.append((normal_of(each, "rules", rule.content, "rules", number), each.at("rules", number)))
        for thing, place in found:
            if thing["name"] in things:
                raise BadInput(f"{place}: there are two rules {thing['name']!r}")
            things[thing["name"]] = thing
    if not things:
        raise BadInput(f"{file} has no rules: name files in `rule_files`, or write `rules`")
    ids = {name: new_id() for name in things}
    texts = {name: str(identifier) for name, identifier in ids.items()}
    return [
        _view(_SPEC.validate_python(with_ids(each, {"rules": texts})), ids[name]) for name, each in things.items()
    ], left_out


def _view(spec: RuleSpec, owner: Any) -> RuleView:
    return RuleView(
        id=owner,
        organization_id=owner,
        user_id=owner,
        name=spec.name,
        spec=spec,
        version=1,
        created_at=BEGIN,
        updated_at=BEGIN,
    )
