"""Products in JSON-LD (https://schema.org/Product), read as tolerantly as shops write it."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .claims import Claim, read_key, read_stock
from .money import parse_amount
from .page import Page, similar

_DEEPEST = 24
_MOST_CLAIMS = 40
_comments = re.compile(
    r"^\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|/\*\s*\]\]>\s*\*/|//\s*\]\]>"
    r"|\]\]>)\s*;?\s*$"
)
_trailing_comma = re.compile(r",(?=\s*[}\]])")
_raw_control = re.compile(r"[\x00-\x1f]+")
# Where another product than the page's own may be named.
_ELSEWHERE = {
    "isrelatedto", "issimilarto", "isaccessoryorsparepartfor", "isconsumablefor", "hasaccessory", "review", "reviews",
    "isvariantof", "seller", "brand", "manufacturer", "recommendedproducts", "addon", "includesobject",
}  # fmt: skip
_LIST_PRICE = ("listprice", "strikethrough", "msrp", "srp", "suggested", "regularprice", "minimumadvertised")
_EXACT_WEIGHT, _WEIGHT, _BROKEN_WEIGHT, _OTHER_OFFER_WEIGHT, _LISTED_WEIGHT = 3.5, 3.0, 2.5, 1.5, 0.5


@dataclass(frozen=True, slots=True)
class _Found:
    node: dict[str, Any]
    path: str
    listed: bool


def decode(text: str) -> list[Any]:
    """The JSON values in a script; comments, trailing commas, raw line breaks and several values in a row are forgiven."""
    text = _comments.sub("", _comments.sub("", text)).strip().rstrip(";")
    if not text:
        return []
    for attempt in (
        lambda: text,
        lambda: _trailing_comma.sub("", _raw_control.sub(" ", text)),
        lambda: html.unescape(text),
    ):
        try:
            return [json.loads(attempt(), strict=False)]
        except (ValueError, RecursionError):
            continue
    values: list[Any] = []
    decoder, at = json.JSONDecoder(strict=False), 0
    while at < len(text) and len(values) < 50:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        values.append(value)
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
    return values


def _lowered(node: dict[str, Any]) -> dict[str, Any]:
    return {
        str(key).lower().removeprefix("schema:").removeprefix("http://schema.org/"): value
        for key, value in node.items()
    }


def _types(node: dict[str, Any]) -> str:
    kind = node.get("@type", "")
    return " ".join(str(item) for item in kind).lower() if isinstance(kind, list) else str(kind).lower()


def _walk(value: Any, path: str, listed: bool, depth: int = 0) -> Iterator[_Found]:
    """Every node that sells something; one inside another product's node is left out with it."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for index, item in enumerate(value[:300]):
            yield from _walk(item, f"{path}[{index}]", listed, depth + 1)
    elif isinstance(value, dict):
        node = _lowered(value)
        kinds = _types(node)
        sells = bool(node.get("offers") or node.get("hasvariant")) or "product" in kinds.replace(
            "productcollection", ""
        )
        if sells and "aggregateoffer" not in kinds and "organization" not in kinds:
            yield _Found(node, path, listed)
            return
        if "offer" in kinds and isinstance(offered := node.get("itemoffered"), dict):
            yield _Found({**_lowered(offered), "offers": value}, path, listed)
            return
        in_list = listed or "itemlist" in kinds or "collectionpage" in kinds or "breadcrumb" in kinds
        for key, item in node.items():
            if key not in _ELSEWHERE and isinstance(item, dict | list):
                yield from _walk(item, f"{path}.{key}", in_list or key == "itemlistelement", depth + 1)


def _dicts(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [_lowered(value)]
    return [_lowered(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _specified(offer: dict[str, Any]) -> tuple[Any, Any]:
    """Price and currency of an offer's price specifications; list prices and instalments are not what is paid."""
    for spec in _dicts(offer.get("pricespecification")):
        kind = f"{spec.get('pricetype', '')} {spec.get('name', '')}".lower().replace(" ", "")
        if any(word in kind for word in _LIST_PRICE) or "billingduration" in spec or "deliverycharge" in _types(spec):
            continue
        price = spec.get("price", spec.get("minprice"))
        if price is not None:
            return price, spec.get("pricecurrency")
    return None, None


def _offers(node: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The offers of a product and of its variants, an aggregate's own price before those of its parts."""
    for index, offer in enumerate(_dicts(node.get("offers"))[:_MOST_CLAIMS]):
        yield offer, f"{path}.offers[{index}]"
        for inner, part in enumerate(_dicts(offer.get("offers"))[:_MOST_CLAIMS]):
            yield part, f"{path}.offers[{index}].offers[{inner}]"
    for index, variant in enumerate(_dicts(node.get("hasvariant"))[:_MOST_CLAIMS]):
        for offer in _dicts(variant.get("offers"))[:1]:
            yield {"sku": variant.get("sku"), "url": variant.get("url"), **offer}, f"{path}.hasVariant[{index}].offers"


def _is_asked_for(offer: dict[str, Any], page: Page) -> bool:
    """Whether the page's address names this very offer."""
    url = offer.get("url")
    if page.url and isinstance(url, str) and "?" in url and url.split("#")[0] == page.url.split("#")[0]:
        return True
    key = read_key(offer.get("sku"))
    return key is not None and key.lower() in page.url_keys


def _claims(found: _Found, page: Page) -> Iterator[Claim]:
    node = found.node
    own_sku = read_key(node.get("sku")) or read_key(node.get("productid"))
    offers = list(_offers(node, found.path))
    asked = [_is_asked_for(offer, page) for offer, _ in offers]
    exact = any(asked) and not all(asked)
    first = True
    for (offer, path), is_asked in zip(offers, asked, strict=True):
        price = offer.get("price")
        currency = offer.get("pricecurrency")
        if price is None or price == "":
            price, specified_currency = _specified(offer)
            currency = currency or specified_currency
        if price is None or price == "":
            price = offer.get("lowprice")
        amount = parse_amount(price, currency)
        stock = read_stock(offer.get("availability"))
        if amount is None and stock is None:
            continue
        weight = _EXACT_WEIGHT if exact and is_asked else _WEIGHT if first and not exact else _OTHER_OFFER_WEIGHT
        first = False
        yield Claim(
            method="json_ld",
            locator=path[:1000],
            weight=_LISTED_WEIGHT if found.listed else weight,
            price=amount,
            currency=currency.strip()[:12] if isinstance(currency, str) and currency.strip() else None,
            availability=stock,
            sku=(read_key(offer.get("sku")) if exact and is_asked else None) or own_sku or read_key(offer.get("sku")),
            quote=json.dumps(
                {key: offer[key] for key in offer if isinstance(offer[key], str | int | float)}, ensure_ascii=False
            )[:300],
        )
    if first and own_sku:
        yield Claim(method="json_ld", locator=found.path[:1000], weight=_WEIGHT, sku=own_sku)


_broken_price = re.compile(r'"(?:price|lowPrice)"\s*:\s*"?(\d[\d.,]*)')
_broken_currency = re.compile(r'"priceCurrency"\s*:\s*"([A-Za-z]{3})"')
_broken_stock = re.compile(r'"availability"\s*:\s*"([^"]{4,60})"')


def _rescued(text: str, index: int) -> Claim | None:
    """The first offer in JSON too broken to decode, which an unescaped quote in a description makes of it."""
    price = _broken_price.search(text)
    if price is None or '"Product"' not in text or len(_broken_price.findall(text)) > 2:
        return None
    currency, stock = _broken_currency.search(text), _broken_stock.search(text)
    code = currency.group(1) if currency else None
    return Claim(
        method="json_ld",
        locator=f"$[{index}]",
        weight=_BROKEN_WEIGHT,
        price=parse_amount(price.group(1), code),
        currency=code,
        availability=read_stock(stock.group(1)) if stock else None,
        quote=price.group(0),
    )


def json_ld_claims(page: Page) -> list[Claim]:
    """The claims of the page's own product. Of several products, the one named as the page's heading or title."""
    found: list[_Found] = []
    rescued: list[Claim] = []
    for index, text in enumerate(text for kind, text in page.scripts if "ld+json" in kind):
        values = decode(text)
        for value in values:
            found.extend(_walk(value, f"$[{index}]", listed=False))
        if not values and (claim := _rescued(text, index)):
            rescued.append(claim)
    if not found:
        return rescued[:1]
    if len(found) > 1:
        named = [*([page.heading.text] if page.heading else []), *page.names]
        fits = [
            max((similar(str(item.node.get("name", "")), name) for name in named), default=0.0) - 0.2 * item.listed
            for item in found
        ]
        best = max(fits)
        if best >= 0.5:
            found = [item for item, fit in zip(found, fits, strict=True) if fit >= best - 0.1][:3]
        elif sum(1 for item in found if not item.listed) != 1:
            return []
        else:
            found = [item for item in found if not item.listed]
    elif found and found[0].listed:
        return []
    return [claim for item in found for claim in _claims(item, page)][:_MOST_CLAIMS]
