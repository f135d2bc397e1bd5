"""Every service erases all that it keeps of an organization."""

from typing import Any

import pytest
from pydantic import SecretStr

from monitors_contracts.base import new_id
from monitors_contracts.platform import OrganizationDeleted
from monitors_operator.bootstrap import SERVICES, build
from monitors_runtime import erasure
from monitors_runtime.runtime import Runtime, Service
from monitors_runtime.settings import RuntimeSettings

KEEPERS = [name for name in SERVICES if name != "gateway"]  # which publishes the event, with its own rows gone

TABLES = """
SELECT c.table_name FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = $1 AND c.column_name = 'organization_id' AND t.table_type = 'BASE TABLE'
"""


def wired(name: str) -> Service:
    runtime = Runtime(RuntimeSettings(secret_key=SecretStr("-" * 64)))
    build(runtime, [name])
    return runtime.services[0]


@pytest.mark.parametrize("name", KEEPERS)
def test_every_service_hears_that_an_organization_is_gone(name: str) -> None:
    heard = {subject for _, subjects in wired(name).consumers for subject in subjects}
    assert f"evt.{OrganizationDeleted.aggregate}.{OrganizationDeleted.action}.>" in heard


@pytest.mark.integration
@pytest.mark.parametrize("name", KEEPERS)
async def test_every_table_of_organizations_is_named_by_a_statement_that_works(name: str, house: Any) -> None:
    statements = wired(name).erasures
    tables = [row["table_name"] for row in await house.pool.fetch(TABLES, name)]
    assert tables
    missing = [table for table in tables if not any(f"DELETE FROM {name}.{table} " in each for each in statements)]
    assert missing == [], "add these to what the service erases"
    async with house.pool.acquire() as db, db.transaction():
        await erasure.erase(db, name, new_id(), statements)
