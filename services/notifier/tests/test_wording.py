from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import Value
from monitors_notifier.domain import wording


@pytest.mark.parametrize(
    ("fact", "unit", "shown"),
    [
        (1449.0, "USD", "1,449 USD"),
        (0.1 + 0.2, None, "0.3"),
        (1234567890123.0, None, "1.23456789012e+12"),
        (-3.5, "°C", "-3.5 °C"),
        (True, None, "yes"),
        (False, "x", "no"),
        (None, "USD", "nothing"),
        ("in stock", "USD", "in stock"),
        ("", None, "(empty)"),
        ("a\r\nb", None, "a b"),
    ],
)
def test_value_when_shown_then_reads_as_a_person_writes(fact: Value, unit: str | None, shown: str):
    assert wording.value(fact, unit) == shown


@pytest.mark.parametrize(
    ("amount", "percent", "unit", "shown"),
    [
        (-150.0, -9.375, "USD", "−150 USD (−9.4 %)"),
        (2.0, None, None, "+2"),
        (0.001, 0.0123, None, "+0.001 (+0.01 %)"),
        (0.0, 0.0, "USD", ""),
        (None, 5.0, "USD", ""),
    ],
)
def test_change_when_shown_then_has_its_sign(amount: float | None, percent: float | None, unit: str | None, shown: str):
    assert wording.change(amount, percent, unit) == shown


def test_moment_when_elsewhere_then_is_told_in_utc():
    at = datetime(2026, 3, 5, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert wording.moment(at) == "4 March 2026, 23:30 UTC"


@given(st.text(), st.integers(1, 100))
def test_plain_when_given_anything_then_one_bounded_visible_line(text: str, limit: int):
    line = wording.plain(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert all(character.isprintable() or character in "\u200c\u200d" for character in line)
    assert wording.plain(line, limit) == line


def test_plain_when_cut_then_shows_it():
    assert wording.plain("a" * 400, 10) == "a" * 9 + "…"
    assert wording.plain("\x00" * 4000 + "x", 10).endswith("…")
    assert wording.plain("👩\u200d👧") == "👩\u200d👧"
