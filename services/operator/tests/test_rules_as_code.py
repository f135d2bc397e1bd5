"""Rules as files: tested, imported from Prometheus, compared and applied."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitors_operator.as_code import documents, planning, prometheus, rule_tests
from monitors_operator.as_code.planning import Known
from monitors_operator.errors import BadInput

CPU = {"name": "CPU busy", "kind": "threshold", "metric": "cpu", "op": "gt", "warning": 80, "critical": 95, "for": "2m"}
SERIES = [{"series": 'cpu{host="a"}', "values": "10 90x4 99x3 10"}, {"series": 'cpu{host="b"}', "values": "10x8"}]


def told(at: str, *alerts: dict[str, Any]) -> dict[str, Any]:
    return {"eval_time": at, "alertname": "CPU busy", "exp_alerts": [{"exp_labels": alert} for alert in alerts]}


def write(folder: Path, name: str, document: Any) -> Path:
    file = folder / name
    file.write_text(yaml.safe_dump(document))
    return file


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
    assert [None if value != value else value for value in rule_tests.values_of(notation)] == values


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
        ("sum(rate(x[5m])) > 3", "of a function"),
        ("sum without (a) (x) > 3", "without"),
        ("quantile(0.9, x) > 3", "quantile"),
        ("x offset 1d > 3", "offset"),
        ('{__name__=~"a.*"} > 3', "pattern of metric names"),
        ("predict_linear(x[1h], 3600) < 0", "predict_linear"),
        ("100 * x > 3", "no equivalent"),
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


def test_files_when_they_make_no_sense_then_are_refused_in_one_line(
    monitors: Callable[..., Any], tmp_path: Path
) -> None:
    wrong: list[Any] = [
        {"rules": [CPU | {"for": "soon"}]},
        {"rules": [CPU, CPU]},
        {"rules": [{"kind": "threshold"}]},
        {"rulez": []},
        {"rules": {"a": 1}},
        {"rules": [CPU | {"kind": "unheard"}]},
        ["a list"],
    ]
    for number, document in enumerate(wrong):
        file = write(tmp_path, f"{number}.yml", document)
        ran = monitors("diff", "-f", str(file))
        assert ran.code == 2, document
        assert len(ran.err.splitlines()) == 1
        assert str(file) in ran.err


class Platform:
    """An API that keeps rules, channels and targets in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, list[dict[str, Any]]] = {"rules": [], "channels": [], "targets": []}
        self.checks: list[dict[str, Any]] = []

    def every(self, path: str, key: str) -> list[dict[str, Any]]:
        assert path == f"/api/{key}"
        return list(reversed(self.kept[key]))

    def get(self, path: str) -> dict[str, Any]:
        kind = path.rpartition("/")[2]
        return {"checks": self.checks} if kind == "uptime" else {kind: self.kept[kind]}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        kind = path.rpartition("/")[2]
        identifier = f"01a00000-0000-7000-8000-{len(self.kept[kind]):012}"
        made: dict[str, Any] = {"id": identifier, "name": body["name"], "isActive": True}
        made |= {"rules": {"spec": body}, "channels": body | {"target": body.get("url")}, "targets": body}[kind]
        made.setdefault("intervalSeconds", 30)
        made.setdefault("labels", {})
        self.kept[kind].append(made)
        return {kind.removesuffix("s"): made}

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        rule = self._one(path)
        rule["spec"] = body
        return {"rule": rule}

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._one(path).update(body)
        return {}

    def delete(self, path: str) -> dict[str, Any]:
        self.kept[path.split("/")[2]].remove(self._one(path))
        return {}

    def _one(self, path: str) -> dict[str, Any]:
        return next(each for each in self.kept[path.split("/")[2]] if each["id"] == path.split("/")[3])


def applied(platform: Any, *files: Path, prune: bool = False) -> list[str]:
    wanted = documents.read(files)
    has = planning.known(platform)
    done = planning.carry_out(platform, planning.plan(wanted, has, prune=prune), wanted, has)
    return [f"{change.action} {change.name}" for change in done]


def test_files_when_applied_twice_then_nothing_changes_and_what_is_exported_is_the_same(tmp_path: Path) -> None:
    gone = {"name": "Gone", "kind": "absence", "metric": "cpu", "for": "10m"}
    both = {"name": "Both", "kind": "composite", "operator": "and", "rules": ["CPU busy", "Gone"]}
    hook = {"kind": "webhook", "name": "Ops", "url": "https://ops.example/hook"}
    node = {"name": "node", "url": "http://node.example:9100/metrics", "intervalSeconds": 15}
    file = write(tmp_path, "all.yml", {"rules": [both, CPU, gone], "channels": [hook], "targets": [node]})
    platform: Any = Platform()
    made = applied(platform, file)
    assert made == ["create Ops", "create node", "create CPU busy", "create Gone", "create Both"]
    assert applied(platform, file) == []
    [composite] = [rule for rule in platform.kept["rules"] if rule["name"] == "Both"]
    assert composite["spec"]["rules"] == [rule["id"] for rule in platform.kept["rules"][:2]]

    of_a_check = platform.post("/api/rules", CPU | {"name": "Shop is up"})["rule"]
    platform.checks.append({"id": of_a_check["id"]})
    again = tmp_path / "exported.yml"
    again.write_text(documents.written(planning.known(platform).things))
    assert applied(platform, again) == []

    less = write(tmp_path, "less.yml", {"rules": [CPU | {"warning": 70}], "channels": [hook | {"isActive": False}]})
    assert applied(platform, less, prune=True) == ["update Ops", "update CPU busy", "delete Gone", "delete Both"]
    assert of_a_check in platform.kept["rules"], "it comes and goes with its check"
    assert platform.kept["targets"], "files that say nothing of targets remove none"
    assert platform.kept["channels"][0]["isActive"] is False


def test_a_change_when_shown_then_says_what_differs() -> None:
    wanted = {
        "rules": {"A": documents.normal("rules", CPU | {"name": "A", "for": "5m"}, "")},
        "channels": {},
        "targets": {},
    }
    has = {"rules": {"A": documents.normal("rules", CPU | {"name": "A"}, "")}, "channels": {}, "targets": {}}
    [change] = planning.plan(wanted, Known(has, {"rules": {"A": "1"}, "channels": {}, "targets": {}}))
    assert list(change.lines()) == ["~ rule 'A'", "    for: 120.0 -> 300.0"]


def test_a_composite_when_it_names_nobody_then_is_refused() -> None:
    rule = {"name": "Both", "kind": "composite", "rules": ["Nobody"]}
    with pytest.raises(BadInput, match="Nobody"):
        planning.with_ids(rule, {})
