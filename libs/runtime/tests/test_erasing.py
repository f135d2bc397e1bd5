"""An organization that was erased stays erased, whatever was on its way, comes late or is replayed."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.metrics import MetricCollected
from monitors_contracts.platform import OrganizationDeleted
from monitors_runtime.consumer import Received
from monitors_runtime.database import Connection
from monitors_runtime.errors import ProblemError
from monitors_runtime.replay import replay
from monitors_runtime.runtime import Runtime
from monitors_runtime.transaction import Transaction

pytestmark = pytest.mark.integration

TABLE = "CREATE TABLE kept (organization_id uuid, batch uuid PRIMARY KEY)"
KEEP = "INSERT INTO kept VALUES ($1, $2) ON CONFLICT DO NOTHING"
FORGET = "DELETE FROM kept WHERE organization_id = $1"


async def apply(db: Connection, event: MetricCollected) -> None:
    await db.execute(KEEP, event.organization_id, event.batch_id)


class Keeper:
    """A service that keeps a row a batch. While `pausing` is clear, a batch waits between its row and its commit."""

    def __init__(self, runtime: Runtime) -> None:
        self.pausing = asyncio.Event()
        self.pausing.set()
        self.writing = asyncio.Event()
        self.let_go: list[Id] = []
        self.elsewhere = runtime.service("elsewhere")
        self.service = runtime.service("tests")
        self.service.consume(MetricCollected, save=self._collected)
        self.service.erase(OrganizationDeleted, FORGET, first=self._let_go)
        self.service.project(MetricCollected, apply=apply, tables=["kept"])

    async def _collected(self, tx: Transaction, received: Received[MetricCollected]) -> None:
        await apply(tx.db, received.event)
        self.writing.set()
        await self.pausing.wait()

    async def _let_go(self, _: Connection, organization: Id) -> None:
        self.let_go.append(organization)

    async def rows(self) -> set[Id]:
        found = await self.service.runtime.pool.fetch("SELECT DISTINCT organization_id FROM kept")
        return {row[0] for row in found}

    async def erased(self) -> set[Id]:
        found = await self.service.runtime.pool.fetch("SELECT organization_id FROM runtime.erased")
        return {row[0] for row in found}

    async def send(self, *events: Event) -> None:
        """Publish as another process would."""
        async with self.elsewhere.transaction() as tx:
            tx.publish(*events)

    async def write(self, event: MetricCollected) -> None:
        """State and event in one transaction, as a command does."""
        async with self.service.transaction() as tx:
            await apply(tx.db, event)
            tx.publish(event)

    async def settled(self) -> bool:
        """Whether every message was acknowledged."""
        runtime = self.service.runtime
        for consumer, _ in self.service.consumers:
            info = await runtime.bus.consumer_info(consumer.stream, consumer.durable)
            if info.num_pending or info.num_ack_pending:
                return False
        return True


def deleted(organization: Id) -> OrganizationDeleted:
    return OrganizationDeleted(organization_id=organization, user_id=new_id(), deleted_at=datetime.now(UTC))


@pytest.fixture
async def keeper(world: Any) -> Keeper:
    runtime = world.runtime()
    made = Keeper(runtime)
    await world.start(runtime)
    await runtime.pool.execute(TABLE)
    return made


async def test_what_is_kept_goes_and_what_comes_later_changes_nothing(keeper: Keeper, measured: Any, until: Any):
    gone, stays = new_id(), new_id()
    await keeper.send(measured(organization=gone), measured(organization=stays))
    await until(lambda: _is(keeper.rows(), {gone, stays}))
    await keeper.send(deleted(gone))
    await until(lambda: _is(keeper.rows(), {stays}))
    other = new_id()
    await keeper.send(measured(organization=gone), measured(organization=other))
    await until(lambda: _is(keeper.rows(), {stays, other}))
    await until(keeper.settled)
    assert await keeper.rows() == {stays, other}
    assert keeper.let_go == [gone]


async def test_a_second_deletion_of_the_same_organization_is_harmless(keeper: Keeper, until: Any):
    gone = new_id()
    await keeper.send(deleted(gone), deleted(gone))
    await until(lambda: _is(keeper.erased(), {gone}))
    await until(keeper.settled)


async def test_who_is_just_writing_goes_first(keeper: Keeper, measured: Any, until: Any):
    gone = new_id()
    keeper.pausing.clear()
    await keeper.send(measured(organization=gone))
    await keeper.writing.wait()
    await keeper.send(deleted(gone))
    await until(
        lambda: _is_true(keeper, "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    )
    keeper.pausing.set()
    await until(lambda: _is(keeper.erased(), {gone}))
    await until(keeper.settled)
    assert await keeper.rows() == set()


async def test_a_transaction_about_an_erased_organization_is_refused_whole(
    keeper: Keeper, measured: Any, until: Any
) -> None:
    gone = new_id()
    await keeper.send(deleted(gone))
    await until(lambda: _is(keeper.erased(), {gone}))
    with pytest.raises(ProblemError) as refused:
        await keeper.write(measured(organization=gone))
    assert (refused.value.problem.status, refused.value.problem.type) == (410, "organization-deleted")
    assert await keeper.rows() == set()


async def test_a_replay_passes_it_over(keeper: Keeper, measured: Any, until: Any):
    gone, stays = new_id(), new_id()
    await keeper.send(measured(organization=gone), measured(organization=stays), deleted(gone))
    await until(lambda: _is(keeper.rows(), {stays}))
    await until(lambda: _is(keeper.erased(), {gone}))
    runtime = keeper.service.runtime
    done = await replay(runtime.pool, runtime.bus, keeper.service.projections, from_empty=True)
    assert (await keeper.rows(), done.events) == ({stays}, 1)


async def _is(asked: Any, expected: set[Id]) -> bool:
    return await asked == expected


async def _is_true(keeper: Keeper, query: str) -> bool:
    return await keeper.service.runtime.pool.fetchval(query)
