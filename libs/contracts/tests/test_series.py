"""A series has one text, and the text says all of it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitors_contracts.series import parse_series_key, series_key

LABELS = st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=4)


@given(st.text(), LABELS)
@example('a"b', {"c\\": 'd"\n', "n": "\\n"})
@example("", {"a=b": "c,d"})
@example("up", {"job": "a}b"})
def test_a_series_is_read_back_from_its_text(name: str, labels: dict[str, str]) -> None:
    assert parse_series_key(series_key(name, labels)) == (name, labels)


def test_the_text_is_that_of_the_exposition_format() -> None:
    assert series_key("up", {}) == "up"
    assert series_key("up", {"job": "api", "instance": 'a"b', "empty": ""}) == 'up{instance="a\\"b",job="api"}'
    assert series_key("http.server.duration", {"a.b": "c"}) == '{"http.server.duration","a.b"="c"}'


@pytest.mark.parametrize(
    "text", ["", "{}", "1up", 'up{a="b"', "up{a=b}", 'up{"x"}', '{a="b"}', 'up{a="b"}x', 'up{a="\\x"}']
)
def test_what_is_no_series_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a series"):
        parse_series_key(text)
