"""Products marked up in the page's elements: microdata, RDFa and meta tags."""

from selectolax.lexbor import LexborNode

from .claims import Claim, read_key, read_stock
from .model import Money, Stock
from .money import parse_machine_price, parse_price
from .page import Page, similar, squeeze

_WEIGHT, _LOOSE_WEIGHT, _META_WEIGHT = 3.0, 2.5, 2.5
_A_LIST = 3
_SELLING = ("Product", "Offer", "Vehicle", "Car", "Book", "Event", "Service", "Apartment", "Room")


def _props(*names: str) -> str:
    return ",".join(f'[itemprop~="{name}"],[property="{name}"],[property="schema:{name}"]' for name in names)


_PRICE, _STOCK, _SKU = _props("price", "lowPrice"), _props("availability"), _props("sku", "productID")
_CURRENCY, _NAME = _props("priceCurrency"), _props("name")


def _value(node: LexborNode) -> str:
    attributes = node.attributes
    for name in ("content", "href", "value", "data-price-amount"):
        if value := attributes.get(name):
            return squeeze(value)
    return squeeze(node.text(separator=" "))[:200]


def _price(node: LexborNode) -> Money | None:
    text = _value(node)
    return parse_machine_price(text) if "content" in node.attributes else parse_price(text[:60])


def _scope(node: LexborNode) -> LexborNode | None:
    """The outermost scope of something sold that holds the element, or None for a property in no such scope."""
    scope: LexborNode | None = None
    at = node.parent
    while at is not None and at.is_element_node:
        kind = at.attributes.get("itemtype") or at.attributes.get("typeof") or ""
        if any(word in kind for word in _SELLING):
            scope = at
        at = at.parent
    return scope


def _first(scope: LexborNode, selector: str, page: Page) -> str | None:
    for node in scope.css(selector)[:20]:
        if (value := _value(node)) and not page.is_elsewhere(page.element(node)):
            return value
    return None


def _named_as(page: Page, scope: LexborNode) -> float:
    name = scope.css_first(_NAME)
    named = [*([page.heading.text] if page.heading else []), *page.names]
    return max((similar(_value(name), other) for other in named), default=0.0) if name is not None else 0.0


def markup_claims(page: Page) -> list[Claim]:
    """The claims of the product whose scope holds the heading or bears its name; of loose properties outside any scope."""
    scopes: dict[int, tuple[LexborNode | None, list[LexborNode]]] = {}
    for node in page.tree.css(f"{_PRICE},{_STOCK}")[:400]:
        scope = _scope(node)
        scopes.setdefault(scope.mem_id if scope is not None else 0, (scope, []))[1].append(node)
    owned = [(scope, nodes) for scope, nodes in scopes.values() if scope is not None]
    holding = [(scope, nodes) for scope, nodes in owned if id(page.element(scope)) in page.main]
    if not holding and owned:
        fits = [_named_as(page, scope) for scope, _ in owned]
        best = max(fits)
        if best >= 0.6:
            holding = [owned[fits.index(best)]]
        elif len(owned) == 1 and not page.is_elsewhere(page.element(owned[0][0])):
            holding = owned
    claims: list[Claim] = []
    for scope, nodes in holding[:1]:
        claims.extend(_scope_claims(page, scope, nodes, _WEIGHT))
    if 0 in scopes and page.tree.root is not None:
        loose = [node for node in scopes[0][1] if not page.is_elsewhere(page.element(node))]
        found = _scope_claims(page, page.tree.root, loose, _LOOSE_WEIGHT if not claims else 1.0)
        # Several prices outside any product's scope are those of a list.
        claims.extend(found if len({claim.price for claim in found}) < _A_LIST else [])
    return claims


def _scope_claims(page: Page, scope: LexborNode, nodes: list[LexborNode], weight: float) -> list[Claim]:
    currency = _first(scope, _CURRENCY, page)
    stock: Stock | None = next((found for node in scope.css(_STOCK)[:5] if (found := read_stock(_value(node)))), None)
    sku = read_key(_first(scope, _SKU, page))
    claims: list[Claim] = []
    for node in nodes[:60]:
        element = page.element(node)
        if "price" not in element.itemprop.lower() and "price" not in (node.attributes.get("property") or "").lower():
            continue
        if page.is_elsewhere(element) or (money := _price(node)) is None:
            continue
        claims.append(
            Claim(
                method="microdata" if element.itemprop else "rdfa",
                locator=page.locator(node),
                # A price struck through is the old one, whatever its property is called.
                weight=0.0 if element.struck else weight if not claims else weight / 2,
                price=money.amount,
                currency=currency or money.currency,
                availability=stock,
                sku=sku,
                quote=_value(node)[:300],
            )
        )
    if not claims and (stock or sku) and nodes:
        return [Claim("microdata", page.locator(nodes[0]), weight, None, currency, stock, sku, _value(nodes[0])[:300])]
    return claims


def meta_claims(page: Page) -> list[Claim]:
    """The claims of Open Graph and product meta tags; a sale price comes before the price."""
    meta = page.meta
    stock = read_stock(meta.get("product:availability") or meta.get("og:availability") or meta.get("availability"))
    sku = read_key(meta.get("product:retailer_item_id") or meta.get("product:sku") or meta.get("sku"))
    for key in ("product:sale_price", "og:sale_price", "product:price", "og:price"):
        text = meta.get(f"{key}:amount")
        if text and (money := parse_machine_price(text)):
            kind = key.split(":")[0]
            currency = meta.get(f"{key}:currency") or meta.get(f"{kind}:price:currency") or money.currency
            return [
                Claim(
                    "meta",
                    f'meta[property="{key}:amount"]',
                    _META_WEIGHT,
                    money.amount,
                    currency,
                    stock,
                    sku,
                    text[:300],
                )
            ]
    if "price" in meta.get("twitter:label1", "").lower() and (money := parse_price(meta.get("twitter:data1", ""))):
        text = meta["twitter:data1"][:300]
        return [
            Claim(
                "meta", 'meta[name="twitter:data1"]', _META_WEIGHT / 2, money.amount, money.currency, stock, sku, text
            )
        ]
    if stock:
        return [Claim("meta", 'meta[property="product:availability"]', _META_WEIGHT, availability=stock, sku=sku)]
    return []
