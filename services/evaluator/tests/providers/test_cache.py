"""Answers kept: bounded, ageing, and never across organizations."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.base import new_id
from monitors_evaluator.providers.base import Answer
from monitors_evaluator.providers.cache import ResponseCache, cache_key

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def answer(value: object) -> Answer[object]:
    return Answer(value, "anthropic")


def test_cache_when_an_answer_is_as_old_as_its_time_to_live_then_it_is_gone() -> None:
    cache = ResponseCache(10, timedelta(minutes=5))
    cache.put("a", answer(1), NOW)
    assert cache.get("a", NOW + timedelta(seconds=299)) == answer(1)
    assert cache.get("a", NOW + timedelta(seconds=300)) is None
    assert len(cache) == 0


def test_cache_when_full_then_the_least_recently_used_makes_room() -> None:
    cache = ResponseCache(2, timedelta(hours=1))
    cache.put("a", answer(1), NOW)
    cache.put("b", answer(2), NOW)
    cache.get("a", NOW)
    cache.put("c", answer(3), NOW)
    assert cache.get("b", NOW) is None
    assert cache.get("a", NOW) == answer(1)
    assert cache.get("c", NOW) == answer(3)


def test_cache_when_its_size_is_nothing_then_keeps_nothing() -> None:
    cache = ResponseCache(0, timedelta(hours=1))
    cache.put("a", answer(1), NOW)
    assert cache.get("a", NOW) is None


def test_key_when_organizations_differ_then_differs() -> None:
    one, other = new_id(), new_id()
    assert cache_key(one, "interpret", "a prompt") == cache_key(one, "interpret", "a prompt")
    assert cache_key(one, "interpret", "a prompt") != cache_key(other, "interpret", "a prompt")
    assert cache_key(one, "interpret", "a prompt") != cache_key(one, "propose-plan", "a prompt")


@given(st.lists(st.text()), st.lists(st.text()))
def test_key_is_the_same_only_for_the_same_parts(one: list[str], other: list[str]) -> None:
    organization = new_id()
    same = cache_key(organization, "p", *one) == cache_key(organization, "p", *other)
    assert same == (one == other)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=80), st.integers(0, 4))
def test_cache_never_grows_over_its_size_and_never_answers_for_another_key(
    operations: list[tuple[str, bool]], size: int
) -> None:
    cache = ResponseCache(size, timedelta(hours=1))
    for key, is_put in operations:
        if is_put:
            cache.put(key, answer(key), NOW)
        else:
            found = cache.get(key, NOW)
            assert found is None or found.value == key
        assert len(cache) <= size
