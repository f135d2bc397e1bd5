"""Rules tried in files: what they say of samples that are written down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitors_operator.as_code import rule_test_files, rule_tests
from rule_files import CPU, write

SERIES = [{"series": 'cpu{host="a"}', "values": "10 90x4 99x3 10"}, {"series": 'cpu{host="b"}', "values": "10x8"}]


def told(at: str, *alerts: dict[str, Any]) -> dict[str, Any]:
    return {"eval_time": at, "alertname": "CPU busy", "exp_alerts": [{"exp_labels": alert} for alert in alerts]}


def test_rules_when_tested_then_what_differs_is_shown(monitors: Callable[..., Any], tmp_path: Path) -> None:
    expected = [
        told("2m"),
        told("3m", {"host": "a", "severity": "warning"}),
        told("8m", {"host": "a", "severity": "critical"}),
        told("10m"),
    ]
    good = {"rules": [CPU], "tests": [{"interval": "1m", "input_series": SERIES, "alert_rule_test": expected}]}
    ran = monitors("rules", "test", str(write(tmp_path, "good.yml", good)))
    assert (ran.code, ran.err) == (0, "")
    assert "4 of 4 as expected" in ran.out

    wrong = {"rules": [CPU], "tests": [{"input_series": SERIES, "alert_rule_test": [told("2m", {"host": "a"})]}]}
    ran = monitors("rules", "test", "--json", str(write(tmp_path, "wrong.yml", wrong)))
    [report] = json.loads(ran.out)
    assert (ran.code, report["expectations"]) == (1, 1)
    assert report["failed"][0]["found"] == []
    assert report["failed"][0]["expected"] == [{"labels": {"host": "a"}}]


def test_a_prometheus_file_when_tested_then_its_rules_are_imported(tmp_path: Path) -> None:
    rule = {"alert": "Down", "expr": 'up{job="x"} == 0', "for": "2m", "labels": {"severity": "page"}}
    write(tmp_path, "alerts.yml", {"groups": [{"name": "g", "rules": [rule]}]})
    alert = {"exp_labels": {"job": "x", "severity": "critical"}}
    test = {
        "input_series": [{"series": 'up{job="x"}', "values": "1 0x5"}],
        "alert_rule_test": [
            {"eval_time": "2m", "alertname": "Down"},
            {"eval_time": "3m", "alertname": "Down", "exp_alerts": [alert]},
        ],
    }
    file = write(tmp_path, "test.yml", {"rule_files": ["alerts.yml"], "tests": [test]})
    assert rule_tests.run(file) == (2, [])


_ONE = [{"series": 'cpu{host="a", zone="x"}', "values": "10x9 90x9 10x9"}]
_TWO = [*_ONE, {"series": 'cpu{host="b",zone="x"}', "values": "10x29"}]
KINDS: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, dict[str, str]]]] = {
    "threshold": ({"warning": 80}, _ONE, {"9m": {}, "10m": {"host": "a", "zone": "x"}, "20m": {}}),
    "threshold of groups": ({"warning": 90, "by": ["zone"]}, _TWO, {"9m": {}, "10m": {"zone": "x"}, "20m": {}}),
    "window": (
        {"kind": "window", "window": "3m", "warning": 50},
        _ONE,
        {"10m": {}, "12m": {"host": "a", "zone": "x"}, "24m": {}},
    ),
    "window of groups": (
        {"kind": "window", "window": "3m", "warning": 60, "by": ["zone"]},
        _TWO,
        {"10m": {}, "12m": {"zone": "x"}, "24m": {}},
    ),
    "rate": (
        {"kind": "rate", "function": "delta", "window": "2m", "warning": 0.5},
        _ONE,
        {"9m": {}, "10m": {"host": "a", "zone": "x"}, "14m": {}},
    ),
    "rate of groups": (
        {"kind": "rate", "function": "delta", "window": "2m", "warning": 0.5, "by": ["zone"], "across": "max"},
        _TWO,
        {"9m": {}, "10m": {"zone": "x"}, "14m": {}},
    ),
    "ratio": (
        {"kind": "ratio", "window": "1m", "offset": "1h", "warning": 5},
        [{"series": 'cpu{host="a"}', "values": "10x60 60x9 10x9"}],
        {"60m": {}, "65m": {"host": "a"}, "75m": {}},
    ),
    "ratio of groups": (
        {"kind": "ratio", "window": "1m", "offset": "1h", "warning": 2, "by": []},
        [{"series": 'cpu{host="a"}', "values": "10x60 60x9 10x9"}, {"series": 'cpu{host="b"}', "values": "10x90"}],
        {"60m": {}, "65m": {"team": "web"}, "75m": {}},
    ),
    "nOfM": (
        {"kind": "nOfM", "n": 2, "m": 3, "warning": 80},
        _ONE,
        {"10m": {}, "11m": {"host": "a", "zone": "x"}, "22m": {}},
    ),
    "nOfM of groups": (
        {"kind": "nOfM", "n": 2, "m": 3, "warning": 90, "by": ["zone"]},
        _TWO,
        {"10m": {}, "11m": {"zone": "x"}, "22m": {}},
    ),
    "absence": (
        {"kind": "absence", "for": "5m"},
        [{"series": 'cpu{host="a"}', "values": "1x3 _x9 1"}, {"series": 'cpu{host="b"}', "values": "1x20"}],
        {"7m": {}, "8m": {"host": "a"}, "13m": {}},
    ),
    "absence of a sender": (
        {"kind": "absence", "for": "5m"},
        [{"series": f'cpu{{host="{host}",env="e"}}', "values": "1x3 _x9 1", "source": "agent"} for host in ("a", "b")],
        {"7m": {}, "8m": {"env": "e", "source": "agent"}, "14m": {}},
    ),
    "heartbeat": (
        {"kind": "heartbeat", "period": "5m", "grace": "1m", "metric": None},
        [{"series": 'heartbeat{heartbeat_id="It fires"}', "values": "0 _x8 0"}],
        {"5m": {}, "6m": {"team": "web"}, "9m": {}},
    ),
    "composite": (
        {"kind": "composite", "operator": "and", "rules": ["High", "Any"], "by": ["zone"], "metric": None},
        _TWO,
        {"9m": {}, "10m": {"zone": "x"}, "20m": {}},
    ),
}
"""Of each kind: a rule, what comes in, and the labels of what fires when (none: nothing does)."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_of_each_kind_when_tested_then_fires_when_its_words_say(tmp_path: Path, kind: str) -> None:
    fields, series, fires = KINDS[kind]
    rule = {"name": "It fires", "kind": "threshold", "metric": "cpu", "labels": {"team": "web"}} | fields
    parts = [
        {"name": "High", "kind": "threshold", "metric": "cpu", "warning": 80},
        {"name": "Any", "kind": "threshold", "metric": "cpu", "warning": 5},
    ]
    rules = [{name: value for name, value in rule.items() if value is not None}, *parts]
    tests = [
        {"eval_time": at, "alertname": "It fires"}
        | ({"exp_alerts": [{"exp_labels": labels | {"team": "web"}}]} if labels else {})
        for at, labels in fires.items()
    ]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": tests}
    file = write(tmp_path, "test.yml", {"rules": rules, "tests": [test]})
    assert rule_tests.run(file) == (len(fires), [])


@pytest.mark.parametrize(
    ("notation", "values"),
    [
        ("1+2x3", [1, 3, 5, 7]),
        ("10-2.5x2", [10, 7.5, 5]),
        ("-1x2", [-1, -1, -1]),
        ("1 _ 3", [1, None, 3]),
        ("_x2 5 stale", [None, None, 5, None]),
        ("1e3 Inf", [1000, float("inf")]),
        ("", []),
    ],
)
def test_values_when_written_as_promtool_has_them(notation: str, values: list[float | None]) -> None:
    assert [None if value != value else value for value in rule_test_files.values_of(notation)] == values
