"""Everything of a user, to take away."""

import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_contracts import rules
from monitors_contracts.base import Model, new_id
from monitors_contracts.incidents import Incident, IncidentDetail, IncidentList
from monitors_contracts.inhibition import InhibitionList, InhibitionView
from monitors_contracts.maintenance import WindowList, WindowView
from monitors_contracts.rules import RuleView
from monitors_contracts.silences import SilenceList, SilenceView
from monitors_contracts.status_pages import StatusPageList, StatusPageView, StatusUpdate, StatusUpdateList
from monitors_gateway.archive import Member, zipped
from monitors_runtime.errors import ProblemError, problem

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

EXAMPLES = Path(rules.__file__).parent / "examples"


def example(event: str, field: str) -> dict[str, Any]:
    """What an example of an event carries."""
    return json.loads((EXAMPLES / f"monitors.{event}.v1.json").read_text())[0]["data"][field]


@pytest.fixture(autouse=True)
def alerter(gateway: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the alerter answers to those of its questions that only an export asks, by the question's name."""
    silence = SilenceView.model_validate(example("silence.changed", "silence") | {"state": "active"})
    window = WindowView.model_validate(example("maintenance.changed", "window") | {"isOpen": False, "occurrences": []})
    rule = InhibitionView.model_validate(example("inhibition.changed", "rule"))
    incident = Incident.model_validate(example("incident.opened", "incident"))
    page = StatusPageView.model_validate(example("status-page.changed", "page") | {"status": "operational"})
    update = StatusUpdate.model_validate(example("status-page.update-posted", "update"))
    answers: dict[str, Any] = {
        "ListSilences": SilenceList(silences=[silence], total=1, counts={}),
        "ListWindows": WindowList(windows=[window]),
        "ListInhibitions": InhibitionList(rules=[rule]),
        "ListIncidents": IncidentList(incidents=[incident], total=1, counts={}),
        "GetIncident": IncidentDetail(incident=incident, alerts=[], steps=[], total_steps=0),
        "ListStatusPages": StatusPageList(pages=[page]),
        "ListStatusUpdates": StatusUpdateList(updates=[update]),
    }
    ask = gateway.runtime.ask

    async def answered(request: Any, patience: float = 10) -> Any:
        return answers.get(type(request).__name__) or await ask(request, patience)

    monkeypatch.setattr(gateway.runtime, "ask", answered)
    return answers


class Item(Model):
    number: int
    text: str = "x" * 1000


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


async def exported(browser: Any) -> zipfile.ZipFile:
    reply = await browser.get("/api/export")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/zip")
    assert reply.headers["Content-Disposition"].startswith('attachment; filename="monitors-')
    return zipfile.ZipFile(io.BytesIO(reply.content))


async def test_an_export_holds_all_of_ones_own_and_nothing_else(
    services: Any, robin: Any, alex: Any, alerter: dict[str, Any]
) -> None:
    monitor, foreign = await robin.watch(), await alex.watch()
    await robin.post(f"/api/monitors/{monitor}/refresh")
    await alex.post(f"/api/monitors/{foreign}/refresh")
    alert = services.alerter.add_alert(robin.organization_id)
    services.alerter.add_alert(alex.organization_id)
    rule = RuleView.model_validate(example("rule.created", "rule"))
    services.rules.known += [
        (robin.organization_id, rule),
        (alex.organization_id, rule.model_copy(update={"id": new_id()})),
    ]
    channel = await robin.post("/api/channels", json={"kind": "webhook", "url": "https://hook.example/x"})
    await alex.post("/api/channels", json={"kind": "webhook", "url": "https://hook.example/y"})

    ids = [channel.json()["channel"]["id"]]
    person = (await robin.post("/api/contacts", json={"name": "First", "channels": ids})).json()["contact"]["id"]
    layer = {"participants": [person], "start": "2026-01-05"}
    turns = (await robin.post("/api/schedules", json={"name": "Platform", "layers": [layer]})).json()["schedule"]["id"]
    stands_in = {"contactId": person, "startsAt": "2090-01-01T00:00:00Z", "endsAt": "2090-01-02T00:00:00Z"}
    await robin.post(f"/api/schedules/{turns}/overrides", json=stands_in)
    steps = [{"targets": [{"kind": "contact", "id": person}]}]
    await robin.post("/api/policies", json={"name": "Urgent", "steps": steps})

    for browser, name in ((robin, "Checks"), (alex, "Others")):
        await browser.post("/api/integrations", json={"kind": "generic", "name": name})

    archive = await exported(robin)
    assert archive.testzip() is None
    assert [each["name"] for each in lines(archive, "integrations.ndjson")] == ["Checks"]
    assert [each["name"] for each in lines(archive, "contacts.ndjson")] == ["First"]
    [shown] = lines(archive, "schedules.ndjson")
    assert (shown["schedule"]["id"], len(shown["overrides"])) == (turns, 1)
    assert [each["name"] for each in lines(archive, "policies.ndjson")] == ["Urgent"]
    assert [each["id"] for each in lines(archive, "silences.ndjson")] == [str(alerter["ListSilences"].silences[0].id)]
    assert [each["id"] for each in lines(archive, "maintenance.ndjson")] == [str(alerter["ListWindows"].windows[0].id)]
    assert [each["id"] for each in lines(archive, "inhibitions.ndjson")] == [
        str(alerter["ListInhibitions"].rules[0].id)
    ]
    [incident] = lines(archive, "incidents.ndjson")
    assert incident["incident"]["id"] == str(alerter["GetIncident"].incident.id)
    [page] = lines(archive, "status-pages.ndjson")
    assert (page["page"]["id"], [each["id"] for each in page["updates"]]) == (
        str(alerter["ListStatusPages"].pages[0].id),
        [str(alerter["ListStatusUpdates"].updates[0].id)],
    )
    assert [each["root"]["name"] for each in lines(archive, "routing.ndjson")] == ["root"]
    assert (lines(archive, "targets.ndjson"), lines(archive, "uptime.ndjson")) == ([], [])
    assert json.loads(archive.read("profile.json"))["user"] == robin.user
    assert [each["id"] for each in lines(archive, "monitors.ndjson")] == [monitor]
    assert lines(archive, "monitors.ndjson")[0]["interpretation"]["fact"] == "price"
    assert [each["monitorId"] for each in lines(archive, "evaluations.ndjson")] == [monitor]
    assert [(each["alert"]["id"], len(each["steps"])) for each in lines(archive, "alerts.ndjson")] == [
        (str(alert.id), 1)
    ]
    assert [each["id"] for each in lines(archive, "rules.ndjson")] == [str(rule.id)]
    assert [each["id"] for each in lines(archive, "channels.ndjson")] == [channel.json()["channel"]["id"]]
    assert "whsec" not in archive.read("channels.ndjson").decode()
    assert [each["what"] for each in lines(archive, "audit.ndjson")] == [
        "account.export",
        "integration.create",
        "policy.create",
        "schedule.override",
        "schedule.create",
        "contact.create",
        "channel.create",
        "monitor.create",
        "auth.register",
    ]
    listed = archive.read("README.txt").decode()
    assert all(name in listed for name in archive.namelist() if name != "README.txt")


async def test_when_a_service_is_away_that_is_a_problem_before_the_first_byte(
    robin: Any, monkeypatch: pytest.MonkeyPatch, gateway: SimpleNamespace
) -> None:
    ask = gateway.runtime.ask

    async def away(request: Any, patience: float = 10) -> Any:
        if type(request).__name__ == "ListAlerts":
            raise problem("service-unavailable", "Service unavailable", 503)
        return await ask(request, patience)

    monkeypatch.setattr(gateway.runtime, "ask", away)
    reply = await robin.get("/api/export")
    assert (reply.status_code, reply.json()["type"]) == (503, "service-unavailable")


async def test_when_a_service_is_away_for_a_moment_the_export_waits_for_it(
    robin: Any, monkeypatch: pytest.MonkeyPatch, gateway: SimpleNamespace
) -> None:
    monitor = await robin.watch()
    ask, refused = gateway.runtime.ask, 2

    async def sometimes(request: Any, patience: float = 10) -> Any:
        nonlocal refused
        if type(request).__name__ == "ListEvaluations" and refused:
            refused -= 1
            raise problem("service-unavailable", "Service unavailable", 503)
        return await ask(request, patience)

    monkeypatch.setattr("monitors_gateway.api.export.PAUSES_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(gateway.runtime, "ask", sometimes)
    archive = await exported(robin)
    assert [each["id"] for each in lines(archive, "monitors.ndjson")] == [monitor]
    assert refused == 0


async def items(count: int, fail_at: int | None = None) -> AsyncIterator[Item]:
    for number in range(count):
        if number == fail_at:
            raise problem("service-unavailable", "Service unavailable", 503)
        yield Item(number=number, text=f"{number * 7919 % 104729:x}" * 200)


async def test_an_archive_is_sent_in_pieces_as_it_is_made() -> None:
    pieces = [piece async for piece in zipped([Member("a.txt", "A"), Member("b.ndjson", items(20_000))])]
    assert len(pieces) > 3
    assert max(len(piece) for piece in pieces) < 200_000
    archive = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert archive.testzip() is None
    assert [each["number"] for each in lines(archive, "b.ndjson")] == list(range(20_000))


async def test_an_archive_that_could_not_be_made_whole_is_without_its_end() -> None:
    sent = bytearray()

    async def receive() -> None:
        async for piece in zipped([Member("b.ndjson", items(20_000, fail_at=15_000))]):
            sent.extend(piece)

    with pytest.raises(ProblemError):
        await receive()
    assert len(sent) > 0
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(sent))


async def test_a_program_needs_read_to_export(
    gateway: SimpleNamespace, robin: Any, open_browser: Callable[..., Any]
) -> None:
    for scope, status in (("read", 200), ("write", 403)):
        made = await robin.post("/api/tokens", json={"name": "Backup", "scopes": [scope]})
        async with open_browser(gateway.app) as program:
            program.headers["Authorization"] = f"Bearer {made.json()['token']}"
            assert (await program.get("/api/export")).status_code == status
