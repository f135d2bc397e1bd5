"""Gateways on real embedded servers, with small stand-ins for the services behind them."""

import asyncio
import base64
import hashlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
import zstandard
from pydantic import SecretStr

import monitors_alerter
import monitors_notifier
from gateway_standins.browser import Browser
from monitors_alerter.changes import Changes
from monitors_alerter.domain.labels import labels_of
from monitors_alerter.incidents.wiring import wire as wire_incidents
from monitors_alerter.oncall.wiring import wire as wire_oncall
from monitors_alerter.routes import Routes
from monitors_alerter.settings import AlerterSettings
from monitors_alerter.status_pages.wiring import wire as wire_status_pages
from monitors_alerter.suppression_wiring import wire as wire_suppression
from monitors_contracts import (
    alerts,
    collection,
    decisions,
    evaluations,
    metrics,
    monitors,
    notifications,
    pages,
    pending,
    platform,
    receiving,
    routing,
    rules,
    snapshots,
    targets,
    uptime,
)
from monitors_contracts.alert_labels import labels_from
from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.matchers import match_all
from monitors_gateway.app import build
from monitors_gateway.settings import GatewaySettings
from monitors_notifier.channels import Sent, Unrecoverable
from monitors_notifier.domain.channels import Target
from monitors_notifier.domain.messages import Message
from monitors_notifier.settings import NotifierSettings
from monitors_notifier.subscribers.wiring import wire as wire_subscribers
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.settings import RuntimeSettings

SECRET = SecretStr("a secret for tests that is long enough")
PAGE = "<html><script>alert(1)</script>Price: 42</html>"
SHOWN = '<script>alert(1)</script><p onclick=x()>Price: <a href="place:b1"><mark id="fact">$42</mark></a></p>'
SCREENSHOT = b"\x89PNG a picture"


def interpretation(prompt: str) -> monitors.Interpretation:
    condition = monitors.Condition(op=monitors.Operator.LE, value=50, unit="USD", strict=True)
    return monitors.Interpretation(
        kind="state",
        fact="price",
        fact_type="number",
        condition=condition,
        url="https://shop.example/kettle",
        name=prompt[:20],
        confidence=0.9,
    )


class Letterbox:
    """Takes what subscribers are sent."""

    def __init__(self) -> None:
        self.taken: list[tuple[Target, Message]] = []

    async def check(self, target: Target) -> None:
        if "inside" in (target.url or ""):
            raise Unrecoverable("refused-address: private")

    async def send(self, target: Target, message: Message, delivery_id: Id) -> Sent:
        self.taken.append((target, message))
        return Sent(str(delivery_id))

    async def close(self) -> None: ...


class Platform:
    """The services behind the gateway, in memory. A monitor's name says how its checks end. On-call, silences,
    incidents, status pages and their subscribers are real."""

    def __init__(self, runtime: Runtime) -> None:
        self.monitors: dict[Id, monitors.MonitorView] = {}
        self.evaluations: dict[Id, monitors.Evaluation] = {}
        self.rules: list[tuple[Id, rules.RuleView]] = []
        self.pending: list[tuple[Id, pending.PendingAlert]] = []
        self.deleted: dict[Id, tuple[monitors.MonitorView, datetime]] = {}
        self.listings: list[collection.ListMonitors] = []
        self.alerts: dict[Id, alerts.AlertView] = {}
        self.steps: dict[Id, list[alerts.AlertStep]] = {}
        self.held: dict[Id, alerts.HeldBack] = {}
        self.decisions: dict[Id, list[decisions.AlertDecision]] = {}
        self.notifications: dict[Id, tuple[Id, notifications.NotificationView]] = {}
        self.mails: dict[Id, tuple[Id, notifications.OutboxMessage]] = {}
        self.channels: dict[Id, tuple[Id, notifications.ChannelView]] = {}
        self.channel_updates: list[notifications.UpdateChannel] = []
        self.snapshots: dict[Id, Id] = {}
        self.screenshots: dict[Id, pages.ContentRef] = {}
        self.asked: list[Any] = []
        self.unmeasured: set[Id] = set()
        self.unsubscribed: list[str] = []
        self.links: dict[str, notifications.ActionLink] = {}
        self.followed: list[alerts.FollowLink] = []
        self.provider_events: list[notifications.RecordProviderEvents] = []
        self.creations: list[Id] = []
        self.received: list[receiving.ReceiveAlerts] = []
        self.refuses_alerts = False
        self.delay = 0.0
        self._later: set[asyncio.Task[Any]] = set()
        evaluator = runtime.service("evaluator")
        alerter = runtime.service("alerter", Path(monitors_alerter.__file__).parent / "migrations")
        wire_oncall(alerter)
        wire_suppression(alerter, AlerterSettings())
        wire_incidents(alerter, Changes(alerter), AlerterSettings(), wire_status_pages(alerter).alerts_changed)
        notifier = runtime.service("notifier", Path(monitors_notifier.__file__).parent / "migrations")
        scraper = runtime.service("scraper")
        self.letters = Letterbox()
        ways: Any = {"local": self.letters, "webhook": self.letters, "email": self.letters}
        settings = NotifierSettings(secret_key=SECRET)
        wire_subscribers(notifier, settings, lambda: ways, self.unsubscribe)
        self.evaluator, self.alerter = evaluator, alerter
        evaluator.answer(monitors.CreateMonitor, self.create)
        evaluator.answer(collection.ListMonitors, self.list)
        evaluator.answer(monitors.GetMonitor, self.get)
        evaluator.answer(monitors.UpdateMonitor, self.update)
        evaluator.answer(collection.DeleteMonitor, self.delete)
        evaluator.answer(collection.RestoreMonitor, self.restore)
        evaluator.answer(collection.DuplicateMonitor, self.duplicate)
        evaluator.answer(monitors.InterpretPrompt, self.interpret)
        evaluator.answer(monitors.RequestRefreshes, self.refresh)
        evaluator.answer(monitors.GetEvaluations, self.get_evaluations)
        evaluator.answer(rules.ListRules, self.list_rules)
        evaluator.answer(rules.CreateRule, self.create_rule)
        evaluator.answer(rules.UpdateRule, self.update_rule)
        evaluator.answer(rules.DeleteRule, self.delete_rule)
        evaluator.answer(rules.GetRule, self.get_rule)
        evaluator.answer(rules.GetRuleState, self.rule_state)
        evaluator.answer(rules.GetRuleStates, self.rule_states)
        evaluator.answer(rules.PreviewRule, self.preview_rule)
        evaluator.answer(pending.ListPending, self.list_pending)
        evaluator.answer(platform.GetAiUsage, self.usage)
        alerter.answer(alerts.ListAlerts, self.list_alerts)
        alerter.answer(alerts.GetLatestAlerts, self.latest_alerts)
        alerter.answer(alerts.GetAlert, self.get_alert)
        alerter.answer(alerts.FollowLink, self.follow_link)
        alerter.answer(alerts.AcknowledgeAlert, self.change_alert)
        alerter.answer(alerts.ResolveAlert, self.change_alert)
        alerter.answer(alerts.AcknowledgeAlerts, self.change_alerts)
        alerter.answer(alerts.ResolveAlerts, self.change_alerts)
        alerter.answer(alerts.AssignAlerts, self.assign)
        alerter.answer(alerts.CommentAlert, self.comment)
        alerter.answer(decisions.ExplainAlert, self.explain)
        alerter.answer(alerts.GetAlertTimeline, self.timeline)
        alerter.answer(receiving.ReceiveAlerts, self.receive_alerts)
        alerter.answer(receiving.ListActiveAlerts, self.active_alerts)
        self.routes = Routes(alerter)
        alerter.answer(routing.GetRouting, self.get_routing)
        alerter.answer(routing.SaveRouting, self.routes.save)
        alerter.answer(routing.TestRouting, self.routes.test)
        notifier.answer(notifications.ListChannels, self.list_channels)
        notifier.answer(notifications.CreateChannel, self.create_channel)
        notifier.answer(notifications.UpdateChannel, self.update_channel)
        notifier.answer(notifications.DeleteChannel, self.delete_channel)
        notifier.answer(notifications.SendTestMessage, self.test_channel)
        notifier.answer(notifications.ListNotifications, self.list_notifications)
        notifier.answer(notifications.GetNotification, self.get_notification)
        notifier.answer(notifications.RetryNotification, self.retry)
        notifier.answer(notifications.ListOutbox, self.list_outbox)
        notifier.answer(notifications.GetOutboxMessage, self.outbox_message)
        notifier.answer(notifications.RecordProviderEvents, self.record)
        notifier.answer(notifications.ReadActionLink, self.read_link)
        notifier.answer(notifications.UseActionLink, self.use_link)
        scraper.answer(pages.GetSnapshot, self.snapshot)
        self.targets: dict[Id, tuple[Id, targets.TargetView]] = {}
        scraper.answer(targets.CreateTarget, self.create_target)
        scraper.answer(targets.ListTargets, self.list_targets)
        for kind in (targets.GetTarget, targets.UpdateTarget):
            scraper.answer(kind, self.one_target)
        scraper.answer(targets.DeleteTarget, self.delete_target)
        self.checks: dict[Id, tuple[Id, uptime.UptimeView]] = {}
        for kind in (uptime.CreateUptimeCheck, uptime.UpdateUptimeCheck):
            scraper.answer(kind, self.put_check)
        scraper.answer(uptime.GetUptimeCheck, self.one_check)
        scraper.answer(uptime.DeleteUptimeCheck, self.delete_check)
        scraper.answer(uptime.ListUptimeChecks, self.list_checks)
        evaluator.answer(evaluations.ListEvaluations, self.list_evaluations)
        evaluator.answer(evaluations.GetMonitorValues, self.values)
        evaluator.answer(evaluations.PointMonitor, self.point)
        evaluator.answer(snapshots.ShowSnapshot, self.show_snapshot)
        evaluator.answer(snapshots.CompareSnapshots, self.compare_snapshots)
        store = runtime.service("metrics")
        store.answer(metrics.QueryMetrics, self.query_metrics)
        store.answer(metrics.QueryProm, self.query_prom)
        store.answer(metrics.ListSeries, self.list_series)
        store.answer(metrics.ListLabels, self.list_labels)
        store.answer(metrics.DescribeMetrics, self.describe_metrics)
        store.answer(metrics.GetSeriesUsage, self.series_usage)

    def _asked_of_metrics(self, request: Any, text: str = "") -> None:
        self.asked.append(request)
        if "(" in text:
            raise problem("invalid-query", "The query can't be answered", 422, "parse error: unclosed")

    async def query_metrics(self, request: metrics.QueryMetrics) -> metrics.MetricGraph:
        self._asked_of_metrics(request, request.selector)
        line = metrics.MetricLine(name="up", labels={"job": "api"}, values=[1.5, None])
        return metrics.MetricGraph(
            step_seconds=request.step_seconds, resolution="raw", times=[0, 60_000], series=[line]
        )

    async def query_prom(self, request: metrics.QueryProm) -> metrics.PromResult:
        self._asked_of_metrics(request, request.query)
        if request.until is None:
            return metrics.PromResult(data=zstandard.compress(b'{"resultType":"scalar","result":[0,"2"]}'))
        result = b'[{"metric":{"__name__":"up","job":"api"},"values":[[%d,"1"],[%d,"2.5"]]}]'
        ends = (request.since.timestamp(), request.until.timestamp())
        return metrics.PromResult(data=zstandard.compress(b'{"resultType":"matrix","result":' + result % ends + b"}"))

    async def list_series(self, request: metrics.ListSeries) -> metrics.SeriesList:
        self._asked_of_metrics(request, request.selectors[0])
        return metrics.SeriesList(series=[metrics.SeriesView(name="up", labels={"job": "api"})])

    async def list_labels(self, request: metrics.ListLabels) -> metrics.Names:
        self._asked_of_metrics(request)
        if request.organization_id in self.unmeasured:
            return metrics.Names(names=[])
        return metrics.Names(names=["api"] if request.label else ["__name__", "job"])

    async def describe_metrics(self, request: metrics.DescribeMetrics) -> metrics.DescriptionList:
        self._asked_of_metrics(request)
        return metrics.DescriptionList(
            metrics={"up": metrics.MetricDescription(type="gauge", help="Whether it is up.")}
        )

    async def series_usage(self, request: metrics.GetSeriesUsage) -> metrics.SeriesUsage:
        self._asked_of_metrics(request)
        return metrics.SeriesUsage(used=1, limit=10, refused_samples={"too-old": 3})

    def _monitor(self, organization_id: Id, monitor_id: Id) -> monitors.MonitorView:
        found = self.monitors.get(monitor_id)
        if found is None or found.organization_id != organization_id:
            raise problem("monitor-not-found", "No such monitor", 404)
        return found

    async def create(self, request: monitors.CreateMonitor) -> monitors.MonitorView:
        await asyncio.sleep(self.delay)
        self.creations.append(request.monitor_id)
        if "nowhere" in request.prompt:
            raise problem("no-source-url", "No address", 422)
        self._has_room(request.user_id, request.limit)
        now = datetime.now(UTC)
        meaning = request.interpretation or interpretation(request.prompt)
        if meaning.url and not meaning.url.startswith("http"):
            refused = problem("invalid-interpretation", "Invalid interpretation", 422, "The address is none.")
            refused.problem = refused.problem.model_copy(
                update={"errors": [{"field": "interpretation.extractedFact", "message": "Say it."}]}
            )
            raise refused
        view = monitors.MonitorView(
            id=request.monitor_id,
            organization_id=request.organization_id,
            user_id=request.user_id,
            name=request.name or meaning.name,
            prompt=request.prompt,
            interpretation=meaning,
            source=request.source,
            created_at=now,
            updated_at=now,
        )
        self.monitors[view.id] = view
        async with self.evaluator.transaction() as tx:
            tx.publish(monitors.MonitorCreated(organization_id=view.organization_id, monitor_id=view.id, monitor=view))
        return view

    def _has_room(self, user_id: Id, limit: int) -> None:
        mine = [each for each in self.monitors.values() if each.user_id == user_id]
        if limit and len(mine) >= limit:
            raise problem("monitor-limit", "Monitor limit", 409, "Delete one first.")

    async def list(self, request: collection.ListMonitors) -> collection.MonitorList:
        self.listings.append(request)
        mine = [each for each in self.monitors.values() if each.user_id == request.user_id]
        found = [
            each
            for each in mine
            if (request.text or "").casefold() in each.name.casefold() and request.status in (None, each.status)
        ]
        recent = {
            each.id: [
                collection.RecentValue(at=check.requested_at, value=check.value, verdict=check.verdict)
                for check in self.evaluations.values()
                if check.monitor_id == each.id and check.status == "done"
            ][-request.recent :]
            for each in found
            if request.recent
        }
        return collection.MonitorList(
            monitors=found[: request.limit], total=len(found), owned=len(mine), recent_values=recent
        )

    async def get(self, request: monitors.GetMonitor) -> monitors.MonitorDetail:
        found = self._monitor(request.organization_id, request.monitor_id)
        checks = [each for each in self.evaluations.values() if each.monitor_id == found.id]
        return monitors.MonitorDetail(monitor=found, evaluations=checks[: request.history])

    async def update(self, request: monitors.UpdateMonitor) -> monitors.MonitorView:
        found = self._monitor(request.organization_id, request.monitor_id)
        changes = request.model_dump(include={"name", "is_active", "prompt"}, exclude_none=True, by_alias=False)
        if request.interpretation:
            changes["interpretation"] = request.interpretation
        self.monitors[found.id] = found.model_copy(update=changes)
        return self.monitors[found.id]

    async def delete(self, request: collection.DeleteMonitor) -> collection.MonitorGone:
        gone = self._monitor(request.organization_id, request.monitor_id)
        del self.monitors[gone.id]
        until = datetime.now(UTC) + timedelta(minutes=request.restorable_minutes)
        self.deleted[gone.id] = gone, until
        return collection.MonitorGone(restorable_until=until)

    async def restore(self, request: collection.RestoreMonitor) -> monitors.MonitorView:
        gone, until = self.deleted.get(request.monitor_id, (None, None))
        if gone is None or until is None or gone.organization_id != request.organization_id:
            return self._monitor(request.organization_id, request.monitor_id)
        if until <= datetime.now(UTC):
            raise problem("monitor-erased", "Too late", 410)
        self._has_room(gone.user_id, request.limit)
        self.monitors[gone.id], _ = self.deleted.pop(gone.id)
        return gone

    async def duplicate(self, request: collection.DuplicateMonitor) -> monitors.MonitorView:
        found = self._monitor(request.organization_id, request.monitor_id)
        self._has_room(request.user_id, request.limit)
        copy = found.model_copy(update={"id": request.copy_id, "name": f"{found.name} (copy)"})
        self.monitors[copy.id] = copy
        return copy

    async def interpret(self, request: monitors.InterpretPrompt) -> monitors.Interpretation:
        return interpretation(request.prompt)

    async def refresh(self, request: monitors.RequestRefreshes) -> monitors.RefreshAccepted:
        accepted: list[Id] = []
        refused: dict[str, str] = {}
        for item in request.items:
            found = self.monitors.get(item.monitor_id)
            if found is None or found.organization_id != request.organization_id:
                refused[str(item.refresh_id)] = "monitor-not-found"
            elif not found.is_active:
                refused[str(item.refresh_id)] = "monitor-paused"
            else:
                accepted.append(item.refresh_id)
                self._begin(found, item.refresh_id)
        return monitors.RefreshAccepted(accepted=accepted, refused=refused)

    def _begin(self, monitor: monitors.MonitorView, refresh_id: Id) -> None:
        now = datetime.now(UTC)
        pending = monitors.Evaluation(id=refresh_id, monitor_id=monitor.id, status="pending", requested_at=now)
        self.evaluations[refresh_id] = pending
        if monitor.name == "slow":
            return
        ends = {
            "fails": {"verdict": "failed", "reason": "captcha", "detail": "The page asks for a captcha."},
            "triggers": {"verdict": "triggered", "reason": "condition-met", "value": 42.0},
        }.get(monitor.name, {"verdict": "quiet", "reason": "not-met", "value": 99.0})
        done = monitors.Evaluation.model_validate(
            pending.model_dump(by_alias=False) | {"status": "done", "evaluated_at": now, "confidence": 0.9} | ends
        )
        self._soon(self._end(monitor, done, told=monitor.name != "untold"))

    def _soon(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _end(self, monitor: monitors.MonitorView, done: monitors.Evaluation, told: bool) -> None:
        self.evaluations[done.id] = done
        if told:
            async with self.evaluator.transaction(correlation=done.id) as tx:
                tx.publish(
                    monitors.MonitorEvaluated(
                        organization_id=monitor.organization_id,
                        monitor_id=monitor.id,
                        monitor_name=monitor.name,
                        evaluation=done,
                        monitor_version=1,
                    )
                )

    async def get_evaluations(self, request: monitors.GetEvaluations) -> monitors.EvaluationList:
        found = [self.evaluations[each] for each in request.refresh_ids if each in self.evaluations]
        mine = [each for each in found if self.monitors[each.monitor_id].organization_id == request.organization_id]
        return monitors.EvaluationList(evaluations=mine)

    async def list_evaluations(self, request: evaluations.ListEvaluations) -> evaluations.EvaluationPage:
        found = self._monitor(request.organization_id, request.monitor_id)
        self.asked.append(request)
        mine = [each for each in self.evaluations.values() if each.monitor_id == found.id]
        return evaluations.EvaluationPage(evaluations=mine[: request.limit], next_cursor=request.cursor)

    async def values(self, request: evaluations.GetMonitorValues) -> evaluations.MonitorValues:
        self._monitor(request.organization_id, request.monitor_id)
        self.asked.append(request)
        return evaluations.MonitorValues(unit="USD", times=[1.0, 2.0], values=[42.0, None])

    async def point(self, request: evaluations.PointMonitor) -> evaluations.Pointed:
        found = self._monitor(request.organization_id, request.monitor_id)
        self.asked.append(request)
        await self.snapshot(pages.GetSnapshot(organization_id=found.organization_id, snapshot_id=request.snapshot_id))
        if request.place == "b9":
            raise problem("nothing-to-read-there", "Nothing to read there", 422, "No price there.")
        evidence = monitors.Evidence(quote="$52", method="table_cell", snapshot_id=request.snapshot_id)
        reading = monitors.Reading(value=52.0, unit="USD", evidence=evidence, confidence=0.95)
        monitor = None if request.dry_run else found
        return evaluations.Pointed(place=request.place or "c0.2.1", reading=reading, monitor=monitor)

    async def show_snapshot(self, request: snapshots.ShowSnapshot) -> snapshots.ShownSnapshot:
        await self.snapshot(pages.GetSnapshot(organization_id=request.organization_id, snapshot_id=request.snapshot_id))
        self.asked.append(request)
        content = base64.b64encode(zstandard.compress(SHOWN.encode())).decode()
        return snapshots.ShownSnapshot(title="<Kettle>", content=content, is_marked=True)

    async def compare_snapshots(self, request: snapshots.CompareSnapshots) -> snapshots.SnapshotDiff:
        for each in (request.snapshot_id, request.against_id):
            await self.snapshot(pages.GetSnapshot(organization_id=request.organization_id, snapshot_id=each))
        line = snapshots.DiffLine(kind="added", text="South | $49")
        return snapshots.SnapshotDiff(hunks=[[line]], added=1, removed=0)

    async def list_rules(self, request: rules.ListRules) -> rules.RuleList:
        mine = [
            rule
            for owner, rule in self.rules
            if owner == request.organization_id
            and request.kind in (None, rule.spec.kind)
            and (request.text or "").lower() in rule.name.lower()
        ]
        return rules.RuleList(rules=mine, total=len(mine))

    async def list_pending(self, request: pending.ListPending) -> pending.PendingList:
        found = [
            each
            for owner, each in self.pending
            if owner == request.organization_id
            and request.rule_id in (None, each.rule_id)
            and request.severity in (None, each.severity)
            and (request.query or "").lower() in each.name.lower()
            and match_all(request.matchers, labels_from(each.name, "rule", each.group, each.severity, each.labels))
        ]
        return pending.PendingList(alerts=found[: request.limit], total=len(found), judged_at=datetime.now(UTC))

    def add_pending(self, organization_id: Id, **parts: Any) -> pending.PendingAlert:
        since = datetime.now(UTC) - timedelta(minutes=2)
        known = {
            "rule_id": new_id(),
            "fingerprint": f"rule:{new_id()}",
            "name": "CPU busy",
            "severity": "critical",
            "labels": {"host": "web-1"},
            "condition": "cpu > 95 for 5m",
            "value": 97.5,
            "since": since,
            "fires_at": since + timedelta(minutes=5),
        }
        ahead = pending.PendingAlert.model_validate(known | parts)
        self.pending.append((organization_id, ahead))
        return ahead

    async def usage(self, request: platform.GetAiUsage) -> platform.UsageReply:
        return platform.UsageReply(month="2026-11", providers=[])

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

    async def assign(self, request: alerts.AssignAlerts) -> alerts.AlertsChanged:
        mine = [each for each in request.alert_ids if self._is_open(each, request.organization_id)]
        for each in mine:
            self.alerts[each] = self.alerts[each].model_copy(update={"assignee": request.assignee})
        refused = {str(each): "alert-not-found" for each in request.alert_ids if each not in mine}
        return alerts.AlertsChanged(alerts=[self.alerts[each] for each in mine], refused=refused)

    def _is_open(self, alert_id: Id, organization_id: Id) -> bool:
        known = self.alerts.get(alert_id)
        return known is not None and known.organization_id == organization_id and known.state != "resolved"

    async def receive_alerts(self, request: receiving.ReceiveAlerts) -> receiving.AlertsReceived:
        if self.refuses_alerts:
            raise problem("service-unavailable", "Service unavailable", 503, "The database is away.")
        self.received.append(request)
        return receiving.AlertsReceived(received=len(request.alerts), opened=len(request.alerts), resolved=0)

    async def active_alerts(self, request: receiving.ListActiveAlerts) -> receiving.ActiveAlerts:
        """What was received last of each, two a page; the first channel is told of all, and critical ones are silenced."""
        heard = {
            str(sorted(each.labels.items())): (sent.origin, each)
            for sent in self.received
            if sent.organization_id == request.organization_id
            for each in sent.alerts
        }
        now = datetime.now(UTC)
        channels = [key for key, (owner, _) in self.channels.items() if owner == request.organization_id]
        active: list[receiving.ActiveAlert] = []
        for key, (origin, each) in sorted(heard.items()):
            labels = each.labels | {"severity": each.severity, "origin": origin}
            if (each.ends_at and each.ends_at <= now) or not match_all(request.matchers, labels):
                continue
            fingerprint = f"{origin}:{hashlib.blake2b(key.encode(), digest_size=16).hexdigest()}"
            if fingerprint <= request.after:
                continue
            alert = alerts.AlertView(
                id=new_id(),
                organization_id=request.organization_id,
                fingerprint=fingerprint,
                state=alerts.AlertState.FIRING,
                severity=each.severity,
                name=each.name,
                summary=each.summary,
                condition=each.condition,
                labels=each.labels,
                annotations=each.annotations,
                started_at=each.starts_at or now,
                origin=origin,
                generator_url=each.generator_url,
            )
            active.append(
                receiving.ActiveAlert(
                    alert=alert,
                    labels=labels,
                    updated_at=now,
                    ends_at=each.ends_at,
                    silenced_by=["019aaa00-0000-7000-8000-000000000001"] if each.severity == "critical" else [],
                    inhibited_by=[],
                    destinations=[0],
                )
            )
        active.sort(key=lambda each: each.alert.fingerprint)
        destination = routing.Destination(
            path=["root"],
            channels=channels[:1],
            group_by=["alertname"],
            group_wait=0,
            group_interval=0,
            repeat_interval=0,
        )
        return receiving.ActiveAlerts(
            alerts=active[:2],
            destinations=[destination],
            next_after=active[1].alert.fingerprint if len(active) > 2 else None,
        )

    async def get_routing(self, request: routing.GetRouting) -> routing.Routing:
        saved = await self.routes.get(request)
        if saved.version:
            return saved
        channels = [key for key, (owner, _) in self.channels.items() if owner == request.organization_id]
        critical = routing.Route(name="critical", severities=["critical"], channels=channels[:1], group_wait=30)
        return routing.Routing(root=routing.DEFAULT_ROUTE.model_copy(update={"routes": [critical]}), version=1)

    async def latest_alerts(self, request: alerts.GetLatestAlerts) -> alerts.LatestAlerts:
        ordered = sorted(self.alerts.values(), key=lambda alert: alert.id)
        latest = {each.rule_id: each for each in ordered if each.organization_id == request.organization_id}
        return alerts.LatestAlerts(alerts=[latest[each] for each in request.rule_ids if each in latest])

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

    async def get_alert(self, request: Any) -> alerts.AlertView:
        found = self.alerts.get(request.alert_id)
        if found is None or found.organization_id != request.organization_id:
            raise problem("alert-not-found", "No such alert", 404)
        return found

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
        async with self.evaluator.transaction() as tx:
            tx.publish(
                alerts.AlertTriggered(
                    organization_id=organization_id, alert_id=alert.id, alert=alert, reason="condition-became-true"
                )
            )
        return alert

    async def publish_page(self, organization_id: Id, monitor_id: Id, refresh_id: Id, *, failed: bool = False) -> None:
        whose: dict[str, Any] = {
            "organization_id": organization_id,
            "monitor_id": monitor_id,
            "refresh_id": refresh_id,
        }
        now = datetime.now(UTC)
        page = (
            pages.PageFetchFailed(
                **whose,
                url="https://shop.example/kettle",
                failure=pages.Failure.TIMEOUT,
                detail="No answer.",
                failed_at=now,
            )
            if failed
            else pages.PageFetched(
                **whose,
                url="https://shop.example/kettle",
                final_url="https://shop.example/kettle",
                status=200,
                content_type="text/html",
                content_hash="0" * 64,
                content=base64.b64encode(PAGE.encode()).decode(),
                snapshot_id=new_id(),
                fetched_at=now,
                duration_ms=12,
            )
        )
        async with self.evaluator.transaction(correlation=refresh_id) as tx:
            tx.publish(page)

    async def list_channels(self, request: notifications.ListChannels) -> notifications.ChannelList:
        return notifications.ChannelList(
            channels=[view for owner, view in self.channels.values() if owner == request.organization_id]
        )

    async def create_channel(self, request: notifications.CreateChannel) -> notifications.ChannelView:
        view = notifications.ChannelView(
            id=request.channel_id,
            kind=request.spec.kind,
            name=request.spec.name or "webhook",
            target="https://...",
            is_active=True,
            created_at=datetime.now(UTC),
        )
        self.channels[view.id] = (request.organization_id, view)
        return view.model_copy(update={"secret": "whsec_shown_once"})

    async def one_channel(self, request: Any) -> notifications.ChannelView:
        owner, view = self.channels.get(request.channel_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("channel-not-found", "No such channel", 404)
        return view

    async def update_channel(self, request: notifications.UpdateChannel) -> notifications.ChannelView:
        self.channel_updates.append(request)
        return await self.one_channel(request)

    async def delete_channel(self, request: notifications.DeleteChannel) -> Done:
        del self.channels[(await self.one_channel(request)).id]
        return Done()

    async def test_channel(self, request: notifications.SendTestMessage) -> notifications.NotificationView:
        view = await self.one_channel(request)
        return notifications.NotificationView(
            id=new_id(),
            channel_id=view.id,
            channel_kind=view.kind,
            channel_name=view.name,
            subject="Test",
            state=notifications.DeliveryState.SENT,
            created_at=datetime.now(UTC),
        )

    def add_notification(self, organization_id: Id, **parts: Any) -> notifications.NotificationView:
        known = {
            "id": new_id(),
            "channel_id": new_id(),
            "channel_kind": "webhook",
            "channel_name": "Hook",
            "subject": "Kettle: 45 USD",
            "state": notifications.DeliveryState.SENT,
            "attempts": 1,
            "created_at": datetime.now(UTC),
        }
        view = notifications.NotificationView.model_validate(known | parts)
        self.notifications[view.id] = (organization_id, view)
        return view

    async def list_notifications(self, request: notifications.ListNotifications) -> notifications.NotificationList:
        found = [
            each
            for owner, each in sorted(self.notifications.values(), key=lambda kept: kept[1].id, reverse=True)
            if owner == request.organization_id
            and request.alert_id in (None, each.alert_id)
            and request.monitor_id in (None, each.monitor_id)
            and request.channel_id in (None, each.channel_id)
            and request.state in (None, each.state)
        ]
        return notifications.NotificationList(notifications=found[: request.limit], total=len(found))

    async def get_notification(
        self, request: notifications.GetNotification | notifications.RetryNotification
    ) -> notifications.NotificationView:
        owner, view = self.notifications.get(request.notification_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("notification-not-found", "No such notification", 404)
        return view

    async def retry(self, request: notifications.RetryNotification) -> notifications.NotificationView:
        view = await self.get_notification(request)
        if view.state is not notifications.DeliveryState.FAILED:
            raise problem("notification-not-failed", "This message has not failed", 409)
        waiting = view.model_copy(update={"state": notifications.DeliveryState.PENDING})
        self.notifications[view.id] = (request.organization_id, waiting)
        return waiting

    def add_mail(self, organization_id: Id, **parts: Any) -> notifications.OutboxMessage:
        known = {
            "id": new_id(),
            "to": "robin@example.com",
            "subject": "Kettle: 45 USD",
            "text": "It is 45 USD.",
            "html": "<p>It is <b>45 USD</b>.</p>",
            "created_at": datetime.now(UTC),
            "file": "outbox/1.eml",
        }
        mail = notifications.OutboxMessage.model_validate(known | parts)
        self.mails[mail.id] = (organization_id, mail)
        return mail

    async def list_outbox(self, request: notifications.ListOutbox) -> notifications.OutboxList:
        mine = [mail for owner, mail in self.mails.values() if owner == request.organization_id]
        found = sorted(mine, key=lambda mail: mail.id, reverse=True)
        return notifications.OutboxList(messages=found[: request.limit], total=len(found))

    async def outbox_message(self, request: notifications.GetOutboxMessage) -> notifications.OutboxMessage:
        owner, mail = self.mails.get(request.message_id, (None, None))
        if mail is None or owner != request.organization_id:
            raise problem("message-not-found", "No such message", 404)
        return mail

    async def unsubscribe(self, request: notifications.Unsubscribe) -> Done:
        if request.token != "good":
            raise problem("invalid-token", "Invalid token", 400)
        self.unsubscribed.append(request.token)
        return Done()

    async def read_link(self, request: notifications.ReadActionLink) -> notifications.ActionLink:
        if request.token not in self.links:
            raise problem("link-expired" if request.token == "old" else "invalid-token", "Invalid link", 400)
        return self.links[request.token]

    async def use_link(self, request: notifications.UseActionLink) -> notifications.ActionLink:
        link = self.links[request.token]
        self.links[request.token] = link.model_copy(update={"used_at": datetime.now(UTC)})
        return link

    async def follow_link(self, request: alerts.FollowLink) -> alerts.AlertsChanged:
        self.followed.append(request)
        return alerts.AlertsChanged(alerts=[self.alerts[each] for each in request.alert_ids], refused={})

    async def record(self, request: notifications.RecordProviderEvents) -> Done:
        if request.signature != "right":
            raise problem("invalid-signature", "Invalid signature", 403)
        self.provider_events.append(request)
        return Done()

    async def create_rule(self, request: rules.CreateRule) -> rules.RuleView:
        now = datetime.now(UTC)
        view = rules.RuleView(
            id=request.rule_id,
            organization_id=request.organization_id,
            user_id=request.user_id,
            name=request.spec.name,
            spec=request.spec,
            version=1,
            created_at=now,
            updated_at=now,
        )
        self.rules.append((request.organization_id, view))
        return view

    async def get_rule(self, request: Any) -> rules.RuleView:
        for owner, view in self.rules:
            if (owner, view.id) == (request.organization_id, request.rule_id):
                return view
        raise problem("rule-not-found", "No such rule", 404)

    async def update_rule(self, request: rules.UpdateRule) -> rules.RuleView:
        known = await self.get_rule(request)
        view = known.model_copy(update={"spec": request.spec, "name": request.spec.name, "version": known.version + 1})
        self.rules[self.rules.index((request.organization_id, known))] = (request.organization_id, view)
        return view

    async def delete_rule(self, request: rules.DeleteRule) -> Done:
        self.rules.remove((request.organization_id, await self.get_rule(request)))
        return Done()

    async def rule_state(self, request: rules.GetRuleState) -> rules.RuleState:
        await self.get_rule(request)
        series = rules.SeriesState(labels={"host": "web-1"}, condition=rules.SeriesCondition.OK, value=1.5)
        return rules.RuleState(rule_id=request.rule_id, series=[series], counts={rules.SeriesCondition.OK: 1})

    async def rule_states(self, request: rules.GetRuleStates) -> rules.RuleStates:
        mine = {view.id: view for owner, view in self.rules if owner == request.organization_id}
        return rules.RuleStates(
            states=[
                self._standing(mine[each]) for each in request.rule_ids if each in mine and mine[each].name != "New"
            ]
        )

    @staticmethod
    def _standing(rule: rules.RuleView) -> rules.RuleState:
        """A rule whose name says so fires; each has a silent series."""
        firing = rule.name.startswith("Firing")
        return rules.RuleState(
            rule_id=rule.id,
            series=[],
            counts={rules.SeriesCondition.FIRING: 1, rules.SeriesCondition.OK: 1}
            if firing
            else {rules.SeriesCondition.OK: 2},
            silent=1,
        )

    async def preview_rule(self, request: rules.PreviewRule) -> rules.RulePreview:
        if request.spec.name == "Unlucky":
            raise problem("not-previewable", "Can't be previewed", 422, "Not this one.")
        known: dict[str, Any] = {"labels": {"job": "api"}, "summary": "up > 1", "reason": "crossed"}
        fired = rules.RuleTransition(at=request.since + timedelta(hours=2), severity="warning", value=2, **known)
        ended = rules.RuleTransition(at=request.since + timedelta(hours=3), value=0, **known)
        return rules.RulePreview(
            since=request.since, until=request.until, series=1, total=2, transitions=[fired, ended]
        )

    async def create_target(self, request: targets.CreateTarget) -> targets.TargetView:
        spec = request.spec
        view = targets.TargetView(
            id=request.target_id,
            url=spec.url,
            name=spec.name or "node",
            interval_seconds=spec.interval_seconds,
            labels=spec.labels,
            headers=dict.fromkeys(spec.headers, targets.MASKED),
            is_active=spec.is_active,
            created_at=datetime.now(UTC),
        )
        self.targets[view.id] = (request.organization_id, view)
        return view

    async def one_target(self, request: Any) -> targets.TargetView:
        owner, view = self.targets.get(request.target_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("target-not-found", "No such target", 404)
        return view

    async def list_targets(self, request: targets.ListTargets) -> targets.TargetList:
        mine = [view for owner, view in self.targets.values() if owner == request.organization_id]
        return targets.TargetList(targets=mine)

    async def delete_target(self, request: targets.DeleteTarget) -> Done:
        del self.targets[(await self.one_target(request)).id]
        return Done()

    async def put_check(self, request: uptime.CreateUptimeCheck | uptime.UpdateUptimeCheck) -> uptime.UptimeView:
        """Its rule comes a moment later, as it does in the evaluator."""
        if isinstance(request, uptime.UpdateUptimeCheck):
            await self.one_check(request)
        view = uptime.UptimeView(id=request.check_id, spec=request.spec, created_at=datetime.now(UTC))
        self.checks[view.id] = (request.organization_id, view)
        spec = rules.AbsenceRule(name=view.spec.name, kind="absence", metric=uptime.SUCCESS)
        if isinstance(request, uptime.CreateUptimeCheck):
            made = rules.CreateRule(
                organization_id=request.organization_id, rule_id=view.id, user_id=request.user_id, spec=spec
            )
            self._soon(self.create_rule(made))
        return view

    async def one_check(self, request: Any) -> uptime.UptimeView:
        owner, view = self.checks.get(request.check_id, (None, None))
        if view is None or owner != request.organization_id:
            raise problem("check-not-found", "No such check", 404)
        return view

    async def delete_check(self, request: uptime.DeleteUptimeCheck) -> Done:
        del self.checks[(await self.one_check(request)).id]
        return Done()

    async def list_checks(self, request: uptime.ListUptimeChecks) -> uptime.UptimeList:
        mine = [view for owner, view in self.checks.values() if owner == request.organization_id]
        return uptime.UptimeList(checks=mine)

    def add_snapshot(self, organization_id: Id) -> Id:
        snapshot_id = new_id()
        self.snapshots[snapshot_id] = organization_id
        return snapshot_id

    async def add_screenshot(self, snapshot_id: Id) -> Id:
        bus = self.evaluator.runtime.bus
        store = await bus.create_object_store("pictures")
        await store.put(str(snapshot_id), SCREENSHOT)
        self.screenshots[snapshot_id] = pages.ContentRef(bucket="pictures", name=str(snapshot_id), size=len(SCREENSHOT))
        return snapshot_id

    async def snapshot(self, request: pages.GetSnapshot) -> pages.Snapshot:
        if self.snapshots.get(request.snapshot_id) != request.organization_id:
            raise problem("snapshot-not-found", "No such snapshot", 404)
        return pages.Snapshot(
            id=request.snapshot_id,
            url="https://shop.example/kettle",
            final_url="https://shop.example/kettle",
            status=200,
            content_type="text/html",
            content_hash="0" * 64,
            headers={},
            rendered_by="http",
            fetched_at=datetime.now(UTC),
            screenshot_ref=self.screenshots.get(request.snapshot_id),
            content=base64.b64encode(zstandard.compress(PAGE.encode())).decode(),
        )


Start = Callable[..., Awaitable[SimpleNamespace]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def services(servers: SimpleNamespace) -> AsyncIterator[Platform]:
    runtime = Runtime(RuntimeSettings(nats_url=servers.nats.url, database_url=servers.postgres.url))
    behind = Platform(runtime)
    await runtime.start()
    yield behind
    await runtime.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def start_gateway(servers: SimpleNamespace, services: Platform) -> AsyncIterator[Start]:
    """Start another gateway process, so to speak: a runtime of its own on the same servers."""
    runtimes: list[Runtime] = []

    async def start(**settings: Any) -> SimpleNamespace:
        runtime = Runtime(
            RuntimeSettings(
                nats_url=servers.nats.url, database_url=servers.postgres.url, secret_key=SECRET, database_pool=4
            )
        )
        service: Service
        service, app = build(runtime, GatewaySettings(**settings))
        await runtime.start()
        runtimes.append(runtime)
        return SimpleNamespace(runtime=runtime, service=service, app=app)

    yield start
    for runtime in runtimes:
        await runtime.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway(start_gateway: Start) -> SimpleNamespace:
    """The gateway with its default limits."""
    return await start_gateway()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def second_gateway(start_gateway: Start) -> SimpleNamespace:
    """Another process with the same settings."""
    return await start_gateway()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def unlimited_gateway(start_gateway: Start) -> SimpleNamespace:
    """A gateway whose operator lifted the limits."""
    return await start_gateway(monitors_per_user=0, refreshes_per_minute=0, refreshes_per_day=0)


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """Somebody not signed in."""
    async with Browser(gateway.app) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def robin(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """A new user."""
    async with Browser(gateway.app) as browser:
        yield await browser.sign_up()


@pytest_asyncio.fixture(loop_scope="session")
async def alex(gateway: SimpleNamespace) -> AsyncIterator[Browser]:
    """Another new user."""
    async with Browser(gateway.app) as browser:
        yield await browser.sign_up()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(gateway: SimpleNamespace) -> AsyncIterator[str]:
    """The default gateway behind a real HTTP server; its URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(gateway.app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        gateway.app.state.gateway.feed.close()
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def open_browser() -> Callable[..., Browser]:
    """A client of any gateway."""
    return Browser
