"""Many writes in one round trip."""

from typing import Any

import pytest

from monitors_runtime.database import Writes

ADD = "INSERT INTO {} (name, number) SELECT * FROM unnest($1::text[], $2::int[])"


@pytest.fixture
async def tables(house: Any) -> Any:
    """A connection with two tables that end with it."""
    async with house.pool.acquire() as db:
        for table in ("apples", "pears"):
            await db.execute(f"CREATE TEMP TABLE {table} (name text PRIMARY KEY, number int)")
        yield db
        for table in ("apples", "pears"):
            await db.execute(f"DROP TABLE {table}")


async def test_each_gets_its_own_arguments(tables: Any) -> None:
    await tables.execute("INSERT INTO apples VALUES ('old', 1), ('gone', 2)")
    writes = Writes()
    writes.add(ADD.format("pears"), ["a", "b"], [3, 4])
    writes.add("UPDATE apples SET number = $2 WHERE name = $1 AND number < $2", "old", 10)
    writes.add("DELETE FROM apples WHERE name = $1", "gone")
    writes.add(ADD.format("apples"), ["new"], [5])
    await writes.send(tables)
    assert [tuple(row) for row in await tables.fetch("SELECT * FROM pears ORDER BY 1")] == [("a", 3), ("b", 4)]
    assert [tuple(row) for row in await tables.fetch("SELECT * FROM apples ORDER BY 1")] == [("new", 5), ("old", 10)]


async def test_none_is_done_when_one_fails(tables: Any) -> None:
    writes = Writes()
    writes.add(ADD.format("pears"), ["a"], [1])
    writes.add(ADD.format("apples"), ["twice", "twice"], [1, 2])
    with pytest.raises(Exception, match="duplicate key"):
        await writes.send(tables)
    assert not await tables.fetch("SELECT * FROM pears")


async def test_nothing_is_sent_when_there_is_nothing() -> None:
    class Silent:
        async def execute(self, *_: Any) -> None:
            raise AssertionError("there was nothing to send")

    await Writes().send(Silent())  # pyright: ignore[reportArgumentType]
