"""Prometheus's alerting rules: their equivalents here, and what has none."""

from typing import Any

import pytest

from monitors_operator.as_code import prometheus


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", {"kind": "threshold", "metric": "up", "op": "eq", "warning": 0}),
        ('5 <= x{a!="b",c=~"d.*"}', {"metric": "x", "op": "ge", "warning": 5}),
        ("rate(x[5m]) > 0.5", {"kind": "rate", "warning": 0.5}),
        ("increase(x[10m]) > 60", {"kind": "rate", "window": 600, "warning": 0.1}),
        ("(max_over_time(x[1h]) < 3)", {"kind": "window", "function": "max", "op": "lt", "window": 3600}),
        ("sum by (job) (up) < 2", {"kind": "threshold", "by": ["job"], "op": "lt"}),
        ("count(up) < 2", {"by": [], "across": "count"}),
        ("sum by (job) (rate(x[5m])) > 3", {"kind": "rate", "by": ["job"], "warning": 3}),
        ("sum(increase(x[10m])) > 60", {"kind": "rate", "by": [], "warning": 0.1}),
        ("max(min_over_time(x[1h])) > 3", {"kind": "window", "by": [], "across": "max", "function": "min"}),
        ("count(increase(x[10m])) > 60", {"kind": "rate", "by": [], "across": "count", "warning": 60}),
        ('absent(up{job="x"})', {"kind": "absence", "by": [], "for": 360}),
        ("absent_over_time(up[10m])", {"kind": "absence", "by": [], "for": 660}),
    ],
)
def test_an_alert_when_imported_then_is_its_equivalent(expression: str, expected: dict[str, Any]) -> None:
    entry = {"alert": "A", "expr": expression, "for": "1m"}
    found = prometheus.convert({"groups": [{"name": "g", "rules": [entry]}]})
    assert found.left_out == []
    assert expected.items() <= found.rules[0].items(), found.rules


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("x > 5 and y > 3", "only a comparison"),
        ("x > y", "both sides are series"),
        ("x > bool 5", "always fires"),
        ("sum(rate(x[5m]) * 2) > 3", "of anything but"),
        ("sum without (a) (x) > 3", "without"),
        ("quantile(0.9, x) > 3", "quantile"),
        ("x offset 1d > 3", "offset"),
        ('{__name__=~"a.*"} > 3', "pattern of metric names"),
        ("predict_linear(x[1h], 3600) < 0", "predict_linear"),
        ("100 * x > 3", "an expression with `*` has no equivalent"),
        ("-x > 3", "a negated expression has no equivalent"),
        ("sum(", "not PromQL"),
    ],
)
def test_an_alert_when_it_has_no_equivalent_then_is_left_out_with_the_reason(expression: str, why: str) -> None:
    found = prometheus.convert({"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expression}]}]})
    [(name, reason)] = found.left_out
    assert (name, found.rules) == ("A", [])
    assert why in reason


def test_two_alerts_when_they_share_a_name_then_are_told_apart() -> None:
    rules = [
        {"alert": "A", "expr": f"x > {n}", "labels": {"severity": each}}
        for n, each in ((1, "warning"), (2, "critical"))
    ]
    found = prometheus.convert({"groups": [{"name": "g", "rules": rules}]})
    assert [rule["name"] for rule in found.rules] == ["A", "A (critical)"]
