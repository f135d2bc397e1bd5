"""Debian's amtool works here as with Alertmanager. `MONITORS_TEST_AMTOOL` says where it is if it is not in the PATH."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

PROGRAM = os.environ.get("MONITORS_TEST_AMTOOL") or shutil.which("amtool")
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.integration,
    pytest.mark.skipif(PROGRAM is None, reason="needs amtool: apt-get install prometheus-alertmanager"),
]
Amtool = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture(loop_scope="session")
async def amtool(served: str, robin: Any, tmp_path: Path) -> AsyncIterator[Amtool]:
    """Run amtool with these arguments as Robin, who has one channel; what it prints."""
    scopes = ["read", "write", "alerts:write"]
    made = await robin.post("/api/tokens", json={"name": "amtool", "scopes": scopes})
    await robin.post("/api/channels", json={"kind": "local", "name": "duty"})
    configuration = tmp_path / "http.yml"
    configuration.write_text(f"authorization: {{credentials: {made.json()['token']}}}\n")
    program = PROGRAM or "amtool"

    async def run(
        *arguments: str, url: str = served, by: tuple[str, ...] = (f"--http.config.file={configuration}",)
    ) -> str:
        process = await asyncio.create_subprocess_exec(
            program,
            *by,
            f"--alertmanager.url={url}",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    run.token = made.json()["token"]  # pyright: ignore[reportFunctionMemberAccess]
    yield run


async def test_alerts_are_added_and_found(amtool: Amtool, services: Any) -> None:
    await amtool("alert", "add", "DiskFull", "host=db-1", "severity=info", "--annotation=summary=no room left")
    await amtool("alert", "add", "HostDown", "host=db-2", "severity=warning", "--end=2099-01-01T00:00:00Z")
    [disk], [down] = (command.alerts for command in services.receiving.received[-2:])
    assert (disk.labels, disk.summary, disk.ends_at) == (
        {"alertname": "DiskFull", "host": "db-1", "severity": "info"},
        "no room left",
        None,
    )
    assert down.ends_at.year == 2099
    found = await amtool("alert", "query", "host=~db-.*")
    assert "DiskFull" in found
    assert "HostDown" in found
    assert "HostDown" not in await amtool("alert", "query", "DiskFull")
    [shown] = json.loads(await amtool("alert", "query", "-o", "json", "host=db-2"))
    assert (shown["receivers"], shown["status"]["state"]) == ([{"name": "duty"}], "active")


async def test_silences_are_added_found_changed_and_expired(amtool: Amtool) -> None:
    made = (await amtool("silence", "add", "host=db-1", "team!=web", "--comment=a new disk", "--author=robin")).strip()
    assert made in await amtool("silence", "query", "host=db-1")
    assert "a new disk" in await amtool("silence", "query", "-o", "extended")
    assert made in await amtool("silence", "update", "--duration=3h", "--comment=two new disks", made)
    assert "two new disks" in await amtool("silence", "query")
    await amtool("silence", "expire", made)
    assert made not in await amtool("silence", "query", "-q")
    assert made in await amtool("silence", "query", "-q", "--expired", "--within=1h")


async def test_silences_of_another_alertmanager_are_imported(amtool: Amtool, tmp_path: Path) -> None:
    await amtool("silence", "add", "host=db-7", "--comment=to be moved", "--author=robin")
    exported = tmp_path / "silences.json"
    exported.write_text(await amtool("silence", "query", "-o", "json"))
    await amtool("silence", "import", "--force", str(exported))
    assert (await amtool("silence", "query", "-o", "extended", "host=db-7")).count("to be moved") == 2


async def test_the_configuration_is_shown_and_says_where_alerts_go(amtool: Amtool) -> None:
    assert "route:" in await amtool("config", "show")
    assert '{severity=~"critical"}  receiver: duty' in await amtool("config", "routes", "show")
    assert await amtool("config", "routes", "test", "severity=critical") == "duty\n"
    assert await amtool("config", "routes", "test", "severity=info") == "all channels\n"


async def test_a_token_in_the_address_lets_it_in(amtool: Any, served: str) -> None:
    url = served.replace("http://", f"http://amtool:{amtool.token}@")
    assert "route:" in await amtool("config", "show", url=url, by=())
