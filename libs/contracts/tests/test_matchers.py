import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.matchers import InvalidMatcher, Matcher, match_all, matches, parse_matchers


def matcher(label: str, op: str, value: str) -> Matcher:
    return Matcher.model_validate({"label": label, "op": op, "value": value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        ('alertname="Down"', [matcher("alertname", "=", "Down")]),
        ("alertname=Down", [matcher("alertname", "=", "Down")]),
        (
            '{a!="b", c=~d.* ,e!~"f|g",}',
            [matcher("a", "!=", "b"), matcher("c", "=~", "d.*"), matcher("e", "!~", "f|g")],
        ),
        (r'a="say \"hi\", {you}\n"', [matcher("a", "=", 'say "hi", {you}\n')]),
        ('"service.name"="shop"', [matcher("service.name", "=", "shop")]),
        ("a=", [matcher("a", "=", "")]),
    ],
)
def test_matchers_are_read_as_alertmanager_writes_them(text: str, expected: list[Matcher]):
    assert parse_matchers(text) == expected


@pytest.mark.parametrize("text", ["a", "=b", "a==b c", 'a="b" c="d"', "a=~(", 'a="b', "{a=b", "a=b,,c=d"])
def test_what_is_no_matcher_is_refused(text: str):
    with pytest.raises(InvalidMatcher):
        parse_matchers(text)


def test_what_is_no_pattern_is_refused_in_words():
    with pytest.raises(InvalidMatcher) as refused:
        parse_matchers('host=~"a(b"')
    assert str(refused.value) == "'a(b' is no pattern: missing ): a(b"


WORDS = st.text(min_size=1, max_size=20).filter(lambda text: not any("\ud800" <= each <= "\udfff" for each in text))


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,10}", fullmatch=True), st.sampled_from(["=", "!="]), WORDS)
    )
)
def test_what_is_written_is_read_back(parts: list[tuple[str, str, str]]):
    given_ = [matcher(*part) for part in parts]
    assert parse_matchers(", ".join(map(str, given_))) == given_


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [("=", "db-1", True), ("!=", "db-1", False), ("=~", "db-.", True), ("=~", "db", False), ("!~", "db", True)],
)
def test_patterns_match_the_whole_value(op: str, value: str, expected: bool):
    assert matches(matcher("host", op, value), {"host": "db-1"}) is expected


def test_a_label_that_is_absent_is_as_an_empty_one():
    assert match_all(parse_matchers('host="", site!="x"'), {})
    assert not match_all(parse_matchers('host!=""'), {})
