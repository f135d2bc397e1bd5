"""A judge's state as bytes, and back.

Who is judged (`names`) changes seldom, how they stand (`numbers`) with every message, so they are two parts. Columns carry the
names of their fields: a release that knows others reads those it shares, and begins the rest anew.
"""

import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from pydantic import TypeAdapter

from monitors_contracts.base import Id
from monitors_contracts.rules import RuleView

from .judging import Judge
from .levels import Cells, new_cells, pending
from .roster import Roster, new_members
from .windows import SLOT, SLOTS, new_windows

_RULES: TypeAdapter[list[RuleView]] = TypeAdapter(list[RuleView])


@dataclass(frozen=True, slots=True)
class Kept:
    """The two parts. `names` is None where it is as it was kept last."""

    names: bytes | None
    numbers: bytes


def keep(judge: Judge, with_names: bool = True) -> Kept:
    """All that the judge knows."""
    roster = judge.roster
    columns = [
        roster.cells[: len(roster.keys)],
        roster.windows[: roster.windows_used].reshape(-1),
        roster.members[: len(roster.member_keys)],
        np.array(judge.senders.arrived, np.int64),
    ]
    header = json.dumps([[_fields(column.dtype), len(column)] for column in columns]).encode()
    numbers = b"".join([struct.pack("<I", len(header)), header, *(column.tobytes() for column in columns)])
    names = None
    if with_names:
        rules = _RULES.dump_json(roster.rules, exclude_none=True).decode()
        others = json.dumps({"cells": roster.keys, "members": roster.member_keys, "sources": judge.senders.names})
        names = zstandard.compress(f"[{rules},{others}]".encode(), 3)
    return Kept(names, zstandard.compress(numbers, 1))


def restore(names: bytes, numbers: bytes, most_cells: int = 1_000_000, only: Collection[Id] | None = None) -> Judge:
    """The judge that was kept; with `only`, as far as these rules go, which is quicker where there are many."""
    rules, known = json.loads(zstandard.decompress(names))
    cells, slots, members, arrived = _columns(numbers)
    cells, slots = _as_now(cells, new_cells(len(cells))), _as_now(slots, np.zeros(len(slots), SLOT))
    keys = [(rule, key) for rule, key in known["cells"]]
    member_keys: list[tuple[int, str]] = [(rule, key) for rule, key in known["members"]]
    members = _as_now(members, new_members(len(members)))
    if only is not None:
        wanted = {str(each) for each in only}
        places = {number: None for number, rule in enumerate(rules) if rule["id"] in wanted}
        kept = [cell for cell, (rule, _) in enumerate(keys) if rule in places]
        rules, keys, cells = _part(rules, keys, cells, list(places), kept)
        member_keys, members = [], members[:0]
    judge = Judge(most_cells)
    judge.roster = Roster.restored(
        most_cells, _RULES.validate_python(rules), keys, cells, slots.reshape(-1, SLOTS), member_keys, members
    )
    judge.senders.know(known["sources"], arrived.tolist())
    return judge


def restore_pending(names: bytes, numbers: bytes) -> Judge:
    """The judge that was kept, as far as its pending cells go: of the others nothing is looked at but their numbers."""
    cells = _columns(numbers)[0]
    cells = _as_now(cells, new_cells(len(cells)))
    kept = np.flatnonzero(pending(cells)).tolist()
    if not kept:
        return Judge()
    rules, known = json.loads(zstandard.decompress(names))
    wanted = sorted({known["cells"][cell][0] for cell in kept})
    rules, keys, cells = _part(rules, known["cells"], cells, wanted, kept)
    judge = Judge(len(kept))
    judge.roster = Roster.restored(
        len(kept), _RULES.validate_python(rules), keys, cells, new_windows(0), [], new_members(0)
    )
    return judge


def _columns(numbers: bytes) -> list[Any]:
    data = zstandard.decompress(numbers)
    begin = 4 + struct.unpack_from("<I", data)[0]
    columns: list[Any] = []
    for fields, count in json.loads(data[4:begin]):
        dtype = np.dtype([(name, kind) for name, kind in fields] if fields else np.int64)
        columns.append(np.frombuffer(data, dtype, count, begin))
        begin += dtype.itemsize * count
    return columns


def _part(
    rules: Sequence[Any], keys: Sequence[tuple[int, str]], cells: Cells, wanted: Sequence[int], kept: Sequence[int]
) -> tuple[list[Any], list[tuple[int, str]], Cells]:
    """These rules and these cells of theirs, numbered anew."""
    new_number = {number: place for place, number in enumerate(wanted)}
    new_keys = [(new_number[rule], key) for rule, key in (keys[cell] for cell in kept)]
    part = cells[kept]
    part["rule"] = [rule for rule, _ in new_keys]
    return [rules[number] for number in wanted], new_keys, part


def _fields(dtype: "np.dtype[Any]") -> list[Any]:
    return [list(field) for field in dtype.descr] if dtype.names else []


def _as_now(kept: Cells, columns: Cells) -> Cells:
    for name in columns.dtype.names or ():
        if name in (kept.dtype.names or ()):
            columns[name] = kept[name]
    return columns
