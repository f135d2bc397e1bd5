"""The API token of the platform's own agent: made once for whoever the data folder's commands act as, and kept there."""

import json
import os
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..client import Api, ApiProblem
from ..connect import connected


@contextmanager
def connected_by_own_token(data_dir: Path, file: Path) -> Generator[Api]:
    """The platform that runs in the data folder, by the token in `file`; made anew for another user, or when it is refused.

    Raises CommandError when there is no platform, or it makes no token.
    """
    token = _kept_or_made(data_dir, file)
    try:
        with connected(None, data_dir, token) as platform:
            yield platform
    except ApiProblem as refused:
        if refused.status == 401:
            file.unlink(missing_ok=True)
        raise


def _kept_or_made(data_dir: Path, file: Path) -> str:
    with connected(None, data_dir) as platform:
        user = platform.email
        kept = _kept(file)
        if kept.get("user") == user and (token := kept.get("token")):
            return token
        name = f"monitors up on {socket.gethostname()} ({file.parent.name})"[:100]
        made: str = platform.post("/api/tokens", {"name": name, "scopes": ["metrics:write"]})["token"]
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as target:
        json.dump({"user": user, "token": made}, target)
    return made


def _kept(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
