"""Open alerts that hold others back, in PostgreSQL: made of alerts and rules, looked for by rule and equal labels."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_contracts.inhibition import InhibitionRule
from monitors_runtime.database import Connection, Pool, columns

from .domain.inhibition import Rules, Side, Source, rank
from .open_labels import Standing, open_labels, standing

MOST_SOURCES = 50
"""Of so many alerts with one key it is looked at which hold another one back: those that nothing holds back come first."""

# A source that is no target is the surest to be told itself; of two on one side only, the more severe, then the older.
SOURCES = """
SELECT found.* FROM unnest($2::uuid[]) AS wanted (key)
CROSS JOIN LATERAL (
    SELECT key, alert_id, is_both, name, severity, started_at, aims::text FROM alerter.inhibitors
    WHERE organization_id = $1 AND inhibitors.key = wanted.key
    ORDER BY is_both, jsonb_array_length(aims), alert_id LIMIT $3
) AS found
"""

# Only of alerts that are open by now: an event may be applied again long after.
ADD = """
INSERT INTO alerter.inhibitors
    (organization_id, key, alert_id, rule_id, is_both, name, severity, started_at, aims)
SELECT given.organization_id, key, given.alert_id, rule_id, is_both, name, given.severity, given.started_at, aims::jsonb
FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bool[], $6::text[], $7::text[], $8::timestamptz[], $9::text[]
) AS given (organization_id, key, alert_id, rule_id, is_both, name, severity, started_at, aims)
JOIN alerter.alerts ON alerts.id = given.alert_id AND alerts.state <> 'resolved'
ON CONFLICT (organization_id, key, alert_id) DO UPDATE SET
    is_both = excluded.is_both, severity = excluded.severity, aims = excluded.aims
"""
# Alerts that are over, and what others were before they got worse.
DROP = """
DELETE FROM alerter.inhibitors WHERE alert_id = ANY($1::uuid[])
  AND NOT EXISTS (
    SELECT FROM unnest($2::uuid[], $3::uuid[]) AS kept (key, alert_id)
    WHERE kept.key = inhibitors.key AND kept.alert_id = inhibitors.alert_id
  )
"""
COUNT = """
SELECT rule_id, count(*) FROM alerter.inhibitors WHERE organization_id = $1 GROUP BY rule_id
"""
FORGET = "DELETE FROM alerter.inhibitors WHERE organization_id = $1"
Row: TypeAlias = tuple[Id, UUID, Id, Id, bool, str, str, datetime, str]


async def follow(db: Connection, rules: Rules, alerts: Sequence[AlertView]) -> None:
    """Keep up with alerts of one organization, after they changed."""
    rows: list[Row] = []
    for alert in alerts:
        if alert.state is not AlertState.RESOLVED:
            rows += _rows(rules, standing(alert), alert.organization_id)
    await db.execute(DROP, [alert.id for alert in alerts], [row[1] for row in rows], [row[2] for row in rows])
    if rows:
        await db.execute(ADD, *columns(rows))


async def rebuild(db: Connection, organization_id: Id, rules: Sequence[InhibitionRule]) -> None:
    """Look at all open alerts anew, after a rule changed."""
    await db.execute(FORGET, organization_id)
    compiled = Rules.active(rules)
    if compiled.rules:
        rows: list[Row] = []
        async for alert in open_labels(db, organization_id):
            rows += _rows(compiled, alert, organization_id)
        if rows:
            await db.execute(ADD, *columns(rows))


def _rows(rules: Rules, alert: Standing, organization_id: Id) -> Iterator[Row]:
    if sources := rules.sources(alert.labels):
        aims = json.dumps([[str(aim.rule), str(aim.key), aim.both] for aim in rules.targets(alert.labels)])
        for side in sources:
            known = (alert.name, alert.severity, alert.started_at, aims)
            yield organization_id, side.key, alert.alert_id, side.rule, side.both, *known


async def behind(db: Connection | Pool, organization_id: Id, aims: Iterable[Side]) -> dict[UUID, list[Source]]:
    """All that may hold alerts with these aims back, and what may hold those back in turn: see `domain.inhibition`."""
    found: dict[UUID, list[Source]] = {}
    asked = {aim.key for aim in aims}
    while asked:
        found |= {key: [] for key in asked}
        for row in await db.fetch(SOURCES, organization_id, list(asked), MOST_SOURCES):
            found[row["key"]].append(_source(row))
        asked = {aim.key for key in asked for source in found[key] for aim in source.aims} - found.keys()
    return found


def _source(row: asyncpg.Record) -> Source:
    aims = tuple(Side(UUID(rule), UUID(key), both) for rule, key, both in json.loads(row["aims"]))
    ranked = rank(row["severity"], row["started_at"], row["alert_id"])
    return Source(row["alert_id"], row["name"], row["is_both"], ranked, aims)


async def count_sources(db: Connection | Pool, organization_id: Id) -> dict[Id, int]:
    """How many open alerts may hold others back, by rule."""
    return {row["rule_id"]: row["count"] for row in await db.fetch(COUNT, organization_id)}
