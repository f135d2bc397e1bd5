"""Monitors, evaluations and AI usage in PostgreSQL. The `apply_...` functions are the one way in for state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from monitors_contracts.base import Id
from monitors_contracts.monitors import (
    Evaluation,
    MonitorCreated,
    MonitorDeleted,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorRestored,
    MonitorUpdated,
    MonitorView,
    Reading,
    Verdict,
)
from monitors_contracts.platform import AiUsageRecorded, ProviderUsage
from monitors_runtime.database import Connection, Pool, columns

from .domain.searching import searchable

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEVER_OUTDONE = 2**31 - 1
"""The version of a monitor that is gone for good: no late event brings it back."""

GET = (
    "SELECT document::text, reading::text, content_hash FROM evaluator.monitors WHERE organization_id = $1 AND id = $2"
)

GET_THESE = """
SELECT monitors.id, monitors.organization_id, document::text, reading::text, content_hash FROM evaluator.monitors
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
"""

GET_MANY = """
SELECT document::text FROM evaluator.monitors WHERE organization_id = $1 AND id = ANY($2) AND document IS NOT NULL
"""

COUNT = "SELECT count(*) FROM evaluator.monitors WHERE organization_id = $1 AND user_id = $2 AND document IS NOT NULL"

# Two requests of one user that race for the last free monitor take turns.
LOCK_USER = "SELECT pg_advisory_xact_lock(hashtext('monitors of user'), hashtext($1))"

# A prompt or source that changed makes the old reading worthless.
APPLY_MONITOR = """
INSERT INTO evaluator.monitors (id, organization_id, user_id, version, document, search) VALUES ($1, $2, $3, $4, $5, $7)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, document = excluded.document, search = excluded.search,
    deleted_document = NULL, erase_at = NULL,
    reading = CASE WHEN $6 THEN NULL ELSE monitors.reading END,
    content_hash = CASE WHEN $6 THEN NULL ELSE monitors.content_hash END
WHERE monitors.version < excluded.version
"""

APPLY_EVALUATED = """
UPDATE evaluator.monitors SET
    version = given.version, document = given.document,
    reading = coalesce(given.reading, monitors.reading),
    content_hash = coalesce(given.content_hash, monitors.content_hash)
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::jsonb[], $5::jsonb[], $6::text[])
    AS given (organization_id, id, version, document, reading, content_hash)
WHERE monitors.organization_id = given.organization_id AND monitors.id = given.id
  AND monitors.version < given.version AND monitors.document IS NOT NULL
"""

# A monitor without a document is nowhere to be found; the rest of it waits for its restoration, or for `erase_at`.
DELETE_MONITOR = """
INSERT INTO evaluator.monitors (id, organization_id, version, erase_at) VALUES ($2, $1, $3, $4)
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, erase_at = excluded.erase_at,
    deleted_document = coalesce(monitors.document, monitors.deleted_document), document = NULL
WHERE monitors.organization_id = $1 AND monitors.version < excluded.version
"""

GET_DELETED = """
SELECT deleted_document::text, version, erase_at FROM evaluator.monitors
WHERE organization_id = $1 AND id = $2 AND deleted_document IS NOT NULL FOR UPDATE
"""

ERASE_DELETED = """
WITH gone AS (
    UPDATE evaluator.monitors SET
        version = 2147483647, erase_at = NULL, deleted_document = NULL, reading = NULL, content_hash = NULL, search = '',
        user_id = NULL
    WHERE erase_at <= $1 RETURNING organization_id, id
)
DELETE FROM evaluator.evaluations USING gone
WHERE evaluations.organization_id = gone.organization_id AND monitor_id = gone.id
"""

PENDING_OF_MONITOR = """
SELECT document::text, suspect::text FROM evaluator.evaluations
WHERE organization_id = $1 AND monitor_id = $2 AND status = 'pending' ORDER BY id
"""

ADD_PENDING = """
INSERT INTO evaluator.evaluations (id, organization_id, monitor_id, status, requested_at, suspect, document)
SELECT given.id, given.organization_id, given.monitor_id, 'pending', given.requested_at, given.suspect, given.document
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::jsonb[], $6::jsonb[])
    AS given (id, organization_id, monitor_id, requested_at, suspect, document)
JOIN evaluator.monitors ON monitors.id = given.monitor_id AND monitors.document IS NOT NULL
ON CONFLICT (id) DO UPDATE SET suspect = coalesce(excluded.suspect, evaluations.suspect)
WHERE evaluations.status = 'pending' RETURNING id, xmax = 0 AS is_new
"""

DONE = """
INSERT INTO evaluator.evaluations (id, organization_id, monitor_id, status, requested_at, document)
SELECT given.id, given.organization_id, given.monitor_id, 'done', given.requested_at, given.document
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::jsonb[])
    AS given (id, organization_id, monitor_id, requested_at, document)
JOIN evaluator.monitors ON monitors.id = given.monitor_id AND monitors.document IS NOT NULL
ON CONFLICT (id) DO UPDATE SET status = 'done', suspect = NULL, document = excluded.document
WHERE evaluations.status = 'pending'
"""

PENDING = """
SELECT evaluations.id, document::text, suspect::text FROM evaluator.evaluations
JOIN unnest($1::uuid[], $2::uuid[]) AS given (organization_id, id) USING (organization_id, id)
WHERE status = 'pending' ORDER BY evaluations.id FOR UPDATE OF evaluations
"""

OVERDUE = """
SELECT evaluations.organization_id, monitor_id, evaluations.document::text FROM evaluator.evaluations
JOIN evaluator.monitors ON monitors.id = monitor_id AND monitors.document IS NOT NULL
WHERE status = 'pending' AND requested_at < $1 ORDER BY requested_at LIMIT 100 FOR UPDATE OF evaluations SKIP LOCKED
"""

HISTORY = """
SELECT document::text FROM evaluator.evaluations WHERE organization_id = $1 AND monitor_id = $2 ORDER BY id DESC LIMIT $3
"""

EVALUATIONS = """
SELECT evaluations.document::text FROM evaluator.evaluations
JOIN evaluator.monitors ON monitors.id = monitor_id AND monitors.document IS NOT NULL
WHERE evaluations.organization_id = $1 AND evaluations.id = ANY($2)
"""

EXPIRE_EVALUATIONS = "DELETE FROM evaluator.evaluations WHERE id < $1"

EXPIRE_USAGE = "DELETE FROM evaluator.ai_usage WHERE id < $1"

ADD_USAGE = """
INSERT INTO evaluator.ai_usage
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING
"""

SPENT = """
SELECT coalesce(sum(cost_usd), 0) FROM evaluator.ai_usage
WHERE organization_id = $1 AND occurred_at >= $2::timestamptz AND occurred_at < $2::timestamptz + interval '1 month'
"""

USAGE = """
SELECT provider, count(*) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
       sum(cost_usd) AS cost_usd
FROM evaluator.ai_usage
WHERE organization_id = $1 AND occurred_at >= $2::timestamptz AND occurred_at < $2::timestamptz + interval '1 month'
GROUP BY provider ORDER BY provider
"""

ERASE = (
    "DELETE FROM evaluator.evaluations WHERE monitor_id IN (SELECT id FROM evaluator.monitors WHERE organization_id = $1)",
    "DELETE FROM evaluator.monitors WHERE organization_id = $1",
    "DELETE FROM evaluator.ai_usage WHERE organization_id = $1",
)
"""All that is kept of an organization."""


@dataclass(frozen=True, slots=True)
class Known:
    """A monitor, and what is known of its page: the last good reading and the content it was read from."""

    monitor: MonitorView
    reading: Reading | None
    content_hash: str | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted monitor as it was, the version of its deletion, and when it is erased."""

    monitor: MonitorView
    version: int
    erase_at: datetime


def _known(row: asyncpg.Record | None) -> Known | None:
    if row is None or row["document"] is None:
        return None
    reading = Reading.model_validate_json(row["reading"]) if row["reading"] else None
    return Known(MonitorView.model_validate_json(row["document"]), reading, row["content_hash"])


# -- monitors ---------------------------------------------------------------------------------------------------------


async def get(db: Connection | Pool, organization_id: Id, monitor_id: Id, *, for_update: bool = False) -> Known | None:
    """One monitor of this organization."""
    return _known(await db.fetchrow(GET + (" FOR UPDATE" if for_update else ""), organization_id, monitor_id))


async def get_these(
    db: Connection | Pool, monitors: Sequence[tuple[Id, Id]], *, for_update: bool = False
) -> dict[tuple[Id, Id], Known]:
    """Those of these monitors (organization id, id) that exist; taken in one order where they are held."""
    query = GET_THESE + ("ORDER BY monitors.id FOR UPDATE OF monitors" if for_update else "")
    rows = await db.fetch(query, *columns(monitors))
    found = {(row["organization_id"], row["id"]): _known(row) for row in rows}
    return {key: known for key, known in found.items() if known is not None}


async def get_many(db: Connection, organization_id: Id, monitor_ids: Sequence[Id]) -> dict[Id, MonitorView]:
    """Those of these monitors that are this organization's, by id."""
    rows = await db.fetch(GET_MANY, organization_id, list(monitor_ids))
    monitors = [MonitorView.model_validate_json(row["document"]) for row in rows]
    return {monitor.id: monitor for monitor in monitors}


async def get_deleted(db: Connection, organization_id: Id, monitor_id: Id) -> Deleted | None:
    """A monitor that was deleted and not erased yet; held until the transaction ends."""
    row = await db.fetchrow(GET_DELETED, organization_id, monitor_id)
    if row is None:
        return None
    return Deleted(MonitorView.model_validate_json(row["deleted_document"]), row["version"], row["erase_at"])


async def count(db: Connection | Pool, organization_id: Id, user_id: Id) -> int:
    """How many monitors a user has."""
    return await db.fetchval(COUNT, organization_id, user_id) or 0


async def lock_user(db: Connection, user_id: Id) -> None:
    """Take turns with other requests of this user until the transaction ends."""
    await db.execute(LOCK_USER, str(user_id))


# -- evaluations ------------------------------------------------------------------------------------------------------


async def pending(db: Connection, refreshes: Sequence[tuple[Id, Id]]) -> dict[Id, tuple[Evaluation, Reading | None]]:
    """Those of these refreshes (organization id, id) that wait for their verdicts, with the values they want to see again.

    Held until the transaction ends.
    """
    rows = await db.fetch(PENDING, *columns(refreshes))
    return {row["id"]: _pending(row) for row in rows}


def _pending(row: asyncpg.Record) -> tuple[Evaluation, Reading | None]:
    suspect = Reading.model_validate_json(row["suspect"]) if row["suspect"] else None
    return Evaluation.model_validate_json(row["document"]), suspect


async def pending_of(db: Connection, organization_id: Id, monitor_id: Id) -> list[tuple[Evaluation, Reading | None]]:
    """A monitor's checks that wait for their verdicts, with the values they want to see again."""
    rows = await db.fetch(PENDING_OF_MONITOR, organization_id, monitor_id)
    return [_pending(row) for row in rows]


async def overdue(db: Connection, before: datetime) -> list[tuple[Id, Id, Evaluation]]:
    """Refreshes asked for before this moment that still wait (organization id, monitor id, evaluation); held."""
    rows = await db.fetch(OVERDUE, before)
    return [
        (row["organization_id"], row["monitor_id"], Evaluation.model_validate_json(row["document"])) for row in rows
    ]


async def history(db: Pool, organization_id: Id, monitor_id: Id, limit: int) -> list[Evaluation]:
    """A monitor's evaluations, newest first."""
    rows = await db.fetch(HISTORY, organization_id, monitor_id, limit)
    return [Evaluation.model_validate_json(row["document"]) for row in rows]


async def evaluations(db: Pool, organization_id: Id, refresh_ids: Sequence[Id]) -> list[Evaluation]:
    """The evaluations of these refreshes, in the order asked for; unknown ones left out."""
    rows = await db.fetch(EVALUATIONS, organization_id, list(refresh_ids))
    found = {
        evaluation.id: evaluation for evaluation in (Evaluation.model_validate_json(row["document"]) for row in rows)
    }
    return [found[identifier] for identifier in refresh_ids if identifier in found]


# -- state is what events say -----------------------------------------------------------------------------------------

MonitorEvent = (
    MonitorCreated | MonitorUpdated | MonitorDeleted | MonitorRestored | MonitorRefreshRequested | MonitorEvaluated
)


async def apply(db: Connection, event: MonitorEvent) -> None:
    """Make the state what the event says; what is known already changes nothing."""
    match event:
        case MonitorCreated() | MonitorUpdated() | MonitorRestored():
            monitor = event.monitor
            who = (monitor.id, monitor.organization_id, monitor.user_id)
            forget = monitor.last_checked is None
            await db.execute(APPLY_MONITOR, *who, monitor.version, monitor, forget, searchable(monitor))
        case MonitorDeleted():
            version = NEVER_OUTDONE if event.monitor_version is None else event.monitor_version
            erase_at = event.restorable_until or LONG_AGO
            await db.execute(DELETE_MONITOR, event.organization_id, event.monitor_id, version, erase_at)
        case MonitorRefreshRequested():
            await add_pending(db, [event])
        case MonitorEvaluated():
            known = await get(db, event.organization_id, event.monitor_id)
            if known is not None:
                await apply_evaluated(db, [(known.monitor, event)])


async def add_pending(db: Connection, requested: Sequence[MonitorRefreshRequested]) -> set[Id]:
    """Accepted refreshes wait for their verdicts from now on; those that were not known before."""
    blanks = [
        Evaluation(id=event.refresh_id, monitor_id=event.monitor_id, status="pending", requested_at=event.requested_at)
        for event in requested
    ]
    rows = await db.fetch(
        ADD_PENDING,
        [event.refresh_id for event in requested],
        [event.organization_id for event in requested],
        [event.monitor_id for event in requested],
        [event.requested_at for event in requested],
        [event.suspect for event in requested],
        blanks,
    )
    return {row["id"] for row in rows if row["is_new"]}


async def apply_evaluated(db: Connection, evaluations: Sequence[tuple[MonitorView, MonitorEvaluated]]) -> None:
    """The evaluations are done, and their monitors are what they say. Each monitor comes as last read, and once."""
    done = [
        (event.evaluation.id, event.organization_id, event.monitor_id, event.evaluation.requested_at, event.evaluation)
        for _, event in evaluations
    ]
    await db.execute(DONE, *columns(done))
    changed = [
        (
            event.organization_id,
            event.monitor_id,
            event.monitor_version,
            evaluated(before, event),
            _reading(event),
            event.content_hash,
        )
        for before, event in evaluations
        if before.version < event.monitor_version
    ]
    if changed:
        await db.execute(APPLY_EVALUATED, *columns(changed))


def _reading(event: MonitorEvaluated) -> Reading | None:
    """What the evaluated content said, to be used again for the same content."""
    evaluation = event.evaluation
    if not event.content_hash or not evaluation.evidence:
        return None
    return Reading(
        value=evaluation.value, unit=evaluation.unit, evidence=evaluation.evidence, confidence=evaluation.confidence
    )


def evaluated(monitor: MonitorView, event: MonitorEvaluated) -> MonitorView:
    """The monitor after an evaluation. A failed or uncertain one leaves the known value as it is."""
    evaluation = event.evaluation
    good = evaluation.verdict in (Verdict.TRIGGERED, Verdict.QUIET)
    value = {
        "current_value": evaluation.value,
        "previous_value": monitor.current_value,
        "unit": evaluation.unit or monitor.unit,
        "condition_met": event.condition_met,
    }
    return monitor.model_copy(
        update={
            **(value if good else {}),
            "plan": event.plan or monitor.plan,
            "last_checked": evaluation.evaluated_at,
            "last_verdict": evaluation.verdict,
            "last_reason": evaluation.reason,
            "trigger_count": monitor.trigger_count + (evaluation.verdict is Verdict.TRIGGERED),
            "evaluation_count": monitor.evaluation_count + 1,
            "version": event.monitor_version,
        }
    )


# -- AI usage ---------------------------------------------------------------------------------------------------------


async def add_usage(db: Connection, usage: AiUsageRecorded) -> None:
    """Account for one request to a provider."""
    who = (usage.usage_id, usage.organization_id, usage.user_id, usage.provider, usage.model, usage.purpose)
    what = (usage.input_tokens, usage.output_tokens, usage.cost_usd, usage.outcome, usage.occurred_at)
    await db.execute(ADD_USAGE, *who, *what)


async def spent(db: Pool, organization_id: Id, month: datetime) -> float:
    """USD an organization's requests cost in the month that begins at `month`."""
    return await db.fetchval(SPENT, organization_id, month)


async def usage(db: Pool, organization_id: Id, month: datetime) -> list[ProviderUsage]:
    """The month by provider."""
    return [ProviderUsage.model_validate(dict(row)) for row in await db.fetch(USAGE, organization_id, month)]
