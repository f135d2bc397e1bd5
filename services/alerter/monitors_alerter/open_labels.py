"""Open alerts as matchers see them, for those who must look at all of an organization: without making the alerts whole."""

import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.alerts import AlertView, Severity
from monitors_contracts.base import Id
from monitors_runtime.database import Connection

from .domain.labels import labels_from, labels_of

CHUNK = 2000
OPEN = """
SELECT id, severity, started_at, document->>'name' AS name, coalesce(document->>'origin', '') AS origin,
    coalesce(document->>'group', '') AS in_group, coalesce(document->'labels', '{}')::text AS labels
FROM alerter.alerts WHERE organization_id = $1 AND state IN ('firing', 'acknowledged') ORDER BY id DESC
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open alert: what it is, and its labels as routes and silences see them."""

    alert_id: Id
    name: str
    severity: Severity
    started_at: datetime
    labels: dict[str, str]


def standing(alert: AlertView) -> Standing:
    """The same of an alert that is at hand."""
    return Standing(alert.id, alert.name, alert.severity, alert.started_at, labels_of(alert))


async def open_labels(db: Connection, organization_id: Id) -> AsyncGenerator[Standing]:
    """All open alerts of an organization, newest first. Within a transaction: they are read as they are taken."""
    async for row in db.cursor(OPEN, organization_id, prefetch=CHUNK):
        labels = labels_from(row["name"], row["origin"], row["in_group"], row["severity"], json.loads(row["labels"]))
        yield Standing(row["id"], row["name"], row["severity"], row["started_at"], labels)
