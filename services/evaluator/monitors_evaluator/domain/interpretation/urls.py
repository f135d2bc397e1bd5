"""The web address in a sentence, and the sentence without it."""

import re

from . import vocabulary as words
from .quantities import alternatives

_TOP_LEVELS = (
    "com", "org", "net", "io", "dev", "app", "ai", "co", "uk", "de", "fr", "es", "it", "nl", "eu", "edu", "gov",
    "info", "shop", "store", "example", "test", "biz", "me", "tv", "ca", "au", "ch", "at", "be", "se", "no", "dk",
    "fi", "pl", "cz", "pt", "ie", "in", "jp", "kr", "cn", "br", "mx", "us", "nz", "za", "museum", "travel", "jobs",
    "blog", "online", "site", "tech", "news", "xyz", "cloud", "club", "page",
)  # fmt: skip
_HOST = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
_ADDRESS = re.compile(
    r"(?:https?://[^\s<>\"“”]+"
    rf"|(?<![\w@.-])(?:www\.{_HOST}[a-z]{{2,}}(?::\d+)?(?:[/?#][^\s<>\"“”]*)?"
    rf"|{_HOST}[a-z]{{2,}}(?::\d+)?[/][^\s<>\"“”]*"
    rf"|{_HOST}(?:{'|'.join(_TOP_LEVELS)})(?::\d+)?(?![\w@-])"
    r"|(?:localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?/[^\s<>\"“”]*))",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"(?:[\s,;:(\[<-]*\b(?:see|at|on|in|from|under|via|here|visit|source|link|url)\b"
    r"(?:[\s:,(\[<-]*\b(?:the|this|that|link|url|page|site|website|web|address|here|at|on)\b)*|[\s,;]*[:(\[<-])[\s:,(\[<-]*$",
    re.IGNORECASE,
)
_SPOKEN_OF = re.compile(
    rf"(?:^|{alternatives((*words.TRIGGERS, *words.WATCHING_VERBS, 'that', 'and', 'what', 'has', 'is', 'does'))}|[.;,!?])\W*$",
    re.IGNORECASE,
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
PAGE = "this page"


def find_url(text: str) -> tuple[str | None, str]:
    """The first address, with a scheme, and the text without any address.

    An address that is itself spoken of ("when shop.example says ...") leaves `this page` behind.
    """
    match = _ADDRESS.search(text)
    if match is None:
        return None, text
    address = _trimmed(match[0])
    rest = _without(text, match.start(), match.start() + len(address))
    others = _ADDRESS.search(rest)
    while others:
        rest = _without(rest, others.start(), others.start() + max(len(_trimmed(others[0])), 1))
        others = _ADDRESS.search(rest)
    url = address if re.match(r"https?://", address, re.IGNORECASE) else f"https://{address}"
    return url[:4096], rest


def _trimmed(address: str) -> str:
    """Without the punctuation and the brackets of the sentence around it."""
    while address and (
        address[-1] in ".,;:!?'’>*»"
        or (address[-1] in _PAIRS and address.count(_PAIRS[address[-1]]) < address.count(address[-1]))
    ):
        address = address[:-1]
    return address


def _without(text: str, start: int, end: int) -> str:
    before, after = text[:start], text[end:].lstrip(")]>}'’\"» ")
    if placed := _PLACED.search(before):
        return f"{before[: placed.start()]} {after}"
    if not before.strip() and after[:1] in {"", ":", ",", ";", "-", "."}:
        return after.lstrip(" :,;-.")
    return f"{before} {PAGE} {after}" if _SPOKEN_OF.search(before) else f"{before} {after}"
