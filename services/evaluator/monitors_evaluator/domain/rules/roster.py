"""Which cells there are, and which of them a series feeds."""

from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher
from monitors_contracts.rules import (
    HEARTBEAT_LABEL,
    HEARTBEAT_METRIC,
    AbsenceRule,
    CompositeRule,
    HeartbeatRule,
    LeveledRule,
    MetricRule,
    RuleSpec,
    RuleView,
)
from monitors_contracts.series import parse_series_key, series_key

from .levels import ALONE, NEVER, RULE, Cells, Rules, Times, new_cells
from .selecting import Selection
from .table import WINDOWED, Kind, rows
from .windows import new_windows

MEMBER = np.dtype(
    [
        ("cell", np.int32),
        ("last", np.int64),
        ("value", np.float64),
        ("raw", np.float64),
        ("begun", np.int64),
        ("window", np.int32),
    ]
)
"""One series of a group: its last sample (`raw`), and what it gives the group (`value`); `cell` is the group's."""

_SENDER = "\0"
"""The metric in the keys of senders' cells: none that measurements may have."""


def new_members(count: int) -> Cells:
    """Members that have seen nothing."""
    members = np.zeros(count, MEMBER)
    members["last"] = members["begun"] = NEVER
    members["value"] = members["raw"] = np.nan
    members["window"] = -1
    return members


def sender_key(name: str) -> str:
    """The key of the cell by which the silence of a sender is told."""
    return series_key(_SENDER, {"source": name})


class Links:
    """From the number of a series to the numbers of what it feeds."""

    def __init__(self) -> None:
        self._lists: list[list[int]] = []
        self._starts: Times = np.zeros(1, np.int64)
        self._flat: NDArray[np.int64] = np.zeros(0, np.int64)
        self._changed = False

    def add_series(self) -> None:
        """One more series, which feeds nothing yet."""
        self._lists.append([])
        self._changed = True

    def link(self, series: int, target: int) -> None:
        """From now on this series feeds the target."""
        self._lists[series].append(target)
        self._changed = True

    def spread(self, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For samples of these series: the targets they feed, and which sample each comes from (by position)."""
        if self._changed:
            self._starts = np.concatenate(([0], np.cumsum([len(each) for each in self._lists], dtype=np.int64)))
            self._flat = np.fromiter(chain.from_iterable(self._lists), np.int64)
            self._changed = False
        begins = self._starts[series]
        many = self._starts[series + 1] - begins
        sample = np.repeat(np.arange(len(series)), many)
        first = np.cumsum(many) - many
        return self._flat[begins[sample] + np.arange(len(sample)) - first[sample]], sample


class Roster:
    """Rules, their cells and the series they judge, of one organization. Numbers are places in the columns."""

    def __init__(self, most_cells: int) -> None:
        self._most_cells = most_cells
        self.rules: list[RuleView] = []
        self.rows: Rules = np.zeros(0, RULE)
        self.cells: Cells = new_cells(0)
        self.keys: list[tuple[int, str]] = []
        self.windows = new_windows(0)
        self.windows_used = 0
        self.members = new_members(0)
        self.member_keys: list[tuple[int, str]] = []
        self.senders: set[int] = set()
        """The cells by which the silence of senders is told."""
        self.refused_series = 0
        self.rules_version = 0
        self._cell_of: dict[tuple[int, str], int] = {}
        self._member_of: dict[tuple[int, str], int] = {}
        self._members_in_order: NDArray[np.int64] = np.zeros(0, np.int64)
        self._member_cells: NDArray[np.int32] = np.zeros(0, np.int32)
        self._selection = Selection()
        self._series: dict[str, int] = {}
        self._parsed: list[tuple[str, dict[str, str]]] = []
        self._by_metric: dict[str, list[int]] = {}
        self._series_cells = Links()
        self._series_members = Links()

    # -- rules ------------------------------------------------------------------------------------------------------

    def add_rules(self, rules: Sequence[RuleView], created_at: int) -> None:
        """Judge by these as well. `created_at` (ms) is since when a group that was never seen counts as absent."""
        if not rules:
            return
        self.rules_version += 1
        begin, fresh = len(self.rules), Selection()
        self.rules += rules
        self.rows = np.concatenate([self.rows, rows([rule.spec for rule in rules])])
        for number, rule in enumerate(rules, begin):
            if not rule.spec.is_active:
                self.rows[number]["kind"] = Kind.DEAD
            elif not isinstance(rule.spec, CompositeRule):
                for selection in (self._selection, fresh):
                    selection.add(number, *selected_by(rule.id, rule.spec))
                if _waits_from_the_first(rule.spec):
                    cell = self.cell(number, series_key("", {}))
                    self.cells[cell]["arrived"] = max(int(self.cells[cell]["arrived"]), created_at)
        for metric in fresh.metrics:
            for series in self._by_metric.get(metric, ()):
                self._feed(series, fresh)

    def place(self, number: int, rule: RuleView) -> None:
        """The rule says something else, and judges as before."""
        self.rules_version += 1
        self.rules[number] = rule

    def without(self, gone: Collection[int], forgotten: Collection[int] = (), members_before: int = NEVER) -> "Roster":
        """The roster without these rules, these cells and members of groups that were last heard of before (ms).

        Numbers change, and what is known of the others stays.
        """
        stays = [number for number in range(len(self.rules)) if number not in gone]
        new_number = {number: place for place, number in enumerate(stays)}
        kept = [cell for cell, (rule, _) in enumerate(self.keys) if rule not in gone and cell not in forgotten]
        new_cell = {cell: place for place, cell in enumerate(kept)}
        members = [
            number
            for number, (rule, _) in enumerate(self.member_keys)
            if rule not in gone and self.members["last"][number] >= members_before
        ]
        cells = self.cells[kept]
        cells["rule"] = [new_number[rule] for rule in cells["rule"].tolist()]
        cells["told_by"] = [new_cell.get(cell, ALONE) for cell in cells["told_by"].tolist()]
        remaining = self.members[members]
        remaining["cell"] = [new_cell[cell] for cell in remaining["cell"].tolist()]
        used: list[int] = []
        for column in (cells["window"], remaining["window"]):
            begin = len(used)
            used += column[column >= 0].tolist()
            column[column >= 0] = np.arange(begin, len(used))
        roster = Roster.restored(
            self._most_cells,
            [self.rules[number] for number in stays],
            [(new_number[rule], key) for rule, key in (self.keys[cell] for cell in kept)],
            cells,
            self.windows[used],
            [(new_number[rule], key) for rule, key in (self.member_keys[number] for number in members)],
            remaining,
        )
        roster.rules_version = self.rules_version + 1
        return roster

    @classmethod
    def restored(
        cls,
        most_cells: int,
        rules: Sequence[RuleView],
        keys: list[tuple[int, str]],
        cells: Cells,
        windows: Cells,
        member_keys: list[tuple[int, str]],
        members: Cells,
    ) -> "Roster":
        """A roster as it was; its series find their cells again when they come."""
        roster = cls(most_cells)
        roster.keys, roster.cells, roster.windows = keys, cells, windows
        roster.windows_used = len(windows)
        roster.member_keys, roster.members = member_keys, members
        roster._cell_of = {key: cell for cell, key in enumerate(keys)}
        roster._member_of = {key: number for number, key in enumerate(member_keys)}
        roster.senders = {cell for cell, (_, key) in enumerate(keys) if _is_sender(key)}
        roster.add_rules(rules, NEVER)
        return roster

    # -- cells ------------------------------------------------------------------------------------------------------

    def cell(self, rule: int, key: str) -> int:
        """The number of the rule's cell with this key, made when it is new."""
        known = self._cell_of.get((rule, key))
        if known is not None:
            return known
        cell = len(self.keys)
        self._cell_of[rule, key] = cell
        self.keys.append((rule, key))
        if cell >= len(self.cells):
            self.cells = np.concatenate([self.cells, new_cells(max(64, len(self.cells)))])
        self.cells[cell]["rule"] = rule
        if self.rows[rule]["kind"] in WINDOWED and not self.rows[rule]["grouped"]:
            self.cells[cell]["window"] = self._new_window()
        if _is_sender(key):
            self.senders.add(cell)
        return cell

    def known_cell(self, rule: int, key: str) -> int | None:
        """The number of the rule's cell with this key, if there is one."""
        return self._cell_of.get((rule, key))

    def told_by(self, cell: int) -> list[int]:
        """The cells whose absence this sender's cell tells of."""
        return np.flatnonzero(self.cells["told_by"][: len(self.keys)] == cell).tolist()

    def labels(self, cell: int) -> dict[str, str]:
        """The labels of a cell's series or group; of a sender, those in which all agree that it tells of."""
        labels = parse_series_key(self.keys[cell][1])[1]
        if cell not in self.senders:
            return labels
        told = [parse_series_key(self.keys[each][1])[1] for each in self.told_by(cell)]
        shared = set[tuple[str, str]].intersection(*(set(each.items()) for each in told)) if told else ()
        return dict(sorted(shared)) | labels

    def _new_window(self) -> int:
        used = self.windows_used
        self.windows_used += 1
        if used >= len(self.windows):
            self.windows = np.concatenate([self.windows, new_windows(max(64, len(self.windows)))])
        return used

    # -- series -----------------------------------------------------------------------------------------------------

    def numbers(self, series: Sequence[str]) -> NDArray[np.int64]:
        """The number of each series that any rule judges; -1 for the others."""
        known = self._series.get
        return np.fromiter(
            (number if (number := known(text)) is not None else self._meet(text) for text in series),
            np.int64,
            len(series),
        )

    def cells_fed(self, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See Links.spread: the cells that samples of these series are judged in."""
        return self._series_cells.spread(series)

    def members_fed(self, series: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """See Links.spread: the members of groups that samples of these series are the last of."""
        return self._series_members.spread(series)

    def _meet(self, text: str) -> int:
        if text[:1] != "{" and not self._selection.knows(text.partition("{")[0]):
            return -1
        try:
            name, labels = parse_series_key(text)
        except ValueError:
            return -1  # no series' text: storage refuses it and says so
        if not self._selection.knows(name):
            return -1
        number = self._series[text] = len(self._parsed)
        self._parsed.append((name, labels))
        self._by_metric.setdefault(name, []).append(number)
        self._series_cells.add_series()
        self._series_members.add_series()
        self._feed(number, self._selection)
        return number

    def _feed(self, series: int, selection: Selection) -> None:
        name, labels = self._parsed[series]
        text = series_key(name, labels)
        for number in selection.of(name, labels):
            spec = self.rules[number].spec
            by = (
                []
                if isinstance(spec, HeartbeatRule)
                else spec.by
                if isinstance(spec, LeveledRule | AbsenceRule)
                else None
            )
            key = text if by is None else series_key("", {label: labels.get(label, "") for label in by})
            if (number, key) not in self._cell_of and len(self.keys) >= self._most_cells:
                self.refused_series += 1
                continue
            cell = self.cell(number, key)
            if self.rows[number]["grouped"]:
                self._series_members.link(series, self.member(number, text, cell))
            else:
                self._series_cells.link(series, cell)

    def members_of(self, cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The members of these groups, and which group each is of (by position)."""
        if len(self._members_in_order) != len(self.member_keys):
            of = self.members["cell"][: len(self.member_keys)]
            self._members_in_order = np.argsort(of, kind="stable")
            self._member_cells = of[self._members_in_order]
        begins = np.searchsorted(self._member_cells, cells)
        many = np.searchsorted(self._member_cells, cells, "right") - begins
        place = np.repeat(np.arange(len(cells)), many)
        first = np.cumsum(many) - many
        return self._members_in_order[begins[place] + np.arange(len(place)) - first[place]], place

    def member(self, rule: int, series: str, cell: int) -> int:
        """The number of a group's member, made when it is new."""
        known = self._member_of.get((rule, series))
        if known is not None:
            return known
        number = self._member_of[rule, series] = len(self.member_keys)
        self.member_keys.append((rule, series))
        if number >= len(self.members):
            self.members = np.concatenate([self.members, new_members(max(64, len(self.members)))])
        self.members["cell"][number] = cell
        if self.rows[rule]["kind"] in WINDOWED:
            self.members["window"][number] = self._new_window()
        return number


def selected_by(rule_id: Id, spec: MetricRule | HeartbeatRule) -> tuple[str, Sequence[Matcher]]:
    """The metric and the matchers of what a rule judges."""
    if isinstance(spec, HeartbeatRule):
        return HEARTBEAT_METRIC, [Matcher(label=HEARTBEAT_LABEL, value=str(rule_id))]
    return spec.metric, spec.matchers


def _is_sender(key: str) -> bool:
    return key.startswith(f'{{"{_SENDER}"')


def _waits_from_the_first(spec: RuleSpec) -> bool:
    """Whether something is expected even when nothing was ever seen."""
    return isinstance(spec, HeartbeatRule) or (isinstance(spec, AbsenceRule) and spec.by == [])
