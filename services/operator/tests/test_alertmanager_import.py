"""An Alertmanager configuration as channels, routes and inhibition rules; and commands that say what makes no sense."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitors_operator.as_code import alertmanager, documents
from monitors_operator.as_code.alertmanager_times import DAYS, NoEquivalent, active_hours
from monitors_operator.errors import BadInput

CONFIGURATION = """
global:
  resolve_timeout: 5m
  smtp_smarthost: mail.example:587
  slack_api_url: https://hooks.slack.com/services/T000/B000/secret
templates: ["*.tmpl"]
route:
  receiver: team
  group_by: [alertname, cluster]
  group_wait: 45s
  routes:
    - matchers: ['severity=~"page|critical"', 'team!="web"']
      receiver: pager
      continue: true
      repeat_interval: 30m
    - match: {severity: ticket}
      match_re: {service: "db.*"}
      receiver: nobody
      active_time_intervals: [work]
      mute_time_intervals: [lunch]
    - receiver: pager
      matchers: [customer=x]
      mute_time_intervals: [holidays]
receivers:
  - name: team
    email_configs: [{to: "a@example.com, b@example.com", send_resolved: true}]
    slack_configs: [{channel: "#alerts", send_resolved: false}]
  - name: pager
    pagerduty_configs: [{routing_key: abc}]
    webhook_configs: [{url: "https://hooks.example/x", http_config: {basic_auth: {}}}]
    telegram_configs: [{bot_token_file: /etc/secret, chat_id: 5}]
    discord_configs: [{webhook_url: "https://discord.com/api/webhooks/1/abc"}]
  - name: nobody
inhibit_rules:
  - source_matchers: [severity=critical]
    target_matchers: [severity=~"warning|info"]
    equal: [cluster]
  - source_match: {alertname: A}
    target_match_re: {x: ".*"}
time_intervals:
  - name: work
    time_intervals: [{weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "17:00"}], location: Europe/Oslo}]
  - name: lunch
    time_intervals: [{times: [{start_time: "12:00", end_time: "12:30"}], location: Europe/Oslo}]
  - name: holidays
    time_intervals: [{months: [december], days_of_month: ["24:26"]}]
"""


def test_a_configuration_when_imported_then_its_parts_are_there_and_the_rest_is_told() -> None:
    found = alertmanager.convert(yaml.safe_load(CONFIGURATION))
    assert [(each["name"], each["kind"]) for each in found.channels] == [
        ("team 1", "email"),
        ("team 2", "email"),
        ("team 3", "apprise"),
        ("pager 1", "webhook"),
        ("pager 2", "apprise"),
    ]
    assert [each.get("url") for each in found.channels][2:] == [
        "slack://T000/B000/secret/#alerts",
        "https://hooks.example/x",
        "discord://1/abc",
    ]
    root = found.routing
    assert (root["name"], root["channels"]) == ("root", ["team 1", "team 2", "team 3"])
    assert (root["groupBy"], root["groupWait"], root["groupInterval"], root["repeatInterval"]) == (
        ["alertname", "cluster"],
        "45s",
        "5m",
        "4h",
    )
    pager, nobody, again = root["routes"]
    assert pager["matchers"] == [
        {"label": "severity", "op": "=~", "value": "critical"},
        {"label": "team", "op": "!=", "value": "web"},
    ]
    assert (pager["name"], again["name"], pager["continue"]) == ("pager", "pager-2", True)
    assert (nobody["channels"], nobody["matchers"][0]["value"]) == ([], "warning")
    weekdays = list(DAYS[:5])
    assert nobody["activeHours"] == [
        {"days": weekdays, "start": "08:00", "end": "12:00", "timezone": "Europe/Oslo"},
        {"days": weekdays, "start": "12:30", "end": "17:00", "timezone": "Europe/Oslo"},
    ]
    assert "activeHours" not in again
    [inhibition] = found.inhibitions
    assert (inhibition["equal"], inhibition["target"][0]["op"]) == (["cluster"], "=~")
    assert dict(found.left_out).keys() == {
        "templates",
        "global: smtp_*",
        "global: resolve_timeout",
        "receiver 'pager': pagerduty_configs",
        "receiver 'pager': telegram_configs",
        "route 'pager-2': time intervals",
        "inhibit_rules 2",
    }
    notes = [about for about, _ in found.notes]
    assert {"route 'pager'", "receiver 'team': slack_configs", "receiver 'pager': webhook_configs"} <= set(notes)


def test_the_command_prints_a_file_and_what_has_no_equivalent(monitors: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(CONFIGURATION)
    ran = monitors("alertmanager", "import", str(file))
    assert (ran.code, yaml.safe_load(ran.out).keys()) == (0, {"channels", "routing", "inhibitions"})
    assert "left out: templates: " in ran.err
    assert ran.err.endswith("5 channels, 4 routes, 1 inhibition rules, 7 left out\n")
    dry = monitors("alertmanager", "import", str(file), "--dry-run")
    assert (dry.out, dry.err) == ("", ran.err)
    config = tmp_path / "config.yml"
    config.write_text(ran.out)
    things = documents.read([config])
    assert (len(things["channels"]), list(things["routing"]), len(things["inhibitions"])) == (5, ["root"], 1)
    said = json.loads(monitors("alertmanager", "import", str(file), "--json").out)
    assert said.keys() == {"channels", "routing", "inhibitions", "leftOut", "notes"}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "no route"),
        ({"route": {"receiver": "x"}, "receivers": []}, "no receiver 'x'"),
        ({"route": {"routes": [{"matchers": ["nonsense"]}]}, "receivers": []}, "no matcher"),
        ({"route": {"group_wait": "soon"}, "receivers": []}, "^route: root.groupWait: a duration is"),
        ({"route": {"routes": [{"match": {"": "x"}}]}, "receivers": []}, "^route 'route': [^\n]*$"),
        ({"route": {"active_time_intervals": ["x"]}, "receivers": []}, "no time interval"),
    ],
)
def test_what_is_no_configuration_is_said(document: Any, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        alertmanager.convert(document)


NOBODY_THERE = """
global: {opsgenie_api_url: "https://api.eu.opsgenie.com"}
storage: {}
route:
  receiver: phone
  matchers: [team=web]
  continue: true
  group_bys: [service]
  routes:
    - receiver: team
      routes:
        - {receiver: phone, matchers: ['severity="critical"'], routes: [{matchers: [a=b]}]}
        - {receiver: nobody, routes: [{receiver: phone}]}
receivers:
  - name: team
    webhook_configs: [{url: "https://hooks.example/team"}]
    send_resolved: true
  - name: phone
    pagerduty_configs: [{routing_key: abc}]
  - name: nobody
inhibit_rules:
  - {source_matchers: [a=b], target_matchers: [b=c], unless: [c=d]}
"""


def test_a_route_whose_receiver_has_no_equivalent_tells_those_above_and_is_listed() -> None:
    found = alertmanager.convert(yaml.safe_load(NOBODY_THERE))
    root = found.routing
    [team] = root["routes"]
    phone, nobody = team["routes"]
    assert "channels" not in root, "all channels"
    assert (team["channels"], "channels" in phone, nobody["channels"]) == (["team"], False, [])
    assert "channels" not in nobody["routes"][0]
    told = dict(found.left_out)
    why = "it would tell nobody, for nothing of receiver 'phone' has an equivalent; "
    assert told["route 'root'"] == why + "it tells all channels"
    assert told["route 'phone' (severity=\"critical\")"] == why + "like the route above, it tells team"
    assert told["route 'phone-2'"] == why + "like the route above, it tells nobody"


def test_what_was_said_and_nothing_goes_by_is_listed() -> None:
    found = alertmanager.convert(yaml.safe_load(NOBODY_THERE))
    assert not {"matchers", "continue"} & found.routing.keys(), "no first route may have them"
    assert {
        "storage",
        "global: opsgenie_api_url",
        "route 'root': matchers",
        "route 'root': continue",
        "route 'root': group_bys",
        "receiver 'team': send_resolved",
        "inhibit_rules 1: unless",
    } <= dict(found.left_out).keys()


def interval(**span: Any) -> dict[str, Any]:
    return {"time_intervals": [span]}


def test_times_when_they_are_muted_then_the_rest_of_the_week_is_active() -> None:
    night = interval(times=[{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}])
    assert active_hours([], [night]) == [{"start": "06:00", "end": "22:00", "timezone": "UTC"}]
    weekend = interval(weekdays=["saturday", "sunday"])
    assert active_hours([], [weekend, night]) == [
        {"days": list(DAYS[:5]), "start": "06:00", "end": "22:00", "timezone": "UTC"}
    ]
    assert active_hours([interval()], []) == []
    with pytest.raises(NoEquivalent):
        active_hours([interval(location="Europe/Oslo")], [interval(location="Asia/Tokyo")])
    with pytest.raises(NoEquivalent):
        active_hours([], [interval()])


MINUTE = st.integers(0, 1440)


@given(
    st.lists(st.tuples(MINUTE, MINUTE).filter(lambda span: span[0] < span[1]), min_size=1, max_size=4), st.booleans()
)
def test_times_when_worked_out_then_hold_the_very_minutes(spans: list[tuple[int, int]], muted: bool) -> None:
    times = [{"start_time": f"{a // 60:02}:{a % 60:02}", "end_time": f"{b // 60:02}:{b % 60:02}"} for a, b in spans]
    given_to = ([], [interval(times=times)]) if muted else ([interval(times=times)], [])
    wanted = {minute for minute in range(1440) if any(a <= minute < b for a, b in spans) != muted}
    if not wanted:
        with pytest.raises(NoEquivalent):
            active_hours(*given_to)
        return
    found = active_hours(*given_to) or [{"start": "00:00", "end": "24:00"}]

    def at(clock: str) -> int:
        return int(clock[:2]) * 60 + int(clock[3:])

    assert {minute for each in found for minute in range(at(each["start"]), at(each["end"]))} == wanted


@pytest.mark.parametrize(
    "arguments",
    [
        ("alerts", "send"),
        ("alerts", "send", "X", "--label", "host"),
        ("alerts", "send", "X", "--severity", "bad"),
        ("alerts", "send", "X", "--over", "--for", "5m"),
        ("alerts", "send", "X", "--for", "soon"),
        ("alerts", "send", "--file", "/no/such/file"),
        ("integrations", "add", "generic", "--label", "host"),
        ("integrations", "add", "generic", "--mapping", "/no/such/file"),
        ("alertmanager", "import", "/no/such/file"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(monitors: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    ran = monitors(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
