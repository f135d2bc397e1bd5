"""What was stored before is found by the version of now."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import numpy as np

import monitors_metrics
from monitors_contracts.base import new_id
from monitors_contracts.series import series_key
from monitors_metrics.domain.batches import series_id
from monitors_metrics.store import reading
from monitors_runtime.database import open_pool
from monitors_runtime.migrations import migrate

MIGRATIONS = Path(monitors_metrics.__file__).parent / "migrations"
TAGS = {"monitor_id": "7", "fact": 'a "quoted"\n\\ one', "B": "upper", "empty": ""}


async def test_samples_of_the_version_before_are_moved(empty_database: str, own_folder: Path) -> None:
    shutil.copy(MIGRATIONS / "0001_samples.sql", own_folder)
    await migrate(empty_database, "metrics", own_folder)
    organization, at = new_id(), datetime(2026, 11, 20, 23, 59, 59, 500_000, tzinfo=UTC)
    pool = await open_pool(empty_database, 2)
    for tags, value in ((TAGS, 1.5), ({}, -2.0)):
        await pool.execute(
            "WITH series AS (INSERT INTO metrics.series (organization_id, name, tags, type) "
            "VALUES ($1, 'monitor_value', $2, 'gauge') RETURNING id) "
            "INSERT INTO metrics.samples SELECT id, $3, $4 FROM series",
            organization,
            tags,
            at,
            value,
        )
    await migrate(empty_database, "metrics", MIGRATIONS)
    ids = [series_id(organization, series_key("monitor_value", tags)) for tags in (TAGS, {})]
    known = await pool.fetch("SELECT id FROM metrics.known_series WHERE organization_id = $1", organization)
    assert {row["id"] for row in known} == set(ids)
    milliseconds = int(at.timestamp() * 1000)
    found = await reading.samples(pool, ids, milliseconds, milliseconds + 1)
    assert found.series.tolist() == [0, 1]
    assert np.array_equal(found.values, [1.5, -2.0])
    # The version that still runs goes on with its own tables.
    assert await pool.fetchval("SELECT count(*) FROM metrics.samples") == 2
    await pool.close()


async def test_it_can_be_undone(empty_database: str) -> None:
    await migrate(empty_database, "metrics", MIGRATIONS)
    connection = await asyncpg.connect(empty_database)
    text = (MIGRATIONS / "0002_packed.sql").read_text().partition("-- migrate:down")[2]
    await connection.execute(text)
    assert await connection.fetchval("SELECT to_regclass('metrics.head')") is None
    assert await connection.fetchval("SELECT to_regclass('metrics.samples')") is not None
    await connection.close()
