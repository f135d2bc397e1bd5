"""Times as people type and read them."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_operator.errors import BadInput
from monitors_operator.times import moment, span

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("90s", NOW - timedelta(seconds=90)),
        (" 2h ", NOW - timedelta(hours=2)),
        ("1.5D", NOW - timedelta(hours=36)),
        ("1w", NOW - timedelta(days=7)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:30", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00+02:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        ("2026-11-20T10:30:00Z", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
    ],
)
def test_moment_reads_ages_and_iso_times(text: str, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "10", "-5m", "5 parsecs", "2026-13-01", "99999999999999w"])
def test_moment_of_what_is_no_time_says_how_to_write_one(text: str) -> None:
    with pytest.raises(BadInput, match="10m, 2h, 1d"):
        moment(text, NOW)


@given(st.text(max_size=20))
def test_moment_of_any_text_is_in_utc_or_refused(text: str) -> None:
    with contextlib.suppress(BadInput):
        assert moment(text, NOW).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(0, "0.0 ms"), (0.44, "0.4 ms"), (12.3, "12 ms"), (999.6, "1.0 s"), (3210, "3.2 s"), (125_000, "2 min 5 s")],
)
def test_span_is_short(milliseconds: float, expected: str) -> None:
    assert span(milliseconds) == expected
