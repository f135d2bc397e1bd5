"""How other systems' bodies are read: as their vendors document them, and as nobody would send them."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors_contracts.receiving import ReceivedAlert
from monitors_gateway.incoming import alertmanager, cloudwatch, datadog, generic, grafana, sentry, uptime_kuma
from monitors_gateway.incoming.kinds import KNOWN, READERS
from monitors_gateway.incoming.payloads import parsed, pointed
from monitors_gateway.incoming.reading import Unreadable, expression, severity_of

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BODIES = Path(__file__).parent / "data" / "hooks"


def body(name: str) -> Any:
    return json.loads((BODIES / f"{name}.json").read_text())


def facts(alert: ReceivedAlert) -> tuple[Any, ...]:
    return alert.name, alert.severity, alert.summary, alert.starts_at, alert.ends_at


def test_grafana_tells_what_fires_and_what_is_over() -> None:
    firing, over = grafana.read(body("grafana"), NOW)
    assert facts(firing) == (
        "DiskFull",
        "critical",
        "db-1 is nearly full",
        datetime(2026, 11, 21, 9, 0, 30, tzinfo=UTC),
        None,
    )
    assert (firing.value, firing.runbook_url) == (97.2, "https://runbooks.example/disk")
    assert firing.url == "https://grafana.example/d/disks?viewPanel=2"
    assert firing.annotations["dashboardURL"] == "https://grafana.example/d/disks"
    assert facts(over)[3:] == (datetime(2026, 11, 21, 9, tzinfo=UTC), datetime(2026, 11, 21, 9, 40, tzinfo=UTC))
    assert over.labels["instance"] == "db-2"


def test_cloudwatch_tells_an_alarm_and_its_end_as_one() -> None:
    alarm = body("cloudwatch")
    [firing] = cloudwatch.read(json.dumps(alarm), NOW)
    assert facts(firing)[:3] == ("Orders are slow", "warning", "Half of the orders take longer than a second")
    assert firing.starts_at == datetime(2026, 11, 21, 10, 15, 42, 236000, tzinfo=UTC)
    assert firing.labels == {
        "alertname": "Orders are slow",
        "account": "123456789012",
        "region": "eu-west-1",
        "namespace": "AWS/ApplicationELB",
        "metric": "Latency",
        "LoadBalancer": "app/shop",
    }
    assert firing.condition == "AVERAGE Latency GreaterThanThreshold 1"
    [over] = cloudwatch.read(json.dumps(alarm | {"NewStateValue": "OK"}), NOW)
    assert (over.labels, over.ends_at) == (firing.labels, firing.starts_at)
    assert cloudwatch.read(json.dumps(alarm | {"NewStateValue": "INSUFFICIENT_DATA"}), NOW) == []


def test_datadog_is_read_by_its_own_body_and_by_ours() -> None:
    [firing] = datadog.read(body("datadog"), NOW)
    assert (firing.name, firing.severity, firing.ends_at) == ("Requests fail", "critical", None)
    assert firing.labels == {
        "alertname": "Requests fail",
        "scope": "host:web-1,env:prod",
        "host": "web-1",
        "env": "prod",
    }
    recovered = body("datadog") | {"title": "[Recovered on {host:web-1,env:prod}] Requests fail"}
    [over] = datadog.read(recovered, NOW)
    assert (over.labels, over.ends_at) == (firing.labels, NOW)
    ours = dict.fromkeys(json.loads(datadog.BODY), "") | {
        "alert_id": "91",
        "title": "Requests fail",
        "transition": "Warn",
        "priority": "P3",
        "scope": "host:web-1",
    }
    [warned] = datadog.read(ours, NOW)
    assert (warned.severity, warned.labels["monitor"]) == ("warning", "91")
    [over] = datadog.read(ours | {"transition": "Warn Recovered"}, NOW)
    assert (over.labels, over.ends_at) == (warned.labels, NOW)


def test_sentry_tells_metric_alerts_and_issues_which_end_when_they_are_resolved() -> None:
    [metric] = sentry.read(body("sentry-metric"), NOW)
    assert facts(metric)[:3] == ("Many errors", "critical", "Critical: Many errors")
    closed = body("sentry-metric") | {"action": "resolved"}
    [over] = sentry.read(closed, NOW)
    assert (over.labels, over.ends_at) == (metric.labels, NOW)
    [event] = sentry.read(body("sentry-event"), NOW)
    assert facts(event)[:3] == (
        "TypeError: unsupported operand",
        "warning",
        "TypeError: unsupported operand (shop.orders in total)",
    )
    [issue] = sentry.read(body("sentry-issue"), NOW)
    assert (issue.labels, issue.ends_at) == (event.labels, NOW)
    assert sentry.read(body("sentry-issue") | {"action": "assigned"}, NOW) == []


def test_sentry_signs_the_body_with_the_client_secret() -> None:
    signature = "0d2b1b4d6ff1bd9a1bd8d6a1a9ba8f5e5b9c0f3a8f9e6f2b8c2f0a7e3d1c4b5a"
    assert not sentry.is_signed(b"{}", {"sentry-hook-signature": signature}, "secret")
    assert not sentry.is_signed(b"{}", {}, "secret")
    # RFC 4231, test case 2.
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sentry.is_signed(b"what do ya want for nothing?", {"sentry-hook-signature": known}, "Jefe")


def test_uptime_kuma_tells_what_is_down_and_what_is_up_again() -> None:
    [down] = uptime_kuma.read(body("uptime-kuma"), NOW)
    assert (down.name, down.severity, down.ends_at) == ("Shop", "critical", None)
    assert down.labels == {"alertname": "Shop", "monitor": "3", "type": "http", "team": "shop"}
    assert down.url == "https://shop.example/health"
    again = body("uptime-kuma")
    again["heartbeat"]["status"] = 1
    [up] = uptime_kuma.read(again, NOW)
    assert (up.labels, up.ends_at) == (down.labels, NOW)
    again["heartbeat"]["status"] = 2
    assert uptime_kuma.read(again, NOW) == []
    assert uptime_kuma.read({"heartbeat": None, "monitor": None, "msg": "Testing"}, NOW) == []


def test_a_generic_body_without_a_mapping_has_our_own_form() -> None:
    sent = json.loads(KNOWN["generic"].example)
    [alert] = generic.read(sent, NOW, generic.Mapping())
    assert facts(alert) == ("DiskFull", "critical", "db-1 has no room left", None, None)
    assert alert.labels == {"alertname": "DiskFull", "host": "db-1"}
    [over] = generic.read(sent | {"status": "OK"}, NOW, generic.Mapping())
    assert (over.labels, over.ends_at) == (alert.labels, NOW)
    [silent] = generic.read({"name": "DiskFull", "labels": {"host": "db-1"}, "status": "OK"}, NOW, generic.Mapping())
    assert (alert.is_summarized, silent.is_summarized, silent.summary) == (False, True, "DiskFull: host=db-1")


def test_a_generic_body_is_read_as_the_mapping_says() -> None:
    mapping = generic.Mapping.model_validate(
        {
            "items": "/events",
            "name": "{/check/name}",
            "summary": "{/check/name} on {/host}: {/check/output/0}",
            "severity": "{/level}",
            "severities": {"3": "critical"},
            "status": "{/state}",
            "over": ["GREEN"],
            "labelsAt": "",
            "labels": {"host": "{/host}", "site~": "{/a~1b}"},
            "link": "https://checks.example/{/check/id}",
        }
    )
    event = {
        "check": {"id": 7, "name": "Disk", "output": ["97 %"]},
        "host": "db-1",
        "level": 3,
        "state": "red",
        "a/b": True,
    }
    first, second = generic.read({"events": [event, event | {"state": "green", "host": "db-2"}]}, NOW, mapping)
    assert facts(first) == ("Disk", "critical", "Disk on db-1: 97 %", None, None)
    assert first.labels == {
        "alertname": "Disk",
        "host": "db-1",
        "site~": "true",
        "level": "3",
        "state": "red",
        "a/b": "true",
    }
    assert first.generator_url == "https://checks.example/7"
    assert second.ends_at == NOW
    with pytest.raises(Unreadable, match=r"/events/1: no name: nothing at /check/name"):
        generic.read({"events": [event, {"host": "x"}]}, NOW, mapping)


@pytest.mark.parametrize(
    "wrong", [{"name": "{name}"}, {"name": "{/a"}, {"name": ""}, {"items": "events"}, {"labelsAt": "a"}]
)
def test_a_mapping_that_points_nowhere_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        generic.Mapping.model_validate(wrong)


@pytest.mark.parametrize(
    ("kind", "payload", "says"),
    [
        ("grafana", {}, "no list at /alerts"),
        ("grafana", {"alerts": [{"status": "firing"}]}, r"alerts\[0\]: at least one label"),
        ("grafana", {"alerts": [{"labels": {"a": "b"}, "status": "odd"}]}, r"alerts\[0\]: /status"),
        ("datadog", {}, "nothing at /title"),
        ("datadog", {"title": "hello"}, "/transition"),
        ("sentry", {"action": "triggered"}, "/data/metric_alert"),
        ("sentry", {"action": "triggered", "data": {"event": {"title": "x"}}}, "nothing at /data/event/issue_id"),
        ("uptime-kuma", {}, "nothing at /msg"),
        ("uptime-kuma", {"msg": "x", "heartbeat": {}, "monitor": {}}, "nothing at /heartbeat/status"),
    ],
)
def test_a_body_that_lacks_something_says_what(kind: Any, payload: Any, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        READERS[kind](payload, NOW)


@pytest.mark.parametrize("text", [b"", b"[]", b"nonsense", b'{"a":NaN}', b'{"a":' * 5000, b"[" * 100_000])
def test_a_body_that_is_no_object_or_too_deep_is_unreadable(text: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(text)


def test_an_alert_is_not_lost_for_a_character_that_can_not_be_kept() -> None:
    assert parsed(rb'{"name": "Disk\u0000Full", "text": "\\u0000"}') == {"name": "DiskFull", "text": r"\u0000"}
    [alert], wrongs = alertmanager.decode(rb'[{"labels": {"alertname": "Disk\u0000Full", "host": "\u0000"}}]')
    assert (alert.name, alert.labels, wrongs) == ("DiskFull", {"alertname": "DiskFull"}, [])
    assert alertmanager.decode(rb'[{"labels": {"alertname": "\u0000"}}]') == ([], ["at least one label pair required"])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.data())
def test_bodies_of_any_kind_are_read_or_unreadable(data: st.DataObject) -> None:
    kind: Any = data.draw(st.sampled_from([*READERS, "generic", "cloudwatch"]))
    names = {"grafana": "grafana", "datadog": "datadog", "sentry": "sentry-event", "uptime-kuma": "uptime-kuma"}
    payload = body(names.get(kind, "cloudwatch"))
    # Somewhere in a true body stands something else.
    places = [(payload, key) for key in payload]
    for value in payload.values():
        inner = value if isinstance(value, dict) else value[0] if isinstance(value, list) and value else None
        if isinstance(inner, dict):
            places += [(inner, name) for name in inner]
            places += [(each, name) for each in inner.values() if isinstance(each, dict) for name in each]
    place, key = data.draw(st.sampled_from(places))
    place[key] = data.draw(ANYTHING)
    with contextlib.suppress(Unreadable):
        if kind == "generic":
            generic.read(payload, NOW, generic.Mapping(items="", name="{/AlarmName}"))
        elif kind == "cloudwatch":
            cloudwatch.read(json.dumps(payload), NOW)
        else:
            READERS[kind](payload, NOW)


@given(ANYTHING, st.text(alphabet="/~01a", max_size=8).map(lambda text: "/" + text))
def test_a_pointer_into_anything_finds_something_or_nothing(document: Any, pointer: str) -> None:
    pointed(document, pointer)


def test_words_of_other_systems_have_their_place_on_our_scale() -> None:
    words = ("page", "CRITICAL", "p1", "warning", "", "purple", "info", "None", "p5")
    levels = ["critical"] * 3 + ["warning"] * 3 + ["info"] * 3
    assert [severity_of(word) for word in words] == levels


def test_the_query_behind_a_link_is_found() -> None:
    assert expression("http://p.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1") == "up == 0"
    assert expression("http://vm.example/vmui/#/?g0.expr=up") == ""
    assert expression("http://vm.example/select/0/vmui/?expr=up&x=1") == "up"
    assert expression(None) == ""
