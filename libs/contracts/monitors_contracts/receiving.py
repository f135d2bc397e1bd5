"""Alerts that other systems found: taken in, and kept before the sender is answered."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from .alerts import Severity
from .base import Model, TenantRequest, Url
from .metrics import LabelName

Origin = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""Where alerts come from: `monitor`, `rule`, `heartbeat`, `uptime`, `prometheus`, `grafana`, `cloudwatch`, `datadog`,
`sentry`, `uptime-kuma`, `webhook`."""


class ReceivedAlert(Model):
    """An alert as another system tells it. The same labels are the same alert; `ends_at` in the past resolves it."""

    labels: dict[LabelName, Annotated[str, Field(max_length=2000)]] = Field(min_length=1, max_length=100)
    annotations: dict[LabelName, Annotated[str, Field(max_length=10_000)]] = Field(default_factory=dict, max_length=50)
    name: str = Field(max_length=200)
    summary: str = Field(max_length=2000)
    severity: Severity
    starts_at: AwareDatetime | None = Field(default=None, description="Now when absent")
    ends_at: AwareDatetime | None = Field(
        default=None, description="Past: it is over. Ahead: it is over then, unless it is heard of again"
    )
    generator_url: Url | None = None
    runbook_url: Url | None = None


class AlertsReceived(Model):
    """How many were taken in."""

    received: int
    opened: int
    resolved: int


class ReceiveAlerts(TenantRequest[AlertsReceived]):
    """Take alerts in. Answered when they are kept for good, with what is to be told of them."""

    service = "alerter"
    origin: Origin
    alerts: list[ReceivedAlert] = Field(min_length=1, max_length=1000)
    resolve_after: float = Field(
        default=300, ge=10, le=31 * 86_400, description="Seconds until an alert without `ends_at` ends unheard of"
    )
