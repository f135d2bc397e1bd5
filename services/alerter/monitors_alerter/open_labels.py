"""Open alerts as matchers see them, for those who must look at all of an organization: without making the alerts whole."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.alert_labels import labels_from
from monitors_contracts.alerts import AlertView, Severity
from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher, match_all
from monitors_runtime.database import Connection

from .domain.labels import DERIVED, labels_of

CHUNK = 2000
# Labels that only an alert itself has are looked for here, so that few of many are taken apart.
OPEN = """
SELECT id, severity, started_at, document->>'name' AS name, coalesce(document->>'origin', '') AS origin,
    coalesce(document->>'group', '') AS in_group, coalesce(document->'labels', '{}')::text AS labels
FROM alerter.alerts WHERE organization_id = $1 AND state IN ('firing', 'acknowledged') AND document->'labels' @> $2
ORDER BY id DESC
"""
COUNT = "SELECT count(*) FROM alerter.alerts WHERE organization_id = $1 AND state IN ('firing', 'acknowledged')"


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


async def open_labels(
    db: Connection, organization_id: Id, matchers: Sequence[Matcher] = ()
) -> AsyncGenerator[Standing]:
    """Open alerts of an organization that these matchers choose, newest first. Within a transaction: read as they are taken."""
    own = {each.label: each.value for each in matchers if each.op == "=" and each.value and each.label not in DERIVED}
    async for row in db.cursor(OPEN, organization_id, own, prefetch=CHUNK):
        labels = labels_from(row["name"], row["origin"], row["in_group"], row["severity"], json.loads(row["labels"]))
        if match_all(matchers, labels):
            yield Standing(row["id"], row["name"], row["severity"], row["started_at"], labels)


async def count_open(db: Connection, organization_id: Id) -> int:
    """How many alerts of an organization are open."""
    return int(await db.fetchval(COUNT, organization_id) or 0)
