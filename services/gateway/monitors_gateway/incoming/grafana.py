"""Grafana's and Alertmanager's webhooks, which have one form.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from datetime import datetime
from typing import Any, cast

from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, list_at, moment_at, pointed, text_at, texts_at
from .reading import Unreadable, expression, severity_of


def read(payload: dict[str, Any], now: datetime) -> list[ReceivedAlert]:
    """The alerts of the group that the webhook tells of. Raises Unreadable."""
    found: list[ReceivedAlert] = []
    for number, each in enumerate(list_at(payload, "/alerts")):
        try:
            found.append(_alert(each, now))
        except Unreadable as wrong:
            raise Unreadable(f"alerts[{number}]: {wrong}") from wrong
    return found


def _alert(each: Any, now: datetime) -> ReceivedAlert:
    labels, annotations = texts_at(each, "/labels"), texts_at(each, "/annotations")
    status = text_at(each, "/status")
    if status not in ("firing", "resolved"):
        raise Unreadable(f"/status is `firing` or `resolved`, not {status[:50]!r}")
    links = {name: link for name in ("dashboardURL", "panelURL", "imageURL") if (link := text_at(each, f"/{name}"))}
    link = text_at(each, "/generatorURL")
    return alert(
        labels,
        severity=severity_of(labels.get("severity", "")),
        annotations=annotations | links,
        starts_at=moment_at(each, "/startsAt"),
        over_at=(moment_at(each, "/endsAt") or now) if status == "resolved" else None,
        link=link,
        runbook=annotations.get("runbook_url", ""),
        condition=expression(link) or text_at(each, "/valueString"),
        value=_value(pointed(each, "/values")),
        about=links.get("panelURL") or links.get("dashboardURL", ""),
    )


def _value(values: Any) -> float | None:
    """What was measured, where it is one number."""
    found = list(cast(dict[str, Any], values).values()) if isinstance(values, dict) else []
    return float(found[0]) if len(found) == 1 and isinstance(found[0], int | float) else None
