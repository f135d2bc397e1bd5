"""Cutting a text into pieces: what is the fact, and what can be pointed at."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text. `is_fact` marks the first stretch of the fact, `is_more` what goes on after it."""

    text: str
    address: str | None = None
    is_fact: bool = False
    is_more: bool = False

    @property
    def is_plain(self) -> bool:
        """Nothing to be said about it."""
        return not (self.address or self.is_fact or self.is_more)


def pieces_of(text: str, quote: str | None, address: str | None, is_begun: bool) -> list[Piece]:
    """The text in pieces. `quote` is what to mark in it (None for nothing); it may begin before this text and go on after it.

    `is_begun` says that the fact's first stretch stands before this text already.
    """
    if quote is None or not text.strip():
        return [Piece(text, address if text.strip() else None)]
    begin, end = _found(text, quote)
    if begin == end:
        return [Piece(text, address)]
    marked = Piece(text[begin:end], address, is_fact=not is_begun, is_more=is_begun)
    around = (Piece(text[:begin], address), marked, Piece(text[end:], address))
    return [piece for piece in around if piece.text]


def _found(text: str, quote: str) -> tuple[int, int]:
    """Where the quote stands in the text, spaces and case aside; all of a text that has only some of its words."""
    words = quote.casefold().split()
    match = re.search(r"\s+".join(map(re.escape, words)), text, re.IGNORECASE) if words else None
    if match:
        return match.span()
    if not set(words).intersection(text.casefold().split()):
        return 0, 0
    return len(text) - len(text.lstrip()), len(text.rstrip())
