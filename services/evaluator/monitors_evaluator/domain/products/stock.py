"""Whether the page's product can be bought now."""

from collections import Counter
from dataclasses import dataclass

from selectolax.lexbor import LexborNode

from .buying import Button
from .claims import Claim
from .model import Stock
from .page import Element, Fragment, Page, squeeze
from .words import only_offers_to_write, says_gone, says_in_stock, says_not_gone

_LONGEST_TEXT, _LATEST_WORD = 160, 70
# The weight of a claim that the page's address does not single out.
_ORDINARY = 3.0
_CHOICES = (
    "select,input[type=radio],[role=listbox],[role=radio],[class*=swatch],[class*=variant],[class*=variation],[class*=sizes]"
    ",[class*=size-sel],[class*=attribute]"
)
_BEHIND_HEADING, _AROUND_PRICE = 1200, 500
_A_ROW = 4


@dataclass(frozen=True, slots=True)
class StockRead:
    """An availability, how sure, and what shows it."""

    stock: Stock
    confidence: float
    method: str
    quote: str
    locator: str


def read_availability(
    page: Page, claims: list[Claim], buttons: list[Button], price: Fragment | None
) -> StockRead | None:
    """The product's availability; None where the page tells neither.

    Structured data that says sold out is believed. Structured data that says in stock is often stale, so a notice beside
    the product, or a buy button that cannot be pressed, overrules it.
    """
    heading = page.heading
    told = _told(claims)
    if told and told.stock == "OutOfStock":
        return told
    own = [
        button for button in buttons if _is_near(button.offset, heading, price) and not _in_list(page, button.element)
    ]
    able = _one_of_its_own([button for button in own if button.able])
    if gone := next(
        (node for node in page.tree.css("button[disabled]") if _says_gone(page, node, heading, price)), None
    ):
        return StockRead("OutOfStock", 0.9, "button", squeeze(gone.text())[:300], page.locator(gone))
    notice = _notice(page, heading, price) if able is None else None
    if notice and not (told and only_offers_to_write(notice.text)):
        return StockRead("OutOfStock", 0.85, "text", notice.text[:300], page.locator(notice.node))
    if able is None and own and not _has_choice(page, own[0].node):
        return StockRead("OutOfStock", 0.7, "button", own[0].label or "disabled", page.locator(own[0].node))
    if able is None and heading and (outer := _gone_around(page.element(heading.node))):
        return StockRead("OutOfStock", 0.7, "class", outer.traits.words[:300], outer.tag)
    if told:
        return told
    if able is not None:
        return StockRead("InStock", 0.75, "button", able.label or "enabled", page.locator(able.node))
    return _in_stock_notice(page, heading, price)


def _told(claims: list[Claim]) -> StockRead | None:
    """What the likeliest structured data says; of several variants of equal standing, one that can be bought is enough."""
    stocked = [claim for claim in claims if claim.availability]
    if not stocked:
        return None
    best = max(stocked, key=lambda claim: claim.weight)
    alike = [claim for claim in stocked if claim.method == best.method and claim.weight <= _ORDINARY]
    if best.weight <= _ORDINARY:
        best = next((claim for claim in alike if claim.availability == "InStock"), best)
    return StockRead(best.availability or "InStock", 0.95, best.method, best.quote, best.locator)


def _says_gone(page: Page, button: LexborNode, heading: Fragment | None, price: Fragment | None) -> bool:
    label = squeeze(button.text()[:200])
    if not label or len(label) > 40 or not says_gone(label) or _is_variant(page.element(button)):
        return False
    places = {fragment.node.mem_id: fragment.offset for fragment in page.fragments}
    return any(inner.mem_id in places and _is_near(places[inner.mem_id], heading, price) for inner in button.traverse())


def _gone_around(element: Element) -> Element | None:
    """The part of the page around the heading whose own name says that its product is gone."""
    return next((outer for outer in element.chain() if outer.traits.gone), None)


def _one_of_its_own(buttons: list[Button]) -> Button | None:
    """The first button that is not one of a row of like buttons, as every item of a list below the product has one."""
    alike = Counter((button.label, button.element.traits.words) for button in buttons)
    return next((button for button in buttons if alike[button.label, button.element.traits.words] < _A_ROW), None)


def _is_near(offset: int, heading: Fragment | None, price: Fragment | None) -> bool:
    if price is not None and abs(offset - price.offset) <= _AROUND_PRICE:
        return True
    return heading is not None and -100 <= offset - heading.offset <= _BEHIND_HEADING


def _in_list(page: Page, element: Element) -> bool:
    """Whether the element stands in a part of the page for other products; a control's own link does not count."""
    outer = element.parent if element.tag == "a" else element
    return outer is not None and page.is_elsewhere(outer)


def _is_variant(element: Element) -> bool:
    return any(
        outer.tag in ("option", "select", "label", "li") or outer.traits.choice
        for _, outer in zip(range(3), element.chain(), strict=False)
    )


def _notice(page: Page, heading: Fragment | None, price: Fragment | None) -> Fragment | None:
    """The first text beside the product that says it is gone."""
    for fragment in page.fragments:
        if len(fragment.text) > _LONGEST_TEXT or not _is_near(fragment.offset, heading, price):
            continue
        gone = says_gone(fragment.text)
        element = page.element(fragment.node)
        # A long text that comes to it late tells of something else.
        if not (gone and gone.start() <= _LATEST_WORD) and not element.traits.gone:
            continue
        if says_not_gone(fragment.text) or element.hidden or _is_variant(element) or _in_list(page, element):
            continue
        return fragment
    return None


def _in_stock_notice(page: Page, heading: Fragment | None, price: Fragment | None) -> StockRead | None:
    for fragment in page.fragments:
        if len(fragment.text) > 60 or not _is_near(fragment.offset, heading, price):
            continue
        if says_in_stock(fragment.text) and not _in_list(page, page.element(fragment.node)):
            return StockRead("InStock", 0.6, "text", fragment.text, page.locator(fragment.node))
    return None


def _has_choice(page: Page, button: LexborNode) -> bool:
    """Whether the control may wait for a size or colour to be chosen, in the part of the page it shares with the heading."""
    at: LexborNode | None = button.parent
    for _ in range(12):
        if at is None or at.tag in ("body", "html"):
            return False
        if at.css_first(_CHOICES):
            return True
        if id(page.element(at)) in page.main:
            return False
        at = at.parent
    return False
