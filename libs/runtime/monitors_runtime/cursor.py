"""Cursor pagination: lists run newest first by id, and a cursor is the last id seen."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from monitors_contracts.base import Id

from .errors import problem


class _HasId(Protocol):
    @property
    def id(self) -> Id: ...


def cursor_id(cursor: str | None) -> Id | None:
    """The id a cursor stands for. A cursor that is none of ours is the caller's mistake: ProblemError `invalid-cursor`."""
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise problem(
            "invalid-cursor", "Invalid cursor", 422, "Use `nextCursor` of the page before as it came."
        ) from None


def next_cursor(page: Sequence[_HasId], limit: int) -> str | None:
    """The cursor of the page after, or None after the last."""
    return str(page[-1].id) if page and len(page) == limit else None
