"""A page as plain HTML: what a reader sees of it, the fact marked, places as links.

What comes out is foreign still: whoever hands it to a browser cleans it first. The page's own links and marks are gone, so that
those in the result are ours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

from pydantic import JsonValue
from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitors_contracts.monitors import Evidence

from ..extraction.blocks import Block, Grid, Outline
from ..extraction.documents import leaves
from ..extraction.outline import is_shown
from ..extraction.page import Page
from ..extraction.places import place_at, place_of, places
from .marking import Piece, pieces_of

MOST_HTML = 1_500_000
_MOST_TEXTS = 60_000
_DEEPEST = 40
_GONE = [
    "script", "style", "noscript", "template", "iframe", "frame", "object", "embed", "svg", "math", "canvas", "video", "audio",
    "link", "meta", "base", "head", "input", "select", "textarea", "datalist",
]  # fmt: skip
_UNWRAPPED = ["a", "mark", "form", "button", "picture", "label", "font", "center"]


@dataclass(frozen=True, slots=True)
class Rendering:
    """The inside of a body, and whether the fact's piece is marked in it."""

    title: str
    html: str
    is_marked: bool
    is_truncated: bool


Wrap = Callable[[str, str | None], list[Piece]]
"""Cuts the text of a place (by its address; None for text that is no place) into pieces."""


def render(
    page: Page, evidence: Evidence | None = None, with_places: bool = False, place: str | None = None
) -> Rendering:
    """Show a page. `evidence` is what to mark, or all of the place with an address; `with_places` makes places links."""
    found = place_at(page, place) if place else place_of(page, evidence) if evidence else None
    quote = found.text if found and place else evidence.quote if evidence else ""
    linked = {each.address for each in places(page)} if with_places else set[str]()
    marked = False

    def wrap(text: str, address: str | None) -> list[Piece]:
        nonlocal marked
        is_fact = found is not None and address == found.address
        pieces = pieces_of(text, quote if is_fact else None, address if address in linked else None, marked)
        marked = marked or any(piece.is_fact for piece in pieces)
        return pieces

    is_cut = False
    if page.data is not None:
        html = _data(page.data, wrap)
    elif page.form == "html":
        html, is_cut = _document(page.html, page.outline, wrap)
    else:
        html = _text(page.outline, wrap)
    title = page.title or page.outline.title
    return Rendering(title[:200], html[:MOST_HTML], marked, is_cut or len(html) > MOST_HTML)


# -- HTML -------------------------------------------------------------------------------------------------------------


def _document(tree: LexborHTMLParser, outline: Outline, wrap: Wrap) -> tuple[str, bool]:
    """The page's own elements, without what loads, runs or is hidden, and whether there were too many. Changes the tree."""
    addresses = {node: f"b{number}" for number, block in enumerate(outline.blocks) for node in block.nodes}
    for number, grid in enumerate(outline.grids):
        for row, line in enumerate(grid.rows):
            for column, cell in enumerate(line):
                addresses.setdefault(cell.node, f"c{number}.{row}.{column}")
    body = tree.body
    if body is None:
        return "", False
    tree.unwrap_tags(_UNWRAPPED)
    texts, gone = _walk(body, addresses)
    for node in gone:
        node.decompose()
    for node, address in texts:
        _replace(tree, node, wrap(node.text_content or "", address))
    return body.inner_html or "", len(texts) >= _MOST_TEXTS


def _walk(body: LexborNode, addresses: dict[int, str]) -> tuple[list[tuple[LexborNode, str | None]], list[LexborNode]]:
    """The texts shown, each with its address, and the elements that are not to be shown."""
    texts: list[tuple[LexborNode, str | None]] = []
    gone: list[LexborNode] = []
    stack: list[tuple[LexborNode, str | None]] = [(body, None)]
    while stack:
        node, address = stack.pop()
        if node.is_text_node:
            if (node.text_content or "").strip():
                texts.append((node, addresses.get(node.mem_id, address)))
            continue
        if not node.is_element_node:
            gone.append(node)
            continue
        if node.tag in _GONE or not is_shown(node.tag or "", node.attributes) or len(texts) >= _MOST_TEXTS:
            gone.append(node)
            continue
        inner = addresses.get(node.mem_id, address)
        child = node.last_child
        while child is not None:
            stack.append((child, inner))
            child = child.prev
    return texts, gone


def _replace(tree: LexborHTMLParser, node: LexborNode, pieces: list[Piece]) -> None:
    if all(piece.is_plain for piece in pieces):
        return
    for piece in pieces:
        inner: LexborNode | str = piece.text
        if piece.is_fact or piece.is_more:
            inner = _element(tree, "mark", {"id": "fact"} if piece.is_fact else {}, inner)
        if piece.address:
            inner = _element(tree, "a", {"href": f"place:{piece.address}"}, inner)
        node.insert_before(inner)
    node.decompose()


def _element(tree: LexborHTMLParser, tag: str, attributes: dict[str, str], inside: LexborNode | str) -> LexborNode:
    element = tree.create_node(tag)
    for name, value in attributes.items():
        element.attrs[name] = value
    element.insert_child(inside)
    return element


# -- texts and data ---------------------------------------------------------------------------------------------------


def _written(pieces: list[Piece]) -> str:
    return "".join(_piece(piece) for piece in pieces)


def _piece(piece: Piece) -> str:
    text = escape(piece.text)
    if piece.is_fact or piece.is_more:
        text = f'<mark id="fact">{text}</mark>' if piece.is_fact else f"<mark>{text}</mark>"
    return f'<a href="place:{escape(piece.address)}">{text}</a>' if piece.address else text


def _text(outline: Outline, wrap: Wrap) -> str:
    """A plain text: its lines, and its columns as tables."""
    written: list[str] = []
    blocks = grids = 0
    for part in outline.parts:
        if isinstance(part, Block):
            tag = f"h{part.element.level}" if part.element.level else "p"
            written.append(f"<{tag}>{_written(wrap(part.text, f'b{blocks}'))}</{tag}>")
            blocks += 1
        else:
            written.append(_table(part, grids, wrap))
            grids += 1
    return "\n".join(written)


def _table(grid: Grid, number: int, wrap: Wrap) -> str:
    rows = (
        "".join(
            f"<td>{_written(wrap(cell.text, f'c{number}.{line}.{column}'))}</td>" for column, cell in enumerate(row)
        )
        for line, row in enumerate(grid.rows)
    )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _data(data: JsonValue, wrap: Wrap) -> str:
    """Nested data, indented."""
    addresses = {leaf.steps: f"d{number}" for number, leaf in enumerate(leaves(data))}
    return f"<pre>{''.join(_lines(data, (), addresses, wrap))}</pre>"


def _lines(
    value: JsonValue, steps: tuple[str | int, ...], addresses: dict[tuple[str | int, ...], str], wrap: Wrap
) -> Iterator[str]:
    margin = "  " * len(steps)
    if isinstance(value, (dict, list)) and value and len(steps) < _DEEPEST:
        opened, closed = "{}" if isinstance(value, dict) else "[]"
        members = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        yield f"{opened}\n"
        for at, (key, child) in enumerate(members):
            yield f"{margin}  {escape(str(key))}: " if isinstance(value, dict) else f"{margin}  "
            yield from _lines(child, (*steps, key), addresses, wrap)
            yield ",\n" if at < len(members) - 1 else "\n"
        yield f"{margin}{closed}"
        return
    if isinstance(value, (dict, list)):
        yield "…" if value else "{}" if isinstance(value, dict) else "[]"
        return
    yield _written(wrap(_scalar(value), addresses.get(steps)))


def _scalar(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:.15g}"
        case _:
            return str(value)
