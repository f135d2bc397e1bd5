"""Rules that are made of others."""

from collections.abc import Collection

import numpy as np

from monitors_contracts.base import Id
from monitors_contracts.rules import CompositeRule
from monitors_contracts.series import series_key

from .levels import QUIET, WARNING
from .roster import Roster
from .transitions import Transition, transition


def with_composites(
    roster: Roster, found: list[Transition], added: Collection[Id] = (), now: int = 0
) -> list[Transition]:
    """These transitions in order, and those of the rules that are made of theirs, or were `added` just `now` (ms)."""
    found.sort(key=lambda each: (each.at, each.rule.id, each.key))
    changed = {each.rule.id for each in found}
    if not changed and not added:
        return found
    at = max([now, *(each.at for each in found)])
    for number, rule in enumerate(roster.rules):
        spec = rule.spec
        if not isinstance(spec, CompositeRule) or not spec.is_active:
            continue
        if rule.id in added or not changed.isdisjoint(spec.rules):
            found += _judge(roster, number, spec, at)
    return [each for each in found if each.told]


def _judge(roster: Roster, number: int, spec: CompositeRule, at: int) -> list[Transition]:
    parts = {place for place, rule in enumerate(roster.rules) if rule.id in spec.rules}
    cells = roster.cells[: len(roster.keys)]
    firing: dict[str, set[int]] = {}
    for place in parts:
        for cell in np.flatnonzero((cells["rule"] == place) & (cells["level"] != QUIET)):
            if cell not in roster.senders:
                labels = roster.labels(int(cell))
                key = series_key("", {label: labels.get(label, "") for label in spec.by})
                firing.setdefault(key, set()).add(place)
    own = {roster.keys[cell][1] for cell in np.flatnonzero(cells["rule"] == number)}
    found: list[Transition] = []
    for key in sorted(firing.keys() | own):
        needed = len(set(spec.rules)) if spec.operator == "and" else 1
        level = WARNING if len(firing.get(key, ())) >= needed else QUIET
        cell = roster.cell(number, key)
        if roster.cells["level"][cell] == level:
            continue
        at = max(at, int(roster.cells["fired_at"][cell]))
        roster.cells["level"][cell], roster.cells["last"][cell] = level, at
        if level:
            roster.cells["fired_at"][cell] = at
        found.append(transition(roster, cell, level, at, np.nan, "crossed" if level else "recovered"))
    return found
