"""Everything a page states, as observations: a text, what names it, what stands over it, and where to find it again."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .blocks import Block, Grid, Outline
from .words import normalise

MAX_STATEMENT = 3_000
"""Characters of a statement that are read; what follows is no fact."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“(])|\s[|·•]\s|;\s+")
_LABEL = re.compile(
    r"^\s*((?=[^:：]*[^\W\d_]{2})[^:：]{1,60}?)\s*[:：]\s+(?=\S)|"
    r"^\s*([^\W\d][^–—]{0,50}?)\s+[–—-]\s+(?=\S)"
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One statement: `names` tell what it is of, closest first; `context` holds headings and title; weight is 0..1."""

    text: str
    names: tuple[str, ...]
    context: tuple[str, ...]
    weight: float
    locator: dict[str, str]
    group: str
    shape: str = ""
    struck: bool = False
    disabled: bool = False


def text_observations(outline: Outline, blocks: Iterable[Block] | None = None) -> Iterator[Observation]:
    """All statements of a page (or of some blocks) outside its tables: sentences, labelled values, pieces."""
    for block in outline.blocks if blocks is None else blocks:
        yield from _of_block(block, outline.title)


def _of_block(block: Block, title: str) -> Iterator[Observation]:
    context = tuple(name for name in (*block.headings, title) if name != block.text)
    top = block.heads[0].label if block.heads and block.heads[0].element.level == 1 else ""
    holders = tuple(name for name in block.holders if name != top)
    weight, shape = block.weight, block.shape
    heading = normalise(context[0]) if context else ""
    struck = block.element.struck

    def observation(text: str, names: tuple[str, ...], piece: str = "", is_struck: bool = False) -> Observation:
        where = f"{shape}>{piece}" if piece else shape
        return Observation(
            text[:MAX_STATEMENT], names, context, weight,
            {"label": normalise(names[0]) if names else "", "heading": heading, "shape": where},
            f"{where}|{len(block.runs)}", where, struck or is_struck, block.element.disabled,
        )  # fmt: skip

    runs = block.runs
    pieces = [run for run in runs if run.shape]
    if 2 <= len(runs) <= 12 and pieces and all(len(run.text) <= 60 for run in runs):
        label = runs[0].text.rstrip(" :–—-")
        closed = runs[0].text.rstrip().endswith(":")
        is_label = (
            bool(re.search(r"[^\W\d_]", label)) and (closed or not re.search(r"\d", label)) and len(label.split()) <= 8
        )
        sentence = any(not run.shape and re.search(r"\w", run.text) for run in runs)
        if not sentence or runs[0].text.rstrip().endswith(":"):
            for at, run in enumerate(runs):
                names = ((label,) if is_label and at else ()) + holders
                if at > 1 and not re.search(r"\d", runs[at - 1].text) and runs[at - 1].text != label:
                    names = (runs[at - 1].text.rstrip(" :"), *names)
                yield observation(run.text, names, run.shape, run.struck)
            return
        if is_label and len(runs) == 2 and runs[0].shape:
            yield observation(runs[1].text.lstrip(" :–—-"), (label, *holders))
            return
    kept = " ".join(run.text for run in runs if not run.struck) if any(run.struck for run in runs) else block.text
    for sentence in _SENTENCE_END.split(kept or block.text):
        text = sentence.strip()
        if not text:
            continue
        label = _LABEL.match(text)
        if label and len((label[1] or label[2]).split()) <= 7:
            yield observation(text[label.end() :], ((label[1] or label[2]).strip(), *holders))
        else:
            yield observation(text, holders)


def table_observations(outline: Outline, row_name: str | None = None) -> Iterator[Observation]:
    """All cells of a page's tables (or of one row), named by their column's header and their row's other texts."""
    for number, grid in enumerate(outline.grids):
        for _, _, observation in cell_observations(grid, number, outline.title, row_name):
            yield observation


def header_of(grid: Grid) -> list[str]:
    """The column names; empty when the first row is data already."""
    first = grid.rows[0]
    if all(cell.is_header for cell in first) and len(grid.rows) > 1:
        return [cell.text for cell in first]
    if any(cell.is_header for cell in first) and not first[0].is_header:
        return []
    plain = len(grid.rows) > 2 or any(cell.is_header for cell in first)
    if plain and not any(re.search(r"\d", cell.text) for cell in first) and len(first) > 1:
        others = [cell.text for row in grid.rows[1:] for cell in row[1:]]
        if len(first) == 2 and first[0].is_header and all(row[0].is_header for row in grid.rows):
            return []
        if len(first) > 2 or any(re.search(r"\d", text) for text in others) or _looks_like_header(first[-1].text):
            return [cell.text for cell in first]
    return []


def _looks_like_header(text: str) -> bool:
    return normalise(text) in {
        "status", "state", "price", "value", "condition", "availability", "available", "result", "level", "count", "amount",
        "rate", "conditions", "stock", "cost", "score", "total", "date", "time", "free", "open", "notes",
    }  # fmt: skip


def cell_observations(
    grid: Grid, number: int, title: str, row_name: str | None = None
) -> Iterator[tuple[int, int, Observation]]:
    """The cells of one table (or of one of its rows) that say something, each with its row and column."""
    header = header_of(grid)
    context = tuple(name for name in (*grid.titles, title) if name)
    begin = 1 if header else 0
    for line, row in enumerate(grid.rows[begin:], begin):
        if row_name is not None and normalise(row[0].text) != row_name:
            continue
        texts = [cell.text for cell in row]
        for at, cell in enumerate(row):
            if not cell.text or (at == 0 and len(row) > 1) or (cell.is_header and at == 0):
                continue
            column = header[at] if header else ""
            label = texts[0]
            others = tuple(
                text
                for place, text in enumerate(texts[1:], 1)
                if place != at and text and not re.fullmatch(r"[\W\d]*", text)
            )
            names = tuple(name for name in (label, column, *others) if name and name != cell.text)
            yield line, at, Observation(
                cell.text, names, context, grid.weight,
                {"row": normalise(label), "column": normalise(column), "title": normalise(context[0]) if context else ""},
                f"table{number}|{column or at}", "td",
            )  # fmt: skip
