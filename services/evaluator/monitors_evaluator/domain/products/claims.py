"""A claim: what one piece of structured data says of a product, before it is weighed against what the page shows."""

import re
from dataclasses import dataclass
from decimal import Decimal

from .model import Stock


@dataclass(frozen=True, slots=True)
class Claim:
    """One offer of structured data. `weight` is how surely it is about the page's own product (points, see `scoring`)."""

    method: str
    locator: str
    weight: float
    price: Decimal | None = None
    currency: str | None = None
    availability: Stock | None = None
    sku: str | None = None
    quote: str = ""


_in_stock = re.compile(
    r"in_?-?\s?stock|^available|limited|online_?only|instore|in_store|pre_?-?order|pre_?sale|back_?order|made_?to_?order"
    r"|reserved|^true$|^yes$|^in$"
)
_gone = re.compile(
    r"out_?-?\s?of_?-?\s?stock|sold_?\s?out|discontinued|unavailable|not_?\s?available|^oos$|^false$|^out$|^sold$"
)


def read_stock(value: object) -> Stock | None:
    """The availability that a field of structured data names: a schema.org value, `in stock`, `oos`."""
    if isinstance(value, list):
        stocks = {read_stock(item) for item in value}  # pyright: ignore[reportUnknownVariableType]
        return "InStock" if "InStock" in stocks else "OutOfStock" if "OutOfStock" in stocks else None
    if isinstance(value, dict):
        return read_stock(value.get("@id") or value.get("name"))  # pyright: ignore[reportUnknownMemberType]
    if not isinstance(value, str):
        return None
    word = value.strip().rsplit("/", 1)[-1].rsplit("#", 1)[-1].lower()
    if _gone.search(word):
        return "OutOfStock"
    return "InStock" if _in_stock.search(word) else None


def read_key(value: object) -> str | None:
    """A product's key as text, or None for what cannot be one."""
    if isinstance(value, list) and value:
        value = value[0]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):
        value = value.get("value") or value.get("@value")  # pyright: ignore[reportUnknownMemberType]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    key = str(value).strip()
    return key if 0 < len(key) <= 80 and key.lower() not in ("null", "undefined", "none", "n/a", "-") else None
