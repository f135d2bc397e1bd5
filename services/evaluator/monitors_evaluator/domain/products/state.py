"""Products in the data that a page's scripts carry: `__NEXT_DATA__`, `dataLayer`, a store's initial state.

Any object that bears the page's own product name and a price counts, whatever the shop's software is.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from .claims import Claim, read_key, read_stock
from .money import parse_amount
from .page import Page, similar

_WEIGHT = 2.5
_LONGEST_SCRIPT, _MOST_STARTS, _MOST_NODES = 3_000_000, 12, 60_000
_start = re.compile(r"(?:=|push\(|parse\()\s*(?=[{\[])")
_NAMES = ("name", "title", "productname", "product_name", "displayname", "item_name")
_PRICES = (
    "saleprice", "currentprice", "finalprice", "specialprice", "discountedprice", "sellingprice", "offerprice", "price",
    "priceamount", "pricevalue", "value", "amount", "current", "now", "final", "sale", "raw",
)  # fmt: skip
_CURRENCIES = ("currency", "currencycode", "pricecurrency", "currencyiso", "iso")
_STOCKS = ("availability", "stockstatus", "availabilitystatus", "stock_status", "instock", "isavailable", "available")
_KEYS = ("sku", "productid", "item_id", "id")
_plain = re.compile(r"[_\-]")


def _values(page: Page) -> Iterator[tuple[Any, str]]:
    """The JSON values of the page's scripts, whole or behind an assignment or a call."""
    for index, (kind, text) in enumerate(page.scripts):
        if len(text) > _LONGEST_SCRIPT or "rice" not in text or "ld+json" in kind or "Shopify" in text[:2000]:
            continue
        try:
            if "json" in kind:
                yield json.loads(text), f"script[{index}]"
                continue
            decoder = json.JSONDecoder(strict=False)
            for _, match in zip(range(_MOST_STARTS), _start.finditer(text), strict=False):
                try:
                    yield decoder.raw_decode(text, match.end())[0], f"script[{index}]"
                except ValueError:
                    continue
        except (ValueError, RecursionError):
            continue


def _nodes(value: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    waiting: list[tuple[Any, str]] = [(value, path)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        at, path = waiting.pop()
        if isinstance(at, dict):
            yield at, path
            waiting.extend((item, f"{path}.{key}") for key, item in at.items() if isinstance(item, dict | list))
        elif isinstance(at, list):
            waiting.extend((item, f"{path}[{index}]") for index, item in enumerate(at) if isinstance(item, dict | list))


def _lowered(node: dict[str, Any]) -> dict[str, Any]:
    return {_plain.sub("", str(key)).lower(): value for key, value in node.items()}


def _first(node: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((node[key] for key in keys if node.get(key) not in (None, "")), None)


def _claim(node: dict[str, Any], path: str) -> Claim | None:
    price, currency = _first(node, _PRICES[:9]), _first(node, _CURRENCIES)
    for _ in range(3):
        if not isinstance(price, dict):
            break
        inner = _lowered(price)
        currency = currency or _first(inner, _CURRENCIES)
        price = _first(inner, _PRICES)
    amount = parse_amount(price)
    if not amount:
        return None
    stock = _first(node, _STOCKS)
    return Claim(
        method="state",
        locator=path[:1000],
        weight=_WEIGHT,
        price=amount,
        currency=currency[:12] if isinstance(currency, str) else None,
        availability=read_stock(str(stock)) if isinstance(stock, bool | str) else None,
        sku=read_key(_first(node, _KEYS)),
        quote=json.dumps({"price": str(price), "currency": str(currency or "")}, ensure_ascii=False)[:300],
    )


def state_claims(page: Page) -> list[Claim]:
    """The claim of the first object in the page's scripts that is named as the page and has a price."""
    named = [*([page.heading.text] if page.heading else []), *page.names]
    if not named:
        return []
    for value, path in _values(page):
        for node, where in _nodes(value, path):
            lowered = _lowered(node)
            name = _first(lowered, _NAMES)
            if not isinstance(name, str) or len(name) < 6 or max(similar(name, other) for other in named) < 0.8:
                continue
            if claim := _claim(lowered, where):
                return [claim]
    return []
