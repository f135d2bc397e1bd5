"""Many patterns held against one text in a single pass (RE2::Set), where one by one would cost as many passes."""

from collections.abc import Sequence
from dataclasses import dataclass

import re2

from monitors_contracts.matchers import pattern

TOGETHER = 128
"""Patterns of one pass: more of them would need more states than they save passes."""
_MEMORY = 16 << 20
_ANYTHING = "(?s).*"
"""Met by every text: when a set says that it is not, the set ran out of memory and has said nothing."""


@dataclass(frozen=True, slots=True)
class _Set:
    texts: tuple[str, ...]
    compiled: re2.Set | None

    def met(self, text: str) -> list[int]:
        found = self.compiled.Match(text) if self.compiled else None
        if not found:
            return [place for place, each in enumerate(self.texts) if pattern(each).fullmatch(text)]
        return [place - 1 for place in found if place]


class Patterns:
    """Patterns that are good by themselves, each for a whole text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._sets = [_compiled(tuple(texts[at : at + TOGETHER])) for at in range(0, len(texts), TOGETHER)]

    def met(self, text: str) -> list[int]:
        """Which of them the text meets, by their places, in order."""
        return sorted(at * TOGETHER + place for at, each in enumerate(self._sets) for place in each.met(text))


def _compiled(texts: tuple[str, ...]) -> _Set:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    compiled = re2.Set.FullMatchSet(options)
    try:
        for text in (_ANYTHING, *texts):
            compiled.Add(text)
        compiled.Compile()
    except re2.error:  # too large together, though none is by itself
        return _Set(texts, None)
    return _Set(texts, compiled)
