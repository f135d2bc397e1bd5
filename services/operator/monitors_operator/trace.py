"""What one check caused, as a tree: each event under the one it follows from."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Step:
    """One event, as its envelope tells. `cause` is the id of the event it follows from."""

    id: str
    type: str
    source: str
    time: datetime
    cause: str | None
    stream: str
    sequence: int
    summary: str = ""


@dataclass(frozen=True)
class Node:
    """An event in the tree: milliseconds since the first event, and since its own cause (None for a root)."""

    step: Step
    at_ms: float
    took_ms: float | None
    children: tuple["Node", ...]


def grow(steps: Iterable[Step]) -> list[Node]:
    """The trees these events form, every event in one place, causes and siblings in order of time.

    An event whose cause is not among them is a root; so is the earliest of events that name each other as causes.
    """
    ordered = sorted(
        {step.id: step for step in steps}.values(), key=lambda step: (step.time, step.stream, step.sequence, step.id)
    )
    known = {step.id: step for step in ordered}
    caused: dict[str, list[Step]] = {}
    for step in ordered:
        if step.cause in known and step.cause != step.id:
            caused.setdefault(step.cause, []).append(step)
    planted: set[str] = set()

    def node(step: Step, parent: Step | None) -> Node:
        planted.add(step.id)
        children = tuple(node(child, step) for child in caused.get(step.id, ()) if child.id not in planted)
        return Node(step, _ms(ordered[0], step), _ms(parent, step) if parent else None, children)

    roots = [step for step in ordered if step.cause not in known or step.cause == step.id]
    trees = [node(step, None) for step in roots]
    trees += [node(step, None) for step in ordered if step.id not in planted]
    return trees


def lines(trees: Iterable[Node]) -> Iterator[tuple[str, Node]]:
    """Each node with the branch to draw before it, parents first."""
    for tree in trees:
        yield from _lines(tree, "", "")


def _lines(node: Node, branch: str, beneath: str) -> Iterator[tuple[str, Node]]:
    yield branch, node
    for child in node.children:
        last = child is node.children[-1]
        yield from _lines(child, beneath + ("└─ " if last else "├─ "), beneath + ("   " if last else "│  "))


def _ms(earlier: Step, later: Step) -> float:
    return (later.time - earlier.time).total_seconds() * 1000
