"""An alert's labels as routes, silences and inhibition see them."""

from monitors_contracts.alert_labels import labels_from
from monitors_contracts.alerts import AlertView

DERIVED = frozenset({"alertname", "severity", "origin", "group"})
"""Labels that an alert has though it may not carry them itself."""


def labels_of(alert: AlertView) -> dict[str, str]:
    """See labels_from."""
    return labels_from(alert.name, alert.origin, alert.group, alert.severity, alert.labels)
