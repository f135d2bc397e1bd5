"""Alerts in PostgreSQL. `apply` is the one way in: live changes and replays write state by it alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from monitors_contracts.alerts import (
    AlertCommented,
    AlertEvent,
    AlertState,
    AlertStep,
    AlertView,
    HeldBack,
    ListAlerts,
)
from monitors_contracts.base import Id
from monitors_contracts.monitors import Crossing, ThresholdExceeded
from monitors_runtime.database import Connection, Pool, Writes, columns
from monitors_runtime.narrowing import narrowed

from . import label_filters, suppressing
from .circumstances import versions_of
from .domain import timeline
from .domain.lifecycle import Past

# Copies of the service take turns over the alerts of one monitor, or of one series of a rule.
LOCK = """
SELECT pg_advisory_xact_lock(hashtext('alerts of monitor'), hashtext(id))
FROM (SELECT unnest($1::text[]) AS id ORDER BY 1) AS monitors
"""

APPLY = """
INSERT INTO alerter.alerts
    (id, organization_id, monitor_id, fingerprint, state, severity, version, started_at, resolved_at, document)
SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::int[], $8::timestamptz[],
    $9::timestamptz[], $10::jsonb[]
)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, severity = excluded.severity, version = excluded.version,
    resolved_at = excluded.resolved_at, document = excluded.document
WHERE alerts.version < excluded.version
RETURNING id
"""

# Held, so that somebody who takes or ends the alert at this moment goes before or after.
OPEN_OF_MONITORS = """
SELECT monitor_id, document::text FROM alerter.alerts
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, monitor_id) USING (organization_id, monitor_id)
WHERE state <> 'resolved' ORDER BY id FOR UPDATE OF alerts
"""

OPEN_OF_CONDITIONS = """
SELECT fingerprint, document::text FROM alerter.alerts
JOIN unnest($1::uuid[], $2::text[]) AS given (organization_id, fingerprint) USING (organization_id, fingerprint)
WHERE state <> 'resolved' ORDER BY id FOR UPDATE OF alerts
"""

GET = "SELECT document::text FROM alerter.alerts WHERE organization_id = $1 AND id = $2"

THESE = """
SELECT id, document::text FROM alerter.alerts
WHERE organization_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE
"""

SOME = """
SELECT document::text FROM alerter.alerts WHERE organization_id = $1 AND id = ANY($2::uuid[]) ORDER BY id DESC
"""

# Each state's newest by the index of its own, then the newest of them: open ones are few, and must be found among many.
LIST = """
SELECT found.document FROM unnest($4::text[]) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT id, document::text FROM alerter.alerts
    WHERE organization_id = $1 AND alerts.state = wanted.state
      AND id < coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') {filters}
    ORDER BY id DESC LIMIT $3
) AS found
ORDER BY found.id DESC LIMIT $3
"""

COUNT = "SELECT state, count(*) FROM alerter.alerts WHERE organization_id = $1 {filters} GROUP BY state"

# The index of what a rule opened serves both: `document->>'ruleId' = ...` implies its condition.
LATEST_OF_RULES = """
SELECT latest.document FROM unnest($2::text[]) AS wanted (rule_id)
CROSS JOIN LATERAL (
    SELECT document::text FROM alerter.alerts
    WHERE organization_id = $1 AND document->>'ruleId' = wanted.rule_id
    ORDER BY id DESC LIMIT 1
) AS latest
"""

FOUND_IN = "strpos(lower(concat_ws(chr(10), document->>'name', document->>'summary', document->>'condition')), ${}) > 0"

HELD = "EXISTS (SELECT FROM alerter.members WHERE alert_id = alerts.id AND word = ANY(${}))"

# One that waits in several groups is told of as waiting for a silence before it is for another alert.
HELD_BACK = """
SELECT alert_id, max(word) AS word FROM alerter.members
WHERE alert_id = ANY($1::uuid[]) AND word IN ('silenced', 'maintenance', 'inhibited') GROUP BY alert_id
"""

STEPS = """
SELECT document::text FROM alerter.timeline
WHERE organization_id = $1 AND alert_id = $2 ORDER BY at DESC LIMIT $3
"""

COUNT_STEPS = "SELECT count(*) FROM alerter.timeline WHERE organization_id = $1 AND alert_id = $2"

STEP = "SELECT document::text FROM alerter.timeline WHERE organization_id = $1 AND alert_id = $2 AND key = $3"

ADD_STEPS = """
INSERT INTO alerter.timeline (organization_id, alert_id, key, at, document)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::jsonb[])
ON CONFLICT (organization_id, alert_id, key) DO NOTHING
"""

# An alert that is still open stays, however old.
EXPIRE_ALERTS = "DELETE FROM alerter.alerts WHERE id < $1 AND state = 'resolved'"

# After the alerts: what happened to one that is gone goes too.
EXPIRE_TIMELINE = """
DELETE FROM alerter.timeline
WHERE alert_id < $1 AND NOT EXISTS (SELECT FROM alerter.alerts WHERE alerts.id = timeline.alert_id)
"""

# Longer than conditions that come and go are watched for.
EXPIRE_CLEARINGS = (
    "DELETE FROM alerter.clearings WHERE greatest(exceeded_at, cleared_at) < $1::timestamptz - interval '7 days'"
)

ERASE = (
    "DELETE FROM alerter.timeline WHERE organization_id = $1",
    "DELETE FROM alerter.alerts WHERE organization_id = $1",
    "DELETE FROM alerter.timeline WHERE organization_id = $1",
    "DELETE FROM alerter.clearings WHERE organization_id = $1",
    "DELETE FROM alerter.received WHERE organization_id = $1",
)
"""All that is kept of an organization."""

PAST = """
SELECT fingerprint, exceeded_at, cleared_at, ends FROM alerter.clearings
JOIN unnest($1::uuid[], $2::text[]) AS given (organization_id, fingerprint) USING (organization_id, fingerprint)
"""

NOTE = """
INSERT INTO alerter.clearings (organization_id, fingerprint, exceeded_at, cleared_at, ends)
SELECT *, array_remove(ARRAY[cleared_at], NULL)
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    AS given (organization_id, fingerprint, exceeded_at, cleared_at)
ON CONFLICT (organization_id, fingerprint) DO UPDATE SET
    exceeded_at = greatest(clearings.exceeded_at, excluded.exceeded_at),
    cleared_at = greatest(clearings.cleared_at, excluded.cleared_at),
    ends = CASE WHEN excluded.ends = '{}' OR excluded.ends <@ clearings.ends THEN clearings.ends
        ELSE (clearings.ends || excluded.ends)[greatest(cardinality(clearings.ends) - 30, 1):] END
"""

Crossed: TypeAlias = tuple[Id, str, datetime | None, datetime | None]
"""A condition (organization id, fingerprint), and when it was exceeded, or cleared."""


async def lock(db: Connection, subjects: Sequence[str]) -> None:
    """Hold the alerts about these (see `lifecycle.about`) until the transaction ends."""
    await db.execute(LOCK, subjects)


async def apply(db: Connection, event: AlertEvent | AlertCommented) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    if isinstance(event, AlertCommented):
        writes = Writes()
        _add_steps(writes, [event])
        await writes.send(db)
    else:
        await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[AlertEvent], versions: Mapping[Id, int] | None = None) -> None:
    """Make the state what events say; of several about one alert the last. Each is a step of its alert's timeline.

    `versions` of the organizations' settings, where they are known.
    """
    alerts = {event.alert_id: event.alert for event in sorted(events, key=lambda event: event.alert.version)}
    if not alerts:
        return
    writes = Writes()
    _add_steps(writes, events)
    # An alert that ends makes room for the next of its fingerprint, so the resolved go first.
    ordered = sorted(alerts.values(), key=lambda alert: (alert.state is not AlertState.RESOLVED, alert.id))
    rows = [
        (
            alert.id,
            alert.organization_id,
            alert.monitor_id,
            alert.fingerprint,
            alert.state,
            alert.severity,
            alert.version,
            alert.started_at,
            alert.resolved_at,
            alert,
        )
        for alert in ordered
    ]
    changed = {row["id"] for row in await writes.fetch(db, APPLY, *columns(rows))}
    if versions is None:
        versions = await versions_of(db, [alert.organization_id for alert in ordered])
    await suppressing.follow(db, [alert for alert in ordered if alert.id in changed], versions)


def _add_steps(writes: Writes, events: Sequence[AlertEvent | AlertCommented]) -> None:
    steps = [(event, step) for event in events for step in timeline.steps(event)]
    rows = [(event.organization_id, event.alert_id, step.key, step.at, step) for event, step in steps]
    if rows:
        writes.add(ADD_STEPS, *columns(rows))


async def open_alerts(db: Connection, crossings: Sequence[Crossing]) -> dict[str, list[AlertView]]:
    """Alerts that are not resolved, oldest first, by what they are about: a monitor's all, a rule's of this series."""
    monitors = [(each.organization_id, each.monitor_id) for each in crossings if each.rule_id is None]
    conditions = [(each.organization_id, each.fingerprint) for each in crossings if each.rule_id]
    rows = [
        *(await db.fetch(OPEN_OF_MONITORS, *columns(monitors)) if monitors else ()),
        *(await db.fetch(OPEN_OF_CONDITIONS, *columns(conditions)) if conditions else ()),
    ]
    found: dict[str, list[AlertView]] = {}
    for row in rows:
        found.setdefault(str(row[0]), []).append(AlertView.model_validate_json(row["document"]))
    return found


async def get(db: Connection | Pool, organization_id: Id, alert_id: Id) -> AlertView | None:
    """One alert of this organization."""
    document = await db.fetchval(GET, organization_id, alert_id)
    return AlertView.model_validate_json(document) if document else None


async def hold(db: Connection, organization_id: Id, alert_ids: Sequence[Id]) -> dict[Id, AlertView]:
    """Those of these alerts that exist, held until the transaction ends; taken in one order."""
    rows = await db.fetch(THESE, organization_id, alert_ids)
    return {row["id"]: AlertView.model_validate_json(row["document"]) for row in rows}


async def these(db: Connection | Pool, organization_id: Id, alert_ids: Sequence[Id]) -> list[AlertView]:
    """Those of these alerts that exist, newest first."""
    rows = await db.fetch(SOME, organization_id, alert_ids)
    return [AlertView.model_validate_json(row["document"]) for row in rows]


async def find(db: Pool, asked: ListAlerts, before: Id | None) -> tuple[list[AlertView], dict[AlertState, int]]:
    """Alerts, newest first, and how many match in each state."""
    page = (asked.organization_id, before, asked.limit, states_asked_for(asked))
    narrowing = [*filters(asked), *await label_filters.conditions(db, asked.organization_id, asked.matchers)]
    query, arguments = narrowed(LIST, page, narrowing)
    rows = await db.fetch(query, *arguments)
    counted, arguments = narrowed(COUNT, (asked.organization_id,), narrowing)
    counts = {AlertState(row["state"]): int(row["count"]) for row in await db.fetch(counted, *arguments)}
    return [AlertView.model_validate_json(row["document"]) for row in rows], counts


def states_asked_for(asked: ListAlerts) -> list[AlertState]:
    """The states that a list shows: all when none is named."""
    named = [*asked.states, *([asked.state] if asked.state else [])]
    return list(dict.fromkeys(named)) or list(AlertState)


def filters(asked: ListAlerts) -> list[tuple[str, Any]]:
    """What a list is narrowed by, besides the state and labels: conditions and their values."""
    words = (asked.query or "").replace("\0", "").strip().lower()
    rule = str(asked.rule_id) if asked.rule_id else None
    return [
        ("monitor_id = ${}", asked.monitor_id),
        ("document->>'ruleId' = ${}", rule),
        ("severity = ${}", asked.severity),
        (FOUND_IN, words),
        ("document->>'origin' = ${}", asked.origin),
        ("document->>'assignee' = ${}", asked.assignee),
        (HELD, list(asked.held)),
    ]


async def held_back(db: Pool, alert_ids: Sequence[Id]) -> dict[str, HeldBack]:
    """What keeps these alerts from being told, by id; of those that wait for it to end."""
    rows = await db.fetch(HELD_BACK, alert_ids) if alert_ids else ()
    return {str(row["alert_id"]): row["word"] for row in rows}


async def latest_of_rules(db: Pool, organization_id: Id, rule_ids: Sequence[Id]) -> list[AlertView]:
    """The alert that each of these rules opened last."""
    rows = await db.fetch(LATEST_OF_RULES, organization_id, [str(each) for each in rule_ids])
    return [AlertView.model_validate_json(row["document"]) for row in rows]


async def steps(db: Pool, organization_id: Id, alert_id: Id, limit: int) -> tuple[list[AlertStep], int]:
    """The newest steps of an alert's timeline, oldest first, and how many there are."""
    rows = await db.fetch(STEPS, organization_id, alert_id, limit)
    total = await db.fetchval(COUNT_STEPS, organization_id, alert_id)
    return timeline.ordered([AlertStep.model_validate_json(row["document"]) for row in rows]), total


async def step(db: Connection, organization_id: Id, alert_id: Id, key: str) -> AlertStep | None:
    """One step of an alert's timeline."""
    document = await db.fetchval(STEP, organization_id, alert_id, key)
    return AlertStep.model_validate_json(document) if document else None


async def past(db: Connection, conditions: Sequence[tuple[Id, str]]) -> dict[str, Past]:
    """When these conditions (organization id, fingerprint) were last exceeded and last cleared, by fingerprint."""
    rows = await db.fetch(PAST, *columns(conditions))
    return {row["fingerprint"]: Past(row["exceeded_at"], row["cleared_at"], tuple(row["ends"])) for row in rows}


async def note(db: Connection, crossings: Sequence[Crossing]) -> None:
    """Remember when conditions were crossed. A change has nothing to remember: none is like another."""
    rows: list[Crossed] = []
    for each in crossings:
        if each.kind == "state":
            exceeded = isinstance(each, ThresholdExceeded)
            at = each.occurred_at
            rows.append((each.organization_id, each.fingerprint, at if exceeded else None, None if exceeded else at))
    await note_all(db, rows)


async def note_all(db: Connection, rows: Sequence[Crossed]) -> None:
    """Remember when conditions were exceeded, or cleared."""
    if rows:
        await db.execute(NOTE, *columns(rows))
