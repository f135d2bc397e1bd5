"""Alerts that other systems found: taken in, and kept before the sender is answered."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from .alerts import AlertView, Severity
from .base import Model, TenantRequest, Url, Value
from .matchers import Matcher
from .metrics import LabelName
from .routing import Destination

Origin = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""Where alerts come from: `monitor`, `rule`, `heartbeat`, `uptime`, `prometheus`, `grafana`, `cloudwatch`, `datadog`,
`sentry`, `uptime-kuma`, `webhook`, `test`."""


class ReceivedAlert(Model):
    """An alert as another system tells it. The same labels are the same alert; `ends_at` in the past resolves it."""

    labels: dict[LabelName, Annotated[str, Field(max_length=2000)]] = Field(min_length=1, max_length=100)
    annotations: dict[LabelName, Annotated[str, Field(max_length=10_000)]] = Field(default_factory=dict, max_length=50)
    name: str = Field(max_length=200)
    summary: str = Field(max_length=2000)
    is_summarized: bool = Field(
        default=False, description="The sender said no summary: it is made of name and labels, and no news at the end"
    )
    severity: Severity
    starts_at: AwareDatetime | None = Field(default=None, description="Now when absent")
    ends_at: AwareDatetime | None = Field(
        default=None, description="Past: it is over. Ahead: it is over then, unless it is heard of again"
    )
    generator_url: Url | None = None
    runbook_url: Url | None = None
    condition: str = Field(default="", max_length=2000, description="What was judged, in the sender's words")
    value: Value = None
    url: str | None = Field(default=None, max_length=4096, description="What it is about, where that has an address")


class AlertsReceived(Model):
    """How many were taken in; those that are not counted further were known, and are as they were told."""

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


class ActiveAlert(Model):
    """An alert that is not over, as it stands among silences and routes."""

    alert: AlertView
    labels: dict[str, str] = Field(description="As routes and silences see them")
    updated_at: AwareDatetime = Field(description="When it was last heard of, or changed")
    ends_at: AwareDatetime | None = Field(default=None, description="When it ends unless it is heard of again")
    silenced_by: list[str] = Field(description="Ids of silences and maintenance windows")
    inhibited_by: list[str] = Field(description="Ids of the alerts that hold it back")
    destinations: list[int] = Field(description="Places in `destinations` of the answer")


class ActiveAlerts(Model):
    """A page of them, in the order of their fingerprints; it may be short, or empty, and yet not the last."""

    alerts: list[ActiveAlert]
    destinations: list[Destination]
    next_after: str | None = None


class ListActiveAlerts(TenantRequest[ActiveAlerts]):
    """Alerts that are not over and whose labels are like this; `after` is `next_after` of the page before."""

    service = "alerter"
    matchers: list[Matcher] = Field(default_factory=list[Matcher], max_length=50)
    limit: int = Field(default=500, ge=1, le=500)
    after: str = Field(default="", max_length=500)
