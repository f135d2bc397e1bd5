"""What changed between two pages for somebody who reads them."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..extraction.blocks import Block
from ..extraction.documents import leaves
from ..extraction.page import Page

_AROUND = 3
_MOST_LINES = 4_000
_MOST_SHOWN = 600
_LONGEST = 500

Kind = Literal["equal", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Stretches of lines that differ, with the equal ones around them; how many lines came and went."""

    hunks: list[list[tuple[Kind, str]]]
    added: int
    removed: int
    is_truncated: bool


def compare(before: Page, after: Page) -> Difference:
    """The lines of one page against those of the other."""
    old, new = _lines(before), _lines(after)
    matcher = difflib.SequenceMatcher(None, old[:_MOST_LINES], new[:_MOST_LINES])
    hunks: list[list[tuple[Kind, str]]] = []
    added = removed = shown = 0
    cut = max(len(old), len(new)) > _MOST_LINES
    for group in matcher.get_grouped_opcodes(_AROUND):
        hunk: list[tuple[Kind, str]] = []
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                hunk += _told("equal", old[i1:i2])
                continue
            hunk += _told("removed", old[i1:i2]) + _told("added", new[j1:j2])
            removed += i2 - i1
            added += j2 - j1
        cut = cut or shown + len(hunk) > _MOST_SHOWN
        hunk = hunk[: max(0, _MOST_SHOWN - shown)]
        shown += len(hunk)
        if hunk:
            hunks.append(hunk)
    return Difference(hunks, added, removed, cut)


def _told(kind: Kind, lines: Sequence[str]) -> list[tuple[Kind, str]]:
    return [(kind, line) for line in lines]


def _lines(page: Page) -> Sequence[str]:
    """What a reader sees, a line a block, a table's row or a value."""
    if page.data is not None:
        return [f"{'.'.join(map(str, leaf.steps))}: {leaf.value}"[:_LONGEST] for leaf in leaves(page.data)]
    lines: list[str] = []
    for part in page.outline.parts:
        if isinstance(part, Block):
            lines.append(part.text[:_LONGEST])
        else:
            lines += [" | ".join(cell.text for cell in row)[:_LONGEST] for row in part.rows]
    return lines
