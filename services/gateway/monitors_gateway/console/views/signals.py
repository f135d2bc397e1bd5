"""What an event means to a page: which parts of it are out of date, and how far a check has come."""

from typing import Any

# How far the check has come when these happen.
STAGES = {
    "monitors.monitor.refresh-requested.v1": "fetching",
    "monitors.page.fetched.v1": "reading",
    "monitors.page.fetch-failed.v1": "deciding",
    "monitors.monitor.evaluated.v1": "done",
}
LISTS = {
    "monitor": "monitors",
    "alert": "alerts",
    "notification": "notifications",
    "page": "pages",
    "rule": "rules",
    "uptime": "rules",
    "contact": "on-call",
    "schedule": "on-call",
    "policy": "on-call",
    "routing": "routes",
    "channel": "routes",
    "silence": "silences",
    "maintenance": "silences",
    "inhibition": "silences",
    "incident": "incidents",
    "status-page": "status-pages",
    "subscriber": "status-pages",
}


def signal(event_type: str, event: dict[str, Any]) -> dict[str, Any]:
    """The word to a browser: `about` names what has changed (`monitors`, `monitor.<id>`, `check.<refresh id>`, ...)."""
    data: dict[str, Any] = event.get("data") or {}
    aggregate = event_type.split(".")[1] if event_type.count(".") >= 2 else ""
    about = [LISTS[aggregate]] if aggregate in LISTS else []
    alert: dict[str, Any] = data.get("alert") or {}
    notification: dict[str, Any] = data.get("notification") or {}
    monitor_id = data.get("monitorId") or alert.get("monitorId") or notification.get("monitorId")
    alert_id = data.get("alertId") or notification.get("alertId")
    rule_id = data.get("ruleId") or alert.get("ruleId")
    if rule_id and "rules" not in about:
        about.append("rules")
    refresh_id = event.get("correlationId") if event_type in STAGES else None
    about += [
        f"{kind}.{identifier}"
        for kind, identifier in (
            ("monitor", monitor_id),
            ("rule", rule_id),
            ("alert", alert_id),
            ("incident", data.get("incidentId")),
            ("check", refresh_id),
        )
        if identifier
    ]
    told: dict[str, Any] = {"type": event_type, "about": about}
    if event_type in STAGES:
        told |= {"stage": STAGES[event_type], "monitor": monitor_id, "check": refresh_id}
    if event_type == "monitors.alert.triggered.v1" and alert.get("version", 1) == 1:
        told["say"] = f"New alert: {alert.get('name', '')}. {alert.get('summary', '')}"[:300]
    return told
