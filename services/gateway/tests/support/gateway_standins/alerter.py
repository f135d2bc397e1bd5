"""The alerter's alerts. On-call, what holds alerts back, incidents and status pages are the real ones."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from monitors_alerter.changes import Changes
from monitors_alerter.domain.labels import labels_of
from monitors_alerter.incidents.wiring import wire as wire_incidents
from monitors_alerter.oncall.wiring import wire as wire_oncall
from monitors_alerter.settings import AlerterSettings
from monitors_alerter.status_pages.wiring import wire as wire_status_pages
from monitors_alerter.suppression_wiring import wire as wire_suppression
from monitors_contracts import alerts, decisions
from monitors_contracts.base import Id, new_id
from monitors_contracts.matchers import match_all
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service


class Alerter:
    """Alerts are what a test added, with the steps of their timelines; nothing opens one by itself."""

    def __init__(self, service: Service) -> None:
        self.alerts: dict[Id, alerts.AlertView] = {}
        self.steps: dict[Id, list[alerts.AlertStep]] = {}
        self.held: dict[Id, alerts.HeldBack] = {}
        self.decisions: dict[Id, list[decisions.AlertDecision]] = {}
        self.followed: list[alerts.FollowLink] = []
        self.away = False
        self.service = service
        wire_oncall(service)
        wire_suppression(service, AlerterSettings())
        wire_incidents(service, Changes(service), AlerterSettings(), wire_status_pages(service).alerts_changed)
        service.answer(alerts.ListAlerts, self.list_alerts)
        service.answer(alerts.GetLatestAlerts, self.latest_alerts)
        service.answer(alerts.GetAlert, self.get_alert)
        service.answer(alerts.FollowLink, self.follow_link)
        service.answer(alerts.AcknowledgeAlert, self.change_alert)
        service.answer(alerts.ResolveAlert, self.change_alert)
        service.answer(alerts.AcknowledgeAlerts, self.change_alerts)
        service.answer(alerts.ResolveAlerts, self.change_alerts)
        service.answer(alerts.AssignAlerts, self.assign)
        service.answer(alerts.CommentAlert, self.comment)
        service.answer(decisions.ExplainAlert, self.explain)
        service.answer(alerts.GetAlertTimeline, self.timeline)

    def add_alert(self, organization_id: Id, **parts: Any) -> alerts.AlertView:
        known = {
            "id": new_id(),
            "organization_id": organization_id,
            "fingerprint": "f",
            "state": alerts.AlertState.FIRING,
            "name": "Kettle",
            "summary": "Kettle is below 50",
            "condition": "price < 50",
            "started_at": datetime.now(UTC),
        }
        alert = alerts.AlertView.model_validate(known | parts)
        self.alerts[alert.id] = alert
        opened = alerts.AlertStep(key="1", kind="opened", at=alert.started_at, reason="condition-became-true", value=45)
        self.steps[alert.id] = [opened]
        return alert

    async def publish_alert(self, organization_id: Id, **parts: Any) -> alerts.AlertView:
        alert = self.add_alert(organization_id, **parts)
        async with self.service.transaction() as tx:
            tx.publish(
                alerts.AlertTriggered(
                    organization_id=organization_id, alert_id=alert.id, alert=alert, reason="condition-became-true"
                )
            )
        return alert

    async def list_alerts(self, request: alerts.ListAlerts) -> alerts.AlertList:
        found = [
            each
            for each in sorted(self.alerts.values(), key=lambda alert: alert.id, reverse=True)
            if each.organization_id == request.organization_id
            and request.severity in (None, each.severity)
            and request.monitor_id in (None, each.monitor_id)
            and request.rule_id in (None, each.rule_id)
            and (request.query or "").lower() in each.name.lower()
            and request.origin in (None, each.origin)
            and request.assignee in (None, each.assignee)
            and (not request.held or self.held.get(each.id) in request.held)
            and match_all(request.matchers, labels_of(each))
        ]
        shown = [each for each in found if not request.states or each.state in request.states]
        page = [each for each in shown if not request.cursor or str(each.id) < request.cursor][: request.limit]
        return alerts.AlertList(
            alerts=page,
            total=len(shown),
            counts=Counter(each.state for each in found),
            next_cursor=str(page[-1].id) if len(page) == request.limit else None,
            held={str(each.id): self.held[each.id] for each in page if each.id in self.held},
        )

    async def latest_alerts(self, request: alerts.GetLatestAlerts) -> alerts.LatestAlerts:
        ordered = sorted(self.alerts.values(), key=lambda alert: alert.id)
        latest = {each.rule_id: each for each in ordered if each.organization_id == request.organization_id}
        return alerts.LatestAlerts(alerts=[latest[each] for each in request.rule_ids if each in latest])

    async def get_alert(self, request: Any) -> alerts.AlertView:
        found = self.alerts.get(request.alert_id)
        if found is None or found.organization_id != request.organization_id:
            raise problem("alert-not-found", "No such alert", 404)
        return found

    async def change_alert(self, request: alerts.AcknowledgeAlert | alerts.ResolveAlert) -> alerts.AlertView:
        alert = await self.get_alert(request)
        by_hand: dict[str, Any] = {"reason": "by-hand", "user_id": request.user_id, "note": request.note}
        now, ends = datetime.now(UTC), isinstance(request, alerts.ResolveAlert)
        if alert.state is alerts.AlertState.RESOLVED:
            if ends:
                return alert
            raise problem("alert-already-resolved", "Alert is resolved", 409)
        state = alerts.AlertState.RESOLVED if ends else alerts.AlertState.ACKNOWLEDGED
        moment = {"resolved_at": now} if ends else {"acknowledged_at": now}
        changes = {"state": state, "note": request.note or alert.note, "version": alert.version + 1}
        self.alerts[alert.id] = alert.model_copy(update=changes | moment)
        step = alerts.AlertStep(key=str(alert.version + 1), kind=state.value, at=now, **by_hand)
        self.steps[alert.id].append(step)
        return self.alerts[alert.id]

    async def change_alerts(self, request: alerts.AcknowledgeAlerts | alerts.ResolveAlerts) -> alerts.AlertsChanged:
        one = alerts.ResolveAlert if isinstance(request, alerts.ResolveAlerts) else alerts.AcknowledgeAlert
        changed: list[alerts.AlertView] = []
        refused: dict[str, str] = {}
        for alert_id in request.alert_ids:
            whose = request.model_dump(include={"organization_id", "user_id", "note"}, by_alias=False)
            try:
                changed.append(await self.change_alert(one(alert_id=alert_id, **whose)))
            except ProblemError as why:
                refused[str(alert_id)] = why.problem.type
        return alerts.AlertsChanged(alerts=changed, refused=refused)

    async def follow_link(self, request: alerts.FollowLink) -> alerts.AlertsChanged:
        if self.away:
            raise problem("service-unavailable", "Service unavailable", 503)
        self.followed.append(request)
        known = [self.alerts[each] for each in request.alert_ids]
        over = [each for each in known if each.state is alerts.AlertState.RESOLVED]
        refused = {str(each.id): "alert-already-resolved" for each in over}
        return alerts.AlertsChanged(alerts=[each for each in known if each not in over], refused=refused)

    async def assign(self, request: alerts.AssignAlerts) -> alerts.AlertsChanged:
        mine = [each for each in request.alert_ids if self._is_open(each, request.organization_id)]
        for each in mine:
            self.alerts[each] = self.alerts[each].model_copy(update={"assignee": request.assignee})
        refused = {str(each): "alert-not-found" for each in request.alert_ids if each not in mine}
        return alerts.AlertsChanged(alerts=[self.alerts[each] for each in mine], refused=refused)

    def _is_open(self, alert_id: Id, organization_id: Id) -> bool:
        known = self.alerts.get(alert_id)
        return known is not None and known.organization_id == organization_id and known.state != "resolved"

    async def comment(self, request: alerts.CommentAlert) -> alerts.AlertStep:
        await self.get_alert(request)
        said = {step.key: step for step in self.steps[request.alert_id]}
        key = str(request.comment_id)
        step = alerts.AlertStep(
            key=key, kind="commented", at=datetime.now(UTC), user_id=request.user_id, note=request.text
        )
        if key not in said:
            self.steps[request.alert_id].append(step)
        return said.get(key, step)

    async def timeline(self, request: alerts.GetAlertTimeline) -> alerts.AlertTimeline:
        steps = self.steps[(alert := await self.get_alert(request)).id]
        return alerts.AlertTimeline(alert=alert, steps=steps, total=len(steps))

    async def explain(self, request: decisions.ExplainAlert) -> decisions.AlertDecisions:
        alert = await self.get_alert(
            alerts.GetAlert(organization_id=request.organization_id, alert_id=request.alert_id)
        )
        made = self.decisions.get(alert.id, [])
        return decisions.AlertDecisions(
            alert=alert,
            labels=labels_of(alert),
            steps=self.steps[alert.id],
            decisions=made,
            decided=len(made),
            places=[],
            held_by=[],
            destinations=[],
        )
