"""Which series there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.metrics import MetricDescription
from monitors_runtime.database import Pool

from ..domain.batches import series_id
from ..domain.selectors import NAME, Selector
from ..storage import KnownSeries

FIND_BY_NAME = """
SELECT id, name, labels FROM metrics.known_series
WHERE organization_id = $1 AND name = $2 AND labels @> $3 ORDER BY id
"""
FIND_BY_LABELS = """
SELECT id, name, labels FROM metrics.known_series
WHERE organization_id = $1 AND labels @> $2 ORDER BY name, id
"""
# A day is as fine as this looks: of the current one, what came in; of others, what was summed up.
ACTIVE = """
SELECT given.id FROM unnest($1::bigint[]) AS given (id)
WHERE EXISTS (
    SELECT FROM metrics.hours
    WHERE series_id = given.id AND hour >= date_trunc('day', $2::timestamptz, 'UTC') AND hour < $3
) OR EXISTS (
    SELECT FROM metrics.head
    WHERE series_id = given.id AND hour >= date_trunc('hour', $2::timestamptz, 'UTC') AND hour < $3
)
"""
NAMES = """
SELECT DISTINCT name FROM metrics.known_series WHERE organization_id = $1 ORDER BY name LIMIT $2
"""
LABELS = """
SELECT DISTINCT label FROM metrics.known_series, jsonb_object_keys(labels) AS label
WHERE organization_id = $1 ORDER BY label LIMIT $2
"""
LABEL_VALUES = """
SELECT DISTINCT labels->>$2 FROM metrics.known_series WHERE organization_id = $1 AND labels ? $2 ORDER BY 1 LIMIT $3
"""
DESCRIPTIONS = """
SELECT name, description FROM metrics.descriptions
WHERE organization_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name LIMIT $3
"""
MISSING = """
SELECT given.place FROM unnest($1::bigint[]) WITH ORDINALITY AS given (id, place)
WHERE NOT EXISTS (SELECT FROM metrics.known_series AS known WHERE known.id = given.id) ORDER BY given.place
"""
USED = "SELECT count(*) FROM metrics.known_series WHERE organization_id = $1"
REFUSED = "SELECT reason, samples FROM metrics.refusals WHERE organization_id = $1 ORDER BY reason"

_OF_ITS_SERIES = (
    "DELETE FROM metrics.{} WHERE series_id IN (SELECT id FROM metrics.known_series WHERE organization_id = $1)"
)
ERASE = (
    *(_OF_ITS_SERIES.format(table) for table in ("head", "chunks", "minutes", "hours")),
    "DELETE FROM metrics.known_series WHERE organization_id = $1",
    "DELETE FROM metrics.descriptions WHERE organization_id = $1",
    "DELETE FROM metrics.refusals WHERE organization_id = $1",
    "DELETE FROM metrics.series WHERE organization_id = $1",
)
"""All that is kept of an organization."""


async def find(pool: Pool, organization_id: Id, selector: Selector) -> list[KnownSeries]:
    """The organization's series that are meant, by name."""
    labels = selector.equalities()
    name = labels.pop(NAME, None)
    if name is None:
        rows = await pool.fetch(FIND_BY_LABELS, organization_id, labels)
    else:
        rows = await pool.fetch(FIND_BY_NAME, organization_id, name, labels)
    found = (KnownSeries(row["id"], row["name"], row["labels"]) for row in rows)
    return [series for series in found if selector.matches(series.name, series.labels)]


async def active(pool: Pool, series: Sequence[KnownSeries], since: datetime, until: datetime) -> list[KnownSeries]:
    """Those that had samples about then: to the day."""
    rows = await pool.fetch(ACTIVE, [each.id for each in series], since, until)
    known = {row["id"] for row in rows}
    return [each for each in series if each.id in known]


async def labels(pool: Pool, organization_id: Id, limit: int) -> list[str]:
    """The names of the labels in use."""
    return [row[0] for row in await pool.fetch(LABELS, organization_id, limit)]


async def label_values(pool: Pool, organization_id: Id, label: str, limit: int) -> list[str]:
    """The values that a label has; the metrics' names for `__name__`."""
    if label == NAME:
        return [row[0] for row in await pool.fetch(NAMES, organization_id, limit)]
    return [row[0] for row in await pool.fetch(LABEL_VALUES, organization_id, label, limit)]


async def descriptions(pool: Pool, organization_id: Id, name: str | None, limit: int) -> dict[str, MetricDescription]:
    """What senders said of metrics."""
    rows: list[Any] = await pool.fetch(DESCRIPTIONS, organization_id, name, limit)
    return {row["name"]: MetricDescription.model_validate(row["description"]) for row in rows}


async def unknown(pool: Pool, organization_id: Id, keys: Sequence[str]) -> list[int]:
    """The places of those series, given as text, that the organization does not have."""
    rows = await pool.fetch(MISSING, [series_id(organization_id, key) for key in keys])
    return [row["place"] - 1 for row in rows]


async def usage(pool: Pool, organization_id: Id) -> tuple[int, dict[str, int]]:
    """How many series there are, and samples refused by reason."""
    rows: list[Any] = await pool.fetch(REFUSED, organization_id)
    return await pool.fetchval(USED, organization_id), {row["reason"]: row["samples"] for row in rows}
