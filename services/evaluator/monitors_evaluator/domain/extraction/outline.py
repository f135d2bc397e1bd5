"""A page as a reader sees it: blocks of text with what stands over and before them, and tables; ads and menus weigh less."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .words import squeeze

_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark meter output q s samp small span strike strong "
    "sub sup time tt u var".split()
)
_SKIPPED = frozenset(
    "script style template noscript svg head select option textarea iframe object canvas math datalist".split()
)
_STRUCK = frozenset(("s", "del", "strike"))
_SECTIONS = frozenset("section article aside nav footer li td dialog details fieldset".split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"legend": 6, "summary": 6}
_MARGINAL_TAGS = frozenset(("nav", "aside", "footer"))
_MARGINAL_ROLES = frozenset(("navigation", "complementary", "contentinfo", "banner", "search", "dialog", "alert"))
_MARGINAL_WORDS = frozenset(
    "nav navbar navigation menu sidebar aside footer promo promotion promotions ad ads adbox advert advertisement banner "
    "cookie cookies consent related recommended recommendations similar upsell crosssell newsletter subscribe visitors "
    "visitor counter breadcrumb breadcrumbs share sharing social popup modal sponsored sponsor teaser trending "
    "suggestions".split()
)
_STRUCK_WORDS = frozenset("old was strike striked crossed rrp msrp uvp listprice regular compare".split())
_RELATED_HEADING = re.compile(
    r"\b(you (may|might) also|related|similar|recommended|customers also|people also|more (from|like)|other (products|items)|"
    r"recently viewed|sponsored|newsletter|popular (now|items|products)|trending|advertisement|frequently bought)\b",
    re.IGNORECASE,
)
MAIN, BODY, OUTSIDE, MARGIN = 1.0, 0.9, 0.6, 0.2


@dataclass(slots=True, eq=False)
class Element:
    """A block-level element while walking: its shape, its weight, and the first text found in it."""

    parent: "Element | None"
    shape: str
    weight: float
    marginal: bool = False
    struck: bool = False
    section: "Element | None" = None
    heads: list[tuple[int, "Block"]] = field(default_factory=list)
    children: int = 0
    place: int = 0
    kids: "list[tuple[Element, Block]]" = field(default_factory=list)
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

    @property
    def label(self) -> str:
        """The block as a name: its first piece when it has several (`Ridge Trail` of a heading with a badge)."""
        return self.runs[0].text if len(self.runs) > 1 and len(self.runs[0].text) > 2 else self.text

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings it stands under, closest first."""
        return tuple(head.label for head in reversed(self.heads))

    @property
    def weight(self) -> float:
        """How much it belongs to what the page is about, 0..1."""
        if any(_RELATED_HEADING.search(head.text) for head in self.heads):
            return MARGIN
        return self.element.weight

    @property
    def holders(self) -> tuple[str, ...]:
        """What names it from before: the first text of the rows, cards and items it is in, unless that is its equal."""
        found: list[str] = []
        child = self.element
        while (holder := child.parent) is not None and len(found) < 3 and holder.names_its_parts:
            named = _namer(holder, child)
            if named is not None and named is not self and 0 < len(named.label) <= 80:
                found.append(named.label)
            child = holder
        return tuple(found)

    @property
    def shape(self) -> str:
        """Tags and classes of the block and its parent, digits left out: `div.prices>p.now`."""
        parent = self.element.parent
        return f"{parent.shape}>{self.element.shape}" if parent is not None else self.element.shape


def _namer(holder: Element, child: Element) -> Block | None:
    """What names a child of a row, a card or a list of pairs: the nearest text before it in the shape that the first one has."""
    leader = holder.kids[0][0].shape if holder.kids else ""
    pair = holder.children == 2 and not re.search(r"\d", holder.kids[0][1].text)
    if leader == child.shape and not pair:
        return None
    for kid, block in reversed(holder.kids[max(0, child.place - 20) : child.place]):
        if kid.shape == leader:
            return block
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


def _element_for(tag: str, attributes: dict[str, str | None], parent: Element) -> Element | None:
    """The element's place in the outline; None when it is not shown."""
    classes = attributes.get("class") or ""
    style = (attributes.get("style") or "").replace(" ", "")
    if "hidden" in attributes or "display:none" in style or "visibility:hidden" in style:
        return None
    words = _words_of(f"{classes} {attributes.get('id') or ''}")
    role = (attributes.get("role") or "").casefold()
    element = Element(parent, _shape(tag, classes), parent.weight, parent.marginal)
    if tag in _MARGINAL_TAGS or role in _MARGINAL_ROLES:
        element.marginal = True
    elif tag not in ("body", "main", "article") and words & _MARGINAL_WORDS:
        element.marginal = True
    if element.marginal:
        element.weight = MARGIN
    elif tag in ("main", "article") or role == "main":
        element.weight = MAIN
    element.struck = parent.struck or tag in _STRUCK or bool(words & _STRUCK_WORDS) or "line-through" in style
    element.section = element if tag in _SECTIONS or role == "listitem" else parent.section
    element.level = _HEADINGS.get(tag, 0)
    element.names_its_parts = tag not in ("main", "body")
    element.disabled = parent.disabled or "disabled" in attributes
    return element


def _heads_of(element: Element) -> tuple[Block, ...]:
    found: list[tuple[Block, ...]] = []
    section = element.section
    while section is not None:
        found.append(tuple(block for _, block in section.heads))
        section = section.parent.section if section.parent is not None else None
    return tuple(block for blocks in reversed(found) for block in blocks)


def _register(block: Block) -> None:
    """Tell the elements around a new block of it: the first text in each, and the heading it may be."""
    element = block.element
    block.heads = _heads_of(element)
    child, holder = element, element.parent
    while holder is not None and (not holder.kids or holder.kids[-1][0] is not child):
        child.place = len(holder.kids)
        holder.kids.append((child, block))
        if len(holder.kids) > 1:
            break
        child, holder = holder, holder.parent
    if element.level and element.section is not None:
        heads = element.section.heads
        while heads and heads[-1][0] >= element.level:
            heads.pop()
        block.heads = _heads_of(element)
        heads.append((element.level, block))


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
    root.section = root
    last_run = [-1]
    stack: list[tuple[LexborNode, Element, tuple[int, str, bool]]] = []

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
                outline.blocks.append(opened)
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
            inner = _element_for(tag, attributes, element)
            if inner is not None:
                if inner.marginal and not element.marginal:
                    element.block = None
                    push(node, inner, (count, "", inner.struck))
                    element.children += 1
                else:
                    push(node, element, (count, inner.shape, run[2] or inner.struck))
            continue
        element.block = None
        inner = _element_for(tag, attributes, element)
        if inner is None:
            continue
        element.children += 1
        if tag == "header" and element is root and node.css_first("h1, h2") is None:
            inner.marginal, inner.weight = True, MARGIN
        if tag == "table" and (grid := _grid_of(node, inner)) is not None:
            outline.grids.append(grid)
            continue
        push(node, inner, (0, "", inner.struck))
    _finish(outline)
    return outline


_JOINT = re.compile(r"[^\W\d_]$")


def _finish(outline: Outline) -> None:
    """Settle the texts of all blocks: single spaces, and a space between pieces that only style keeps apart."""
    kept: list[Block] = []
    for block in outline.blocks:
        text = ""
        runs: list[Run] = []
        for run in block.runs:
            piece = squeeze(run.text)
            if not piece:
                text += " "
                continue
            apart = (
                text and not text.endswith(" ") and _JOINT.search(text) and (piece[0].isdigit() or piece[0].isupper())
            )
            spaced = run.text[:1].isspace() or bool(apart)
            text = f"{text.rstrip()} {piece}" if spaced and text.strip() else text + piece
            if run.text[-1:].isspace():
                text += " "
            runs.append(Run(piece, run.shape, run.struck))
        block.text, block.runs = squeeze(text), runs
        if block.text:
            kept.append(block)
    outline.blocks = kept


def _cell_text(node: LexborNode) -> str:
    text = squeeze(node.text(separator=" "))
    for gone in node.css("s, del, strike, [hidden], script, style"):
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
            cell = Cell(_cell_text(node), node.tag == "th")
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
    heads = _heads_of(element)
    weight = MARGIN if any(_RELATED_HEADING.search(head.text) for head in heads) else element.weight
    for row in rows:
        row.extend(Cell("") for _ in range(width - len(row)))
    return Grid(
        rows, titles + tuple(squeeze("".join(run.text for run in head.runs[:1])) for head in reversed(heads)), weight
    )


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
    root.section = root
    lines = content.replace("\f", "\n").splitlines()[:20_000]
    for group in _column_groups(lines):
        if isinstance(group, Grid):
            group.titles = tuple(head.text for _, head in reversed(root.heads))
            outline.grids.append(group)
            continue
        heading = re.match(r"(#{1,6})\s+(.*)", group)
        text = squeeze(heading[2] if heading else group.lstrip("*•-–— \t") if not re.match(r"\s*-\d", group) else group)
        if not text:
            continue
        if not outline.title:
            outline.title = text[:200]
        element = Element(root, "line", BODY, section=root, level=len(heading[1]) if heading else 0)
        block = Block(element, [Run(text, "", False)], text=text)
        block.heads = tuple(head for _, head in root.heads)
        if heading:
            _register(block)
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
