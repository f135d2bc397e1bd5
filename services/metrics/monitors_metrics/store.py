"""Series and samples in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from monitors_contracts.base import Id
from monitors_contracts.metrics import MetricCollected, SeriesSamples
from monitors_runtime.database import Connection, Pool

SERIES = """
INSERT INTO metrics.series (organization_id, name, tags, type)
SELECT DISTINCT ON (organization_id, name, tags) organization_id, name, tags, type
FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[]) AS given (organization_id, name, tags, type)
ORDER BY organization_id, name, tags
ON CONFLICT (organization_id, name, tags) DO NOTHING
"""

SAMPLES = """
INSERT INTO metrics.samples (series_id, at, value)
SELECT DISTINCT ON (series.id, given.at) series.id, given.at, given.value
FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::timestamptz[], $5::float8[])
    AS given (organization_id, name, tags, at, value)
JOIN metrics.series USING (organization_id, name, tags)
ON CONFLICT (series_id, at) DO NOTHING
"""

# The newest samples of each matching series, then oldest first for reading.
QUERY = """
SELECT series.name, series.tags, newest.at, newest.value
FROM metrics.series
CROSS JOIN LATERAL (
    SELECT at, value FROM metrics.samples
    WHERE series_id = series.id AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
    ORDER BY at DESC LIMIT $6
) AS newest
WHERE series.organization_id = $1 AND series.name = $2 AND series.tags @> $3
ORDER BY series.id, newest.at
"""


async def apply(db: Connection, event: MetricCollected) -> None:
    """Keep a batch of samples; those known already change nothing."""
    await apply_all(db, [event])


async def apply_all(db: Connection, events: Sequence[MetricCollected]) -> None:
    """Keep the samples of many batches at once."""
    samples = [(event.organization_id, sample) for event in events for sample in event.samples]
    organizations = [organization for organization, _ in samples]
    names = [sample.name for _, sample in samples]
    tags = [sample.tags for _, sample in samples]
    await db.execute(SERIES, organizations, names, tags, [sample.type for _, sample in samples])
    times, values = [sample.timestamp for _, sample in samples], [sample.value for _, sample in samples]
    await db.execute(SAMPLES, organizations, names, tags, times, values)


async def query(
    db: Pool,
    organization_id: Id,
    name: str,
    tags: dict[str, str],
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[SeriesSamples]:
    """Samples of the series with this name and at least these tags."""
    found: dict[tuple[tuple[str, str], ...], SeriesSamples] = {}
    for row in await db.fetch(QUERY, organization_id, name, tags, since, until, limit):
        key = tuple(sorted(row["tags"].items()))
        series = found.setdefault(key, SeriesSamples(name=row["name"], tags=row["tags"], samples=[]))
        series.samples.append((row["at"], row["value"]))
    return list(found.values())
