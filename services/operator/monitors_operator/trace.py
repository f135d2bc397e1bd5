"""A trace, drawn."""

from collections.abc import Iterable, Iterator

from monitors_runtime.traces import Node


def lines(trees: Iterable[Node]) -> Iterator[tuple[str, Node]]:
    """Each node with the branch to draw before it, parents first."""
    for tree in trees:
        yield from _lines(tree, "", "")


def _lines(node: Node, branch: str, beneath: str) -> Iterator[tuple[str, Node]]:
    yield branch, node
    for child in node.children:
        last = child is node.children[-1]
        yield from _lines(child, beneath + ("└─ " if last else "├─ "), beneath + ("   " if last else "│  "))
