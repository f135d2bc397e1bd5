"""The controls of a page that buy."""

from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from .page import Element, Page, squeeze
from .words import BUY_TEXT, NAMED_BUY

_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Button:
    """One control that buys: where it stands in reading order, and whether it can be pressed."""

    node: LexborNode
    element: Element
    label: str
    offset: int
    able: bool


def buy_buttons(page: Page) -> list[Button]:
    """The page's visible controls that put a product into the cart or buy it at once, in reading order."""
    places = {fragment.node.mem_id: fragment.offset for fragment in reversed(page.fragments)}
    found: list[Button] = []
    last = 0
    for node in page.tree.css("button,input,a,[role=button]"):
        attributes = node.attributes
        tag = node.tag
        if tag == "input":
            if attributes.get("type") not in ("submit", "button", "image"):
                continue
            label = squeeze(attributes.get("value") or attributes.get("alt") or "")
        else:
            label = squeeze(node.text()[:200])
        if len(label) > _LONGEST_LABEL:
            continue
        offset = places.get(node.mem_id)
        if offset is None:
            offset = next((places[inner.mem_id] for inner in node.traverse() if inner.mem_id in places), None)
        last = offset if offset is not None else last
        if not (label and BUY_TEXT.search(label)):
            if tag == "a":
                continue
            names = page.element(node).words
            if not names or not NAMED_BUY.search(names):
                continue
        element = page.element(node)
        if element.hidden:
            continue
        disabled = (
            "disabled" in attributes
            or attributes.get("aria-disabled") == "true"
            or not {"disabled", "is-disabled", "btn-disabled"}.isdisjoint(
                (attributes.get("class") or "").lower().split()
            )
        )
        found.append(Button(node, element, label, last if offset is None else offset, not disabled))
    return found
