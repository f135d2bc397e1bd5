"""A monitor's evaluations over time, in PostgreSQL. Their ids tell when they were asked for, so time is a range of ids."""

from datetime import datetime
from uuid import UUID

from monitors_contracts.base import Id, id_floor
from monitors_contracts.evaluations import MonitorValues, ValueChange
from monitors_contracts.monitors import Evaluation, Verdict
from monitors_runtime.database import Pool

_OF_MONITOR = """
FROM evaluator.evaluations WHERE organization_id = $1 AND monitor_id = $2
  AND id >= $3 AND id < $4
"""

PAGE = f"SELECT document::text {_OF_MONITOR} ORDER BY id DESC LIMIT $5"

PAGE_OF_VERDICT = f"SELECT document::text {_OF_MONITOR} AND document ->> 'verdict' = $5 ORDER BY id DESC LIMIT $6"

# Of each stretch of checks the lowest and the highest value, and the very first and last. A stretch in which no check was sure
# of a value gives one null. Short histories come whole: then each check is a stretch of its own.
NUMBERS = f"""
WITH checks AS (
    SELECT id, requested_at, document ->> 'unit' AS unit, row_number() OVER (ORDER BY id) - 1 AS number,
           count(*) OVER () AS total,
           CASE WHEN document ->> 'verdict' IN ('triggered', 'quiet') AND jsonb_typeof(document -> 'value') = 'number'
                THEN (document ->> 'value')::float8 END AS value
    {_OF_MONITOR} AND status = 'done'
), stretches AS (
    SELECT *, CASE WHEN total <= $5 THEN number ELSE number * ($5 / 2 - 1) / total END AS stretch FROM checks
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY stretch ORDER BY value ASC NULLS LAST, id) AS from_lowest,
           row_number() OVER (PARTITION BY stretch ORDER BY value DESC NULLS LAST, id) AS from_highest
    FROM stretches
)
SELECT extract(epoch FROM requested_at)::float8 AS at, value, unit FROM ranked
WHERE from_lowest = 1 OR from_highest = 1 OR number IN (0, total - 1) ORDER BY id
"""  # noqa: S608 - of a constant of ours alone; whatever comes from outside is an argument

# The newest changes: of several checks in a row that read the same, the first.
CHANGES = f"""
WITH checks AS (
    SELECT id, requested_at, document -> 'value' AS value, lag(document -> 'value') OVER (ORDER BY id) AS before
    {_OF_MONITOR} AND document ->> 'verdict' IN ('triggered', 'quiet')
), changes AS (
    SELECT * FROM checks WHERE value IS DISTINCT FROM before ORDER BY id DESC LIMIT $5
)
SELECT requested_at AS at, value FROM changes ORDER BY id
"""  # noqa: S608 - of a constant of ours alone; whatever comes from outside is an argument


async def page(
    db: Pool,
    organization_id: Id,
    monitor_id: Id,
    *,
    verdict: Verdict | None,
    since: datetime | None,
    until: datetime | None,
    before: Id | None,
    limit: int,
) -> list[Evaluation]:
    """A monitor's evaluations, newest first, older than the one with the id `before`."""
    first, end = _span(since, until)
    arguments = (organization_id, monitor_id, first, min(end, before) if before else end)
    if verdict is None:
        rows = await db.fetch(PAGE, *arguments, limit)
    else:
        rows = await db.fetch(PAGE_OF_VERDICT, *arguments, verdict.value, limit)
    return [Evaluation.model_validate_json(row["document"]) for row in rows]


async def numbers(
    db: Pool, organization_id: Id, monitor_id: Id, since: datetime | None, until: datetime | None, points: int
) -> MonitorValues:
    """What was read over time as columns of at most `points` numbers."""
    rows = await db.fetch(NUMBERS, organization_id, monitor_id, *_span(since, until), points)
    units = (row["unit"] for row in reversed(rows) if row["unit"])
    return MonitorValues(
        unit=next(units, None), times=[row["at"] for row in rows], values=[row["value"] for row in rows]
    )


async def changes(
    db: Pool, organization_id: Id, monitor_id: Id, since: datetime | None, until: datetime | None, most: int
) -> MonitorValues:
    """What was read over time as its newest `most` changes."""
    rows = await db.fetch(CHANGES, organization_id, monitor_id, *_span(since, until), most)
    return MonitorValues(changes=[ValueChange(at=row["at"], value=row["value"]) for row in rows])


def _span(since: datetime | None, until: datetime | None) -> tuple[UUID, UUID]:
    return (id_floor(since) if since else UUID(int=0), id_floor(until) if until else UUID(int=2**128 - 1))
