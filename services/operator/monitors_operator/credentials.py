"""Who the command line is signed in as: a file of tokens, readable by its owner only."""

import fcntl
import json
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

LOCAL_FILE = "cli.json"


@dataclass(frozen=True)
class Credentials:
    """A user at one platform. `password` is kept for the command line's own user alone, never for a person's."""

    email: str
    token: str
    refresh_token: str
    password: str | None = None

    def renewed(self, reply: dict[str, Any]) -> "Credentials":
        """With the tokens of a sign-in's reply."""
        return replace(self, token=reply["token"], refresh_token=reply["refreshToken"])


class Keyring:
    """A file of credentials by platform."""

    def __init__(self, file: Path, platform: str) -> None:
        self.file = file
        self._platform = platform

    def load(self) -> Credentials | None:
        """The credentials for the platform, or None."""
        try:
            found = json.loads(self.file.read_text())[self._platform]
            return Credentials(**found)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, credentials: Credentials) -> None:
        """Keep these, whole or not at all, mode 0600."""
        try:
            kept = json.loads(self.file.read_text())
        except (OSError, ValueError):
            kept = {}
        self._write(kept | {self._platform: asdict(credentials)})

    def forget(self) -> None:
        """Keep nothing for the platform any more."""
        try:
            kept = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return
        kept.pop(self._platform, None)
        self._write(kept)

    def _write(self, kept: dict[str, Any]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.file.parent, prefix=".cli-")  # made with mode 0600
        with os.fdopen(descriptor, "w") as target:
            json.dump(kept, target, indent=2)
        os.replace(name, self.file)

    @contextmanager
    def locked(self) -> Generator[None]:
        """One process at a time: a refresh token that two use ends its session."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def keyring_of(data_dir: Path | None, api: str) -> Keyring:
    """The data folder's own user, or for a platform elsewhere the user's configuration folder."""
    if data_dir is not None:
        return Keyring(data_dir.expanduser() / LOCAL_FILE, "local")
    import platformdirs

    return Keyring(Path(platformdirs.user_config_dir("monitors")) / LOCAL_FILE, api)
