"""An alert's labels as routes, silences and inhibition see them: of one that is open, and of one that may come."""

from collections.abc import Mapping

from .rules import HEARTBEAT_LABEL
from .uptime import CHECK_LABEL


def labels_from(name: str, origin: str, group: str, severity: str, own: Mapping[str, str]) -> dict[str, str]:
    """The alert's own labels, and what every alert has: `alertname`, `severity`, `origin`, and the rule's `group`.

    An alert's own `alertname` stays, as other systems send it; `severity` is always the alert's.
    """
    known = {"alertname": name, "origin": origin, "group": group}
    return {label: value for label, value in known.items() if value} | dict(own) | {"severity": severity}


def origin_of_rule(own: Mapping[str, str]) -> str:
    """Who found what a rule's alert with these labels is about: a rule over pings or checks stands for what it watches."""
    if HEARTBEAT_LABEL in own:
        return "heartbeat"
    return "uptime" if CHECK_LABEL in own else "rule"
