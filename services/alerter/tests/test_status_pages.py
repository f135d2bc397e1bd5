from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitors_alerter.changes import Changes
from monitors_alerter.maintaining import Maintaining
from monitors_alerter.status_pages import store
from monitors_alerter.status_pages.following import Following
from monitors_alerter.status_pages.handlers import StatusPageHandlers
from monitors_contracts.alerts import AlertResolved, AlertState, AlertTriggered, AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.incidents import Incident, IncidentResolved, IncidentStep, IncidentUpdated, StakeholderUpdate
from monitors_contracts.maintenance import CreateWindow, DeleteWindow, WindowSpec
from monitors_contracts.status_pages import (
    ComponentStatusChanged,
    CreateStatusPage,
    DeleteStatusPage,
    GetLinkedPage,
    GetPublicPage,
    GetStatusPage,
    ListStatusPages,
    ListStatusUpdates,
    OverrideComponent,
    PostStatusUpdate,
    PreviewStatusPage,
    PublicStatus,
    RemoveStatusUpdate,
    RenewStatusLink,
    StatusPageSpec,
    StatusPageView,
    StatusUpdatePosted,
    UpdateStatusPage,
)
from monitors_runtime.errors import ProblemError

API = {"key": "api", "name": "API", "matchers": "service=api"}


class Alerter:
    """The alerter as far as status pages go, for one organization."""

    def __init__(self, house: Any, organization: Id | None = None) -> None:
        self.house = house
        self.service = house.service("alerter")
        self.following = Following(self.service)
        self.handlers = StatusPageHandlers(self.service)
        self.maintaining = Maintaining(self.service)
        self.organization, self.user = organization or new_id(), new_id()

    def ask(self, kind: Any, **parts: Any) -> Any:
        known = {"organization_id": self.organization, "user_id": self.user} | parts
        return kind(**{name: value for name, value in known.items() if name in kind.model_fields})

    async def make(self, *components: dict[str, Any], **parts: Any) -> StatusPageView:
        known = {"name": "Acme", "slug": f"acme-{new_id().hex}", "components": list(components or (API,))} | parts
        spec = StatusPageSpec.model_validate(known)
        return await self.handlers.create_page(self.ask(CreateStatusPage, page_id=new_id(), spec=spec))

    async def get(self, page: StatusPageView) -> StatusPageView:
        return await self.handlers.get_page(self.ask(GetStatusPage, page_id=page.id))

    async def shown(self, page: StatusPageView) -> PublicStatus:
        return (await self.handlers.get_public_page(GetPublicPage(slug=page.spec.slug))).status

    async def post(self, page: StatusPageView, **parts: Any) -> Any:
        known = {"page_id": page.id, "update_id": new_id(), "title": "Slow", "text": "We look into it."} | parts
        return await self.handlers.post_update(self.ask(PostStatusUpdate, **known))

    async def fire(self, severity: str = "critical", **labels: str) -> AlertView:
        alert = AlertView.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "fingerprint": str(new_id()),
                "state": "firing",
                "severity": severity,
                "name": "host-7 is out of memory",
                "summary": "secret",
                "condition": "",
                "labels": labels or {"service": "api"},
                "started_at": datetime.now(UTC),
            }
        )
        return await self.happen(AlertTriggered, alert)

    async def end(self, alert: AlertView) -> None:
        over = {"state": AlertState.RESOLVED, "resolved_at": datetime.now(UTC), "version": alert.version + 1}
        await self.happen(AlertResolved, alert.model_copy(update=over))

    async def happen(self, kind: Any, alert: AlertView) -> AlertView:
        event = kind(organization_id=self.organization, alert_id=alert.id, alert=alert, reason="condition-became-true")
        async with self.service.transaction() as tx:
            await Changes(self.service).save(tx, [event])
        await self.house.deliver_all(self.service, self.following.alerts_changed, event)
        return alert

    async def tell(self, kind: Any, alerts: list[Id], **parts: Any) -> list[Any]:
        now = datetime.now(UTC)
        incident = Incident.model_validate(
            {
                "id": new_id(),
                "organization_id": self.organization,
                "number": 1,
                "title": "host-7 is out of memory",
                "severity": "critical",
                "started_at": now,
                "opened_at": now,
                "alert_ids": alerts,
            }
            | parts
        )
        step = IncidentStep(key="2", kind="resolved" if kind is IncidentResolved else "update-posted", at=now)
        event = kind(organization_id=self.organization, incident_id=incident.id, incident=incident, step=step)
        return await self.house.deliver(self.service, self.following.incident_changed, event)


@pytest.fixture
def alerter(house: Any) -> Alerter:
    return Alerter(house)


async def problem_of(asked: Awaitable[Any]) -> str:
    with pytest.raises(ProblemError) as refused:
        await asked
    return refused.value.problem.type


def said(public: bool = True) -> StakeholderUpdate:
    return StakeholderUpdate(
        id=new_id(), text="We mend it.", is_public=public, posted_at=datetime.now(UTC), posted_by=new_id()
    )


async def test_a_component_follows_the_alerts_that_it_matches(alerter: Alerter) -> None:
    page = await alerter.make(API, {"key": "shop", "name": "Shop", "matchers": "service=shop"})
    assert (await alerter.get(page)).status == "operational"
    warning, critical = await alerter.fire("warning"), await alerter.fire()
    seen = await alerter.get(page)
    assert [each.status for each in seen.standings] == ["major-outage", "operational"]
    assert seen.status == "major-outage"
    await alerter.end(critical)
    assert (await alerter.get(page)).status == "degraded"
    await alerter.end(warning)
    shown = await alerter.shown(page)
    assert (shown.status, shown.components[0].history[-1].status) == ("operational", "major-outage")
    assert "host-7" not in shown.model_dump_json()
    assert "secret" not in shown.model_dump_json()


async def test_a_page_that_is_made_while_alerts_fire_shows_them_and_a_change_that_says_nothing_none(
    alerter: Alerter,
) -> None:
    await alerter.fire()
    page = await alerter.make()
    assert page.status == "major-outage"
    assert len(await alerter.house.published(ComponentStatusChanged)) == 1
    await alerter.fire()
    assert len(await alerter.house.published(ComponentStatusChanged)) == 1


async def test_alerts_of_another_organization_change_nothing(alerter: Alerter, house: Any) -> None:
    page = await alerter.make()
    await Alerter(house).fire()
    assert (await alerter.get(page)).status == "operational"


async def test_a_component_that_is_taken_away_and_comes_again_begins_anew(alerter: Alerter) -> None:
    page = await alerter.make()
    bare = page.spec.model_copy(update={"components": []})
    await alerter.handlers.update_page(alerter.ask(UpdateStatusPage, page_id=page.id, spec=bare))
    again = await alerter.handlers.update_page(alerter.ask(UpdateStatusPage, page_id=page.id, spec=page.spec))
    assert again.standings[0].known_since > page.standings[0].known_since
    renamed = page.spec.model_copy(update={"components": [page.spec.components[0].model_copy(update={"name": "X"})]})
    kept = await alerter.handlers.update_page(alerter.ask(UpdateStatusPage, page_id=page.id, spec=renamed))
    assert kept.standings == again.standings


async def test_what_somebody_says_of_a_component_counts_until_it_is_taken_back(alerter: Alerter) -> None:
    page = await alerter.make()
    await alerter.fire()

    async def override(what: Any, key: str = "api") -> StatusPageView:
        command = alerter.ask(OverrideComponent, page_id=page.id, key=key, override=what)
        return await alerter.handlers.override_component(command)

    assert (await override({"status": "degraded", "note": "Slow only"})).status == "degraded"
    assert (await alerter.shown(page)).components[0].note == "Slow only"
    assert (await override(None)).status == "major-outage"
    assert await problem_of(override(None, "none")) == "component-not-found"
    causes = [each.event.change.cause for each in await alerter.house.published(ComponentStatusChanged)]
    assert causes == ["alerts", "by-hand", "by-hand"]


async def test_maintenance_is_shown_while_its_window_is_open(alerter: Alerter) -> None:
    began = (datetime.now(UTC) - timedelta(minutes=30)).replace(tzinfo=None, microsecond=0)
    spec = WindowSpec.model_validate(
        {"name": "Updates", "matchers": "service=api", "startsAt": began.isoformat(), "duration": "1h"}
    )
    window = await alerter.maintaining.create_window(alerter.ask(CreateWindow, window_id=new_id(), spec=spec))
    page = await alerter.make(API | {"windows": [window.id]})
    assert page.status == "maintenance"
    assert [each.name for each in (await alerter.shown(page)).maintenance] == ["Updates"]
    await alerter.maintaining.delete_window(alerter.ask(DeleteWindow, window_id=window.id))
    await alerter.following.settle(datetime.now(UTC))
    assert (await alerter.get(page)).status == "operational"
    assert await problem_of(alerter.make(API | {"windows": [new_id()]})) == "window-not-found"


async def test_slugs_are_one_page_each_among_public_ones_alone(alerter: Alerter, house: Any) -> None:
    page, other = await alerter.make(), Alerter(house)
    assert await problem_of(other.make(slug=page.spec.slug)) == "slug-taken"
    hidden = await other.make(slug=page.spec.slug, visibility="private")
    public = hidden.spec.model_copy(update={"visibility": "public"})
    change = other.ask(UpdateStatusPage, page_id=hidden.id, spec=public)
    assert await problem_of(other.handlers.update_page(change)) == "slug-taken"
    await alerter.handlers.delete_page(alerter.ask(DeleteStatusPage, page_id=page.id))
    assert (await other.handlers.update_page(change)).spec.visibility == "public"


async def test_a_private_page_is_found_by_its_newest_link_alone(alerter: Alerter) -> None:
    page = await alerter.make(visibility="private")
    assert await problem_of(alerter.shown(page)) == "status-page-not-found"

    def by_link(link: int) -> Any:
        return alerter.handlers.get_linked_page(alerter.ask(GetLinkedPage, page_id=page.id, link=link))

    assert (await by_link(1)).page_id == page.id
    await alerter.handlers.renew_link(alerter.ask(RenewStatusLink, page_id=page.id))
    assert await problem_of(by_link(1)) == "status-page-not-found"
    assert (await by_link(2)).page_id == page.id


async def test_updates_of_one_thing_stand_together_and_one_can_be_taken_back(alerter: Alerter) -> None:
    page = await alerter.make()
    first = await alerter.post(page, stage="investigating", components=["api"])
    again = await alerter.post(page, update_id=first.id)
    assert again == first
    second = await alerter.post(page, title=None, thread_id=first.thread_id, stage="resolved", text="Over.")
    [thread] = (await alerter.shown(page)).threads
    assert (thread.title, thread.stage, thread.components) == ("Slow", "resolved", ["API"])
    assert [each.text for each in thread.updates] == ["Over.", "We look into it."]
    await alerter.handlers.remove_update(alerter.ask(RemoveStatusUpdate, page_id=page.id, update_id=second.id))
    listed = await alerter.handlers.list_updates(alerter.ask(ListStatusUpdates, page_id=page.id))
    assert listed.updates == [first]
    assert await problem_of(alerter.post(page, thread_id=new_id())) == "thread-not-found"
    assert await problem_of(alerter.post(page, components=["none"])) == "component-not-found"
    gone = alerter.ask(RemoveStatusUpdate, page_id=page.id, update_id=second.id)
    assert await problem_of(alerter.handlers.remove_update(gone)) == "update-not-found"


async def test_what_an_incident_says_in_public_stands_where_it_concerns_a_component(alerter: Alerter) -> None:
    page, elsewhere = await alerter.make(), await alerter.make(API | {"matchers": "service=shop"})
    alert = await alerter.fire()
    assert await alerter.tell(IncidentUpdated, [alert.id], updates=[said(public=False)]) == []
    incident = new_id()
    [posted] = await alerter.tell(IncidentUpdated, [alert.id], id=incident, updates=[said()])
    assert isinstance(posted, StatusUpdatePosted)
    assert (posted.slug, posted.link) == (page.spec.slug, 1)
    assert (posted.page_id, posted.update.title, posted.update.text) == (page.id, "API", "We mend it.")
    [over] = await alerter.tell(IncidentResolved, [alert.id], id=incident, status="resolved")
    assert (over.update.stage, over.update.thread_id) == ("resolved", incident)
    assert await alerter.tell(IncidentResolved, [alert.id], id=incident, status="resolved") == []
    assert (await alerter.shown(elsewhere)).threads == []
    assert "host-7" not in (await alerter.shown(page)).model_dump_json()


async def test_a_preview_shows_what_would_be_and_saves_nothing(alerter: Alerter) -> None:
    await alerter.fire()
    spec = StatusPageSpec.model_validate({"name": "Acme", "slug": "acme", "components": [API]})
    shown = await alerter.handlers.preview_page(alerter.ask(PreviewStatusPage, spec=spec))
    assert shown.components[0].status == "major-outage"
    assert (await alerter.handlers.list_pages(alerter.ask(ListStatusPages))).pages == []


async def test_pages_are_their_organizations_alone(alerter: Alerter, house: Any) -> None:
    page, other = await alerter.make(), Alerter(house)
    assert await problem_of(other.get(page)) == "status-page-not-found"
    assert await problem_of(other.post(page)) == "status-page-not-found"
    assert await problem_of(other.handlers.list_updates(other.ask(ListStatusUpdates, page_id=page.id))) == (
        "status-page-not-found"
    )


async def test_what_comes_late_brings_no_page_back(alerter: Alerter, house: Any) -> None:
    page = await alerter.make()
    await alerter.post(page)
    await alerter.fire()
    await alerter.handlers.delete_page(alerter.ask(DeleteStatusPage, page_id=page.id))
    events = [each.event for each in await house.published() if getattr(each.event, "page_id", None) == page.id]
    async with house.pool.acquire() as db:
        for event in events:
            await store.apply(db, event)
        rows = [
            await db.fetchval(f"SELECT count(*) FROM {each} WHERE organization_id = $1", alerter.organization)
            for each in store.TABLES
        ]
    assert rows == [1, 0, 0], "only the mark that it is gone"


async def test_pages_are_found_by_their_indexes(plan: Any, house: Any) -> None:
    mine, page = new_id(), new_id()
    await house.pool.execute(
        "INSERT INTO alerter.status_pages SELECT gen_random_uuid(), gen_random_uuid(), 'page-' || n, true, false, 1, '{}' "
        "FROM generate_series(1, 3000) AS n"
    )
    await house.pool.execute(
        "INSERT INTO alerter.status_updates SELECT gen_random_uuid(), CASE n % 30 WHEN 0 THEN $1::uuid ELSE "
        "gen_random_uuid() END, $2, gen_random_uuid(), now(), '{}' FROM generate_series(1, 3000) AS n",
        mine,
        page,
    )
    assert "status_pages_by_slug" in await plan(store.BY_SLUG, "page-7")
    assert "status_updates_of_page" in await plan(store.UPDATES, mine, page, None, 10)
    await house.pool.execute("TRUNCATE alerter.status_pages, alerter.status_updates")
