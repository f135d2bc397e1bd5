"""Files of rule tests that would test nothing, or make no sense: one line with the place, and exit code 2."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

GOOD: dict[str, Any] = {
    "rules": [{"name": "CPU busy", "kind": "threshold", "metric": "cpu", "warning": 80}],
    "tests": [
        {
            "name": "busy",
            "interval": "1m",
            "input_series": [{"series": 'cpu{host="a"}', "values": "90x3"}],
            "alert_rule_test": [
                {"eval_time": "1m", "alertname": "CPU busy", "exp_alerts": [{"exp_labels": {"host": "a"}}]}
            ],
        }
    ],
}
TEST = ("tests", 0)
SERIES = (*TEST, "input_series", 0)
WANTED = (*TEST, "alert_rule_test", 0)
ALERT = (*WANTED, "exp_alerts", 0)


def changed(place: tuple[str | int, ...], changes: dict[str, Any]) -> Any:
    """The good file with these changes of a part; None takes a key away."""
    content = copy.deepcopy(GOOD)
    part: Any = content
    for each in place:
        part = part[each]
    for key, value in changes.items():
        part[key] = value
        if value is None:
            del part[key]
    return content


@pytest.mark.parametrize(
    ("place", "changes", "said"),
    [
        ((), {"test": []}, "there is no such field as 'test'; did you mean 'tests'?"),
        ((), {"tests": []}, "has no tests"),
        ((), {"tests": 5}, "`tests` is no list of mappings"),
        ((), {"rules": 5}, "`rules` is no list of mappings"),
        ((), {"rules": GOOD["rules"] * 2}, "there are two rules 'CPU busy'"),
        ((), {"groups": [5]}, "no Prometheus rule file"),
        ((), {"evaluation_interval": "0s"}, "'0s' is no duration above zero for `evaluation_interval`"),
        (
            TEST,
            {"alert_rule_tests": [], "alert_rule_test": None},
            "busy: there is no such field as 'alert_rule_tests'; did",
        ),
        (TEST, {"intervall": "5m"}, "did you mean 'interval'?"),
        (TEST, {"promql_expr_test": []}, "expressions are not tested here"),
        (TEST, {"alert_rule_test": None}, "busy: it expects nothing"),
        (TEST, {"alert_rule_test": 5}, "`alert_rule_test` is no list of mappings"),
        (TEST, {"interval": "0s"}, "'0s' is no duration above zero for `interval`"),
        (TEST, {"interval": "3000d"}, "its series are too long"),
        (SERIES, {"series": "cpu{host="}, "busy: not a series: cpu{host="),
        (SERIES, {"serie": "cpu", "series": None}, "did you mean 'series'?"),
        (SERIES, {"values": None}, "it says no `values`"),
        (SERIES, {"values": "ex3"}, "'ex3' is no value of a series"),
        (SERIES, {"values": "_x100001"}, "more than 100,000 values"),
        (WANTED, {"alertname": "CPU bus"}, "'CPU bus' is no rule of the file; did you mean 'CPU busy'?"),
        (WANTED, {"alertname": None}, "it says no `alertname`"),
        (WANTED, {"eval_time": None}, "it says no `eval_time`"),
        (WANTED, {"eval_time": -1}, "'-1' is no duration for `eval_time`"),
        (WANTED, {"eval_time": "soon"}, "'soon' is no duration for `eval_time`"),
        (WANTED, {"eval_time": float("inf")}, "'inf' is no duration for `eval_time`"),
        (WANTED, {"eval_time": "9" * 400 + "d"}, "is no duration for `eval_time`"),
        (WANTED, {"eval_time": "100000d"}, "busy: '100000d' is too long: a test spans 3,660 days at most"),
        (WANTED, {"eval_time": "3000d"}, "are more than 100,000 steps"),
        (WANTED, {"exp_alert": []}, "did you mean 'exp_alerts'?"),
        (WANTED, {"exp_alerts": 5}, "busy: `exp_alerts` is no list of mappings"),
        (ALERT, {"exp_label": {}}, "did you mean 'exp_labels'?"),
        (ALERT, {"exp_labels": 5}, "`exp_labels` is no mapping"),
    ],
)
def test_a_file_of_tests_when_it_makes_no_sense_then_is_refused_in_one_line(
    monitors: Callable[..., Any], tmp_path: Path, place: tuple[str | int, ...], changes: dict[str, Any], said: str
) -> None:
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(changed(place, changes)))
    ran = monitors("rules", "test", str(file))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 1
    if place:
        assert f"{file}:" in ran.err


def test_a_file_of_tests_when_it_makes_sense_then_passes(monitors: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(GOOD))
    ran = monitors("rules", "test", str(file))
    assert (ran.code, ran.err, ran.out) == (0, "", f"{file}: 1 of 1 as expected\n")


def test_an_alert_of_prometheus_when_it_was_left_out_then_its_test_says_why(
    monitors: Callable[..., Any], tmp_path: Path
) -> None:
    entries = [{"alert": "CPU busy", "expr": "cpu > 80"}, {"alert": "Odd", "expr": "cpu > other"}]
    content = changed(WANTED, {"alertname": "Odd"}) | {"groups": [{"name": "g", "rules": entries}]}
    del content["rules"]
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(content))
    ran = monitors("rules", "test", str(file))
    assert ran.code == 2
    assert "'Odd' is no rule of ours: both sides are series" in ran.err
