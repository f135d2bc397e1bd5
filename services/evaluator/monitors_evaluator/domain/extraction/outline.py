"""A page as a reader sees it: blocks of text with what stands over and before them, and tables; ads and menus weigh less."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .words import listed, squeeze

_INLINE = frozenset(
    listed(
        "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark meter output q s samp small span "
        "strike strong sub sup time tt u var"
    )
)
_SKIPPED = frozenset(
    listed("script style template noscript svg head select option textarea iframe object canvas math datalist")
)
_STRUCK = frozenset(("s", "del", "strike"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"legend": 6, "summary": 6}
_MARGINAL_TAGS = frozenset(("nav", "aside", "footer"))
_MARGINAL_ROLES = frozenset(("navigation", "complementary", "contentinfo", "banner", "search", "dialog", "alert"))
_MARGINAL_WORDS = frozenset(
    listed(
        "nav navbar navigation menu sidebar aside footer promo promotion promotions ad ads adbox advert "
        "advertisement banner cookie cookies consent related recommended recommendations similar upsell crosssell "
        "newsletter subscribe visitors visitor counter bottom masthead topbar toolbar copyright breadcrumb "
        "breadcrumbs share sharing social popup modal sponsored sponsor teaser trending suggestions"
    )
)
_RELATED_HEADING = re.compile(
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


@dataclass(slots=True)
class Grid:
    """A table: all rows as long as the longest, spans filled in, with what stands over it."""

    rows: list[list[Cell]]
    titles: tuple[str, ...] = ()
    weight: float = BODY
    element: Element | None = None


@dataclass(slots=True)
class Outline:
    """All blocks and tables of a page, in reading order."""

    title: str = ""
    blocks: list[Block] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text shown, menus and footers too."""
        cells = (" ".join(cell.text for cell in row) for grid in self.grids for row in grid.rows)
        return "\n".join((*(block.text for block in self.blocks), *cells))


@lru_cache(maxsize=5_000)
def _words_of(names: str) -> frozenset[str]:
    return frozenset(re.split(r"[\s_\-]+|(?<=[a-z])(?=[A-Z])", names)) | frozenset(
        word.casefold() for word in re.split(r"[\s_\-]+|(?<=[a-z])(?=[A-Z])", names)
    )


@lru_cache(maxsize=5_000)
def _shape(tag: str, classes: str) -> str:
    names = [name for name in classes.split()[:2] if not re.search(r"\d{2}|[0-9a-f]{6}", name)]
    return ".".join((tag, *names))


@dataclass(frozen=True, slots=True)
class _Style:
    """What tag and attributes say of an element, whatever it stands in."""

    shape: str
    shown: bool
    marginal: bool
    main: bool
    struck: bool


@lru_cache(maxsize=5_000)
def _style(tag: str, classes: str, identifier: str, role: str, style: str) -> _Style:
    plain = style.replace(" ", "")
    words = _words_of(f"{classes} {identifier}")
    named = tag not in ("body", "main", "article") and bool(words & _MARGINAL_WORDS)
    return _Style(
        _shape(tag, classes),
        "display:none" not in plain and "visibility:hidden" not in plain,
        tag in _MARGINAL_TAGS or role.casefold() in _MARGINAL_ROLES or named,
        tag in ("main", "article") or role == "main",
        tag in _STRUCK or "line-through" in plain,
    )


def _style_of(tag: str, attributes: dict[str, str | None]) -> _Style:
    if not attributes:
        return _style(tag, "", "", "", "")
    get = attributes.get
    style = "display:none" if "hidden" in attributes else get("style") or ""
    return _style(tag, get("class") or "", get("id") or "", get("role") or "", style)


def _element_for(style: _Style, tag: str, attributes: dict[str, str | None], parent: Element) -> Element:
    """The element's place in the outline."""
    marginal = parent.marginal or style.marginal
    return Element(
        parent,
        style.shape,
        MARGIN if marginal else MAIN if style.main else parent.weight,
        marginal,
        parent.struck or style.struck,
        level=_HEADINGS.get(tag, 0),
        disabled=parent.disabled or "disabled" in attributes,
        names_its_parts=tag not in ("main", "body"),
    )


def _register(block: Block) -> None:
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


def _heads_over(element: Element) -> tuple[Block, ...]:
    """The headings an element stands under, the highest first."""
    found: list[Block] = []
    holder = element.parent
    while holder is not None:
        if holder.heads:
            found.extend(block for _, block in reversed(holder.heads))
        holder = holder.parent
    return tuple(reversed(found))


def _set_heading(block: Block) -> None:
    """A heading stands over the rest of what it is in; one alone in its box stands over what its box is in."""
    level, holder = block.element.level, block.element.parent
    block.is_related = bool(_RELATED_HEADING.search(block.text))
    while holder is not None and holder.children == 1 and holder.parent is not None:
        holder = holder.parent
    if holder is not None:
        kept = [head for head in holder.heads or [] if head[0] < level]
        holder.heads = [*kept, (level, block)]


def _add_text(element: Element, text: str, run: tuple[int, str, bool], last_run: list[int]) -> Block | None:
    """Append text to the element's open block; answers the block when it was opened by it."""
    opened = None
    if element.block is None:
        if not text.strip():
            return None
        element.block = opened = Block(element)
        _register(opened)
        last_run[0] = -1
    block = element.block
    identity, shape, struck = run
    if not text.strip() and block.runs:
        block.runs[-1].text += " "
    elif block.runs and last_run[0] == identity:
        block.runs[-1].text += text
    else:
        block.runs.append(Run(text, shape, struck))
        last_run[0] = identity
    return opened


def outline_of_html(document: LexborHTMLParser) -> Outline:
    """Walk the body once."""
    title = document.css_first("title")
    outline = Outline(title=squeeze(title.text()) if title is not None else "")
    body = document.body
    if body is None:
        return outline
    has_main = document.css_first("main, [role=main]") is not None
    root = Element(None, "body", OUTSIDE if has_main else BODY, names_its_parts=False)
    last_run = [-1]
    stack: list[tuple[LexborNode, Element, tuple[int, str, bool]]] = []
    parts: list[Block | Grid] = []

    def push(node: LexborNode, element: Element, run: tuple[int, str, bool]) -> None:
        child = node.last_child
        while child is not None:
            stack.append((child, element, run))
            child = child.prev

    push(body, root, (0, "", False))
    count = 0
    while stack:
        node, element, run = stack.pop()
        if node.is_text_node:
            if opened := _add_text(element, node.text_content or "", run, last_run):
                parts.append(opened)
            continue
        tag = node.tag or ""
        if not node.is_element_node or tag in _SKIPPED:
            continue
        if tag in ("br", "hr"):
            element.block = None
            continue
        attributes = node.attributes
        count += 1
        if tag in _INLINE:
            style = _style_of(tag, attributes)
            if not style.shown:
                continue
            if style.marginal and not element.marginal:
                element.block = None
                push(node, _element_for(style, tag, attributes, element), (count, "", style.struck))
                element.children += 1
            else:
                push(node, element, (count, style.shape, run[2] or style.struck))
            continue
        element.block = None
        style = _style_of(tag, attributes)
        if not style.shown:
            continue
        inner = _element_for(style, tag, attributes, element)
        element.children += 1
        if tag == "header" and element is root and node.css_first("h1, h2") is None:
            inner.marginal, inner.weight = True, MARGIN
        if tag == "table" and (grid := _grid_of(node, inner)) is not None:
            parts.append(grid)
            continue
        push(node, inner, (0, "", inner.struck))
    _finish(outline, parts)
    return outline


_JOINT = re.compile(r"[^\W\d_]$")


def _finish(outline: Outline, parts: list[Block | Grid]) -> None:
    """Settle all texts (single spaces, one between pieces that only style keeps apart) and what stands over them."""
    known: dict[int, tuple[Block, ...]] = {}

    def heads_over(element: Element) -> tuple[Block, ...]:
        key = id(element.parent)
        if key not in known:
            known[key] = _heads_over(element)
        return known[key]

    for block in parts:
        if isinstance(block, Grid):
            heads = heads_over(block.element) if block.element else ()
            block.titles += tuple(head.label for head in reversed(heads))
            block.weight = MARGIN if any(head.is_related for head in heads) else block.weight
            outline.grids.append(block)
            continue
        if len(block.runs) == 1:
            block.text = block.runs[0].text = squeeze(block.runs[0].text)
        else:
            block.text, block.runs = _joined(block.runs)
        if block.text:
            outline.blocks.append(block)
            block.heads = heads_over(block.element)
            block.weight = MARGIN if any(head.is_related for head in block.heads) else block.element.weight
            if block.element.level:
                _set_heading(block)
                known.clear()
                block.heads = tuple(head for head in heads_over(block.element) if head is not block)


def _joined(given: list[Run]) -> tuple[str, list[Run]]:
    """The text of all pieces, and the pieces that hold any."""
    text = ""
    runs: list[Run] = []
    for run in given:
        piece = squeeze(run.text)
        if not piece:
            text += " "
            continue
        apart = text and not text.endswith(" ") and _JOINT.search(text) and (piece[0].isdigit() or piece[0].isupper())
        spaced = run.text[:1].isspace() or bool(apart)
        text = f"{text.rstrip()} {piece}" if spaced and text.strip() else text + piece
        if run.text[-1:].isspace():
            text += " "
        runs.append(Run(piece, run.shape, run.struck))
    return squeeze(text), runs


_NOT_SHOWN = "s, del, strike, [hidden], script, style"


def _cell_text(node: LexborNode, has_hidden: bool) -> str:
    text = squeeze(node.text(separator=" "))
    for gone in node.css(_NOT_SHOWN) if has_hidden else ():
        text = squeeze(text.replace(squeeze(gone.text(separator=" ")), " ", 1))
    if not text and (shown := node.css_first("img[alt], [aria-label], [title]")) is not None:
        named = shown.attributes
        text = squeeze(named.get("alt") or named.get("aria-label") or named.get("title") or "")
    return text


def _span(value: str | None) -> int:
    return min(int(value), 20) if value and value.isdigit() and int(value) > 0 else 1


def _grid_of(table: LexborNode, element: Element) -> Grid | None:
    """The table's cells; None for a table that only lays out a page."""
    if len(table.css("table")) > 1 or table.css_first("form, h1, main") is not None:
        return None
    has_hidden = table.css_first(_NOT_SHOWN) is not None
    rows: list[list[Cell]] = []
    carried: dict[int, tuple[int, Cell]] = {}
    for row in table.css("tr"):
        cells: list[Cell] = []
        for node in row.iter():
            if node.tag not in ("td", "th"):
                continue
            while len(cells) in carried:
                cells.append(_carry(carried, len(cells)))
            attributes = node.attributes
            cell = Cell(_cell_text(node, has_hidden), node.tag == "th")
            if len(cell.text) > 600:
                return None
            down = _span(attributes.get("rowspan"))
            for _ in range(_span(attributes.get("colspan"))):
                if down > 1:
                    carried[len(cells)] = (down - 1, cell)
                cells.append(cell)
        while len(cells) in carried:
            cells.append(_carry(carried, len(cells)))
        if cells:
            rows.append(cells)
    if not rows:
        return None
    width = max(len(row) for row in rows)
    caption = table.css_first("caption")
    titles = (squeeze(caption.text()),) if caption is not None else ()
    for row in rows:
        row.extend(Cell("") for _ in range(width - len(row)))
    return Grid(rows, titles, element.weight, element)


def _carry(carried: dict[int, tuple[int, Cell]], column: int) -> Cell:
    left, cell = carried.pop(column)
    if left > 1:
        carried[column] = (left - 1, cell)
    return cell


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
            _set_heading(block)
        outline.blocks.append(block)
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
