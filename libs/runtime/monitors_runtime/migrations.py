"""Numbered SQL files, applied once each by dbmate under a lock that copies of a service wait on."""

import asyncio
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

RUNTIME_MIGRATIONS = Path(__file__).parent / "migrations"


async def migrate(database_url: str, schema: str, folder: Path) -> None:
    """Bring one service's schema up to date. Raises RuntimeError with the database's own words."""
    beside = Path(sys.executable).parent / "dbmate"
    program = str(beside) if beside.exists() else shutil.which("dbmate") or "dbmate"
    process = await asyncio.create_subprocess_exec(
        program,
        *("--url", _for_dbmate(database_url)),
        *("--migrations-dir", str(folder), "--migrations-table", f"public.{schema}_migrations"),
        *("--no-dump-schema", "--migration-lock", "migrate"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"migrations of {schema} failed: {output.decode(errors='replace').strip()[-800:]}")


def _for_dbmate(url: str) -> str:
    """dbmate takes a Unix socket as `?socket=` and wants sslmode said; asyncpg takes the folder as `?host=`."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "host" in query and query["host"].startswith("/"):
        query["host"] = query.pop("host")
    query.setdefault("sslmode", "disable" if not parts.hostname or parts.hostname in ("127.0.0.1", "::1") else "prefer")
    return urlunsplit(("postgres", parts.netloc, parts.path, urlencode(query, safe="/"), ""))
