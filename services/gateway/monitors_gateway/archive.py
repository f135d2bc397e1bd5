"""A zip archive written while it is sent: nothing of it is ever whole in memory."""

import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import IO, cast

from pydantic import BaseModel

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive: a text, or items one a line (NDJSON)."""

    name: str
    content: str | AsyncIterator[BaseModel]


class _Sink:
    """What zipfile writes to, until it is taken away. It can't be sought in, so zipfile writes sizes after contents."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


async def zipped(members: Iterable[Member]) -> AsyncGenerator[bytes, None]:
    """The archive in pieces. When an item can't be had, the error is raised and the archive stays without its end."""
    sink = _Sink()
    with zipfile.ZipFile(cast(IO[bytes], sink), "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            if isinstance(member.content, str):
                archive.writestr(member.name, member.content)
                continue
            with archive.open(member.name, "w", force_zip64=True) as file:
                async for item in member.content:
                    file.write(item.model_dump_json(by_alias=True).encode() + b"\n")
                    if len(sink.waiting) >= CHUNK_BYTES:
                        yield sink.taken()
    yield sink.taken()
