"""Heartbeats as cells: what a ping changes, and which did not come.

`last` is of the newest ping of all, `begun` of the newest good one, `warning_since` of what began and runs.
"""

import numpy as np

from monitors_contracts.rules import HeartbeatRule

from . import heartbeats
from .levels import NEVER, QUIET, WARNING
from .roster import Roster
from .table import Kind
from .transitions import Transition, transition


def pinged(roster: Roster, cell: int, at: int, status: float) -> list[Transition]:
    """A ping came that is not older than the last."""
    known = roster.cells[cell : cell + 1]
    known["last"], known["value"] = at, status
    if heartbeats.begins(status):
        known["warning_since"] = at
        return []
    known["warning_since"] = NEVER
    is_firing = known["level"][0] != QUIET
    if heartbeats.is_good(status):
        known["begun"], known["level"] = at, QUIET
        ended = max(at, int(known["fired_at"][0]))
        return [transition(roster, cell, QUIET, ended, status, "back")] if is_firing else []
    if is_firing:
        return []
    known["level"], known["fired_at"] = WARNING, at
    return [transition(roster, cell, WARNING, at, status, "failed")]


def overdue(roster: Roster, now: int, taking_since: int) -> list[Transition]:
    """Which heartbeats should have come by now; a time in which nothing could come in is no fault of theirs."""
    cells, found = roster.cells, list[Transition]()
    kind = roster.rows["kind"][cells["rule"][: len(roster.keys)]]
    for cell in np.flatnonzero((kind == Kind.HEARTBEAT) & (cells["level"][: len(kind)] == QUIET)):
        known, spec = cells[cell], roster.rules[roster.keys[cell][0]].spec
        assert isinstance(spec, HeartbeatRule)
        last = int(known["begun"]) if known["begun"] != NEVER else int(known["arrived"])
        until = heartbeats.due(spec, last, int(known["warning_since"]))
        if now >= max(until, taking_since + round(spec.grace * 1000)):
            reason = "not-finished" if known["warning_since"] != NEVER else "not-pinged"
            cells["level"][cell], cells["fired_at"][cell] = WARNING, now
            found.append(transition(roster, int(cell), WARNING, now, np.nan, reason))
    return found
