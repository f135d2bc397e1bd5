"""Everything of a user, to take away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel
from starlette.responses import StreamingResponse

from monitors_contracts.alerts import AlertTimeline, GetAlertTimeline, ListAlerts
from monitors_contracts.base import Id, Model, Request
from monitors_contracts.collection import ListMonitors
from monitors_contracts.evaluations import ListEvaluations
from monitors_contracts.incidents import GetIncident, IncidentDetail, ListIncidents
from monitors_contracts.inhibition import ListInhibitions
from monitors_contracts.maintenance import ListWindows
from monitors_contracts.monitors import Evaluation, MonitorView
from monitors_contracts.notifications import ListChannels, ListNotifications, ListOutbox
from monitors_contracts.oncall import ListContacts, ListOverrides, ListSchedules, Override, Schedule
from monitors_contracts.policies import ListPolicies
from monitors_contracts.routing import GetRouting
from monitors_contracts.rules import ListRules
from monitors_contracts.silences import ListSilences
from monitors_contracts.status_pages import ListStatusPages, ListStatusUpdates, StatusPageView, StatusUpdate
from monitors_contracts.targets import ListTargets
from monitors_contracts.uptime import ListUptimeChecks
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
M = TypeVar("M", bound=BaseModel)
ABOUT = """\
What Monitors! keeps of {email}, as of {now:%Y-%m-%d %H:%M:%S} UTC.

profile.json          you
monitors.ndjson       monitors, with what each sentence was understood to mean
evaluations.ndjson    every check: what was read, where it stood, what was decided (`monitorId` says whose)
rules.ndjson          rules about measurements, heartbeats included
targets.ndjson        what is scraped
uptime.ndjson         what is asked whether it answers
alerts.ndjson         alerts, with what happened to each
incidents.ndjson      incidents, with their alerts and what happened to each
routing.ndjson        where alerts go
silences.ndjson       what was silenced, by whom, and why
maintenance.ndjson    maintenance windows
inhibitions.ndjson    which alerts hold others back
channels.ndjson       where messages go, secrets masked
integrations.ndjson   where other systems send their alerts; their addresses are not kept
contacts.ndjson       people who can be on call, and the channels that reach them
schedules.ndjson      whose turn it is, each with its overrides that are not over
policies.ndjson       who is told next while nobody takes an alert
status-pages.ndjson   status pages, each with what was said on it
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


class StatusPageWithUpdates(Model):
    """A status page, and what was said on it, newest first."""

    page: StatusPageView
    updates: list[StatusUpdate]


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
        session, organization = self._caller.session, self._organization
        profile = Profile(user=user_shape(session), exported_at=now)

        def of(**asked: Any) -> dict[str, Any]:
            return {"organization_id": organization, **asked}

        return [
            Member("README.txt", ABOUT.format(email=session.email, now=now)),
            Member("profile.json", profile.model_dump_json(by_alias=True, indent=2) + "\n"),
            Member("monitors.ndjson", self.monitors()),
            Member("evaluations.ndjson", self.evaluations()),
            Member(
                "rules.ndjson", self._paged(lambda at: ListRules(**of(limit=PAGE, cursor=at)), lambda page: page.rules)
            ),
            Member("targets.ndjson", self._all(ListTargets(**of()), lambda found: found.targets)),
            Member("uptime.ndjson", self._all(ListUptimeChecks(**of()), lambda found: found.checks)),
            Member("alerts.ndjson", self.alerts()),
            Member("incidents.ndjson", self.incidents()),
            Member("routing.ndjson", self._all(GetRouting(**of()), lambda found: [found])),
            Member(
                "silences.ndjson",
                self._paged(lambda at: ListSilences(**of(limit=PAGE, cursor=at)), lambda page: page.silences),
            ),
            Member("maintenance.ndjson", self._all(ListWindows(**of()), lambda found: found.windows)),
            Member("inhibitions.ndjson", self._all(ListInhibitions(**of()), lambda found: found.rules)),
            Member("channels.ndjson", self._all(ListChannels(**of()), lambda found: found.channels)),
            Member("integrations.ndjson", self.integrations()),
            Member("contacts.ndjson", self._all(ListContacts(**of()), lambda found: found.contacts)),
            Member("schedules.ndjson", self.schedules()),
            Member("policies.ndjson", self._all(ListPolicies(**of()), lambda found: found.policies)),
            Member("status-pages.ndjson", self.status_pages()),
            Member(
                "notifications.ndjson",
                self._paged(lambda at: ListNotifications(**of(limit=PAGE, cursor=at)), lambda page: page.notifications),
            ),
            Member(
                "outbox.ndjson",
                self._paged(lambda at: ListOutbox(**of(limit=MAIL_PAGE, cursor=at)), lambda page: page.messages),
            ),
            Member("audit.ndjson", self.audit()),
        ]

    def monitors(self) -> AsyncIterator[MonitorView]:
        """Monitors, newest first."""
        organization, user = self._organization, self._caller.user_id
        return self._paged(
            lambda at: ListMonitors(organization_id=organization, user_id=user, limit=PAGE, cursor=at),
            lambda page: page.monitors,
        )

    async def evaluations(self) -> AsyncIterator[Evaluation]:
        """Every check of every monitor."""
        async for monitor in self.monitors():
            async for evaluation in self._evaluations_of(monitor.id):
                yield evaluation

    async def _evaluations_of(self, monitor_id: Id) -> AsyncIterator[Evaluation]:
        organization = self._organization
        found = self._paged(
            lambda at: ListEvaluations(organization_id=organization, monitor_id=monitor_id, limit=PAGE, cursor=at),
            lambda page: page.evaluations,
        )
        try:
            async for evaluation in found:
                yield evaluation
        except ProblemError as gone:
            if gone.problem.status != 404:  # deleted meanwhile
                raise

    async def alerts(self) -> AsyncIterator[AlertTimeline]:
        """Alerts with what happened to each."""
        organization = self._organization
        async for alert in self._paged(
            lambda at: ListAlerts(organization_id=organization, limit=PAGE, cursor=at), lambda page: page.alerts
        ):
            yield await self._ask(GetAlertTimeline(organization_id=organization, alert_id=alert.id, limit=STEPS))

    async def integrations(self) -> AsyncIterator[IntegrationShape]:
        """Integrations, newest first."""
        for each in await integrations.find(self._gateway.runtime.pool, self._organization):
            yield shape(each)

    async def schedules(self) -> AsyncIterator[ScheduleWithOverrides]:
        """Whose turn it is, and who stands in."""
        for schedule in (await self._ask(ListSchedules(organization_id=self._organization))).schedules:
            asked = ListOverrides(organization_id=self._organization, schedule_id=schedule.id)
            found = await self._ask(asked)
            yield ScheduleWithOverrides(schedule=schedule, overrides=found.overrides)

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

    async def incidents(self) -> AsyncIterator[IncidentDetail]:
        """Incidents with what happened to each."""
        organization = self._organization
        async for each in self._paged(
            lambda at: ListIncidents(organization_id=organization, limit=PAGE, cursor=at), lambda page: page.incidents
        ):
            yield await self._ask(GetIncident(organization_id=organization, incident_id=each.id))

    async def status_pages(self) -> AsyncIterator[StatusPageWithUpdates]:
        """Status pages, and what was said on each."""
        organization = self._organization
        for page in (await self._ask(ListStatusPages(organization_id=organization))).pages:
            updates = [
                update
                async for update in self._paged(
                    lambda at, page=page: ListStatusUpdates(organization_id=organization, page_id=page.id, cursor=at),
                    lambda found: found.updates,
                )
            ]
            yield StatusPageWithUpdates(page=page, updates=updates)

    async def _all(self, request: Request[R], items: Callable[[R], Iterable[M]]) -> AsyncIterator[M]:
        for each in items(await self._ask(request)):
            yield each

    async def _paged(
        self, request: Callable[[str | None], Request[R]], items: Callable[[R], Iterable[M]]
    ) -> AsyncIterator[M]:
        cursor: str | None = None
        while True:
            page: Any = await self._ask(request(cursor))
            for each in items(page):
                yield each
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
