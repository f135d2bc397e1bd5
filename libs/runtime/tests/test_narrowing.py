from hypothesis import given
from hypothesis import strategies as st

from monitors_runtime.narrowing import narrowed

VALUES = st.lists(st.one_of(st.none(), st.just(""), st.text(min_size=1)), max_size=6)


@given(st.lists(st.integers(), max_size=3), VALUES)
def test_narrowed_when_some_filters_are_given_then_each_is_numbered_for_its_argument(
    first: list[int], values: list[str | None]
):
    filters = [(f"column_{n} = ${{}}", value) for n, value in enumerate(values)]
    query, arguments = narrowed("WHERE true {filters} LIMIT 1", tuple(first), filters)
    assert arguments[: len(first)] == tuple(first)
    for n, value in enumerate(values):
        if value:
            place = arguments.index(value, len(first)) + 1 if values.count(value) == 1 else None
            assert f"AND column_{n} = ${place or ''}" in query
        else:
            assert f"column_{n} " not in query
    assert len(arguments) == len(first) + sum(1 for value in values if value)
