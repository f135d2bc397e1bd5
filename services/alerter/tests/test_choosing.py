from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.choosing import Chooser, values_of
from monitors_alerter.domain.patterns import TOGETHER, Patterns
from monitors_contracts.matchers import Matcher, match_all, matches, parse_matchers, pattern

NAMES = st.sampled_from(["host", "service", "severity"])
VALUES = st.sampled_from(["", "a", "b", "db-1", "db-2"])
PATTERNS = st.sampled_from(
    ["a|b", "db-.", "(a|db-1)", "(?:b)", "", ".*", ".+", "a|", "d.-1", "[ab]", "(a|b)|c", "a|(b)"]
)
MATCHERS = st.builds(Matcher, label=NAMES, op=st.sampled_from(["=", "!="]), value=VALUES) | st.builds(
    Matcher, label=NAMES, op=st.sampled_from(["=~", "!~"]), value=PATTERNS
)
SELECTIONS = st.lists(MATCHERS, min_size=1, max_size=3).filter(lambda matchers: not match_all(matchers, {}))
LABELS = st.dictionaries(NAMES, VALUES)


@given(st.lists(SELECTIONS, max_size=8), st.lists(LABELS, min_size=1, max_size=5))
def test_what_is_found_is_what_trying_all_finds_in_the_same_order(
    selections: list[list[Matcher]], alerts: list[dict[str, str]]
) -> None:
    chooser = Chooser((matchers, place) for place, matchers in enumerate(selections))
    for labels in alerts:
        tried = [place for place, matchers in enumerate(selections) if match_all(matchers, labels)]
        assert chooser.find(labels) == tried


@given(MATCHERS, VALUES)
def test_named_values_are_those_that_the_matcher_is_met_by(matcher: Matcher, value: str) -> None:
    if named := values_of(matcher):
        assert matches(matcher, {matcher.label: value}) == (value in named)


@given(st.lists(PATTERNS | st.just("x.*y"), max_size=300), VALUES)
def test_many_patterns_at_once_are_met_as_one_by_one(texts: list[str], value: str) -> None:
    one_by_one = [place for place, text in enumerate(texts) if pattern(text).fullmatch(value)]
    assert Patterns(texts).met(value) == one_by_one


def test_patterns_that_are_too_large_together_are_met_all_the_same() -> None:
    large = [f"(a|b){{{count}}}(c.{{0,400}}){{2}}" for count in range(100, 100 + TOGETHER)]
    value = "ab" * 60 + "c" * 9
    assert Patterns(large).met(value) == [20]


def test_a_thousand_selections_when_each_names_its_host_then_an_alert_is_held_against_its_own_alone() -> None:
    tried: list[str] = []

    class Counting(dict[str, str]):
        def get(self, key: str, default: str = "") -> str:  # pyright: ignore[reportIncompatibleMethodOverride]
            tried.append(key)
            return super().get(key, default)

    selections = [(parse_matchers(f'host="db-{n}", service=~"pay.*"'), n) for n in range(1000)]
    assert Chooser(selections).find(Counting(host="db-7", service="payments")) == [7]
    assert len(tried) < 10
