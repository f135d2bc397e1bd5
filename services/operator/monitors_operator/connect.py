"""From `--api` and `--data-dir` to a signed-in API: elsewhere, of the platform that runs here, or of one started for now."""

import asyncio
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from .client import Api
from .credentials import keyring_of
from .errors import Failed
from .locate import running, start_hint
from .render import progress

T = TypeVar("T")


@contextmanager
def connected(api: str | None, data_dir: Path, token: str | None = None) -> Generator[Api]:
    """The API of the platform meant, elsewhere or here, signed in or with this token. Raises Failed when none runs here."""
    if api:
        with Api(api, keyring_of(None, api.rstrip("/")), token) as elsewhere:
            yield elsewhere
    elif found := running(data_dir):
        with Api(found.api, keyring_of(data_dir, found.api), token) as here:
            here.use_local_user()
            yield here
    else:
        raise Failed(start_hint(data_dir))


def with_api(api: str | None, data_dir: Path, work: Callable[[Api], T], *, embed: bool = False) -> T:
    """Do `work` with the API of the platform meant. With `embed`, one is started when none runs, and stopped after."""
    if embed and not api and not running(data_dir):
        return asyncio.run(_embedded(data_dir, work))
    with connected(api, data_dir) as platform:
        return work(platform)


async def _embedded(data_dir: Path, work: Callable[[Api], T]) -> T:
    from .platform import CannotStart, Platform, PlatformSettings

    platform = Platform(PlatformSettings(data_dir=data_dir, port=_free_port(), workers=0, agent=False))
    with progress("Starting the platform for this command (`monitors up` keeps one running) ..."):
        try:
            await platform.start()
        except CannotStart as failure:
            raise Failed(str(failure)) from None
    try:
        return await asyncio.to_thread(with_api, None, data_dir, work)
    finally:
        with progress("Stopping the platform ..."):
            await platform.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
