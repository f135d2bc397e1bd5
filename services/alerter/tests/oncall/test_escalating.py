"""From an alert to whoever is on call, and on to the next person, in a real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter.changes import Changes
from monitors_alerter.handlers import Handlers
from monitors_alerter.oncall.handlers import OnCallHandlers
from monitors_alerter.routes import Routes
from monitors_contracts.alerts import AcknowledgeAlerts, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.decisions import DECISIONS
from monitors_contracts.monitors import ThresholdExceeded
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.notifications import ChannelChanged, ChannelInfo
from monitors_contracts.oncall import ContactSpec, SaveContact, SaveSchedule, ScheduleSpec
from monitors_contracts.policies import DeletePolicy, PolicySpec, SavePolicy
from monitors_contracts.routing import Route, SaveRouting
from monitors_runtime.errors import ProblemError


class Night:
    """An organization whose alerts go to a policy: to who is on call, and after ten minutes to a second person."""

    def __init__(self, house: Any) -> None:
        self.house, self.service = house, house.service("alerter")
        self.changes = Changes(self.service)
        self.handlers, self.routes = Handlers(self.service, self.changes), Routes(self.service)
        self.desk = OnCallHandlers(self.service)
        self.organization = new_id()
        self.phone, self.pager = new_id(), new_id()
        self.first = self.second = self.schedule = self.policy = new_id()

    async def begin(self) -> None:
        for channel in (self.phone, self.pager):
            await self.switch(channel, is_active=True)
        self.first, self.second = await self.contact("First", self.phone), await self.contact("Second", self.pager)
        self.schedule = new_id()
        await self.turns("2026-01-05")
        steps = [
            {"targets": [{"kind": "schedule", "id": self.schedule}]},
            {"after": "10m", "targets": [{"kind": "contact", "id": self.second}]},
        ]
        spec = PolicySpec.model_validate({"name": "Urgent", "steps": steps})
        self.policy = (await self.desk.save_policy(self.of(SavePolicy, policy_id=new_id(), spec=spec, is_new=True))).id
        root = Route(name="root", channels=[], policy_id=self.policy)
        await self.routes.save(self.of(SaveRouting, user_id=new_id(), root=root))

    async def contact(self, name: str, channel: Id) -> Id:
        spec = ContactSpec(name=name, channels=[channel])
        return (await self.desk.save_contact(self.of(SaveContact, contact_id=new_id(), spec=spec, is_new=True))).id

    async def turns(self, start: str) -> None:
        """The first person's turns begin on this day."""
        layer = {"participants": [self.first], "rotation": "daily", "start": start}
        spec = ScheduleSpec.model_validate({"name": "Platform", "layers": [layer]})
        is_new = start == "2026-01-05"
        await self.desk.save_schedule(self.of(SaveSchedule, schedule_id=self.schedule, spec=spec, is_new=is_new))

    async def switch(self, channel: Id, *, is_active: bool, version: int = 1) -> None:
        info = ChannelInfo(id=channel, kind="webhook", name="Chat", is_active=is_active, version=version)
        event = ChannelChanged(organization_id=self.organization, channel_id=channel, channel=info)
        await self.house.deliver_all(self.service, self.routes.channels_changed, event)

    async def fire(self, series: str = "db-1") -> AlertView:
        crossing = ThresholdExceeded(
            organization_id=self.organization,
            monitor_id=new_id(),
            rule_id=new_id(),
            monitor_name="Disk",
            fingerprint=series,
            kind="state",
            summary=f"{series} is full",
            condition="used > 90",
            labels={"host": series},
            occurred_at=datetime.now(UTC),
        )
        events = await self.house.deliver_all(self.service, self.handlers.thresholds_crossed, crossing)
        return next(event.alert for event in events if not isinstance(event, NoticeIssued))

    async def after(self, **span: float) -> list[tuple[Id, str, int | None, str | None]]:
        """What is told when so much time has passed: channel, reason, step and person."""
        for column in ("opened_at", "told_at", "due_at", "again_at", "next_due"):
            query = f"UPDATE alerter.groups SET {column} = {column} - $2::interval WHERE organization_id = $1"
            await self.house.pool.execute(query, self.organization, timedelta(**span))
        before = len(await self.notices())
        while await self.changes.flushing.flush():
            pass
        found = (await self.notices())[before:]
        return [(each.channel_id, each.reason, each.step, each.person) for each in found]

    async def notices(self) -> list[Notice]:
        envelopes = await self.house.published(NoticeIssued)
        return [each.event.notice for each in envelopes if each.event.organization_id == self.organization]

    async def reasons(self) -> list[str]:
        rows = await self.house.pool.fetch(
            "SELECT word FROM alerter.decisions WHERE organization_id = $1 AND word LIKE 'passed-%' ORDER BY position",
            self.organization,
        )
        assert all(row["word"] in DECISIONS for row in rows)
        return [row["word"] for row in rows]

    def of(self, kind: Any, **parts: Any) -> Any:
        return kind(organization_id=self.organization, **parts)


@pytest.fixture
async def night(house: Any) -> Night:
    made = Night(house)
    await made.begin()
    return made


async def test_who_is_on_call_is_told_at_once_and_the_next_person_while_nobody_takes_it(night: Night):
    await night.fire()
    assert await night.after(seconds=0) == [(night.phone, "escalated", 1, "First")]
    assert await night.after(minutes=9) == []
    assert await night.after(minutes=1) == [(night.pager, "escalated", 2, "Second")]
    assert await night.after(hours=1) == [], "the last step was told"
    assert await night.reasons() == []


async def test_an_alert_that_somebody_took_goes_no_further(night: Night):
    alert = await night.fire()
    assert len(await night.after(seconds=0)) == 1
    await night.handlers.acknowledge_alerts(
        night.of(AcknowledgeAlerts, alert_ids=[alert.id], user_id=new_id()),
    )
    assert await night.after(hours=1) == []


async def test_when_nobody_is_on_call_the_next_person_is_told_at_once_and_the_alert_says_why(night: Night):
    await night.turns("2090-01-01")
    await night.fire()
    assert await night.after(seconds=0) == [(night.pager, "escalated", 2, "Second")]
    assert await night.reasons() == ["passed-nobody-on-call"]


async def test_when_nobody_can_be_reached_it_is_tried_until_somebody_can_and_said_once(night: Night):
    await night.turns("2090-01-01")
    await night.switch(night.pager, is_active=False, version=2)
    await night.fire()
    for _ in range(3):
        assert await night.after(minutes=1) == []
    assert await night.reasons() == ["passed-nobody-on-call", "passed-no-active-channel"]
    await night.turns("2026-01-06")
    assert await night.after(minutes=1) == [(night.phone, "escalated", 1, "First")]


async def test_a_policy_that_a_route_names_can_not_be_deleted(night: Night):
    with pytest.raises(ProblemError, match="route 'root'"):
        await night.desk.delete_policy(night.of(DeletePolicy, policy_id=night.policy))
