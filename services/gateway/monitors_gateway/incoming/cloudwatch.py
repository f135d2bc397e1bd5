"""CloudWatch's alarms, as SNS brings them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-notification-json-schema.html
"""

import re
from datetime import datetime
from typing import Any

from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, list_at, moment_at, needed, parsed, pointed, text_at
from .reading import Unreadable, severity_of

_ZONE = re.compile(r"([+-]\d\d)(\d\d)$")


def read(message: str, now: datetime) -> list[ReceivedAlert]:
    """The alarm in an SNS message; one that has too little data to judge is no news. Raises Unreadable."""
    alarm = parsed(message.encode())
    name, state = needed(alarm, "/AlarmName"), needed(alarm, "/NewStateValue")
    if state not in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        raise Unreadable(f"/NewStateValue is ALARM, OK or INSUFFICIENT_DATA, not {state[:50]!r}")
    if state == "INSUFFICIENT_DATA":
        return []
    trigger = pointed(alarm, "/Trigger")
    changed = moment_at({"at": _ZONE.sub(r"\1:\2", text_at(alarm, "/StateChangeTime"))}, "/at")
    labels = {
        "alertname": name,
        "account": text_at(alarm, "/AWSAccountId"),
        "region": _region(text_at(alarm, "/AlarmArn")) or text_at(alarm, "/Region"),
        "namespace": text_at(trigger, "/Namespace"),
        "metric": text_at(trigger, "/MetricName"),
        **_dimensions(trigger),
    }
    description = text_at(alarm, "/AlarmDescription")
    return [
        alert(
            labels,
            severity=severity_of(""),
            summary=description or f"{name}: {text_at(alarm, '/NewStateReason')}",
            annotations={"description": description, "reason": text_at(alarm, "/NewStateReason")},
            starts_at=changed if state == "ALARM" else None,
            over_at=(changed or now) if state == "OK" else None,
            condition=_condition(trigger),
        )
    ]


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 and parts[0] == "arn" else ""


def _dimensions(trigger: Any) -> dict[str, str]:
    if not isinstance(pointed(trigger, "/Dimensions"), list):
        return {}
    pairs = ((text_at(each, "/name"), text_at(each, "/value")) for each in list_at(trigger, "/Dimensions"))
    return {name: value for name, value in pairs if name and value}


def _condition(trigger: Any) -> str:
    metric, threshold = text_at(trigger, "/MetricName"), text_at(trigger, "/Threshold")
    if not metric or not threshold:
        return ""
    return f"{text_at(trigger, '/Statistic')} {metric} {text_at(trigger, '/ComparisonOperator')} {threshold}".strip()
