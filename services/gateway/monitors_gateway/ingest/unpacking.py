"""Compressed bodies, unpacked within bounds: a small body that claims to be a large one is refused before it is one."""

import zlib

import cramjam

_GZIP = 31


class Unreadable(ValueError):
    """A body that can't be read: wrong in itself, and no better the next time."""


class TooLarge(ValueError):
    """A body that unpacks to more than is taken."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it unpacks to more than {limit:,} bytes")


def unsnappied(body: bytes, limit: int) -> bytes:
    """A snappy block (not framed). Raises Unreadable and TooLarge."""
    try:
        if cramjam.snappy.decompress_raw_len(body) > limit:
            raise TooLarge(limit)
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as broken:
        raise Unreadable(f"it is not a snappy block: {broken}") from broken


def gunzipped(body: bytes, limit: int) -> bytes:
    """A gzip body, of one member or several. Raises Unreadable and TooLarge."""
    parts: list[bytes] = []
    room = limit
    try:
        while body:
            member = zlib.decompressobj(_GZIP)
            parts.append(member.decompress(body, room + 1))
            room -= len(parts[-1])
            if room < 0:
                raise TooLarge(limit)
            if not member.eof:
                raise Unreadable("its gzip data ends early")
            body = member.unused_data
    except zlib.error as broken:
        raise Unreadable(f"it is not gzip data: {broken}") from broken
    return b"".join(parts)
