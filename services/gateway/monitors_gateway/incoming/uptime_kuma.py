"""Uptime Kuma's webhooks: https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js"""

from datetime import datetime
from typing import Any

from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, list_at, needed, pointed, text_at
from .reading import Unreadable

_DOWN, _UP, _PENDING, _MAINTENANCE = "0", "1", "2", "3"


def read(payload: dict[str, Any], now: datetime) -> list[ReceivedAlert]:
    """The monitor that went down or came up; a test, or what is neither, is no alert. Raises Unreadable."""
    needed(payload, "/msg")
    if pointed(payload, "/heartbeat") is None or pointed(payload, "/monitor") is None:
        return []
    status = needed(payload, "/heartbeat/status")
    if status in (_PENDING, _MAINTENANCE):
        return []
    if status not in (_DOWN, _UP):
        raise Unreadable(f"/heartbeat/status is 0 to 3, not {status[:50]!r}")
    name = needed(payload, "/monitor/name")
    address = text_at(payload, "/monitor/url") or text_at(payload, "/monitor/hostname")
    labels = {
        "alertname": name,
        "monitor": needed(payload, "/monitor/id"),
        "type": text_at(payload, "/monitor/type"),
        **_tags(payload),
    }
    return [
        alert(
            labels,
            severity="critical",
            summary=text_at(payload, "/msg"),
            annotations={"message": text_at(payload, "/heartbeat/msg"), "address": address},
            over_at=now if status == _UP else None,
            about=address,
            condition=f"{name} answers",
        )
    ]


def _tags(payload: dict[str, Any]) -> dict[str, str]:
    if not isinstance(pointed(payload, "/monitor/tags"), list):
        return {}
    pairs = ((text_at(each, "/name"), text_at(each, "/value")) for each in list_at(payload, "/monitor/tags"))
    return {name: value or "true" for name, value in pairs if name}
