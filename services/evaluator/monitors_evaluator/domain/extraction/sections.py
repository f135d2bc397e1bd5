"""Whole texts: does the page say something, and has a section changed - without counters, times and ads."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .blocks import BODY, Block, Grid, Outline
from .lists import texts_of
from .page import Page
from .question import Question
from .words import coverage, normalise, squeeze, terms

# Text that changes by itself and is no news.
_RESTLESS = re.compile(
    r"\b(\d+ (?:\w+ )?(?:people|visitors?|users?|guests?|views?|viewers?|likes?|shares?|comments?|subscribers?|"
    r"followers?|reads?|readers|downloads|online)\b"
    r"|(?:viewing|visitors?|online|views|hits|reads|shares|likes)(?: so far| today)?: ?\d|(?:page|site) (?:made|"
    r"generated|rendered|loaded|served)\b"
    r"|\b\d+ (?:second|minute|hour|day|week|month)s? ago|(?:last|page) (?:updated|modified|refreshed|checked|"
    r"reviewed)\b|updated (?:at|on)?\b|generated\b"
    r"|(?:current|local|server) time|©|copyright|all rights reserved|it is now \d|today is|as of (?:today|now|\d)|"
    r"cookies?\b.*\b(?:accept|consent)|\bread time\b|\bmin read\b)",
    re.IGNORECASE,
)
_MAY_BE_RESTLESS = re.compile(
    r"[\d©]|[cC]o(?:pyright|okie)|[uU]pdated|[rR]ights|[tT]ime|[gG]enerated|[mM]odified|"
    r"[rR]e(?:view|fresh)|made|[lL]oaded"
)
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}:\d{2}\b(?:\s?(?:am|pm|utc|gmt))?", re.IGNORECASE)
_CHROME = frozenset(("button", "nav", "label", "summary"))


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a page: the heading it stands under (empty for the whole main text) and its lines."""

    heading: str
    lines: tuple[str, ...]

    @property
    def value(self) -> str:
        """How it starts, and a digest of all of it: equal when nothing that matters has changed."""
        digest = hashlib.sha256("\n".join(normalise(line) for line in self.lines).encode()).hexdigest()[:12]
        start = squeeze(" ".join(self.lines))
        return f"{start[:120]}{'…' if len(start) > 120 else ''} [{digest}]"


def main_lines(page: Page) -> tuple[str, ...]:
    """What the page says, without its margins."""
    if page.form in ("json", "xml", "csv"):
        return tuple(texts_of(page.data).splitlines())
    outline = page.outline
    return tuple(block.text for block in _main_blocks(outline)) + _grid_lines(outline)


def says(page: Page, wanted: str, within: tuple[str, ...] | None = None) -> str | None:
    """The line that holds the wanted words, case and spacing aside; None when none does."""
    words = normalise(wanted)
    start, end = (r"(?<!\w)" if words[:1].isalnum() else "", r"(?!\w)" if words[-1:].isalnum() else "")
    pattern = re.compile(start + re.escape(words) + end)
    lines = within if within is not None else main_lines(page)
    for line in lines:
        if words and pattern.search(normalise(line)):
            return line
    joined = normalise(" ".join(lines))
    match = pattern.search(joined) if words else None
    return joined[max(0, match.start() - 80) : match.end() + 80] if match else None


def section_of(page: Page, question: Question, heading: str | None = None) -> Section | None:
    """The smallest section that the question names (or the one under the heading given); else the main text.

    None when there is no text, or the heading given is gone.
    """
    if page.form in ("json", "xml", "csv"):
        lines = tuple(line for line in texts_of(page.data).splitlines() if not _is_restless(line))
        return Section("", lines) if lines else None
    blocks, outline = _main_blocks(page.outline), page.outline
    chosen = heading if heading is not None else _named_heading(blocks, question)
    if chosen:
        inside = [block for block in blocks if any(normalise(head.label) == chosen for head in block.heads)]
        lines = _settled(block.text for block in inside)
        grids = tuple(
            line
            for grid in outline.grids
            if chosen in [normalise(title) for title in grid.titles]
            for line in _rows(grid)
        )
        if lines or grids:
            return Section(chosen, lines + _settled(grids))
        if heading is not None:
            return None
    lines = _settled(block.text for block in blocks if block.element.shape.partition(".")[0] not in _CHROME)
    lines += _settled(_grid_lines(outline))
    return Section("", lines) if lines else None


def _main_blocks(outline: Outline) -> list[Block]:
    has_main = any(block.element.weight == 1.0 for block in outline.blocks)
    return [block for block in outline.blocks if block.weight >= (1.0 if has_main else BODY)]


def _named_heading(blocks: list[Block], question: Question) -> str:
    """The heading below the page's own that names what is asked for, with something under it; empty without one."""
    wanted = question.subject or question.fact
    best: tuple[float, str] = (0.6, "")
    for block in blocks:
        level = block.element.level
        if level < 2:
            continue
        fit = max(coverage(wanted, terms(block.label)), coverage(question.words, terms(block.label)))
        if fit > best[0] and any(block in other.heads for other in blocks):
            best = (fit, normalise(block.label))
    return best[1]


def _rows(grid: Grid) -> tuple[str, ...]:
    return tuple(" | ".join(cell.text for cell in row) for row in grid.rows)


def _grid_lines(outline: Outline) -> tuple[str, ...]:
    return tuple(line for grid in outline.grids if grid.weight >= 0.6 for line in _rows(grid))


def _settled(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines without sentences that change by themselves."""
    kept: list[str] = []
    for line in lines:
        if not _MAY_BE_RESTLESS.search(line):
            kept.append(line)
            continue
        sentences = re.split(r"(?<=[.!?])\s+", line)
        text = squeeze(" ".join(_CLOCK.sub("", sentence) for sentence in sentences if not _is_restless(sentence)))
        if text:
            kept.append(text)
    return tuple(kept)


def _is_restless(text: str) -> bool:
    return len(text) < 200 and bool(_RESTLESS.search(text))
