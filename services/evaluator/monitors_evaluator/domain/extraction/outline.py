"""An HTML page as a reader sees it: walked once into blocks and tables, with ads and menus weighing less."""

import re
from dataclasses import dataclass
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode

from .blocks import BODY, MAIN, MARGIN, OUTSIDE, Block, Element, Grid, Outline, Run, heads_over, register, set_heading
from .tables import grid_of
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


def is_shown(tag: str, attributes: dict[str, str | None]) -> bool:
    """False for an element that is hidden by its own attributes."""
    return _style_of(tag, attributes).shown


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


def _add_text(element: Element, text: str, run: tuple[int, str, bool], last_run: list[int]) -> Block | None:
    """Append text to the element's open block; answers the block when it was opened by it."""
    opened = None
    if element.block is None:
        if not text.strip():
            return None
        element.block = opened = Block(element)
        register(opened)
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
            if element.block is not None:
                element.block.nodes.append(node.mem_id)
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
        if tag == "table" and (grid := grid_of(node, inner)) is not None:
            parts.append(grid)
            continue
        push(node, inner, (0, "", inner.struck))
    _finish(outline, parts)
    return outline


_JOINT = re.compile(r"[^\W\d_]$")


def _finish(outline: Outline, parts: list[Block | Grid]) -> None:
    """Settle all texts (single spaces, one between pieces that only style keeps apart) and what stands over them."""
    known: dict[int, tuple[Block, ...]] = {}

    def known_heads(element: Element) -> tuple[Block, ...]:
        key = id(element.parent)
        if key not in known:
            known[key] = heads_over(element)
        return known[key]

    for block in parts:
        if isinstance(block, Grid):
            heads = known_heads(block.element) if block.element else ()
            block.titles += tuple(head.label for head in reversed(heads))
            block.weight = MARGIN if any(head.is_related for head in heads) else block.weight
            outline.grids.append(block)
            outline.parts.append(block)
            continue
        if len(block.runs) == 1:
            block.text = block.runs[0].text = squeeze(block.runs[0].text)
        else:
            block.text, block.runs = _joined(block.runs)
        if block.text:
            outline.blocks.append(block)
            outline.parts.append(block)
            block.heads = known_heads(block.element)
            block.weight = MARGIN if any(head.is_related for head in block.heads) else block.element.weight
            if block.element.level:
                set_heading(block)
                known.clear()
                block.heads = tuple(head for head in known_heads(block.element) if head is not block)


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
