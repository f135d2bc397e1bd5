"""The tree of what one check caused."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitors_operator.trace import lines
from monitors_runtime.traces import Node, Step, grow

BEGIN = datetime(2026, 11, 21, 10, tzinfo=UTC)


def step(name: str, at_ms: float, cause: str | None = None) -> Step:
    return Step(name, f"type.{name}", "evaluator", BEGIN + timedelta(milliseconds=at_ms), cause, "MONITORS", int(at_ms))


def walk(trees: list[Node]) -> Iterator[Node]:
    for tree in trees:
        yield tree
        yield from walk(list(tree.children))


def test_grow_of_a_check_puts_each_event_under_its_cause() -> None:
    [tree] = grow(
        [
            step("evaluated", 40, "fetched"),
            step("requested", 0),
            step("exceeded", 40.5, "fetched"),
            step("fetched", 30, "requested"),
            step("alert", 52, "exceeded"),
        ]
    )

    assert tree.step.id == "requested"
    assert (tree.at_ms, tree.took_ms) == (0, None)
    [fetched] = tree.children
    assert [child.step.id for child in fetched.children] == ["evaluated", "exceeded"]
    alert = fetched.children[1].children[0]
    assert (alert.at_ms, alert.took_ms) == (52, 11.5)


def test_grow_when_the_cause_is_not_kept_makes_a_root() -> None:
    trees = grow([step("requested", 0), step("late", 90, "long gone")])

    assert [tree.step.id for tree in trees] == ["requested", "late"]
    assert trees[1].at_ms == 90


def test_grow_of_an_event_seen_twice_shows_it_once() -> None:
    assert len(list(walk(grow([step("a", 0), step("a", 0), step("b", 1, "a"), step("b", 1, "a")])))) == 2


def test_grow_of_nothing_is_nothing() -> None:
    assert grow([]) == []


def test_lines_draw_branches() -> None:
    tree = grow([step("a", 0), step("b", 1, "a"), step("c", 2, "b"), step("d", 3, "a")])

    assert [branch + node.step.id for branch, node in lines(tree)] == ["a", "├─ b", "│  └─ c", "└─ d"]


names = st.sampled_from("abcdefgh")
steps = st.lists(st.builds(step, names, st.integers(0, 50), st.none() | names), max_size=20)


@given(steps)
def test_grow_whatever_the_causes_keeps_every_event_once(events: list[Step]) -> None:
    shown = [node.step.id for node in walk(grow(events))]

    assert sorted(shown) == sorted({event.id for event in events})


@given(steps, st.randoms())
def test_grow_in_whatever_order_they_are_read_is_the_same(events: list[Step], random: object) -> None:
    once = list({event.id: event for event in events}.values())
    shuffled = once.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert grow(shuffled) == grow(once)
