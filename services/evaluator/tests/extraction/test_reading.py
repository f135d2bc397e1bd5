"""Reading pieces of text: numbers with units, dates, and what is said of a state."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_evaluator.domain.extraction.numbers import read_dates, read_numbers
from monitors_evaluator.domain.extraction.states import judge


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,299.00", [(1299.0, "USD")]),
        ("1.299,00 €", [(1299.0, "EUR")]),
        ("1 499,99 EUR", [(1499.99, "EUR")]),
        ("1'250.50 CHF", [(1250.5, "CHF")]),
        ("1.234.567", [(1234567.0, None)]),
        ("0,92", [(0.92, None)]),
        ("−3.5°C", [(-3.5, "°C")]),
        ("-$5.00", [(-5.0, "USD")]),
        ("14 free of 240", [(14.0, None), (240.0, None)]),
        ("9–17", [(9.0, None), (17.0, None)]),
        ("48.2M", [(48.2e6, None)]),
        ("87.5k", [(87500.0, None)]),
        ("3 million dollars", [(3e6, "USD")]),
        ("1.5 m", [(1.5, "m")]),
        ("Only two seats left", [(2.0, None)]),
        ("3 May 2027 at 19:00, v1.2.3, Tel. +1 555 0100 4477", []),
    ],
)
def test_numbers_when_written_in_usual_ways_then_amount_and_unit_are_read(
    text: str, expected: list[tuple[float, str | None]]
) -> None:
    assert [(number.value, number.unit) for number in read_numbers(text)] == expected


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=0, max_value=99))
def test_amount_when_written_with_thousands_then_it_reads_back(whole: int, cents: int) -> None:
    english, german = f"${whole:,}.{cents:02d}", f"{whole:,}".replace(",", ".") + f",{cents:02d} €"
    for text in (english, german):
        (number,) = read_numbers(text)
        assert number.value == pytest.approx(whole + cents / 100)


@pytest.mark.parametrize(
    "text", ["3 May 2027", "May 3, 2027", "2027-05-03", "3rd of May 2027", "03/05/2027", "3.5.2027"]
)
def test_date_when_written_in_usual_ways_then_its_day_is_read(text: str) -> None:
    assert [day for _, _, day in read_dates(f"Next: {text}.")] == [date(2027, 5, 3)]


@pytest.mark.parametrize(
    ("wanted", "text", "expected"),
    [
        ("open", "Registration is now open.", True),
        ("open", "Registration is open until 5 May", True),
        ("open", "Registration is currently closed.", False),
        ("open", "not yet open", False),
        ("open", "Registration will open on 3 May", False),
        ("open", "Opens 3 May", False),
        ("open", "was open until yesterday", False),
        ("open", "Open house: 3 May.", None),
        ("open", "Be notified when registration is open", None),
        ("open", "Open positions are listed below", None),
        ("closed", "The bridge is closed to traffic", True),
        ("in stock", "Sold out", False),
        ("in stock", "Buy tickets from $45", True),
        ("in stock", "Notify me when available", False),
        ("in stock", "Pre-order now", False),
        ("in stock", "Only 3 left", True),
        ("in stock", "0 left", False),
        ("in stock", "Available in 3 colours", None),
        ("in stock", "No appointments are available at this time.", False),
        ("operational", "No incidents reported today.", True),
        ("operational", "100 people online", None),
        ("delivered", "Delivered at 12:03", True),
        ("delivered", "Will be delivered tomorrow", False),
        ("sunny", "It is not sunny today", False),
        ("sunny", "Mostly sunny", True),
        ("sunny", "Partly cloudy", None),
    ],
)
def test_state_when_told_in_a_text_then_affirmed_denied_or_silent(
    wanted: str, text: str, expected: bool | None
) -> None:
    assert judge(text, wanted) is expected
