"""The controls of a page that buy."""

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from .page import Area, Element, Page, squeeze
from .words import says_buy, says_gone

_LONGEST_LABEL = 40
_DISABLED = {"disabled", "is-disabled", "btn-disabled"}
_BUTTON_LIKE = ("btn", "Btn", "button", "Button", "cart", "Cart", "buy", "Buy", "basket", "kauf")
_CONTROLS = ",".join(
    ["button", "input", "[role=button]", *(f"a[class*={name}]" for name in _BUTTON_LIKE), "a[id*=cart]", "a[id*=buy]"]
)


@dataclass(frozen=True, slots=True)
class Button:
    """One control that buys: where it stands in reading order, and whether it can be pressed."""

    node: LexborNode
    element: Element
    label: str
    offset: int
    able: bool


def buy_buttons(page: Page, area: Area) -> list[Button]:
    """The visible controls in `area` that put a product into the cart or buy it at once, in reading order.

    Any link counts only where nothing that looks like a button buys.
    """
    places = {fragment.node.mem_id: fragment.offset for fragment in reversed(page.fragments)}
    return _found(page, area, places, _CONTROLS) or _found(page, area, places, "a[href]")


def _found(page: Page, area: Area, places: dict[int, int], selector: str) -> list[Button]:
    found: list[Button] = []
    last = 0
    for node in page.tree.css(selector):
        attributes = node.attributes
        offset = places.get(node.mem_id)
        if offset is None:
            offset = next((places[inner.mem_id] for inner in node.traverse() if inner.mem_id in places), last)
        last = offset
        if not area.holds(offset):
            continue
        if node.tag == "input":
            if attributes.get("type") not in ("submit", "button", "image"):
                continue
            label = squeeze(attributes.get("value") or attributes.get("alt") or "")
        else:
            label = squeeze(node.text()[:200])
        if len(label) > _LONGEST_LABEL:
            continue
        element = page.element(node)
        if element.hidden or not (says_buy(label) or (node.tag != "a" and element.traits.buy)):
            continue
        disabled = (
            "disabled" in attributes
            or attributes.get("aria-disabled") == "true"
            or not _DISABLED.isdisjoint((attributes.get("class") or "").lower().split())
        )
        found.append(Button(node, element, label, offset, able=not disabled and not says_gone(label)))
    return found
