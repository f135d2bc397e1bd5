"""Real shop pages and price strings, kept with their licences: a sample of Zyte's product-extraction-benchmark and of
price-parser's test cases (see the licence files beside the data)."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitors_evaluator.domain.products import parse_price, read_product
from monitors_evaluator.domain.products.record import plain_decimal

DATA = Path(__file__).parents[1] / "data"
PAGES: dict[str, dict[str, Any]] = json.loads(
    (DATA / "product_pages" / "ground_truth.json").read_text(encoding="utf-8")
)
STRINGS: list[dict[str, Any]] = json.loads((DATA / "price_strings" / "cases.json").read_text(encoding="utf-8"))
SIGNS = {"€": {"EUR"}, "$": {"USD", "CAD", "ARS", "$"}, "zł": {"PLN"}, "Kn": {"HRK"}, "EUR": {"EUR"}}


@pytest.mark.parametrize("identifier", PAGES)
def test_price_currency_and_availability_of_a_real_page(identifier: str) -> None:
    truth = PAGES[identifier]
    html = gzip.decompress((DATA / "product_pages" / "html" / f"{identifier}.html.gz").read_bytes()).decode()
    facts = read_product(html, truth["url"])
    assert facts.price is not None
    assert facts.price.value == Decimal(truth["price"][0])
    for sign in truth.get("currency", []):
        assert facts.currency is not None
        assert facts.currency.value in SIGNS[sign]
    assert (facts.availability.value if facts.availability else "InStock") == truth["availability"][0]


def test_price_strings_are_parsed_as_people_read_them() -> None:
    amounts = currencies = 0
    for case in STRINGS:
        money = parse_price(case["price_raw"] or "", case["currency_raw"])
        wanted = Decimal(case["amount"]) if case["amount"] is not None else None
        right = (money.amount if money else None) == wanted
        amounts += right
        currencies += right and (money.currency if money else None) == case["currency"]
    assert amounts / len(STRINGS) >= 0.97
    assert currencies / len(STRINGS) >= 0.95


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("1.299,00 €", "1299", "€"),
        ("1 299 kr", "1299", "kr"),
        ("Rs. 23,450", "23450", "Rs"),
        ("Rs.23,450", "23450", "Rs"),
        ("¥12,800", "12800", "¥"),
        ("12'800.-", "12800", None),
        ("CHF 12’800.–", "12800", "CHF"),
        ("３，９８０円", "3980", "円"),
        ("٢٩٫٩٩ ر.س", "29.99", "ر.س"),
        ("US $1.23", "1.23", "US $"),
        ("R 1 299,00", "1299", "R"),
        ("2 x $5.99", "5.99", "$"),
        ("20,-", "20", None),
        ("89¢", "0.89", None),
        ("₹1,29,999", "129999", "₹"),
    ],
)
def test_number_formats(text: str, amount: str, currency: str | None) -> None:
    money = parse_price(text)
    assert money is not None
    assert money.amount == Decimal(amount)
    assert money.currency == currency


def test_the_hint_names_the_currency_that_the_text_does_not() -> None:
    money = parse_price("34.50", "Price in EUR")
    assert money is not None
    assert money.currency == "EUR"


@pytest.mark.parametrize("text", ["", "no number", "20% off", "€"])
def test_a_text_without_an_amount_is_no_money(text: str) -> None:
    assert parse_price(text) is None


@pytest.mark.parametrize(
    ("amount", "text"), [("1299.00", "1299"), ("12.50", "12.5"), ("1E+3", "1000"), ("0.05", "0.05")]
)
def test_amounts_are_written_plainly(amount: str, text: str) -> None:
    assert plain_decimal(Decimal(amount)) == text
