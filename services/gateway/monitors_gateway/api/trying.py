"""A test of the whole way: an alert that is none goes where a real one would, and is over soon after."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from monitors_contracts.alerts import AlertView, Severity
from monitors_contracts.base import Id, Model
from monitors_contracts.matchers import Matcher
from monitors_contracts.metrics import LabelName
from monitors_contracts.receiving import ListActiveAlerts, ReceivedAlert
from monitors_runtime.errors import problem

from ..gateway import Gateway
from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute
from ..reception import receive
from .audit import audited

router = APIRouter(prefix="/api/alerts", tags=["alerts"], route_class=IdempotentRoute)

ORIGIN = "test"
SUMMARY = "This is a test: somebody tries where such an alert goes."


class TrialRequest(Model):
    """An alert to try the way with. The same labels go the same way as those of a real alert."""

    labels: dict[LabelName, Annotated[str, Field(max_length=1000)]] = Field(
        default_factory=dict,
        max_length=50,
        examples=[{"team": "shop", "host": "db-1"}],
        description="`severity` is said beside them",
    )
    severity: Severity = "warning"
    resolve_after: float = Field(default=5, ge=1, le=3600, description="Seconds until it is over; longer escalates")


class TrialReply(Model):
    """The alert; its timeline, its explanation and the messages about it say the rest."""

    success: bool = True
    alert: AlertView
    resolves_at: AwareDatetime


@router.post("/test", status_code=201)
async def fire_test_alert(body: TrialRequest, caller: CallerDep, gateway: GatewayDep) -> TrialReply:
    """Fire a test alert: by routes, silences and policies to the channels, as a real one with these labels would go."""
    now = datetime.now(UTC)
    labels = {"alertname": "Test alert"} | body.labels
    labels.pop("severity", None)
    told = ReceivedAlert(
        labels=labels,
        name=labels["alertname"][:200],
        summary=SUMMARY,
        severity=body.severity,
        starts_at=now,
        ends_at=now + timedelta(seconds=body.resolve_after),
        condition="a test",
    )
    taken = await receive(gateway, caller.organization_id, ORIGIN, [told])
    alert = await _find(gateway, caller.organization_id, labels)
    if alert is None or not taken.opened:
        raise problem("test-fires-already", "Fires already", 409, "A test with these labels is not over yet.")
    await audited(gateway, caller, "alert.test", alert.id)
    return TrialReply(alert=alert, resolves_at=told.ends_at or now)


async def _find(gateway: Gateway, organization_id: Id, labels: dict[str, str]) -> AlertView | None:
    matchers = [Matcher(label=label, value=value) for label, value in labels.items()]
    after: str | None = ""
    while after is not None:
        asked = ListActiveAlerts(organization_id=organization_id, matchers=matchers, after=after)
        found = await gateway.runtime.ask(asked)
        for each in found.alerts:
            if each.alert.origin == ORIGIN and each.alert.labels == labels:
                return each.alert
        after = found.next_after
    return None
