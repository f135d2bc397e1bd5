"""Scripts, styles, fonts and icons: read and compressed once, then served from memory."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

STATIC = Path(__file__).parent / "static"
FOR_GOOD = "public, max-age=31536000, immutable"
COMPRESSED = {".css", ".js", ".svg"}
TYPES = {".woff2": "font/woff2", ".js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `packed` is gzip, where that helps."""

    content: bytes
    packed: bytes | None
    media_type: str


def _load() -> dict[str, Asset]:
    files = sorted(each for each in STATIC.rglob("*") if each.is_file())
    return {file.relative_to(STATIC).as_posix(): _asset(file) for file in files}


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    packed = gzip.compress(content, 9, mtime=0) if file.suffix in COMPRESSED else None
    media_type = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "text/plain"
    return Asset(content, packed, media_type)


def _version(assets: dict[str, Asset]) -> str:
    digest = hashlib.sha256()
    for path, asset in assets.items():
        digest.update(path.encode() + b"\0" + asset.content)
    return digest.hexdigest()[:12]


ASSETS = _load()
VERSION = _version(ASSETS)
"""One word for all files as they are: it is in their paths, so that browsers may keep them for good."""


async def serve(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application: the file at the path below where this is mounted."""
    path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
    asset = ASSETS.get(path)
    if asset is None or scope["method"] not in ("GET", "HEAD"):
        await PlainTextResponse("Not found", 404)(scope, receive, send)
        return
    headers = {"Cache-Control": FOR_GOOD, "Vary": "Accept-Encoding"}
    content = asset.content
    if asset.packed and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = asset.packed
    await Response(content, media_type=asset.media_type, headers=headers)(scope, receive, send)
