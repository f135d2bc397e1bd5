"""What may send alerts by a webhook, and how each is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from monitors_contracts.receiving import ReceivedAlert

from . import datadog, grafana, sentry, uptime_kuma

Kind: TypeAlias = Literal["grafana", "alertmanager", "cloudwatch", "datadog", "sentry", "uptime-kuma", "generic"]
Reader: TypeAlias = Callable[[dict[str, Any], datetime], list[ReceivedAlert]]

READERS: dict[Kind, Reader] = {
    "grafana": grafana.read,
    "alertmanager": grafana.read,
    "datadog": datadog.read,
    "sentry": sentry.read,
    "uptime-kuma": uptime_kuma.read,
}
"""Those whose body says all. CloudWatch comes in SNS's envelope, and a generic one is read by a mapping."""


@dataclass(frozen=True, slots=True)
class Known:
    """A kind for people: its name, where the address goes, and a body to try it with or to give it."""

    title: str
    setup: str
    example: str


_PROMETHEUS_LIKE = """{
  "status": "firing",
  "alerts": [{
    "status": "firing",
    "labels": {"alertname": "DiskFull", "host": "db-1", "severity": "critical"},
    "annotations": {"summary": "db-1 has no room left"},
    "startsAt": "2026-11-21T10:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z"
  }]
}"""

KNOWN: dict[Kind, Known] = {
    "grafana": Known(
        "Grafana",
        "Alerting, Contact points, New: integration Webhook, with this address as its URL and POST as its method.",
        _PROMETHEUS_LIKE,
    ),
    "alertmanager": Known(
        "Alertmanager",
        "A receiver with webhook_configs: [{url: <this address>, send_resolved: true}]. Prometheus itself can send here "
        "without an Alertmanager, too.",
        _PROMETHEUS_LIKE,
    ),
    "cloudwatch": Known(
        "CloudWatch",
        "The alarm's SNS topic, Create subscription: protocol HTTPS, this address as the endpoint. It confirms itself; "
        "messages are taken only with the signature of SNS.",
        '{"Type": "Notification", "Message": "{\\"AlarmName\\": \\"DiskFull\\", \\"NewStateValue\\": \\"ALARM\\"}"}',
    ),
    "datadog": Known(
        "Datadog",
        "Integrations, Webhooks, New: this address as its URL, the body below as its payload; then @webhook-<name> in the "
        "message of each monitor.",
        datadog.BODY,
    ),
    "sentry": Known(
        "Sentry",
        "Settings, Custom Integrations, Internal Integration: this address as its webhook URL, Alert Rule Action switched on. "
        "Give us its client secret, and only what Sentry signed is taken.",
        '{"action": "triggered", "data": {"event": {"title": "TypeError", "issue_id": "1", "level": "error"}}}',
    ),
    "uptime-kuma": Known(
        "Uptime Kuma",
        "Settings, Notifications, Setup: type Webhook, this address as its Post URL, JSON as its body.",
        '{"msg": "[Shop] [Down] timeout", "heartbeat": {"status": 0, "msg": "timeout"}, "monitor": {"id": 1, "name": "Shop"}}',
    ),
    "generic": Known(
        "Any webhook",
        "POST JSON to this address, in the form of the example; or give a mapping that says where else the parts are.",
        '{"name": "DiskFull", "status": "firing", "severity": "critical", "summary": "db-1 has no room left", '
        '"labels": {"host": "db-1"}}',
    ),
}
