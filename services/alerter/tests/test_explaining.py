"""Why somebody was told, or was not, from what a real database kept of the decisions."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import monitors_alerter
from monitors_alerter.changes import Changes
from monitors_alerter.explaining import Explaining
from monitors_alerter.handlers import Handlers
from monitors_alerter.routes import Routes
from monitors_alerter.settings import AlerterSettings
from monitors_alerter.silencing import Silencing
from monitors_contracts.alerts import AlertTriggered, ListAlerts
from monitors_contracts.base import Id, new_id
from monitors_contracts.decisions import DECISIONS, AlertDecisions, ExplainAlert
from monitors_contracts.monitors import ThresholdCleared, ThresholdExceeded
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_contracts.silences import CreateSilence, SilenceSpec
from monitors_runtime.errors import ProblemError


class World:
    """An alerter with one organization."""

    def __init__(self, house: Any) -> None:
        self.house, self.service = house, house.service("alerter")
        changes = Changes(self.service)
        self.handlers, self.routes = Handlers(self.service, changes), Routes(self.service)
        self.silencing, self.explaining = Silencing(self.service, AlerterSettings()), Explaining(self.service)
        self.organization, self.rule = new_id(), new_id()

    async def channel(self, name: str) -> Id:
        info = ChannelInfo(id=new_id(), kind="webhook", name=name, is_active=True)
        event = ChannelChanged(organization_id=self.organization, channel_id=info.id, channel=info)
        await self.house.deliver_all(self.service, self.routes.channels_changed, event)
        return info.id

    async def cross(self, kind: Any = ThresholdExceeded) -> list[Any]:
        crossing = kind(
            organization_id=self.organization,
            monitor_id=self.rule,
            rule_id=self.rule,
            monitor_name="Disk",
            fingerprint="db-1",
            kind="state",
            summary="db-1 is full",
            condition="used > 90",
            value=95.0,
            labels={"host": "db-1"},
            occurred_at=datetime.now(UTC),
        )
        return await self.house.deliver_all(self.service, self.handlers.thresholds_crossed, crossing)

    async def explain(self) -> AlertDecisions:
        [alert] = (await self.handlers.list_alerts(ListAlerts(organization_id=self.organization))).alerts
        return await self.explaining.explain(ExplainAlert(organization_id=self.organization, alert_id=alert.id))


@pytest.fixture
def world(house: Any) -> World:
    return World(house)


async def test_explain_when_a_channel_was_told_then_says_which_and_by_which_route(world: World) -> None:
    chat = await world.channel("Chat")
    await world.cross()
    await world.cross(ThresholdCleared)
    found = await world.explain()
    assert [(each.word, each.channel_id, each.channel, each.route) for each in found.decisions] == [
        ("told", chat, "Chat", "root"),
        ("told-over", chat, "Chat", "root"),
    ]
    assert [(step.kind, step.reason, step.value) for step in found.steps] == [
        ("opened", "condition-became-true", 95.0),
        ("resolved", "condition-cleared", None),
    ]
    assert (found.decided, found.places, found.held_by) == (2, [], [])
    assert [each.channels for each in found.destinations] == [[chat]]
    assert found.labels["alertname"] == "Disk"


async def test_explain_when_it_was_silenced_then_names_the_silence_and_its_end(world: World) -> None:
    await world.channel("Chat")
    until = datetime.now(UTC) + timedelta(hours=1)
    spec = SilenceSpec.model_validate({"matchers": 'host="db-1"', "endsAt": until, "comment": "moving"})
    silence = await world.silencing.create_silence(
        CreateSilence(organization_id=world.organization, user_id=new_id(), silence_id=new_id(), spec=spec)
    )
    await world.cross()
    found = await world.explain()
    [decision] = found.decisions
    assert (decision.word, decision.held_by, decision.until) == ("silenced", silence.id, until)
    assert "moving" in decision.held_words
    [held] = found.held_by
    assert (held.kind, held.id) == ("silenced", silence.id)
    [place] = found.places
    assert (place.word, place.due_at) == ("silenced", until)


async def test_explain_when_there_is_no_channel_then_says_so(world: World) -> None:
    await world.cross()
    [decision] = (await world.explain()).decisions
    assert (decision.word, decision.channel_id) == ("no-channel", None)


async def test_explain_when_the_alert_is_another_organizations_then_there_is_none(world: World) -> None:
    [alert] = [event.alert for event in await world.cross() if isinstance(event, AlertTriggered)]
    with pytest.raises(ProblemError) as refused:
        await world.explaining.explain(ExplainAlert(organization_id=new_id(), alert_id=alert.id))
    assert refused.value.problem.type == "alert-not-found"


def test_every_word_that_is_decided_by_has_a_sentence() -> None:
    code = (Path(monitors_alerter.__file__).parent / "domain" / "telling.py").read_text("utf-8")
    words = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', code))
    kinds = {"silenced", "maintenance", "inhibited", "limited", "told"}
    reasons = {"alerts-changed", "silence-ended"}
    assert words - set(DECISIONS) - reasons == set()
    assert kinds <= set(DECISIONS)
    assert all(sentence.endswith(".") for sentence in DECISIONS.values())
