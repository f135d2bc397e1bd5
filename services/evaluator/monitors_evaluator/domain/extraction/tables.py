"""The cells of an HTML table."""

from selectolax.lexbor import LexborNode

from .blocks import Cell, Element, Grid
from .words import squeeze

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


def grid_of(table: LexborNode, element: Element) -> Grid | None:
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
            cell = Cell(_cell_text(node, has_hidden), node.tag == "th", node.mem_id)
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
