"""The error page."""

from dataclasses import dataclass

from monitors_contracts.base import Problem

from ..formats import Formats, When
from .parts import Link


@dataclass(frozen=True, slots=True)
class ErrorView:
    """What went wrong, and what to do next."""

    status: int
    title: str
    words: str
    next: Link | None = None
    retry: When | None = None


NOT_FOUND = ErrorView(404, "Nothing here", "It may have been deleted, or the address has a typing error in it.")

WORDS = {
    "service-unavailable": "A part of the platform is not answering right now. Nothing is lost; try again in a moment.",
    "internal-error": "Something went wrong on our side. It was logged; try again in a moment.",
}


def error_view(problem: Problem, formats: Formats, root: str) -> ErrorView:
    """A problem of the API as a page."""
    home = Link("To your monitors", root or "/", "radar")
    if problem.status == 404:
        return ErrorView(404, problem.title, NOT_FOUND.words, home)
    words = WORDS.get(problem.type, problem.detail or "")
    return ErrorView(problem.status, problem.title, words, home, formats.maybe_when(problem.retry_at))
