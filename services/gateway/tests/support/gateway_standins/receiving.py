"""The alerter's front: alerts that others send, which of them are active, and the routes that say who is told."""

import hashlib
from datetime import UTC, datetime

from monitors_alerter.routes import Routes
from monitors_contracts import alerts, receiving, routing
from monitors_contracts.base import new_id
from monitors_contracts.matchers import match_all
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from .notifier import Notifier


class Receiving:
    """Commands are kept as they came. Routes are the real ones; until some are saved, a made-up tree of two."""

    def __init__(self, service: Service, notifier: Notifier) -> None:
        self.received: list[receiving.ReceiveAlerts] = []
        self.refuses_alerts = False
        self._notifier = notifier
        self._routes = Routes(service)
        service.answer(receiving.ReceiveAlerts, self.receive_alerts)
        service.answer(receiving.ListActiveAlerts, self.active_alerts)
        service.answer(routing.GetRouting, self.get_routing)
        service.answer(routing.SaveRouting, self._routes.save)
        service.answer(routing.TestRouting, self._routes.test)

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
        channels = [key for key, (owner, _) in self._notifier.channels.items() if owner == request.organization_id]
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
        saved = await self._routes.get(request)
        if saved.version:
            return saved
        channels = [key for key, (owner, _) in self._notifier.channels.items() if owner == request.organization_id]
        critical = routing.Route(name="critical", severities=["critical"], channels=channels[:1], group_wait=30)
        return routing.Routing(root=routing.DEFAULT_ROUTE.model_copy(update={"routes": [critical]}), version=1)
