"""Alerts that are not over, as they stand among silences and routes: what Alertmanager's API shows."""

from collections.abc import Sequence
from datetime import datetime

from monitors_contracts.alerts import AlertView
from monitors_contracts.matchers import Matcher, match_all
from monitors_contracts.receiving import ActiveAlert, ActiveAlerts, ListActiveAlerts
from monitors_runtime.database import Connection

from . import circumstances
from .domain.labels import labels_of
from .domain.routing import Way
from .routes import destination
from .suppressing import suppressions

# Page by page through the index of what is open. Labels that only an alert itself has are looked for here, so that few of
# many are taken apart.
LIST = """
SELECT alerts.fingerprint, alerts.document::text, received.ends_at, received.heard_at FROM alerter.alerts
LEFT JOIN alerter.received
    ON received.organization_id = alerts.organization_id AND received.fingerprint = alerts.fingerprint
   AND received.alert_id = alerts.id
WHERE alerts.organization_id = $1 AND alerts.state <> 'resolved' AND alerts.fingerprint > $2
  AND alerts.document->'labels' @> $3
ORDER BY alerts.fingerprint LIMIT $4
"""
_DERIVED = frozenset({"alertname", "severity", "origin", "group"})
_MOST_CHARACTERS = 250_000


async def find(db: Connection, asked: ListActiveAlerts, now: datetime) -> ActiveAlerts:
    """A page of those that are asked for."""
    rows = await db.fetch(LIST, asked.organization_id, asked.after, _own_labels(asked.matchers), asked.limit)
    chosen: list[tuple[AlertView, dict[str, str], datetime | None, datetime | None]] = []
    characters, last = 0, ""
    for row in rows:
        if characters > _MOST_CHARACTERS:
            break
        alert = AlertView.model_validate_json(row["document"])
        labels = labels_of(alert)
        last = alert.fingerprint
        if match_all(asked.matchers, labels):
            chosen.append((alert, labels, row["ends_at"], row["heard_at"]))
            characters += len(row["document"])
    held = await suppressions(db, asked.organization_id, [alert for alert, *_ in chosen], now) if chosen else {}
    known = (await circumstances.these(db, [asked.organization_id]))[asked.organization_id]
    ways: dict[str, Way] = {}
    branches: list[list[str]] = []
    for _, labels, *_ in chosen:
        found = known.tree.ways(labels)
        ways |= {way.name: way for way in found}
        branches.append([way.name for way in found])
    places = {name: place for place, name in enumerate(ways)}
    active = [
        ActiveAlert(
            alert=alert,
            labels=labels,
            updated_at=heard_at or alert.acknowledged_at or alert.started_at,
            ends_at=ends_at,
            silenced_by=[str(each.id) for each in held.get(alert.id, ()) if each.kind != "inhibited"],
            inhibited_by=[str(each.inhibitor) for each in held.get(alert.id, ()) if each.inhibitor],
            destinations=[places[name] for name in names],
        )
        for (alert, labels, ends_at, heard_at), names in zip(chosen, branches, strict=True)
    ]
    is_last = len(rows) < asked.limit and (not rows or rows[-1]["fingerprint"] == last)
    leads_to = [destination(way, known.channels, now) for way in ways.values()]
    return ActiveAlerts(alerts=active, destinations=leads_to, next_after=None if is_last else last)


def _own_labels(matchers: Sequence[Matcher]) -> dict[str, str]:
    """What the alert's own labels must have for these to match."""
    return {each.label: each.value for each in matchers if each.op == "=" and each.value and each.label not in _DERIVED}
