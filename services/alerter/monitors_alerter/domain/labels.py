"""An alert's labels as routes, silences and inhibition see them."""

from monitors_contracts.alerts import AlertView

DERIVED = frozenset({"alertname", "severity", "origin", "group"})
"""Labels that an alert has though it may not carry them itself."""


def labels_of(alert: AlertView) -> dict[str, str]:
    """The alert's own labels, and what every alert has: `alertname`, `severity`, `origin`, and the rule's `group`.

    An alert's own `alertname` stays, as other systems send it; `severity` is always the alert's.
    """
    return labels_from(alert.name, alert.origin, alert.group, alert.severity, alert.labels)


def labels_from(name: str, origin: str, group: str, severity: str, own: dict[str, str]) -> dict[str, str]:
    """The same, of an alert that is not at hand as a whole."""
    known = {"alertname": name, "origin": origin, "group": group}
    return {label: value for label, value in known.items() if value} | own | {"severity": severity}
