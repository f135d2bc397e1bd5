"""Status pages: what an organization tells those who depend on it, without their signing in."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from .alerts import Severity
from .base import Done, Event, Id, Model, Request, TenantRequest
from .maintenance import TimeZone
from .matchers import Selection

MOST_COMPONENTS = 50
HISTORY_DAYS = 90
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$")]
"""Lower case letters, digits and hyphens: `acme`, `acme-eu`."""
PageName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
ComponentName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
PublicNote = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
UpdateTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
UpdateText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Degraded = Literal["degraded", "partial-outage", "major-outage"]
Stage: TypeAlias = Literal["investigating", "identified", "watching", "resolved", "notice"]
"""Where what an update tells of is: its cause is looked for, is known, is mended and watched, is over; `notice` is
anything else that is to be said."""


class ComponentStatus(StrEnum):
    """How a component does, the best first."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL_OUTAGE = "partial-outage"
    MAJOR_OUTAGE = "major-outage"


DEFAULT_IMPACT: dict[Severity, Degraded] = {"warning": "degraded", "critical": "major-outage"}


class Component(Model):
    """A part of what is offered. `key` is what its history is kept under, whatever it is called."""

    key: Slug = Field(description="Its own within the page: `api`")
    name: ComponentName
    description: Description = ""
    group: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = Field(
        default="", description="Components of one group are shown together"
    )
    matchers: Selection | None = Field(
        default=None, description="Firing alerts that degrade it; null when only people say how it does"
    )
    impact: dict[Severity, Degraded] = Field(
        default_factory=lambda: dict(DEFAULT_IMPACT),
        description="What an alert of a severity makes of it; alerts of other severities change nothing",
    )
    windows: list[Id] = Field(
        default_factory=list[Id],
        max_length=20,
        description="Maintenance windows that are shown on the page, by their names, as this component's",
    )


class StatusPageSpec(Model):
    """What a page shows, and to whom."""

    name: PageName
    slug: Slug = Field(description="A public page is at `/status/<slug>`")
    description: Description = ""
    visibility: Literal["public", "private"] = Field(
        default="public", description="A private page is found only by its link, which nobody guesses"
    )
    timezone: TimeZone = Field(default="UTC", description="By whose clocks its days and times are")
    incidents: Literal["matching", "all", "none"] = Field(
        default="matching",
        description="Whose public updates are shown: those of incidents with an alert that a component matches, or of all",
    )
    components: list[Component] = Field(default_factory=list[Component], max_length=MOST_COMPONENTS)

    @field_validator("components")
    @classmethod
    def _keys_differ(cls, components: list[Component]) -> list[Component]:
        keys = [each.key for each in components]
        if twice := sorted({each for each in keys if keys.count(each) > 1}):
            raise ValueError(f"two components have the key {twice[0]!r}")
        return components

    def component(self, key: str) -> Component | None:
        """The component of this key."""
        return next((each for each in self.components if each.key == key), None)


class Override(Model):
    """What somebody says of a component, whatever alerts say."""

    status: ComponentStatus
    note: PublicNote = Field(default="", description="Shown on the page")


class Standing(Model):
    """How a component does now."""

    key: Slug
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    since: AwareDatetime
    known_since: AwareDatetime = Field(description="When the component was added: nothing is known of the time before")
    override: Override | None = None


class StatusPage(Model):
    """A page as it was made, and how its components do."""

    id: Id
    organization_id: Id
    spec: StatusPageSpec
    standings: list[Standing] = Field(default_factory=list[Standing], max_length=MOST_COMPONENTS)
    link: int = Field(default=1, description="Counts the links of a private page: only the last one is good")
    created_by: Id
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = 1

    def standing(self, key: str) -> Standing | None:
        """How the component of this key does."""
        return next((each for each in self.standings if each.key == key), None)


class ComponentChange(Model):
    """A component does better or worse than before."""

    key: Slug
    name: str
    previous: ComponentStatus
    status: ComponentStatus
    at: AwareDatetime
    cause: Literal["alerts", "maintenance", "by-hand"]


class StatusUpdate(Model):
    """Something that was said on a page. Those of one thread tell of the same thing."""

    id: Id
    thread_id: Id = Field(description="That of its first update, or of the incident that it was said of")
    title: UpdateTitle
    text: UpdateText
    stage: Stage = "notice"
    components: list[Slug] = Field(default_factory=list[Slug], max_length=MOST_COMPONENTS)
    incident_id: Id | None = None
    posted_at: AwareDatetime
    posted_by: Id | None = Field(default=None, description="Null for what an incident's end said")


class StatusPageChanged(Event):
    """A page was made or changed, or somebody said how a component does; this is all of it."""

    aggregate, action, stream, entity_field = "status-page", "changed", "ALERTS", "page_id"
    page_id: Id
    page: StatusPage


class ComponentStatusChanged(Event):
    """A component does better or worse: `change` says how, `page` is all of it after that."""

    aggregate, action, stream, entity_field = "status-page", "component-changed", "ALERTS", "page_id"
    page_id: Id
    page: StatusPage
    change: ComponentChange


class StatusPageDeleted(Event):
    """A page is gone, with its history, updates and subscribers."""

    aggregate, action, stream, entity_field = "status-page", "deleted", "ALERTS", "page_id"
    page_id: Id


class StatusUpdatePosted(Event):
    """Something was said on a page; its subscribers are told, and where the page is now."""

    aggregate, action, stream, entity_field = "status-page", "update-posted", "ALERTS", "page_id"
    page_id: Id
    page_name: PageName
    component_names: list[ComponentName] = Field(default_factory=list[ComponentName], max_length=MOST_COMPONENTS)
    slug: Slug | None = Field(default=None, description="A public page's; a private one is at its link alone")
    link: int | None = Field(default=None, description="The number of the link that is good; null where nobody said it")
    update: StatusUpdate


class StatusUpdateRemoved(Event):
    """An update was taken from its page; who was told of it stays told."""

    aggregate, action, stream, entity_field = "status-page", "update-removed", "ALERTS", "page_id"
    page_id: Id
    update_id: Id


class DayBar(Model):
    """A component's day, by the page's clocks: the worst that it was, and how long of it nothing was out."""

    day: date
    status: ComponentStatus | None = Field(default=None, description="Null before it was known")
    uptime: float | None = Field(
        default=None, description="Share of the day without a partial or major outage, from 0 to 1; maintenance is none"
    )


class ShownComponent(Model):
    """A component as the page shows it."""

    key: Slug
    name: str
    description: str = ""
    group: str = ""
    status: ComponentStatus
    since: AwareDatetime
    note: str = ""
    uptime: float | None = Field(default=None, description="Of all days that are shown")
    history: list[DayBar] = Field(description="Oldest first; the last one is today")


class ShownUpdate(Model):
    """An update as the page shows it: nothing of who posted it."""

    id: Id
    text: str
    stage: Stage
    at: AwareDatetime


class Thread(Model):
    """Updates of one thing, newest first."""

    id: Id
    title: str
    stage: Stage = Field(description="The newest update's")
    components: list[str] = Field(description="Names of those that are concerned")
    started_at: AwareDatetime
    updates: list[ShownUpdate]


class ShownMaintenance(Model):
    """Planned work: what it is called, on what, and when."""

    name: str
    components: list[str]
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class PublicStatus(Model):
    """All that a page publishes."""

    name: str
    description: str = ""
    timezone: str
    status: ComponentStatus = Field(description="The worst of its components")
    components: list[ShownComponent]
    threads: list[Thread] = Field(description="Of the last 30 days, newest first; those that go on before")
    maintenance: list[ShownMaintenance] = Field(description="What goes on, and the next 30 days', soonest first")


class PublishedPage(Model):
    """A page with whose it is, for who serves it."""

    organization_id: Id
    page_id: Id
    slug: Slug
    visibility: Literal["public", "private"]
    status: PublicStatus


class StatusPageView(StatusPage):
    """A page as its organization sees it."""

    status: ComponentStatus


class StatusPageList(Model):
    """An organization's pages, by name."""

    pages: list[StatusPageView]


class CreateStatusPage(TenantRequest[StatusPageView]):
    """Make a page; the id makes asking twice harmless.

    Problems: `slug-taken`, `status-page-limit`, `window-not-found` (a component names one that is not there).
    """

    service = "alerter"
    page_id: Id
    user_id: Id
    spec: StatusPageSpec


class UpdateStatusPage(TenantRequest[StatusPageView]):
    """Make a page what the spec says; components keep their history by their keys.

    Problems: `status-page-not-found`, `slug-taken`, `window-not-found`.
    """

    service = "alerter"
    page_id: Id
    user_id: Id
    spec: StatusPageSpec


class DeleteStatusPage(TenantRequest[Done]):
    """Take a page away. Problem: `status-page-not-found`."""

    service = "alerter"
    page_id: Id


class RenewStatusLink(TenantRequest[StatusPageView]):
    """Make a new link of a private page; the one before opens nothing any more. Problem: `status-page-not-found`."""

    service = "alerter"
    page_id: Id
    user_id: Id


class GetStatusPage(TenantRequest[StatusPageView]):
    """One page. Problem: `status-page-not-found`."""

    service = "alerter"
    page_id: Id


class ListStatusPages(TenantRequest[StatusPageList]):
    """All pages."""

    service = "alerter"


class OverrideComponent(TenantRequest[StatusPageView]):
    """Say how a component does, or with null that alerts say it again.

    Problems: `status-page-not-found`, `component-not-found`.
    """

    service = "alerter"
    page_id: Id
    user_id: Id
    key: Slug
    override: Override | None = None


class PostStatusUpdate(TenantRequest[StatusUpdate]):
    """Say something on a page; the id makes asking twice harmless. `threadId` continues what was said before.

    Problems: `status-page-not-found`, `component-not-found`, `thread-not-found`.
    """

    service = "alerter"
    page_id: Id
    user_id: Id
    update_id: Id
    text: UpdateText
    title: UpdateTitle | None = Field(default=None, description="Needed where no thread is continued")
    stage: Stage = "notice"
    components: list[Slug] = Field(default_factory=list[Slug], max_length=MOST_COMPONENTS)
    thread_id: Id | None = None

    @model_validator(mode="after")
    def _has_a_title(self) -> Self:
        if self.title is None and self.thread_id is None:
            raise ValueError("an update has a `title`, or continues a thread by `threadId`")
        return self


class RemoveStatusUpdate(TenantRequest[Done]):
    """Take an update from its page. Problems: `status-page-not-found`, `update-not-found`."""

    service = "alerter"
    page_id: Id
    update_id: Id


class StatusUpdateList(Model):
    """What was said on a page, newest first."""

    updates: list[StatusUpdate]
    next_cursor: str | None = None


class ListStatusUpdates(TenantRequest[StatusUpdateList]):
    """What was said on a page. Problems: `status-page-not-found`, `invalid-cursor`."""

    service = "alerter"
    page_id: Id
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = None


class PreviewStatusPage(TenantRequest[PublicStatus]):
    """What a page of this spec would show now; with `pageId` with the history of that page. Saves nothing.

    Problem: `status-page-not-found`, `window-not-found`.
    """

    service = "alerter"
    spec: StatusPageSpec
    page_id: Id | None = None


class GetPublicPage(Request[PublishedPage]):
    """What a public page publishes, for anybody. Problem: `status-page-not-found`, for private ones too."""

    service = "alerter"
    slug: Slug


class GetLinkedPage(TenantRequest[PublishedPage]):
    """What the page of a link publishes. Problem: `status-page-not-found`, for links that were renewed since, too."""

    service = "alerter"
    page_id: Id
    link: int
