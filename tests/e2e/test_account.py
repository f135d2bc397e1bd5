"""An account from its first token to its last row, on a real platform, by the command line and programs."""

import asyncio
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from driving import eventually

pytestmark = pytest.mark.integration

PASSWORD = "Correct1horse"
# What is not asked about: the log of who did what, the names of what is gone, and events on their way out.
STAYS = {"gateway.audit_log", "runtime.erased"}
TABLES = """
SELECT table_schema || '.' || table_name AS name FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE column_name = 'organization_id' AND table_type = 'BASE TABLE'
"""


@pytest.fixture
def monitors(platform: Any, tmp_path: Path) -> Callable[..., Any]:
    """Runs the command line as a person elsewhere; what it prints, read as JSON."""

    def run(*arguments: str, code: int = 0, **environment: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "monitors_operator", *arguments, "--api", platform.api, "--json"],
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "MONITORS_PASSWORD": PASSWORD} | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code == 0 else done.stderr

    return run


def rows(platform: Any, organization: str) -> dict[str, int]:
    """How many rows of this organization each table has, where there are any."""
    url = json.loads((platform.data_dir / "platform.json").read_text())["database"]

    async def count() -> dict[str, int]:
        db = await asyncpg.connect(url)
        try:
            tables = [row["name"] for row in await db.fetch(TABLES)]
            query = "SELECT count(*) FROM {} WHERE organization_id = $1"
            return {each: found for each in tables if (found := await db.fetchval(query.format(each), organization))}
        finally:
            await db.close()

    return asyncio.run(count())


def test_an_account_from_first_token_to_last_row(
    platform: Any, site: Any, monitors: Callable[..., Any], tmp_path: Path
) -> None:
    email = f"robin-{time.time_ns()}@example.com"
    monitors("register", email, "--name", "Robin")
    user = monitors("account", "show")["user"]

    # A program does the work, by a token that may be revoked.
    token = monitors("tokens", "create", "Shop watcher", "--scope", "read", "--scope", "write", "--days", "1")["token"]
    sentence = f"tell me when the price at {site.shop('/leaving', 40)} drops below $50"
    watched = monitors("watch", sentence, MONITORS_TOKEN=token)
    monitor = watched["monitor"]["id"]
    assert watched["evaluation"]["triggered"] is True
    program = httpx.Client(base_url=platform.api, headers={"Authorization": f"Bearer {token}"})
    eventually(lambda: program.get("/api/outbox").json()["messages"], "the message in the outbox")
    mail = Path(program.get("/api/outbox").json()["messages"][0]["file"])
    assert mail.exists()
    refused = monitors("tokens", "list", code=1, MONITORS_TOKEN=token)
    assert "API token can't be used here" in refused
    [listed] = monitors("tokens", "list")
    monitors("tokens", "revoke", listed["id"], "--yes")
    assert program.get("/api/outbox").status_code == 401

    # Everything is taken away in one file.
    archive = tmp_path / "monitors.zip"
    monitors("account", "export", str(archive))
    assert "exists" in monitors("account", "export", str(archive), code=2)
    with zipfile.ZipFile(archive) as found:
        kept = {name: found.read(name).decode().splitlines() for name in found.namelist()}
    assert [json.loads(line)["id"] for line in kept["monitors.ndjson"]] == [monitor]
    assert json.loads(kept["evaluations.ndjson"][0])["verdict"] == "triggered"
    assert json.loads(kept["alerts.ndjson"][0])["steps"]
    assert len(kept["notifications.ndjson"]) == len(kept["outbox.ndjson"]) == 1

    # A new address takes messages with it; then the account ends, and every row with it.
    monitors("account", "update", "--email", f"new-{email}")
    eventually(
        lambda: f"new-{email}" in str(rows_of_channels(platform, user["organizationId"])), "the channel's new address"
    )
    held = rows(platform, user["organizationId"])
    for table in ("evaluator.evaluations", "scraper.snapshots", "alerter.alerts", "notifier.notifications"):
        assert table in held
    assert monitors("account", "delete", "--yes") == {"deleted": f"new-{email}"}
    assert "sign in" in monitors("account", "show", code=1)
    left = eventually(lambda: not (rows(platform, user["organizationId"]).keys() - STAYS), "every service to erase")
    assert left
    assert not mail.exists()


def rows_of_channels(platform: Any, organization: str) -> list[str]:
    url = json.loads((platform.data_dir / "platform.json").read_text())["database"]

    async def addresses() -> list[str]:
        db = await asyncpg.connect(url)
        try:
            found = await db.fetch("SELECT address FROM notifier.channels WHERE organization_id = $1", organization)
            return [row["address"] for row in found]
        finally:
            await db.close()

    return asyncio.run(addresses())
