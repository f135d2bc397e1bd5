"""Everything of a user, to take away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel
from starlette.responses import StreamingResponse

from monitors_contracts.alerts import AlertTimeline, GetAlertTimeline, ListAlerts
from monitors_contracts.base import Id, Model, Request
from monitors_contracts.collection import ListMonitors
from monitors_contracts.evaluations import ListEvaluations
from monitors_contracts.monitors import Evaluation, MonitorView
from monitors_contracts.notifications import (
    ChannelView,
    ListChannels,
    ListNotifications,
    ListOutbox,
    NotificationView,
    OutboxMessage,
)
from monitors_contracts.oncall import Contact, ListContacts, ListOverrides, ListSchedules, Override, Schedule
from monitors_contracts.policies import ListPolicies, Policy
from monitors_contracts.rules import ListRules, RuleView
from monitors_runtime.errors import ProblemError

from ..archive import Member, zipped
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..store import audit as store
from ..store import integrations
from .audit import AuditEntry, audit_entry, audited
from .auth import UserShape, user_shape
from .integrations import IntegrationShape, shape

router = APIRouter(prefix="/api", tags=["account"])

PAGE = 100
MAIL_PAGE = 20  # mails are large, and a page of them travels as one message
STEPS = 500
# A service that restarts while an archive is sent is waited for.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
R = TypeVar("R", bound=BaseModel)
ABOUT = """\
What Monitors! keeps of {email}, as of {now:%Y-%m-%d %H:%M:%S} UTC.

profile.json          you
monitors.ndjson       monitors, with what each sentence was understood to mean
evaluations.ndjson    every check: what was read, where it stood, what was decided (`monitorId` says whose)
rules.ndjson          rules about measurements
alerts.ndjson         alerts, with what happened to each
channels.ndjson       where messages go, secrets masked
integrations.ndjson   where other systems send their alerts; their addresses are not kept
contacts.ndjson       people who can be on call, and the channels that reach them
schedules.ndjson      whose turn it is, each with its overrides that are not over
policies.ndjson       who is told next while nobody takes an alert
notifications.ndjson  messages, and how far each came
outbox.ndjson         the local channel's messages, whole
audit.ndjson          what you did

Measurements are not in here: GET /api/metrics/query gives them, series by series. Nor are kept pages: GET
/api/snapshots/{{id}}/content gives each that a check names.

.ndjson files hold one JSON document a line; times are RFC 3339. The files are in the order they were written; what
happened meanwhile may be in a later one.
"""


class ScheduleWithOverrides(Model):
    """A schedule, and who stands in from now on."""

    schedule: Schedule
    overrides: list[Override]


class Profile(Model):
    """The user an archive is of."""

    user: UserShape
    exported_at: AwareDatetime


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"description": "A zip archive; `README.txt` in it says what is what", "content": {"application/zip": {}}}
    },
)
async def export(caller: CallerDep, gateway: GatewayDep) -> StreamingResponse:
    """What is kept of you, but for measurements and kept pages, as a zip archive, sent while it is made.

    A service that is away is a problem before the first byte. One that goes away later is waited for; when it stays away
    the connection breaks, and the archive is without its end: ask again.
    """
    asked = Export(gateway, caller)
    await asked.check()
    await audited(gateway, caller, "account.export", caller.user_id)
    now = datetime.now(UTC)
    headers = {"Content-Disposition": f'attachment; filename="monitors-{now:%Y-%m-%d}.zip"'}
    return StreamingResponse(zipped(asked.members(now)), media_type="application/zip", headers=headers)


class Export:
    """What there is of one user, page by page."""

    def __init__(self, gateway: Gateway, caller: Caller) -> None:
        self._gateway = gateway
        self._caller = caller
        self._organization = caller.organization_id

    async def check(self) -> None:
        """Whether every service answers. Raises the problem of one that does not."""
        ask, organization = self._gateway.runtime.ask, self._organization
        await asyncio.gather(
            ask(ListMonitors(organization_id=organization, user_id=self._caller.user_id, limit=1)),
            ask(ListAlerts(organization_id=organization, limit=1)),
            ask(ListChannels(organization_id=organization)),
        )

    def members(self, now: datetime) -> list[Member]:
        """The files of the archive."""
        session = self._caller.session
        profile = Profile(user=user_shape(session), exported_at=now)
        return [
            Member("README.txt", ABOUT.format(email=session.email, now=now)),
            Member("profile.json", profile.model_dump_json(by_alias=True, indent=2) + "\n"),
            Member("monitors.ndjson", self.monitors()),
            Member("evaluations.ndjson", self.evaluations()),
            Member("rules.ndjson", self.rules()),
            Member("alerts.ndjson", self.alerts()),
            Member("channels.ndjson", self.channels()),
            Member("integrations.ndjson", self.integrations()),
            Member("contacts.ndjson", self.contacts()),
            Member("schedules.ndjson", self.schedules()),
            Member("policies.ndjson", self.policies()),
            Member("notifications.ndjson", self.notifications()),
            Member("outbox.ndjson", self.outbox()),
            Member("audit.ndjson", self.audit()),
        ]

    async def monitors(self) -> AsyncIterator[MonitorView]:
        """Monitors, newest first."""
        user = self._caller.user_id
        pages = self._pages(
            lambda cursor: ListMonitors(organization_id=self._organization, user_id=user, limit=PAGE, cursor=cursor)
        )
        async for page in pages:
            for monitor in page.monitors:
                yield monitor

    async def evaluations(self) -> AsyncIterator[Evaluation]:
        """Every check of every monitor."""
        async for monitor in self.monitors():
            async for evaluation in self._evaluations_of(monitor.id):
                yield evaluation

    async def _evaluations_of(self, monitor_id: Id) -> AsyncIterator[Evaluation]:
        pages = self._pages(
            lambda cursor: ListEvaluations(
                organization_id=self._organization, monitor_id=monitor_id, limit=PAGE, cursor=cursor
            )
        )
        try:
            async for page in pages:
                for evaluation in page.evaluations:
                    yield evaluation
        except ProblemError as gone:
            if gone.problem.status != 404:  # deleted meanwhile
                raise

    async def rules(self) -> AsyncIterator[RuleView]:
        """Rules, newest first."""
        pages = self._pages(lambda cursor: ListRules(organization_id=self._organization, limit=PAGE, cursor=cursor))
        async for page in pages:
            for rule in page.rules:
                yield rule

    async def alerts(self) -> AsyncIterator[AlertTimeline]:
        """Alerts with what happened to each."""
        pages = self._pages(lambda cursor: ListAlerts(organization_id=self._organization, limit=PAGE, cursor=cursor))
        async for page in pages:
            for alert in page.alerts:
                yield await self._ask(
                    GetAlertTimeline(organization_id=self._organization, alert_id=alert.id, limit=STEPS)
                )

    async def channels(self) -> AsyncIterator[ChannelView]:
        """Channels, secrets masked."""
        for channel in (await self._ask(ListChannels(organization_id=self._organization))).channels:
            yield channel

    async def integrations(self) -> AsyncIterator[IntegrationShape]:
        """Integrations, newest first."""
        for each in await integrations.find(self._gateway.runtime.pool, self._organization):
            yield shape(each)

    async def contacts(self) -> AsyncIterator[Contact]:
        """People who can be on call."""
        for contact in (await self._ask(ListContacts(organization_id=self._organization))).contacts:
            yield contact

    async def schedules(self) -> AsyncIterator[ScheduleWithOverrides]:
        """Whose turn it is, and who stands in."""
        for schedule in (await self._ask(ListSchedules(organization_id=self._organization))).schedules:
            asked = ListOverrides(organization_id=self._organization, schedule_id=schedule.id)
            found = await self._ask(asked)
            yield ScheduleWithOverrides(schedule=schedule, overrides=found.overrides)

    async def policies(self) -> AsyncIterator[Policy]:
        """Escalation policies."""
        for policy in (await self._ask(ListPolicies(organization_id=self._organization))).policies:
            yield policy

    async def notifications(self) -> AsyncIterator[NotificationView]:
        """Deliveries."""
        pages = self._pages(
            lambda cursor: ListNotifications(organization_id=self._organization, limit=PAGE, cursor=cursor)
        )
        async for page in pages:
            for notification in page.notifications:
                yield notification

    async def outbox(self) -> AsyncIterator[OutboxMessage]:
        """The local channel's messages."""
        pages = self._pages(
            lambda cursor: ListOutbox(organization_id=self._organization, limit=MAIL_PAGE, cursor=cursor)
        )
        async for page in pages:
            for message in page.messages:
                yield message

    async def audit(self) -> AsyncIterator[AuditEntry]:
        """What the user did."""
        before: Id | None = None
        while True:
            pool, user = self._gateway.runtime.pool, self._caller.user_id
            entries = await store.find(pool, self._organization, user, before, PAGE)
            for entry in entries:
                yield audit_entry(entry)
            if len(entries) < PAGE:
                return
            before = entries[-1].id

    async def _pages(self, request: Callable[[str | None], Request[Any]]) -> AsyncIterator[Any]:
        cursor: str | None = None
        while True:
            page = await self._ask(request(cursor))
            yield page
            cursor = page.next_cursor
            if not cursor:
                return

    async def _ask(self, request: Request[R]) -> R:
        return await _patiently(lambda: self._gateway.runtime.ask(request))


async def _patiently(ask: Callable[[], Awaitable[R]]) -> R:
    """Ask again when the service is away for a moment. Raises ProblemError."""
    for pause in PAUSES_SECONDS:
        try:
            return await ask()
        except ProblemError as away:
            if away.problem.status not in (503, 504):
                raise
            await asyncio.sleep(pause)
    return await ask()
