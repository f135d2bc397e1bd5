"""Product facts as a plain record, one line of the `monitors extract` command's answer."""

from decimal import Decimal
from typing import Any

from .model import ProductFact, ProductFacts


def plain_decimal(amount: Decimal) -> str:
    """The amount with a decimal point, without exponent or idle zeros behind the point: `1299`, `12.5`."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _shown(fact: ProductFact[Any]) -> dict[str, Any]:
    evidence = fact.evidence
    return {
        "quote": evidence.quote,
        "method": evidence.method,
        "locator": evidence.locator,
        "confidence": round(fact.confidence, 3),
    }


def product_record(identifier: str, facts: ProductFacts) -> dict[str, Any]:
    """`id`, `price` (a plain decimal string), `currency`, `availability` and `sku`, each null where the page does not tell;
    under `evidence`, for each that it tells, the quote, the method, the locator and the confidence.
    """
    told: dict[str, ProductFact[Any] | None] = {
        "price": facts.price,
        "currency": facts.currency,
        "availability": facts.availability,
        "sku": facts.sku,
    }
    values = {name: fact.value if fact else None for name, fact in told.items()}
    if facts.price:
        values["price"] = plain_decimal(facts.price.value)
    return {"id": identifier, **values, "evidence": {name: _shown(fact) for name, fact in told.items() if fact}}
