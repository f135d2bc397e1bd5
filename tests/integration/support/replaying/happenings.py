"""What can happen to a platform: what people do, what sites show, what receivers answer."""

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from monitors_contracts.alerts import AcknowledgeAlert, AlertView, CommentAlert, ListAlerts, ResolveAlert
from monitors_contracts.base import Id, new_id
from monitors_contracts.collection import DeleteMonitor, DuplicateMonitor, RestoreMonitor
from monitors_contracts.incidents import (
    AcknowledgeIncident,
    ListIncidents,
    MergeIncidents,
    OpenIncident,
    ReopenIncident,
    ResolveIncident,
)
from monitors_contracts.inhibition import CreateInhibition, DeleteInhibition, UpdateInhibition
from monitors_contracts.maintenance import CreateWindow, DeleteWindow, UpdateWindow
from monitors_contracts.monitors import CreateMonitor, RefreshItem, RequestRefreshes, UpdateMonitor
from monitors_contracts.notifications import (
    ChannelSpec,
    CreateChannel,
    ListNotifications,
    RecordProviderEvents,
    UpdateChannel,
)
from monitors_contracts.oncall import AddOverride, DeleteSchedule, RemoveOverride, SaveContact, SaveSchedule
from monitors_contracts.pages import Failure
from monitors_contracts.policies import DeletePolicy, SavePolicy
from monitors_contracts.routing import Route, SaveRouting
from monitors_contracts.rules import CreateRule, DeleteRule, UpdateRule
from monitors_contracts.silences import CreateSilence, ExpireSilence, UpdateSilence
from monitors_contracts.status_pages import (
    CreateStatusPage,
    DeleteStatusPage,
    ListStatusPages,
    ListStatusUpdates,
    OverrideComponent,
    PostStatusUpdate,
    RemoveStatusUpdate,
    UpdateStatusPage,
)
from monitors_contracts.uptime import CreateUptimeCheck, DeleteUptimeCheck, UpdateUptimeCheck
from monitors_runtime.errors import ProblemError

from .platform import Platform


def by_hand(url: str, limit: int, fact: str = "price") -> dict[str, Any]:
    """What a person says a sentence means."""
    condition = {"op": "le", "value": limit, "unit": "USD"}
    said = {"kind": "state", "fact": fact, "fact_type": "number", "condition": condition, "url": url}
    return said | {"name": "", "confidence": 1}


class Happenings:
    """One organization and what it made, by which later steps name it. Each step is a public name."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._ask = platform.ask
        self.carry = platform.carry
        self.receiver = platform.receiver
        self.due = platform.due
        self.erase = platform.erase
        self._organization, self._user = new_id(), new_id()
        self._called: dict[str, Id] = {}
        self._monitors: list[Id] = []
        self._rules: list[Id] = []
        self._holders: list[tuple[Id, Id, Id]] = []
        self._checks: list[Id] = []

    async def create(self, which: int) -> None:
        url = f"https://shop.example/kettle/{which % 2}"  # two monitors may watch one page
        prompts = (f"Tell me when the price at {url} drops below $50", f"Tell me when the price at {url} changes")
        identifier = new_id()
        await self._ask(
            CreateMonitor(
                organization_id=self._organization,
                monitor_id=identifier,
                user_id=self._user,
                prompt=prompts[which // 2 % 2],
            )
        )
        self._monitors.append(identifier)

    async def show(self, which: int, what: int | Failure) -> None:
        self._platform.prices[f"https://shop.example/kettle/{which % 2}"] = what

    async def refresh(self, which: int) -> None:
        if self._monitors:
            item = RefreshItem(monitor_id=self._monitor(which), refresh_id=new_id())
            await self._ask(RequestRefreshes(organization_id=self._organization, items=[item]))

    async def edit(self, which: int, how: str) -> None:
        url = f"https://shop.example/kettle/{which % 2}"
        changes: dict[str, Any] = {
            "rename": {"name": "Another name"},
            "pause": {"is_active": False},
            "resume": {"is_active": True},
            "prompt": {"prompt": f"Tell me when the price at {url} is above $80"},
            "source": {"source": {"render": "browser"}},
            "condition": {"interpretation": by_hand(url, 58)},
            "fact": {"interpretation": by_hand(url, 58, fact="shipping")},
        }[how]
        if self._monitors:
            who = {"organization_id": self._organization, "monitor_id": self._monitor(which), "user_id": self._user}
            await self._ask(UpdateMonitor.model_validate(who | changes))

    async def delete(self, which: int, minutes: int = 60) -> None:
        if self._monitors:
            who = {"organization_id": self._organization, "monitor_id": self._monitor(which)}
            await self._ask(DeleteMonitor(**who, restorable_minutes=minutes))

    async def restore(self, which: int) -> None:
        if self._monitors:
            await self._ask(RestoreMonitor(organization_id=self._organization, monitor_id=self._monitor(which)))

    async def copy(self, which: int) -> None:
        if self._monitors:
            who = {"organization_id": self._organization, "user_id": self._user, "monitor_id": self._monitor(which)}
            self._monitors.append(new_id())
            await self._ask(DuplicateMonitor.model_validate(who | {"copy_id": self._monitors[-1]}))

    async def rule(self, which: int, what: str) -> None:
        """Make a rule, or change or delete one there is."""
        who: dict[str, Any] = {"organization_id": self._organization, "user_id": self._user}
        spec = {"kind": "threshold", "name": f"Rule {which}", "metric": "cpu_usage", "op": "gt", "critical": 90 + which}
        if what == "make":
            self._rules.append(new_id())
            await self._ask(CreateRule.model_validate(who | {"rule_id": self._rules[-1], "spec": spec}))
        elif self._rules:
            known = {"rule_id": self._rules[which % len(self._rules)]}
            kind = UpdateRule if what == "change" else DeleteRule
            await self._ask(kind.model_validate(who | known | {"spec": spec}))

    async def check(self, which: int, what: str) -> None:
        """Make an uptime check, or change or delete one there is."""
        who: dict[str, Any] = {"organization_id": self._organization, "user_id": self._user}
        spec = {"name": f"Check {which}", "kind": "dns", "host": "shop.example", "failures": which + 1}
        if what == "make":
            self._checks.append(new_id())
            await self._ask(CreateUptimeCheck.model_validate(who | {"check_id": self._checks[-1], "spec": spec}))
        elif self._checks:
            known = {"check_id": self._checks[which % len(self._checks)]}
            kind = UpdateUptimeCheck if what == "change" else DeleteUptimeCheck
            await self._ask(kind.model_validate(who | known | {"spec": spec}))

    async def person(self, which: int, what: str) -> None:
        known: Sequence[AlertView] = (await self._ask(ListAlerts(organization_id=self._organization))).alerts
        if known:
            kind = {"acknowledge": AcknowledgeAlert, "resolve": ResolveAlert, "comment": CommentAlert}[what]
            said = {"comment_id": new_id(), "text": "mine"} if what == "comment" else {"note": "mine"}
            whose = {"organization_id": self._organization, "alert_id": known[which % len(known)].id}
            await self._ask(kind.model_validate({**whose, "user_id": self._user, **said}))

    async def route(self, which: int) -> None:
        critical = Route(name=f"critical-{which}", severities=["critical"])
        root = Route(name="root", routes=[critical])
        await self._ask(SaveRouting(organization_id=self._organization, user_id=self._user, root=root))

    async def incident(self, which: int, what: str) -> None:
        whose = {"organization_id": self._organization, "user_id": self._user}
        known = (await self._ask(ListIncidents(organization_id=self._organization))).incidents
        if what == "open":
            alerts: Sequence[AlertView] = (await self._ask(ListAlerts(organization_id=self._organization))).alerts
            made = {"incident_id": new_id(), "title": "Down", "alert_ids": [each.id for each in alerts[:which]]}
            await self._ask(OpenIncident.model_validate(whose | made))
        elif what == "merge" and which and known:
            others = [each.id for each in known[:which]]
            await self._ask(MergeIncidents.model_validate(whose | {"incident_id": known[-1].id, "others": others}))
        elif known and what != "merge":
            one = {"incident_id": known[which % len(known)].id}
            kind = {"acknowledge": AcknowledgeIncident, "resolve": ResolveIncident, "reopen": ReopenIncident}[what]
            await self._ask(kind.model_validate(whose | one))

    async def status(self, which: int, what: str) -> None:
        """Make a status page, change it, say something on it, take back what was said, or delete it."""
        who: dict[str, Any] = {"organization_id": self._organization, "user_id": self._user}
        known = (await self._ask(ListStatusPages(organization_id=self._organization))).pages
        component = {"key": f"part-{which}", "name": "Part", "matchers": 'alertname=~".+"'}
        spec = {"name": "Acme", "slug": f"acme-{which}", "components": [component]}
        if what == "make":
            await self._ask(CreateStatusPage.model_validate(who | {"page_id": new_id(), "spec": spec}))
        if what == "make" or not known:
            return
        who |= {"page_id": known[which % len(known)].id}
        if what == "change":
            await self._ask(UpdateStatusPage.model_validate(who | {"spec": spec}))
        elif what == "override":
            said = {"key": known[which % len(known)].spec.components[0].key, "override": {"status": "degraded"}}
            await self._ask(OverrideComponent.model_validate(who | said))
        elif what == "post":
            await self._ask(
                PostStatusUpdate.model_validate(who | {"update_id": new_id(), "title": "T", "text": "Slow"})
            )
        elif what == "remove":
            updates = (await self._ask(ListStatusUpdates.model_validate(who))).updates
            for each in updates[:1]:
                await self._ask(RemoveStatusUpdate.model_validate(who | {"update_id": each.id}))
        elif what == "delete":
            await self._ask(DeleteStatusPage.model_validate(who))

    async def on_call(self, what: str) -> None:
        """Somebody to call, when, and after whom; or no longer."""
        who: dict[str, Any] = {"organization_id": self._organization, "user_id": self._user, **self._called}
        if what == "begin":
            self._called = {name: new_id() for name in ("contact_id", "schedule_id", "override_id", "policy_id")}
            who |= self._called
            contact = str(self._called["contact_id"])
            turns = {"name": contact, "layers": [{"start": "2026-11-23", "participants": [contact]}]}
            times = {"starts_at": "2090-01-01T00:00:00Z", "ends_at": "2090-01-02T00:00:00Z", "contact_id": contact}
            steps = [{"targets": [{"kind": "contact", "id": contact}]}]
            specs = {
                SaveContact: {"name": contact, "channels": [str(self._last_channel)]},
                SaveSchedule: turns,
                AddOverride: times,
                SavePolicy: {"name": contact, "steps": steps},
            }
            for kind, spec in specs.items():
                await self._ask(kind.model_validate(who | {"spec": spec, "is_new": True}))
        else:
            for kind in (RemoveOverride, DeletePolicy, DeleteSchedule):
                await self._ask(kind.model_validate(who))

    async def hold(self, which: int, what: str) -> None:
        """Make what holds alerts back, or change, end or delete what there is."""
        who: dict[str, Any] = {"organization_id": self._organization, "user_id": self._user}
        matchers = f'alertname=~".+", severity!="{("info", "warning")[which % 2]}"'
        lasting = {"matchers": matchers, "for": 3600 + which}
        window = {"name": f"Window {which}", "matchers": matchers, "starts_at": "2026-03-01T02:30", "duration": 3600}
        rule = {"name": f"Rule {which}", "source": 'alertname=~".+"', "target": matchers}
        if what == "make":
            self._holders.append((new_id(), new_id(), new_id()))
        elif not self._holders:
            return
        silence_id, window_id, rule_id = self._holders[-1 if what == "make" else which % len(self._holders)]
        silence, planned, inhibition = {
            "make": (CreateSilence, CreateWindow, CreateInhibition),
            "change": (UpdateSilence, UpdateWindow, UpdateInhibition),
            "delete": (ExpireSilence, DeleteWindow, DeleteInhibition),
        }[what]
        for kind, named in (
            (silence, {"silence_id": silence_id, "spec": lasting, "confirm": True}),
            (planned, {"window_id": window_id, "spec": window}),
            (inhibition, {"inhibition_id": rule_id, "spec": rule}),
        ):
            with contextlib.suppress(ProblemError):
                await self._ask(kind.model_validate(who | named))

    async def channel(self) -> None:
        spec = ChannelSpec(kind="webhook", url="https://hooks.example/a")
        self._last_channel = new_id()
        await self._ask(CreateChannel(organization_id=self._organization, channel_id=self._last_channel, spec=spec))

    async def switch(self, on: bool) -> None:
        await self._ask(UpdateChannel(organization_id=self._organization, channel_id=self._last_channel, is_active=on))

    async def report(self, which: int, what: str) -> None:
        rows = (await self._ask(ListNotifications(organization_id=self._organization))).notifications
        if rows:
            event = {
                "event": what,
                "organization_id": str(self._organization),
                "delivery_id": str(rows[which % len(rows)].id),
                "timestamp": int(datetime.now(UTC).timestamp()),
            }
            await self._ask(RecordProviderEvents(body=json.dumps([event]), signature="", timestamp=""))

    def _monitor(self, which: int) -> Id:
        return self._monitors[which % len(self._monitors)]
