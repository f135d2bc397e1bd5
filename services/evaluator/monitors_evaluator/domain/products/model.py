"""What a shop's page says about its product."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from monitors_contracts.monitors import Evidence

Stock = Literal["InStock", "OutOfStock"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, and its currency as written (`€`, `Rs`) or as an ISO code; None where no currency is told."""

    amount: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class ProductFact(Generic[T]):
    """One value read off the page, the piece of page that shows it, and how sure that is (0 to 1)."""

    value: T
    evidence: Evidence
    confidence: float


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """The facts of the one product a page sells; what the page does not tell is None.

    `price` is what a buyer would pay now, `currency` its ISO code or the sign as written.
    """

    price: ProductFact[Decimal] | None = None
    currency: ProductFact[str] | None = None
    availability: ProductFact[Stock] | None = None
    sku: ProductFact[str] | None = None
