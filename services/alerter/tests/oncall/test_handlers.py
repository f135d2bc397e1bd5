import random
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from monitors_alerter.escalating import targets
from monitors_alerter.oncall import store
from monitors_alerter.oncall.handlers import OnCallHandlers
from monitors_alerter.oncall.questions import OnCallQuestions
from monitors_contracts.base import Id, new_id
from monitors_contracts.oncall import (
    AddOverride,
    Contact,
    ContactSpec,
    DeleteContact,
    DeleteSchedule,
    GetOnCall,
    GetSchedule,
    GetShifts,
    LinkCalendar,
    ListContacts,
    ListOverrides,
    ListSchedules,
    Override,
    OverrideSpec,
    RemoveOverride,
    SaveContact,
    SaveSchedule,
    Schedule,
    ScheduleOverridden,
    ScheduleSpec,
)
from monitors_contracts.policies import (
    DeletePolicy,
    ListPolicies,
    Policy,
    PolicyChanged,
    PolicySpec,
    PreviewPolicies,
    SavePolicy,
)
from monitors_contracts.routing import GetChannelUsers
from monitors_runtime.errors import ProblemError

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


class OnCallDesk:
    """On-call settings of one organization with two channels, as its people handle them."""

    def __init__(self, house: Any) -> None:
        self.house = house
        service = house.service("alerter")
        self.handlers, self.questions = OnCallHandlers(service), OnCallQuestions(service)
        self.organization = new_id()
        self.phone, self.mail = new_id(), new_id()
        self.told_by_notifier: list[Id] = []

        async def ask(_: Any, __: float = 10) -> Any:
            return SimpleNamespace(channels=[SimpleNamespace(id=each) for each in self.told_by_notifier])

        house.runtime.ask = ask

    async def channel(self, channel_id: Id, *, is_active: bool = True) -> None:
        await self.house.pool.execute(
            "INSERT INTO alerter.channels (organization_id, id, kind, name, is_active, version) "
            "VALUES ($1, $2, 'email', 'Mail', $3, 1) ON CONFLICT (organization_id, id) DO UPDATE SET is_active = $3",
            self.organization,
            channel_id,
            is_active,
        )

    async def contact(self, name: str, *channels: Id) -> Contact:
        spec = ContactSpec(name=name, channels=list(channels) or [self.phone])
        return await self.handlers.save_contact(self.of(SaveContact, contact_id=new_id(), spec=spec, is_new=True))

    async def schedule(self, name: str, *people: Id, **parts: Any) -> Schedule:
        return await self.handlers.save_schedule(
            self.of(SaveSchedule, schedule_id=new_id(), spec=rotation(name, *people, **parts), is_new=True)
        )

    async def override(self, schedule: Schedule, person: Contact, begins: int = -1, ends: int = 1) -> Override:
        spec = OverrideSpec(contact_id=person.id, starts_at=NOW + begins * HOUR, ends_at=NOW + ends * HOUR)
        return await self.handlers.add_override(
            self.of(AddOverride, schedule_id=schedule.id, override_id=new_id(), spec=spec)
        )

    async def policy(self, name: str, *steps: list[tuple[str, Id]], **parts: Any) -> Policy:
        drawn = [{"after": 300 * at, "targets": [{"kind": k, "id": i} for k, i in s]} for at, s in enumerate(steps)]
        spec = PolicySpec.model_validate({"name": name, "steps": drawn} | parts)
        return await self.handlers.save_policy(self.of(SavePolicy, policy_id=new_id(), spec=spec, is_new=True))

    async def route(self, policy: Policy) -> None:
        document = {"root": {"name": "root", "routes": [{"name": "databases", "policyId": str(policy.id)}]}}
        await self.house.pool.execute("INSERT INTO alerter.routing VALUES ($1, 1, $2)", self.organization, document)

    def of(self, kind: Any, **parts: Any) -> Any:
        return kind(organization_id=self.organization, **parts)

    async def rows(self) -> list[list[tuple[Any, ...]]]:
        return [
            [
                tuple(row)
                for row in await self.house.pool.fetch(
                    f"SELECT * FROM {table} WHERE organization_id = $1 ORDER BY id", self.organization
                )
            ]
            for table in store.TABLES
        ]


def rotation(name: str, *people: Id, **parts: Any) -> ScheduleSpec:
    layer = {"participants": list(people), "start": date(2026, 1, 5), "rotation": "daily"} | parts.pop("layer", {})
    return ScheduleSpec.model_validate({"name": name, "layers": [layer]} | parts)


@pytest.fixture
async def desk(house: Any) -> OnCallDesk:
    made = OnCallDesk(house)
    await made.channel(made.phone)
    await made.channel(made.mail)
    return made


async def refused(asked: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        await asked
    assert caught.value.problem.detail
    return caught.value.problem.type


async def test_people_and_turns_when_saved_then_found_by_name_and_changed_in_place(desk: OnCallDesk):
    second, first = await desk.contact("Second"), await desk.contact("First")
    found = await desk.questions.list_contacts(desk.of(ListContacts))
    assert found.contacts == [first, second]
    spec = ContactSpec(name="First", channels=[desk.mail])
    changed = await desk.handlers.save_contact(desk.of(SaveContact, contact_id=first.id, spec=spec))
    assert (changed.channels, changed.version, changed.created_at) == ([desk.mail], 2, first.created_at)
    same = await desk.handlers.save_contact(desk.of(SaveContact, contact_id=first.id, spec=spec))
    assert same == changed, "what is so already is no change"
    schedule = await desk.schedule("Platform", first.id, second.id, timezone="Europe/Berlin")
    assert await desk.questions.get_schedule(desk.of(GetSchedule, schedule_id=schedule.id)) == schedule
    assert (await desk.questions.list_schedules(desk.of(ListSchedules))).schedules == [schedule]


async def test_creating_when_asked_twice_then_there_is_one(desk: OnCallDesk):
    asked = desk.of(SaveContact, contact_id=new_id(), spec=ContactSpec(name="A", channels=[desk.phone]), is_new=True)
    assert await desk.handlers.save_contact(asked) == await desk.handlers.save_contact(asked)
    assert len((await desk.questions.list_contacts(desk.of(ListContacts))).contacts) == 1


async def test_what_makes_no_sense_is_refused_with_its_word(desk: OnCallDesk):
    person = await desk.contact("Person")
    save, channels = desk.handlers.save_contact, [desk.phone]
    spec = ContactSpec(name="Another", channels=[new_id()])
    assert await refused(save(desk.of(SaveContact, contact_id=new_id(), spec=spec, is_new=True))) == "unknown-channel"
    spec = ContactSpec(name="Person", channels=channels)
    assert await refused(save(desk.of(SaveContact, contact_id=new_id(), spec=spec, is_new=True))) == "name-taken"
    assert await refused(save(desk.of(SaveContact, contact_id=new_id(), spec=spec))) == "contact-not-found"
    assert await refused(desk.schedule("Lost", person.id, timezone="Mars/Olympus")) == "unknown-timezone"
    assert await refused(desk.schedule("Lost", new_id())) == "unknown-contact"
    assert await refused(desk.policy("Lost", [("schedule", new_id())])) == "unknown-schedule"
    assert await refused(desk.policy("Lost", [("contact", new_id())])) == "unknown-contact"
    assert await refused(desk.policy("Lost", [("channel", new_id())])) == "unknown-channel"
    schedule = await desk.schedule("Platform", person.id)
    assert await refused(desk.override(schedule, person, -3, -1)) == "override-is-past"
    stranger = person.model_copy(update={"id": new_id()})
    assert await refused(desk.override(schedule, stranger)) == "unknown-contact"
    span = desk.of(GetShifts, schedule_id=schedule.id, since=NOW, until=NOW + timedelta(days=367))
    assert await refused(desk.questions.get_shifts(span)) == "invalid-span"
    missing = desk.of(RemoveOverride, schedule_id=schedule.id, override_id=new_id())
    assert await refused(desk.handlers.remove_override(missing)) == "override-not-found"
    assert (
        await refused(desk.questions.preview_policies(desk.of(PreviewPolicies, policy_id=new_id())))
        == "policy-not-found"
    )


async def test_a_channel_that_only_the_notifier_knows_as_yet_can_be_named(desk: OnCallDesk):
    just_made = new_id()
    desk.told_by_notifier.append(just_made)
    assert (await desk.contact("Person", just_made)).channels == [just_made]


async def test_what_uses_a_channel_is_named(desk: OnCallDesk):
    await desk.contact("Person", desk.phone, desk.mail)
    await desk.policy("Urgent", [("channel", desk.phone)])
    spare, other = new_id(), new_id()
    routes = [
        {"name": "phone", "channels": [str(desk.mail), str(desk.phone)]},
        {"name": "instead", "matchers": [{"label": "a", "value": "b"}], "fallback": [str(spare)]},
    ]
    document = {"root": {"name": "root", "routes": routes}}
    await desk.house.pool.execute("INSERT INTO alerter.routing VALUES ($1, 1, $2)", desk.organization, document)

    async def users(channel: Id) -> list[str]:
        return (await desk.questions.channel_users(desk.of(GetChannelUsers, channel_id=channel))).users

    assert await users(desk.phone) == ["route 'phone'", "contact 'Person'", "policy 'Urgent'"]
    assert await users(desk.mail) == ["route 'phone'", "contact 'Person'"]
    assert await users(spare) == ["route 'instead'"]
    assert await users(other) == []
    stranger = GetChannelUsers(organization_id=new_id(), channel_id=desk.phone)
    assert (await desk.questions.channel_users(stranger)).users == []


async def test_what_is_in_use_is_not_deleted_and_the_refusal_says_by_what(desk: OnCallDesk):
    person, other = await desk.contact("Person"), await desk.contact("Other")
    schedule = await desk.schedule("Platform", person.id)
    policy = await desk.policy("Urgent", [("schedule", schedule.id)], [("contact", other.id)])
    await desk.route(policy)
    override = await desk.override(schedule, other)

    deletions: list[tuple[Any, str]] = [
        (lambda: desk.handlers.delete_contact(desk.of(DeleteContact, contact_id=person.id)), "schedule 'Platform'"),
        (
            lambda: desk.handlers.delete_contact(desk.of(DeleteContact, contact_id=other.id)),
            "policy 'Urgent', an override",
        ),
        (lambda: desk.handlers.delete_schedule(desk.of(DeleteSchedule, schedule_id=schedule.id)), "policy 'Urgent'"),
        (lambda: desk.handlers.delete_policy(desk.of(DeletePolicy, policy_id=policy.id)), "route 'databases'"),
    ]
    for delete, by in deletions:
        with pytest.raises(ProblemError, match=by) as caught:
            await delete()
        assert caught.value.problem.type.endswith("-in-use")

    await desk.house.pool.execute("DELETE FROM alerter.routing WHERE organization_id = $1", desk.organization)
    for delete, _ in (deletions[3], deletions[2], deletions[1], deletions[0]):
        await delete()
    lost = desk.of(RemoveOverride, schedule_id=schedule.id, override_id=override.id)
    assert await refused(desk.handlers.remove_override(lost)) == "override-not-found", "it went with its schedule"
    assert (await desk.questions.list_policies(desk.of(ListPolicies))).policies == []
    assert (await desk.questions.list_contacts(desk.of(ListContacts))).contacts == []


async def test_who_is_on_call_when_somebody_stands_in_then_they_are_until_it_is_over(desk: OnCallDesk):
    person, other = await desk.contact("Person"), await desk.contact("Other")
    schedule = await desk.schedule("Platform", person.id)
    made = await desk.override(schedule, other)
    [found] = (await desk.questions.get_on_call(desk.of(GetOnCall))).on_call
    assert (found.now.name, found.now.override_id, found.now.ends_at) == ("Other", made.id, made.ends_at)
    assert found.next
    assert (found.next.name, found.next.starts_at) == ("Person", made.ends_at)
    assert (await desk.questions.list_overrides(desk.of(ListOverrides, schedule_id=schedule.id))).overrides == [made]
    await desk.handlers.remove_override(desk.of(RemoveOverride, schedule_id=schedule.id, override_id=made.id))
    [found] = (await desk.questions.get_on_call(desk.of(GetOnCall, schedule_id=schedule.id, at=NOW))).on_call
    assert (found.now.name, found.now.layer) == ("Person", "Rotation")


async def test_a_gap_that_does_not_end_soon_is_said_to_go_on(desk: OnCallDesk):
    far = {"start": (NOW + timedelta(days=90)).date()}
    await desk.schedule("Later", (await desk.contact("Person")).id, layer=far)
    [found] = (await desk.questions.get_on_call(desk.of(GetOnCall, at=NOW))).on_call
    assert (found.now.name, found.ends_in_sight, found.next) == (None, False, None)


async def test_shifts_of_a_span_tile_it_and_name_people_layers_and_gaps(desk: OnCallDesk):
    person = await desk.contact("Person")
    office = {"restrictions": [{"start": "09:00", "end": "17:00"}]}
    schedule = await desk.schedule("Platform", person.id, layer=office)
    since = datetime(2026, 6, 1, tzinfo=UTC)
    asked = desk.of(GetShifts, schedule_id=schedule.id, since=since, until=since + timedelta(days=1))
    shifts = (await desk.questions.get_shifts(asked)).shifts
    assert [(each.starts_at.hour, each.name, each.layer) for each in shifts] == [
        (0, None, None),
        (9, "Person", "Rotation"),
        (17, None, None),
    ]


async def test_a_span_of_very_many_turns_is_refused_before_they_are_counted_out(desk: OnCallDesk):
    person = await desk.contact("Person")
    hourly = {"rotation": "custom", "length": 3600}
    spec = rotation("Busy", person.id, layer=hourly)
    spec = spec.model_copy(update={"layers": spec.layers * 20})
    schedule = await desk.handlers.save_schedule(desk.of(SaveSchedule, schedule_id=new_id(), spec=spec, is_new=True))
    asked = desk.of(GetShifts, schedule_id=schedule.id, since=NOW, until=NOW + timedelta(days=366))
    assert await refused(desk.questions.get_shifts(asked)) == "invalid-span"
    asked = desk.of(GetShifts, schedule_id=schedule.id, since=NOW, until=NOW + timedelta(days=3))
    assert len((await desk.questions.get_shifts(asked)).shifts) in (72, 73)


async def test_the_targets_of_a_step_are_those_of_the_organization_now(desk: OnCallDesk):
    person, other = await desk.contact("Person", desk.phone), await desk.contact("Other", desk.mail)
    schedule = await desk.schedule("Platform", person.id)
    policy = await desk.policy("Urgent", [("schedule", schedule.id)], [("contact", other.id)], repeat=1)

    async def asked(step: int) -> Any:
        async with desk.house.pool.acquire() as db:
            return await targets(db, desk.organization, policy.id, step, NOW)

    done = await asked(0)
    assert [(each.channel_id, each.person) for each in done.told] == [(desk.phone, "Person")]
    assert (done.next_step, done.next_due) == (2, NOW + timedelta(minutes=5))
    await desk.override(schedule, other)
    assert [(each.channel_id, each.person) for each in (await asked(0)).told] == [(desk.mail, "Other")]
    await desk.channel(desk.mail, is_active=False)
    done = await asked(0)
    assert (done.told, [each.word for each in done.passed]) == ((), ["no-active-channel", "no-active-channel"])
    assert done.next_due == NOW + timedelta(minutes=1)
    async with desk.house.pool.acquire() as db:
        gone = await targets(db, new_id(), policy.id, 0, NOW)
    assert (gone.told, gone.next_step) == ((), None), "another organization's policy is none"


async def test_a_preview_of_a_policy_says_whom_each_step_would_tell_and_whom_not(desk: OnCallDesk):
    person = await desk.contact("Person", desk.phone)
    await desk.channel(desk.mail, is_active=False)
    policy = await desk.policy("Urgent", [("contact", person.id)], [("channel", desk.mail)])
    [preview] = (await desk.questions.preview_policies(desk.of(PreviewPolicies))).previews
    assert preview.policy == policy
    assert [(each.after, [one.person for one in each.reached]) for each in preview.steps] == [
        (0, ["Person"]),
        (300, []),
    ]
    assert [each.word for each in preview.steps[1].passed] == ["channel-inactive"]


async def test_a_calendar_link_is_replaced_and_taken_away(desk: OnCallDesk):
    schedule = await desk.schedule("Platform", (await desk.contact("Person")).id)
    link = new_id()
    linked = await desk.handlers.link_calendar(desk.of(LinkCalendar, schedule_id=schedule.id, calendar_id=link))
    assert (linked.calendar_id, linked.version) == (link, 2)
    spec = rotation("Renamed", *schedule.layers[0].participants)
    renamed = await desk.handlers.save_schedule(desk.of(SaveSchedule, schedule_id=schedule.id, spec=spec))
    assert renamed.calendar_id == link, "a change of turns leaves the link as it is"
    assert (await desk.handlers.link_calendar(desk.of(LinkCalendar, schedule_id=schedule.id))).calendar_id is None


async def test_settings_when_rebuilt_from_their_events_in_any_order_then_are_the_same(desk: OnCallDesk):
    person, other = await desk.contact("Person"), await desk.contact("Other")
    schedule, gone = await desk.schedule("Platform", person.id), await desk.schedule("Gone", other.id)
    await desk.override(schedule, other)
    removed = await desk.override(schedule, other, 2, 3)
    await desk.handlers.remove_override(desk.of(RemoveOverride, schedule_id=schedule.id, override_id=removed.id))
    await desk.policy("Urgent", [("schedule", schedule.id)])
    await desk.override(gone, person)
    await desk.handlers.delete_schedule(desk.of(DeleteSchedule, schedule_id=gone.id))
    spec = ContactSpec(name="Person", channels=[desk.mail])
    await desk.handlers.save_contact(desk.of(SaveContact, contact_id=person.id, spec=spec))
    live = await desk.rows()
    events = [each.event for each in await desk.house.published(*store.EVENTS)]
    assert {type(each) for each in events} >= {ScheduleOverridden, PolicyChanged}
    for seed in range(5):
        again = [*events, *events]
        random.Random(seed).shuffle(again)
        async with desk.house.pool.acquire() as db, db.transaction():
            for statement in store.ERASE:
                await db.execute(statement, desk.organization)
            for event in again:
                await store.apply(db, event)
        assert await desk.rows() == live


async def test_what_is_read_often_is_found_by_an_index(desk: OnCallDesk, plan: Any):
    for organization in range(40):
        await desk.house.pool.execute(
            "INSERT INTO alerter.oncall SELECT $1, gen_random_uuid(), 'contact', 1, '{}' FROM generate_series(1, 100)",
            new_id() if organization else desk.organization,
        )
        await desk.house.pool.execute(
            "INSERT INTO alerter.overrides SELECT $1, gen_random_uuid(), gen_random_uuid(), now(), now(), false, '{}' "
            "FROM generate_series(1, 100)",
            new_id() if organization else desk.organization,
        )
    assert "oncall_" in await plan(store.GET, desk.organization, new_id(), "policy")
    assert "Seq Scan" not in await plan(store.ALL, desk.organization, "schedule")
    assert "overrides_of_schedule" in await plan(store.OVERRIDES, desk.organization, [new_id()], NOW, NOW)
