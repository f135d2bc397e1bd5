"""Sentry's webhooks of an internal integration: metric alerts, issue alerts and issues.

https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from monitors_contracts.alerts import Severity
from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, moment_at, needed, text_at
from .reading import Unreadable, severity_of

_LEVELS: dict[str, Severity] = {"fatal": "critical", "error": "warning", "warning": "warning"}


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether Sentry signed this with the integration's client secret (`Sentry-Hook-Signature`)."""
    expected = hmac.new(secret.encode(), body, sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), headers.get("sentry-hook-signature", "").encode())


def read(payload: dict[str, Any], now: datetime) -> list[ReceivedAlert]:
    """What the webhook tells of; of an issue's other changes nothing follows. Raises Unreadable."""
    action = needed(payload, "/action")
    for resource, reader in (("metric_alert", _metric), ("event", _event), ("issue", _issue)):
        if isinstance(payload.get("data"), dict) and resource in payload["data"]:
            return reader(payload, action, now)
    raise Unreadable("nothing at /data/metric_alert, /data/event or /data/issue")


def _metric(payload: dict[str, Any], action: str, now: datetime) -> list[ReceivedAlert]:
    about = "/data/metric_alert"
    name = text_at(payload, f"{about}/alert_rule/name") or text_at(payload, f"{about}/title")
    if action not in ("critical", "warning", "resolved"):
        raise Unreadable(f"/action of a metric alert is critical, warning or resolved, not {action[:50]!r}")
    return [
        alert(
            {
                "alertname": name,
                "rule": text_at(payload, f"{about}/alert_rule/id"),
                "project": text_at(payload, f"{about}/projects/0"),
            },
            severity=severity_of(action),
            summary=text_at(payload, "/data/description_title") or text_at(payload, f"{about}/title"),
            annotations={"description": text_at(payload, "/data/description_text")},
            starts_at=moment_at(payload, f"{about}/date_started"),
            over_at=(moment_at(payload, f"{about}/date_closed") or now) if action == "resolved" else None,
            link=text_at(payload, "/data/web_url"),
            condition=text_at(payload, f"{about}/alert_rule/query")
            or text_at(payload, f"{about}/alert_rule/aggregate"),
        )
    ]


def _event(payload: dict[str, Any], _: str, __: datetime) -> list[ReceivedAlert]:
    about = "/data/event"
    title = needed(payload, f"{about}/title")
    return [
        alert(
            _issue_labels(needed(payload, f"{about}/issue_id"), text_at(payload, f"{about}/project")),
            name=title,
            severity=_LEVELS.get(text_at(payload, f"{about}/level"), "info"),
            summary=f"{title} ({culprit})" if (culprit := text_at(payload, f"{about}/culprit")) else title,
            annotations={
                "rule": text_at(payload, "/data/triggered_rule"),
                "environment": text_at(payload, f"{about}/environment"),
                "platform": text_at(payload, f"{about}/platform"),
            },
            link=text_at(payload, f"{about}/web_url"),
            condition=text_at(payload, "/data/triggered_rule"),
        )
    ]


def _issue(payload: dict[str, Any], action: str, now: datetime) -> list[ReceivedAlert]:
    about = "/data/issue"
    if action not in ("created", "unresolved", "resolved", "archived", "ignored"):
        return []
    title = needed(payload, f"{about}/title")
    return [
        alert(
            _issue_labels(needed(payload, f"{about}/id"), text_at(payload, f"{about}/project/id")),
            name=title,
            severity=_LEVELS.get(text_at(payload, f"{about}/level"), "info"),
            summary=f"{title} ({culprit})" if (culprit := text_at(payload, f"{about}/culprit")) else title,
            annotations={"issue": text_at(payload, f"{about}/shortId")},
            over_at=now if action in ("resolved", "archived", "ignored") else None,
            link=text_at(payload, f"{about}/web_url") or text_at(payload, f"{about}/permalink"),
        )
    ]


def _issue_labels(issue: str, project: str) -> dict[str, str]:
    """The same of whatever tells of an issue, so that its end is the end of the alert."""
    return {"alertname": "SentryIssue", "issue": issue, "project": project}
