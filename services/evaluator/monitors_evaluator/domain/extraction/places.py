"""The places of a page that something can be read at, each with an address that stays true for this very content.

`b12` is a block of text, `c3.4.2` a table's cell (table, row, column), `d17` a value in nested data.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from monitors_contracts.monitors import Evidence

from .documents import leaves
from .observations import Observation, cell_observations, text_observations
from .page import Page
from .plans import where
from .readings import of_leaf
from .words import normalise

_FEW = 3
"""Characters of a block from which it is taken for a part of a longer quote."""


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of a page: its address, its text, how a plan finds it, and what it states."""

    address: str
    text: str
    method: str
    observations: tuple[Observation, ...]

    def says(self, words: str) -> bool:
        """Whether these words (normalised) stand here, with or without what is struck through."""
        return any(words in normalise(text) for text in (self.text, *(each.text for each in self.observations)))


def places(page: Page) -> Iterator[Place]:
    """All places, in reading order within blocks, tables and data."""
    if page.data is not None:
        for number, leaf in enumerate(leaves(page.data)):
            source = of_leaf(leaf)
            yield Place(f"d{number}", source.text, "json_path", (source,))
        return
    outline = page.outline
    for number, block in enumerate(outline.blocks):
        yield Place(f"b{number}", block.text, "text", tuple(text_observations(outline, [block])))
    for number, grid in enumerate(outline.grids):
        for row, column, source in cell_observations(grid, number, outline.title):
            yield Place(f"c{number}.{row}.{column}", source.text, "table_cell", (source,))


def place_at(page: Page, address: str) -> Place | None:
    """The place with this address."""
    return next((place for place in places(page) if place.address == address), None)


def place_saying(page: Page, text: str) -> Place | None:
    """The first place that says this, case and spacing aside; one that says nothing else goes before."""
    wanted = normalise(text)
    saying = [place for place in places(page) if wanted and place.says(wanted)]
    return next((place for place in saying if normalise(place.text) == wanted), saying[0] if saying else None)


def place_of(page: Page, evidence: Evidence) -> Place | None:
    """Where on its page a piece of evidence stands: by how the plan found it, else by a selector, else by its words."""
    quote = normalise(evidence.quote)
    if not quote:
        return None
    selected = _selected(page, evidence.locator)
    best: tuple[int, Place] | None = None
    for place in places(page):
        if place.says(quote):
            found = any(where(place.method, each.locator) == evidence.locator for each in place.observations)
            rank = 4 if found else 3 if place.address in selected else 2
        elif len(text := normalise(place.text)) > _FEW and text in quote:
            rank = 1
        else:
            continue
        if best is None or rank > best[0]:
            best = rank, place
    return best[1] if best else None


def _selected(page: Page, selector: str) -> set[str]:
    """The addresses of what a CSS selector leads to; none when it is no selector."""
    if page.form != "html" or not re.match(r"[a-z][\w-]*([.#][\w-]+)*( > |$)", selector):
        return set()
    try:
        elements = page.html.css(selector)
    except ValueError:
        return set()
    inside = {node.mem_id for element in elements for node in element.traverse(include_text=True)}
    blocks = {f"b{number}" for number, block in enumerate(page.outline.blocks) if inside.intersection(block.nodes)}
    cells = {
        f"c{number}.{row}.{column}"
        for number, grid in enumerate(page.outline.grids)
        for row, line in enumerate(grid.rows)
        for column, cell in enumerate(line)
        if cell.node in inside
    }
    return blocks | cells
