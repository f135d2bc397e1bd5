"""Plain text as a reader sees it: columns are a table, a line with a hash is a heading, the rest are paragraphs."""

import re
from collections.abc import Iterator

from .blocks import BODY, Block, Cell, Element, Grid, Outline, Run, set_heading
from .words import squeeze

_COLUMNS = re.compile(r"\s*\|\s*|\t+|\s{2,}")


def outline_of_text(content: str) -> Outline:
    """Plain text: lines in columns are a table, a line under-ruled or with a hash is a heading, the rest are blocks."""
    outline = Outline()
    root = Element(None, "text", BODY, names_its_parts=False)
    lines = content.replace("\f", "\n").splitlines()[:20_000]
    for group in _column_groups(lines):
        if isinstance(group, Grid):
            group.titles = tuple(head.text for _, head in reversed(root.heads or []))
            outline.grids.append(group)
            outline.parts.append(group)
            continue
        heading = re.match(r"(#{1,6})\s+(.*)", group)
        text = squeeze(heading[2] if heading else group.lstrip("*•-–— \t") if not re.match(r"\s*-\d", group) else group)
        if not text:
            continue
        if not outline.title:
            outline.title = text[:200]
        element = Element(root, "line", BODY, level=len(heading[1]) if heading else 0)
        block = Block(element, [Run(text, "", False)], text=text)
        block.heads = tuple(head for _, head in root.heads or [])
        if heading:
            set_heading(block)
        outline.blocks.append(block)
        outline.parts.append(block)
    return outline


def _column_groups(lines: list[str]) -> Iterator[Grid | str]:
    """Lines in order; three or more (two with bars) of the same number of columns come as one table."""
    pending: list[tuple[str, list[str]]] = []

    def flush() -> Iterator[Grid | str]:
        if len(pending) >= 2:
            yield Grid([[Cell(cell) for cell in cells] for _, cells in pending])
        else:
            yield from _paragraphs([line for line, _ in pending])
        pending.clear()

    loose: list[str] = []
    for line in lines:
        cells = [squeeze(cell) for cell in _COLUMNS.split(line.strip().strip("|").strip())]
        if re.fullmatch(r"[\s|:+=-]*", line) and pending and line.strip():
            continue
        if len(cells) >= 2 and all(cells) and all(len(cell) < 80 for cell in cells):
            if pending and len(pending[0][1]) != len(cells):
                yield from flush()
            if loose:
                yield from _paragraphs(loose)
                loose.clear()
            pending.append((line, cells))
            continue
        yield from flush()
        if not line.strip():
            yield from _paragraphs(loose)
            loose.clear()
        else:
            loose.append(line)
    yield from flush()
    yield from _paragraphs(loose)


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Lines joined where one runs on into the next; a short or labelled line stands alone."""
    joined = ""
    for line in lines:
        runs_on = joined and len(joined.rsplit("\n", 1)[-1]) > 60 and not re.match(r"\s*([*•#-]|[\w ]{1,30}:)", line)
        if runs_on or (joined and joined.rstrip()[-1:] not in ".!?:" and line[:1].islower()):
            joined += "\n" + line
        else:
            if joined:
                yield joined
            joined = line
    if joined:
        yield joined
