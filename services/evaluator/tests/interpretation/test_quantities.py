"""Numbers and units in every usual writing."""

import pytest

from monitors_evaluator.domain.interpretation.quantities import find_quantities, read_number


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$1,500", 1500, "USD"),
        ("1.500,00 €", 1500, "EUR"),
        ("1.500 €", 1500, "EUR"),
        ("1 234 567 kr", 1234567, "SEK"),
        ("CHF 1'200.50", 1200.5, "CHF"),
        ("₹1,50,000", 150000, "INR"),
        ("100k", 100000, None),
        ("1.5 million", 1500000, None),
        ("$1.5m", 1500000, "USD"),
        ("5m", 5, "m"),
        ("fifty", 50, None),
        ("two hundred and five", 205, None),
        ("a hundred thousand", 100000, None),
        ("two dozen", 24, None),
        ("20%", 20, "%"),
        ("41 percent", 41, "%"),
        ("-5°C", -5, "°C"),
        ("minus 5 degrees", -5, "°"),
        ("below -0.5 %", -0.5, "%"),
        ("95 degrees fahrenheit", 95, "°F"),
        ("30 km / h", 30, "km/h"),
        ("45 miles per hour", 45, "mph"),
        ("50 cents", 0.5, "USD"),
        ("30 pence", 0.3, "GBP"),
        ("50 euros", 50, "EUR"),
        ("$30 CAD", 30, "CAD"),
        ("0,95", 0.95, None),
        ("1,234.56", 1234.56, None),
        ("8.2 billion", 8.2e9, None),
        ("12 days", 12, "days"),
        ("60kg", 60, "kg"),
    ],
)
def test_quantity(text: str, value: float, unit: str | None) -> None:
    (quantity,) = find_quantities(text)
    assert (quantity.value, quantity.unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize(
    "text",
    [
        "at 7:30",
        "at 9 pm",
        "on May 3",
        "3 June 2027",
        "2026-11-21",
        "the 3rd time",
        "a 24-hour sale",
        "PS5",
        "v2.1",
        "3.14.2",
    ],
)
def test_dates_times_and_names_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == ()


def test_only_a_currency_that_groups_with_dots_makes_one_dot_a_grouping() -> None:
    assert read_number("1.500", european=True) == 1500
    assert read_number("1.500") == 1.5
    assert read_number("0.500", european=True) == 0.5


def test_too_many_digits_are_no_number() -> None:
    assert read_number("1" * 30) is None
