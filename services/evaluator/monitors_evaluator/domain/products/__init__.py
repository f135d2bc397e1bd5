"""Product facts - price, currency, availability, key - off any shop's page, by general methods only."""

from .model import Money, ProductFact, ProductFacts
from .money import parse_price
from .reader import read_product
from .record import product_record

__all__ = ["Money", "ProductFact", "ProductFacts", "parse_price", "product_record", "read_product"]
