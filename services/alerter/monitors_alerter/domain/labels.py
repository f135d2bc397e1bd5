"""An alert's labels as routes, silences and inhibition see them."""

from monitors_contracts.alerts import AlertView


def labels_of(alert: AlertView) -> dict[str, str]:
    """The alert's own labels, and what every alert has: `alertname`, `severity`, `origin`, and the rule's `group`.

    An alert's own `alertname` stays, as other systems send it; `severity` is always the alert's.
    """
    known = {"alertname": alert.name, "origin": alert.origin, "group": alert.group}
    return {name: value for name, value in known.items() if value} | alert.labels | {"severity": alert.severity}
