"""The pieces a page is made of to a reader: blocks of text, what names them and stands over them, and tables."""

import re
from dataclasses import dataclass, field

RELATED_HEADING = re.compile(
    r"\b(you (may|might) also|related|similar|recommended|customers also|people also|more (from|like)|"
    r"other (products|items)|"
    r"recently viewed|sponsored|newsletter|popular (now|items|products)|trending|advertisement|frequently bought)\b",
    re.IGNORECASE,
)

MAIN, BODY, OUTSIDE, MARGIN = 1.0, 0.9, 0.6, 0.2
"""Weights: what the page is about, 0..1."""


@dataclass(slots=True, eq=False)
class Element:
    """A block-level element while walking: its shape, its weight, and the first text found in it."""

    parent: "Element | None"
    shape: str
    weight: float
    marginal: bool = False
    struck: bool = False
    heads: "list[tuple[int, Block]] | None" = None
    children: int = 0
    place: int = 0
    kids: "list[tuple[Element, Block]] | None" = None
    block: "Block | None" = None
    level: int = 0
    disabled: bool = False
    names_its_parts: bool = True


@dataclass(slots=True)
class Run:
    """A piece of a block in one inline element: its text, that element's shape, and whether it is struck through."""

    text: str
    shape: str
    struck: bool


@dataclass(slots=True, eq=False)
class Block:
    """A paragraph, a list item, a button: text without a break in it."""

    element: Element
    runs: list[Run] = field(default_factory=list)
    heads: tuple["Block", ...] = ()
    text: str = ""
    weight: float = BODY
    is_related: bool = False
    nodes: list[int] = field(default_factory=list)
    """The text nodes it is made of, by their identity in the document's tree."""

    @property
    def label(self) -> str:
        """The block as a name: its first piece when it has several (`Ridge Trail` of a heading with a badge)."""
        return self.runs[0].text if len(self.runs) > 1 and len(self.runs[0].text) > 2 else self.text

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings it stands under, closest first."""
        return tuple(head.label for head in reversed(self.heads))

    @property
    def holders(self) -> tuple[str, ...]:
        """What names it from before: the first text of the rows, cards and items it is in, unless that is its equal."""
        found: list[str] = []
        child = self.element
        while (holder := child.parent) is not None and len(found) < 3 and holder.names_its_parts:
            named = _namer(holder, child)
            if (
                named is not None
                and named is not self
                and re.search(r"[^\W\d_]{2}", name := named.label[:81])
                and len(name) <= 80
            ):
                found.append(name)
            child = holder
        return tuple(found)

    @property
    def shape(self) -> str:
        """Tags and classes of the block and its parent, digits left out: `div.prices>p.now`."""
        parent = self.element.parent
        return f"{parent.shape}>{self.element.shape}" if parent is not None else self.element.shape


def _namer(holder: Element, child: Element) -> Block | None:
    """What names a child of a row, a card or a list of pairs: the nearest text before it that has the first one's shape."""
    kids = holder.kids or []
    leader = kids[0][0].shape if kids else ""
    pair = holder.children == 2 and bool(kids) and not re.search(r"\d", kids[0][1].text)
    if leader == child.shape and not pair:
        return None
    for kid, block in reversed(kids[max(0, child.place - 20) : child.place]):
        if kid.shape == leader:
            return None if block.element.marginal else block
    return None


@dataclass(slots=True)
class Cell:
    """A table cell as shown."""

    text: str
    is_header: bool = False
    node: int = 0
    """The element it is made of, by its identity in the document's tree."""


@dataclass(slots=True)
class Grid:
    """A table: all rows as long as the longest, spans filled in, with what stands over it."""

    rows: list[list[Cell]]
    titles: tuple[str, ...] = ()
    weight: float = BODY
    element: Element | None = None


@dataclass(slots=True)
class Outline:
    """All blocks and tables of a page, in reading order; `parts` has both kinds in one."""

    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    parts: list[Block | Grid] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text shown, menus and footers too."""
        cells = (" ".join(cell.text for cell in row) for grid in self.grids for row in grid.rows)
        return "\n".join((*(block.text for block in self.blocks), *cells))


def register(block: Block) -> None:
    """Tell the elements around a new block of it."""
    child, holder = block.element, block.element.parent
    while holder is not None:
        if holder.kids is None:
            holder.kids = [(child, block)]
        else:
            if holder.kids[-1][0] is not child:
                child.place = len(holder.kids)
                holder.kids.append((child, block))
            break
        child, holder = holder, holder.parent


def heads_over(element: Element) -> tuple[Block, ...]:
    """The headings an element stands under, the highest first."""
    found: list[Block] = []
    holder = element.parent
    while holder is not None:
        if holder.heads:
            found.extend(block for _, block in reversed(holder.heads))
        holder = holder.parent
    return tuple(reversed(found))


def set_heading(block: Block) -> None:
    """A heading stands over the rest of what it is in; one alone in its box stands over what its box is in."""
    level, holder = block.element.level, block.element.parent
    block.is_related = bool(RELATED_HEADING.search(block.text))
    while holder is not None and holder.children == 1 and holder.parent is not None:
        holder = holder.parent
    if holder is not None:
        kept = [head for head in holder.heads or [] if head[0] < level]
        holder.heads = [*kept, (level, block)]
