"""Alertmanager's API v2, as its clients use it."""

import base64
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_contracts.matchers import Matcher
from monitors_contracts.routing import Route
from monitors_gateway.domain.alertmanager_config import written
from monitors_gateway.incoming.alertmanager import decode
from monitors_gateway.incoming.reading import Unreadable

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

GENERATOR = "http://prometheus.example:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"


def sent(host: str = "db-1", **more: Any) -> dict[str, Any]:
    """An alert as Prometheus sends it."""
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "labels": {"alertname": "HostDown", "host": host, "severity": "page", "empty": ""},
        "annotations": {"summary": f"{host} does not answer", "runbook_url": "https://runbooks.example/host"},
        "startsAt": (now - timedelta(minutes=2)).isoformat(),
        "endsAt": (now + timedelta(minutes=4)).isoformat(),
        "generatorURL": GENERATOR,
    }
    return fields | more


async def channel(browser: Any) -> str:
    reply = await browser.post("/api/channels", json={"kind": "local", "name": "Duty phone"})
    assert reply.status_code == 201, reply.text
    return reply.json()["channel"]["name"]


async def test_alerts_when_posted_then_reach_the_alerter_as_they_are(robin: Any, services: Any) -> None:
    reply = await robin.post("/api/v2/alerts", json=[sent(), sent("db-2", endsAt="0001-01-01T00:00:00.000Z")])
    assert (reply.status_code, reply.content) == (200, b"")
    command = services.receiving.received[-1]
    assert (command.organization_id, command.origin, command.resolve_after) == (
        robin.organization_id,
        "prometheus",
        300,
    )
    first, second = command.alerts
    assert first.labels == {"alertname": "HostDown", "host": "db-1", "severity": "page"}
    assert (first.name, first.summary, first.severity) == ("HostDown", "db-1 does not answer", "critical")
    assert (first.condition, first.generator_url) == ("up == 0", GENERATOR)
    assert first.runbook_url == "https://runbooks.example/host"
    assert second.ends_at is None


@pytest.mark.parametrize(
    ("annotations", "summary", "is_summarized"),
    [
        ({"summary": " ", "description": "No answer"}, "No answer", False),
        ({"runbook_url": "https://runbooks.example/host"}, "HostDown: host=db-1", True),
    ],
)
async def test_alerts_when_nothing_is_said_of_them_then_that_is_known(
    robin: Any, services: Any, annotations: dict[str, str], summary: str, is_summarized: bool
) -> None:
    labels = {"alertname": "HostDown", "host": "db-1", "severity": "page"}
    assert (await robin.post("/api/v2/alerts", json=[sent(labels=labels, annotations=annotations)])).status_code == 200
    [alert] = services.receiving.received[-1].alerts
    assert (alert.summary, alert.is_summarized) == (summary, is_summarized)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{}", "valid array"),
        (b"[{}]", "0.labels"),
        (b"nonsense", "JSON"),
        (b'[{"labels":{"a":1}}]', "0.labels.a"),
        (b'[{"labels":{"a":"b"},"startsAt":"yesterday"}]', "0.startsAt"),
    ],
)
async def test_alerts_when_they_are_none_then_a_text_says_so(robin: Any, body: bytes, says: str) -> None:
    reply = await robin.post("/api/v2/alerts", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert says in reply.json()


async def test_alerts_when_some_can_not_be_taken_then_the_others_are(robin: Any, services: Any) -> None:
    backwards = sent("db-3", startsAt="2026-11-21T10:00:00Z", endsAt="2026-11-21T09:00:00Z")
    reply = await robin.post("/api/v2/alerts", json=[sent("db-4"), {"labels": {"a": ""}}, backwards])
    assert reply.status_code == 400
    assert reply.json() == "at least one label pair required; start time must be before end time"
    assert [each.labels["host"] for each in services.receiving.received[-1].alerts] == ["db-4"]


async def test_alerts_when_their_times_are_far_off_then_are_taken_with_times_that_can_be_kept(
    robin: Any, services: Any
) -> None:
    times = {"startsAt": "0001-01-01T00:00:00+14:00", "endsAt": "9999-12-31T23:59:59.999999999-14:00"}
    assert (await robin.post("/api/v2/alerts", json=[sent(**times)])).status_code == 200
    [alert] = services.receiving.received[-1].alerts
    assert (alert.starts_at, alert.ends_at.year) == (None, 2200)


async def test_alerts_when_they_are_many_then_go_in_pieces_that_fit(robin: Any, services: Any) -> None:
    begin = len(services.receiving.received)
    many = [sent(f"db-{number}", annotations={"description": "x" * 5000}) for number in range(200)]
    assert (await robin.post("/api/v2/alerts", json=many)).status_code == 200
    pieces = services.receiving.received[begin:]
    assert len(pieces) > 2
    assert [each.labels["host"] for piece in pieces for each in piece.alerts] == [f"db-{n}" for n in range(200)]
    assert all(len(piece.model_dump_json()) < 500_000 for piece in pieces)


async def test_alerts_when_they_can_not_be_kept_then_the_sender_is_told_to_come_again(
    robin: Any, services: Any
) -> None:
    services.receiving.refuses_alerts = True
    try:
        reply = await robin.post("/api/v2/alerts", json=[sent()])
    finally:
        services.receiving.refuses_alerts = False
    assert (reply.status_code, reply.json()) == (503, "The database is away.")


async def test_sign_in_when_by_a_token_then_its_scope_says_what_it_may(robin: Any, visitor: Any) -> None:
    made = await robin.post("/api/tokens", json={"name": "prometheus", "scopes": ["alerts:write"]})
    token = made.json()["token"]
    basic = {"Authorization": "Basic " + base64.b64encode(f"anybody:{token}".encode()).decode()}
    for headers in ({"Authorization": f"Bearer {token}"}, basic):
        assert (await visitor.post("/api/v2/alerts", json=[sent()], headers=headers)).status_code == 200
        refused = await visitor.get("/api/v2/alerts", headers=headers)
        assert refused.status_code == 403
        assert "scope" in refused.json(), "a text, as all errors here"
    person = {"Authorization": "Basic " + base64.b64encode(b":" + robin.headers["Authorization"][7:].encode()).decode()}
    assert (await visitor.get("/api/v2/receivers", headers=person)).status_code == 200
    for wrong in ("Basic !!!", "Basic " + base64.b64encode(b"robin:secret").decode()):
        unknown = await visitor.get("/api/v2/alerts", headers={"Authorization": wrong})
        assert (unknown.status_code, type(unknown.json())) == (401, str)
        assert "WWW-Authenticate" in unknown.headers
    assert (await visitor.get("/api/alerts", headers=person)).status_code == 401


async def test_alerts_when_asked_for_then_are_as_alertmanager_shows_them(robin: Any) -> None:
    name = await channel(robin)
    await robin.post("/api/v2/alerts", json=[sent(f"db-{number}") for number in range(3)])
    await robin.post("/api/v2/alerts", json=[sent("web-1", labels={"alertname": "Slow", "host": "web-1"})])
    found = (await robin.get("/api/v2/alerts")).json()
    assert sorted(each["labels"]["host"] for each in found) == ["db-0", "db-1", "db-2", "web-1"]
    assert [each["fingerprint"] for each in found] == sorted(each["fingerprint"] for each in found)
    [slow] = (await robin.get("/api/v2/alerts", params={"filter": 'host=~"web-.*"'})).json()
    assert slow["receivers"] == [{"name": name}]
    assert slow["status"] == {"state": "active", "silencedBy": [], "inhibitedBy": []}
    assert (slow["generatorURL"], slow["labels"]["severity"]) == (GENERATOR, "warning")
    assert len(slow["fingerprint"]) == 16
    [down, *_] = (await robin.get("/api/v2/alerts", params={"filter": ["severity=page", 'host!="db-0"']})).json()
    assert down["status"]["state"] == "suppressed"
    assert len(down["status"]["silencedBy"]) == 1


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ({"active": "false"}, ["db-1"]),
        ({"silenced": "false"}, ["web-1"]),
        ({"receiver": "Duty.*"}, ["db-1", "web-1"]),
        ({"receiver": "Duty"}, []),
        ({"unprocessed": "false", "inhibited": "false"}, ["db-1", "web-1"]),
    ],
)
async def test_alerts_when_narrowed_then_are_those(robin: Any, asked: dict[str, str], hosts: list[str]) -> None:
    await channel(robin)
    web = sent("web-1", labels={"alertname": "Slow", "host": "web-1"})
    await robin.post("/api/v2/alerts", json=[sent(), web])
    found = (await robin.get("/api/v2/alerts", params=asked)).json()
    assert sorted(each["labels"]["host"] for each in found) == hosts


@pytest.mark.parametrize("path", ["/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences"])
async def test_filters_when_they_are_none_then_a_text_says_so(robin: Any, path: str) -> None:
    for asked in ({"filter": "bogus"}, {"filter": 'a=~"("'}):
        reply = await robin.get(path, params=asked)
        assert (reply.status_code, reply.json()[:3]) == (400, "bad")


async def test_groups_when_asked_for_then_alerts_stand_with_their_receiver_and_labels(robin: Any) -> None:
    name = await channel(robin)
    web = sent("web-1", labels={"alertname": "Slow", "host": "web-1"})
    await robin.post("/api/v2/alerts", json=[sent(), sent("db-2"), web])
    groups = (await robin.get("/api/v2/alerts/groups")).json()
    assert [(each["labels"], each["receiver"], len(each["alerts"])) for each in groups] == [
        ({"alertname": "HostDown"}, {"name": name}, 2),
        ({"alertname": "Slow"}, {"name": name}, 1),
    ]


async def test_silences_when_made_changed_and_ended_then_are_as_alertmanager_has_them(robin: Any, alex: Any) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [
            {"name": "severity", "value": "page", "isRegex": False},
            {"name": "host", "value": "db-.*", "isRegex": True, "isEqual": False},
        ],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "robin",
        "comment": "a new disk",
    }
    made = await robin.post("/api/v2/silences", json=body)
    silence = made.json()["silenceID"]
    [shown] = (await robin.get("/api/v2/silences")).json()
    assert shown == (await robin.get(f"/api/v2/silence/{silence}")).json()
    assert (shown["status"], shown["comment"], shown["createdBy"]) == ({"state": "active"}, "a new disk", "robin")
    assert shown["matchers"] == [
        {"name": "severity", "value": "critical", "isRegex": False, "isEqual": True},
        {"name": "host", "value": "db-.*", "isRegex": True, "isEqual": False},
    ]
    changed = await robin.post("/api/v2/silences", json=body | {"id": silence, "comment": "two new disks"})
    assert changed.json() == {"silenceID": silence}
    assert (await robin.get("/api/v2/silences", params={"filter": "severity=page"})).json()[0][
        "comment"
    ] == "two new disks"
    assert (await robin.get("/api/v2/silences", params={"filter": "severity=info"})).json() == []
    assert (await alex.get("/api/v2/silences")).json() == []
    theirs = "4b1f3c62-9c5f-4f0e-8c4f-2b0d8b6f4e21"  # as Alertmanager makes them
    for unknown in (silence, new_id(), "no-id", theirs, "00000000-0000-0000-0000-000000000000"):
        path = f"/api/v2/silence/{unknown}"
        assert (await alex.get(path)).status_code == (await alex.delete(path)).status_code == 404
    assert (await robin.post("/api/v2/silences", json=body | {"id": theirs})).status_code == 404
    assert (await alex.post("/api/v2/silences", json=body | {"id": silence})).status_code == 404
    assert (await robin.delete(f"/api/v2/silence/{silence}")).content == b""
    [shown] = (await robin.get("/api/v2/silences")).json()
    assert shown["status"] == {"state": "expired"}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"matchers": []}, "matchers"),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, "at least one matcher"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "no pattern"),
        ({"endsAt": "2026-01-01T00:00:00Z"}, "ends after it starts"),
        ({"comment": None}, "comment"),
    ],
)
async def test_silences_when_they_make_no_sense_then_a_text_says_why(robin: Any, wrong: Any, says: str) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "robin",
        "comment": "",
    }
    reply = await robin.post("/api/v2/silences", json=body | wrong)
    assert reply.status_code == 400
    assert says in reply.json()


async def test_status_when_asked_for_then_shows_the_routes_as_a_configuration(robin: Any) -> None:
    name = await channel(robin)
    status = (await robin.get("/api/v2/status")).json()
    assert status["cluster"] == {"status": "disabled", "peers": []}
    assert status["versionInfo"]["version"] == "0.25.0"
    configuration = yaml.safe_load(status["config"]["original"])
    assert configuration["route"]["receiver"] == "all channels"
    assert configuration["route"]["routes"] == [
        {"receiver": name, "matchers": ['severity=~"critical"'], "group_wait": "30000ms"}
    ]
    assert configuration["receivers"] == [{"name": "all channels"}, {"name": name}]
    assert (await robin.get("/api/v2/receivers")).json() == [{"name": name}]


async def test_a_tree_when_written_then_routes_have_the_receivers_of_theirs_or_of_those_above() -> None:
    first, second = new_id(), new_id()
    goes_on = {"continue": True, "repeatInterval": 3600}
    child = Route(name="b", matchers=[Matcher(label="x", op="!=", value='"')], **goes_on)  # pyright: ignore[reportArgumentType]
    root = Route(name="root", channels=[first, second], routes=[child, Route(name="c", policy_id=new_id())])
    configuration = yaml.safe_load(written(root, {first: "Mail", second: "Chat"}))
    assert [each["receiver"] for each in configuration["route"]["routes"]] == ["Mail, Chat", "policy of c"]
    assert configuration["route"]["routes"][0]["matchers"] == ['x!="\\""']
    assert configuration["route"]["routes"][0]["continue"] is True


async def test_another_organizations_alerts_when_asked_for_then_are_not_there(robin: Any, alex: Any) -> None:
    await robin.post("/api/v2/alerts", json=[sent()])
    assert (await alex.get("/api/v2/alerts")).json() == []
    assert (await alex.get("/api/v2/alerts/groups")).json() == []


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
async def test_bodies_of_any_kind_when_read_then_are_alerts_or_unreadable(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert decode(body) == ([], [])
