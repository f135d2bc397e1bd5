"""Datadog's webhooks, with the body that our instructions give, or Datadog's own.

https://docs.datadoghq.com/integrations/webhooks/
"""

import re
from datetime import datetime
from typing import Any

from monitors_contracts.alerts import Severity
from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, needed, text_at
from .reading import Unreadable

BODY = """{
  "alert_id": "$ALERT_ID",
  "title": "$ALERT_TITLE",
  "transition": "$ALERT_TRANSITION",
  "alert_type": "$ALERT_TYPE",
  "priority": "$ALERT_PRIORITY",
  "scope": "$ALERT_SCOPE",
  "query": "$ALERT_QUERY",
  "tags": "$TAGS",
  "text": "$TEXT_ONLY_MSG",
  "link": "$LINK"
}"""
"""The payload to give Datadog: its own says neither which monitor it is nor what became of it."""

_TITLE = re.compile(r"^\[([^\]]+)\]\s*(.*)$", re.DOTALL)
_ON = re.compile(r"^(.*?) on \{(.*)\}$", re.DOTALL)
_OVER = ("recovered", "warn recovered", "no data recovered", "success", "resolved")
_NEWS = ("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify", "alert")


def read(payload: dict[str, Any], now: datetime) -> list[ReceivedAlert]:
    """The monitor that changed. Raises Unreadable."""
    title = needed(payload, "/title")
    marked = _TITLE.match(title)
    mark, rest = (marked[1], marked[2]) if marked else ("", title)
    on = _ON.match(mark)
    transition = text_at(payload, "/transition") or (on[1] if on else mark)
    scope = text_at(payload, "/scope") or (on[2] if on else "")
    word = transition.lower()
    if not word.startswith((*_OVER, *_NEWS)):
        raise Unreadable("neither /transition nor a title like `[Triggered] ...` says what became of the monitor")
    labels = {"alertname": rest or title, "monitor": text_at(payload, "/alert_id"), "scope": scope, **_pairs(scope)}
    return [
        alert(
            labels,
            severity=_severity(payload, word),
            summary=title,
            annotations={
                "description": text_at(payload, "/text") or text_at(payload, "/body"),
                "tags": text_at(payload, "/tags"),
            },
            over_at=now if word.startswith(_OVER) else None,
            link=text_at(payload, "/link"),
            condition=text_at(payload, "/query"),
        )
    ]


def _severity(payload: dict[str, Any], word: str) -> Severity:
    priority = text_at(payload, "/priority").upper()
    if priority in ("P1", "P2", "P3", "P4", "P5"):
        return "critical" if priority in ("P1", "P2") else "warning" if priority == "P3" else "info"
    if "warn" in word or text_at(payload, "/alert_type") == "warning":
        return "warning"
    return "info" if text_at(payload, "/alert_type") == "info" else "critical"


def _pairs(scope: str) -> dict[str, str]:
    """`host:web-1,env:prod` as labels."""
    pairs = (each.strip().partition(":") for each in scope.split(","))
    return {name: value for name, colon, value in pairs if colon and name and value}
