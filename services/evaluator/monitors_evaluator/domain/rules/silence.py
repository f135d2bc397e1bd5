"""Absence: what is heard of again, what is silent, and why.

Series that are silent because nothing comes from their sender are told once, as a cell of the sender; each of them
fires without being told, and points to that cell by `told_by`.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .levels import ALONE, NEVER, QUIET, WARNING, Times
from .roster import Roster, sender_key
from .senders import Senders
from .table import Kind
from .transitions import Transition, transition

SERIES_GONE, COLLECTOR_DOWN, NEVER_SEEN, LATE_DATA, FLOWING = (
    "series-gone",
    "collector-down",
    "never-seen",
    "late-data",
    "flowing",
)


def because(roster: Roster, senders: Senders, cell: int, now: int) -> str:
    """Why a cell's data does not flow: `never-seen`, `collector-down`, `series-gone`, `late-data`; or `flowing`."""
    known = roster.cells[cell]
    rule = roster.rows[known["rule"]]
    patience = int(rule["hold"] if rule["kind"] == Kind.ABSENCE else rule["stale_after"])
    if known["last"] == NEVER:
        return NEVER_SEEN
    if now - int(known["arrived"]) < patience:
        return FLOWING if now - int(known["last"]) < patience else LATE_DATA
    source = int(known["source"])
    if source >= 0 and now - senders.arrived[source] < patience:
        return SERIES_GONE
    return COLLECTOR_DOWN


def seen(roster: Roster, cell: NDArray[np.int64], at: Times) -> list[Transition]:
    """Samples came in these cells: what was absent is back, and its sender's cell ends with the last that it told of."""
    cells = roster.cells
    np.maximum.at(cells["last"], cell, at)
    found: list[Transition] = []
    for each in (int(each) for each in np.unique(cell) if cells["level"][each] != QUIET):
        # Its clock was ours when it fired: what ends it is never before that.
        moment = int(max(cells["last"][each], cells["fired_at"][each]))
        ended = transition(roster, each, QUIET, moment, np.nan, "back")
        teller = int(cells["told_by"][each])
        found.append(replace(ended, told=teller == ALONE))
        if teller != ALONE and len(roster.told_by(teller)) == 1:
            found.append(_sender_back(roster, teller, moment))
        cells["level"][each], cells["told_by"][each] = QUIET, ALONE
    return found


def heard(roster: Roster, source: int, arrived: int) -> list[Transition]:
    """Something came from this sender: it is back, and the silence of its series counts from now on (ms)."""
    found: list[Transition] = []
    for cell in roster.senders:
        if roster.cells["level"][cell] == QUIET or roster.cells["source"][cell] != source:
            continue
        back, moment = roster.told_by(cell), max(arrived, int(roster.cells["fired_at"][cell]))
        found.append(_sender_back(roster, cell, moment))
        found += [replace(transition(roster, each, QUIET, moment, np.nan, "back"), told=False) for each in back]
        roster.cells["level"][back], roster.cells["told_by"][back] = QUIET, ALONE
        roster.cells["begun"][back] = arrived
    return found


def absent(roster: Roster, senders: Senders, now: int, taking_since: int) -> list[Transition]:
    """What has been silent for too long by now (ms), counted from `taking_since` at most.

    A series is gone while its sender is heard of. When that has been silent for more than half the time as well, it is
    waited for until it is known to be down.
    """
    cells = roster.cells[: len(roster.keys)]
    rules = roster.rows[cells["rule"]]
    since = np.maximum.reduce([cells["arrived"], cells["last"], cells["begun"], np.full(len(cells), taking_since)])
    due = (rules["kind"] == Kind.ABSENCE) & (cells["level"] == QUIET) & (now - since >= rules["hold"])
    due[list(roster.senders)] = False
    found: list[Transition] = []
    together: dict[tuple[int, int], list[int]] = {}
    for cell in np.flatnonzero(due).tolist():
        source, hold = int(cells["source"][cell]), int(rules["hold"][cell])
        quiet = now - senders.arrived[source] if source >= 0 else 0
        if hold // 2 < quiet < hold:
            continue
        if quiet >= hold and senders.names[source]:
            together.setdefault((roster.keys[cell][0], source), []).append(cell)
        else:
            found.append(_fire(roster, cell, now, because(roster, senders, cell, now)))
    for (rule, source), several in together.items():
        found += _sender_down(roster, senders, rule, source, several, now)
    return found


def _fire(roster: Roster, cell: int, now: int, reason: str) -> Transition:
    roster.cells["level"][cell], roster.cells["fired_at"][cell] = WARNING, now
    return transition(roster, cell, WARNING, now, np.nan, reason)


def _sender_down(
    roster: Roster, senders: Senders, rule: int, source: int, several: list[int], now: int
) -> list[Transition]:
    key = sender_key(senders.names[source])
    known = roster.known_cell(rule, key)
    is_told = known is not None and roster.cells["level"][known] != QUIET
    if len(several) == 1 and not is_told:
        return [_fire(roster, several[0], now, COLLECTOR_DOWN)]
    teller = roster.cell(rule, key)
    found = [replace(_fire(roster, each, now, COLLECTOR_DOWN), told=False) for each in several]
    roster.cells["told_by"][several] = teller
    if not is_told:
        for name, value in (("source", source), ("last", now), ("arrived", now), ("value", len(several))):
            roster.cells[name][teller] = value
        found.append(replace(_fire(roster, teller, now, COLLECTOR_DOWN), value=float(len(several))))
    return found


def _sender_back(roster: Roster, cell: int, at: int) -> Transition:
    ended = transition(roster, cell, QUIET, at, np.nan, "back")
    roster.cells["level"][cell], roster.cells["last"][cell], roster.cells["arrived"][cell] = QUIET, at, at
    return ended
