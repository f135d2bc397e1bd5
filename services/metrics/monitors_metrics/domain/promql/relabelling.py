"""Labels made of labels."""

import re
from typing import Any

from ..selectors import InvalidQuery, pattern
from .values import Labels, Vector, united

_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*").fullmatch
# As Go expands templates: the longest name after `$`; `$$` is a dollar sign.
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+)|(\$))")


def label_replace(vector: Vector, target: str, template: str, source: str, regex: str) -> Vector:
    """`target` set to the template where all of `source` matches the pattern."""
    _check(target)
    compiled = pattern(regex)

    def replaced(labels: Labels) -> Labels:
        found = compiled.fullmatch(labels.get(source, ""))
        return labels if found is None else _with(labels, target, _expanded(template, found, compiled))

    return united(Vector([replaced(labels) for labels in vector.labels], vector.values, vector.there))


def label_join(vector: Vector, target: str, separator: str, *sources: str) -> Vector:
    """`target` set to the values of the sources, joined."""
    _check(target)
    joined = [
        _with(labels, target, separator.join(labels.get(source, "") for source in sources)) for labels in vector.labels
    ]
    return united(Vector(joined, vector.values, vector.there))


def _check(label: str) -> None:
    if not _PLAIN(label):
        raise InvalidQuery(f"invalid label name {label!r}")


def _with(labels: Labels, label: str, value: str) -> Labels:
    rest = {name: each for name, each in labels.items() if name != label}
    return rest | {label: value} if value else rest


def _expanded(template: str, found: Any, compiled: Any) -> str:
    def group(reference: re.Match[str]) -> str:
        if reference[3]:
            return "$"
        name = reference[1] or reference[2]
        number = int(name) if name.isdigit() else compiled.groupindex.get(name, -1)
        return (found.group(number) or "") if 0 <= number <= compiled.groups else ""

    return _REFERENCE.sub(group, template)
