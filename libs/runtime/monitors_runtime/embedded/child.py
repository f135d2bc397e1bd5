"""A server run as our child: it dies with us, and comes back when it dies alone."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class Child:
    """Starts a program, waits until it is ready, restarts it when it ends unasked.

    `ready` is awaited until it returns; it raises when the program can't be reached yet.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: Callable[[], Awaitable[None]],
        log_file: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._ready = ready
        self._log_file = log_file
        self._stop_signal = stop_signal
        self._user = user
        self._environment = dict(environment) if environment is not None else None
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, patience: float = 20) -> None:
        """Start and wait until ready. Raises RuntimeError with the end of the log when it does not come up."""
        self._spawn()
        await self._wait_ready(patience)
        self._watch = asyncio.create_task(self._keep_running(), name=f"keep {self.name} running")

    async def stop(self, patience: float = 20) -> None:
        """Stop, gently first."""
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(self._stop_signal)
        try:
            await asyncio.to_thread(process.wait, patience)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    def _spawn(self) -> None:
        with self._log_file.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program of ours
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self._user,
                env=self._environment,
                # Its own group: Ctrl-C in the terminal reaches us alone, and we stop it in order.
                start_new_session=True,
                preexec_fn=_die_with_parent if _libc else None,
                cwd="/",
            )

    async def _wait_ready(self, patience: float) -> None:
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            try:
                return await self._ready()
            except Exception as not_yet:
                ended = self._process is not None and self._process.poll() is not None
                if ended or asyncio.get_running_loop().time() > deadline:
                    tail = self._log_file.read_text(errors="replace")[-1500:]
                    raise RuntimeError(f"{self.name} did not start: {not_yet!r}\n{tail}") from not_yet
                await asyncio.sleep(0.02)

    async def _keep_running(self) -> None:
        while True:
            process = self._process
            if process is None:
                return
            while process.poll() is None:
                await asyncio.sleep(0.2)
            log.warning("child ended, starting it again", child=self.name, code=process.returncode)
            try:
                self._spawn()
                await self._wait_ready(30)
            except (RuntimeError, OSError) as failure:
                log.error("child did not come back, trying again", child=self.name, error=str(failure)[-300:])
                await asyncio.sleep(2)


def _die_with_parent() -> None:
    """Runs in the child between fork and exec: Linux sends it SIGTERM when our process ends, kill -9 included."""
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end_leftover(pid_file: Path, program: str) -> None:
    """End a server that a killed owner left behind, if the file's pid still is that program."""
    with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError, IndexError):
        pid = int(pid_file.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and program.encode() not in command.read_bytes():
            return
        os.kill(pid, signal.SIGTERM)
        for _ in range(200):
            os.kill(pid, 0)
            signal.sigtimedwait([], 0.05)
        os.kill(pid, signal.SIGKILL)
