"""Bytes to text: which media types can be read, and in which character set they are written."""

import codecs
import json
import re

from charset_normalizer import from_bytes

_META = re.compile(
    rb"""<(?:meta\b[^>]{0,300}?charset|\?xml\b[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.I
)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PROLOGUE = 4096
_SAMPLE = 64 * 1024

# What pages call an encoding is often a subset of what they use (WHATWG Encoding Standard, 4.2).
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "utf-16": "utf-16-le",
}
# Python has codecs that are no character sets, and some that take quadratic time: only these are ever used.
_KNOWN = frozenset(
    (
        "utf-8",
        "utf-16-le",
        "utf-16-be",
        "cp1252",
        "cp1254",
        "cp874",
        "gb18030",
        "cp932",
        "cp949",
        "big5",
        "big5hkscs",
        "euc_jp",
        "iso2022_jp",
        "koi8-r",
        "koi8-u",
        "cp866",
        "mac-roman",
        "mac-cyrillic",
        "cp1250",
        "cp1251",
        "cp1253",
        "cp1255",
        "cp1256",
        "cp1257",
        "cp1258",
        "iso8859-2",
        "iso8859-3",
        "iso8859-4",
        "iso8859-5",
        "iso8859-6",
        "iso8859-7",
        "iso8859-8",
        "iso8859-10",
        "iso8859-13",
        "iso8859-14",
        "iso8859-15",
        "iso8859-16",
    )
)
_MULTIBYTE = frozenset({"utf-8", "utf-16-le", "utf-16-be"})

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
PDF = "application/pdf"
_TEXT_TYPES = frozenset(
    (
        "application/json",
        "application/xml",
        "application/javascript",
        "application/ecmascript",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/x-ndjson",
        "application/jsonl",
        "application/csv",
        "application/rtf",
        "application/x-javascript",
    )
)
_UNSAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/unknown", "*/*"})


def split_content_type(header: str) -> tuple[str, str | None]:
    """The media type in lower case without parameters, and the charset parameter."""
    media, _, parameters = header.partition(";")
    found = re.search(r"""charset\s*=\s*["']?([^\s;"']+)""", parameters, re.IGNORECASE)
    return media.strip().lower(), found.group(1) if found else None


def sniff(media_type: str, body: bytes) -> str | None:
    """The media type to read `body` as, or None when it is nothing to read.

    A type that says nothing is guessed from the first bytes (in the manner of the WHATWG MIME Sniffing Standard).
    """
    if media_type == PDF or media_type in HTML_TYPES or media_type in _TEXT_TYPES:
        return media_type
    if media_type.startswith("text/") or media_type.endswith(("+json", "+xml")):
        return media_type
    if media_type not in _UNSAID:
        return None
    head = body[:512].lstrip()
    if head.startswith(b"%PDF-"):
        return PDF
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    lower = head.removeprefix(codecs.BOM_UTF8).lower()
    if lower.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")):
        return "text/html"
    if lower.startswith(b"<?xml"):
        return "application/xml"
    return "application/json" if lower.startswith((b"{", b"[")) else "text/plain"


def decode(body: bytes, charset: str | None, media_type: str) -> str:
    """The text of a body. Looks at the byte order mark, the header's `charset`, the page's own declaration, the bytes.

    A declared single-byte set yields to UTF-8 when the bytes are UTF-8: servers often declare one for every file.
    Never fails: bytes that fit nothing become U+FFFD.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    if charset is None and "json" in media_type:
        return body.decode(json.detect_encoding(body), "replace")
    declared = _encoding(charset) or _encoding(_declared_inside(body))
    for encoding in ("utf-8", declared) if declared not in _MULTIBYTE else (declared,):
        try:
            if encoding:
                return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    if declared:
        return body.decode(declared, "replace")
    guess = from_bytes(body[:_SAMPLE]).best()
    return body.decode(guess.encoding if guess else "cp1252", "replace")


def _declared_inside(body: bytes) -> str | None:
    found = _META.search(body, 0, _PROLOGUE)
    if not found:
        return None
    label = found.group(1).decode("ascii", "ignore")
    return "utf-8" if label.lower().startswith("utf-16") else label  # ASCII bytes said so: it cannot be UTF-16


def _encoding(label: str | None) -> str | None:
    if not label:
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    name = _SUPERSETS.get(name, name)
    return name if name in _KNOWN else None
