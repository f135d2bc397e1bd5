"""NUL: valid in JSON, and in no text that PostgreSQL keeps."""

import re

# Escaped, and not the text `\\u0000` (a backslash, escaped, before `u0000`).
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


def has_nul(json: bytes) -> bool:
    """Whether a text of this JSON holds one."""
    return b"\\u0000" in json and _NUL.search(json) is not None


def without_nul(json: bytes) -> bytes:
    """The same without it: for what others wrote, such as pages, that is not lost for one character."""
    return _NUL.sub(rb"\1", json) if b"\\u0000" in json else json
