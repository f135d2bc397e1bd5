"""The rules of one organization, judged as samples come.

A message's samples are judged at once, each rule over all its series, in the time of the samples; what was judged before
(the same message again, a late sample) decides nothing. So the same messages in the same order give the same transitions,
however often some are repeated, and whoever goes on from the state kept after one of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.base import Id
from monitors_contracts.rules import CompositeRule, LeveledRule, RatioRule, RuleView
from monitors_contracts.series import series_key

from . import silence, windows
from .batches import Batch
from .composing import with_composites
from .levels import ALONE, NEVER, QUIET, Cells, Times, Truths, Values, crossed, crossed_since, judge, pending
from .past import Past
from .pinging import overdue, pinged
from .roster import Roster
from .senders import Senders
from .table import LEVELED, WINDOWED, Kind, judges_alike
from .together import across, counted
from .transitions import Transition, transition

AHEAD_MS = 10 * 60_000
"""A sample from further ahead of its arrival is a clock gone wrong: judged, it would make all that follows late."""
MOST_MOMENTS = 500
"""At so many times of one message a group is judged; of more, at some of them."""


class Judge:
    """All rules of one organization over all their series. Not for two tasks at once."""

    def __init__(self, most_cells: int = 1_000_000) -> None:
        self.roster = Roster(most_cells)
        self.senders = Senders()
        self.pasts: dict[Id, Past] = {}
        """What the series of rules that compare with the past were, by rule; read from storage, and not kept."""
        self.not_judged: dict[str, int] = {}
        """Samples of judged series that decided nothing, by reason: `nan`, `ahead`, `late`, `no-past`."""

    @property
    def names_version(self) -> tuple[int, ...]:
        """Another one whenever there are other rules, cells or sources than before."""
        roster = self.roster
        return (roster.rules_version, len(roster.keys), len(roster.member_keys), len(self.senders.names))

    @property
    def waits_for_absence(self) -> bool:
        """Whether time alone may make any rule fire."""
        return bool(np.isin(self.roster.rows["kind"], (Kind.ABSENCE, Kind.HEARTBEAT)).any())

    @property
    def comparing(self) -> list[RuleView]:
        """The rules that compare with the past."""
        return [self.roster.rules[number] for number in np.flatnonzero(self.roster.rows["kind"] == Kind.RATIO)]

    # -- samples ----------------------------------------------------------------------------------------------------

    def take(self, batch: Batch, arrived: int) -> list[Transition]:
        """Judge a batch that arrived at this time (ms)."""
        source = self.senders.heard(batch.source, arrived)
        found = silence.heard(self.roster, source, arrived)
        if (samples := self._judged(batch, arrived)) is not None:
            found += self._take(*samples, arrived, source)
        return with_composites(self.roster, found)

    def _judged(self, batch: Batch, arrived: int) -> tuple[NDArray[np.int64], Times, Values] | None:
        """The samples that any rule judges, by the numbers of their series; of two at one instant the larger, as in storage."""
        series = np.repeat(self.roster.numbers(batch.series), batch.counts)
        known = series >= 0
        if not known.any():
            return None
        is_number = ~np.isnan(batch.values)
        in_time = (batch.times <= arrived + AHEAD_MS) & (batch.times >= 0)
        self._pass_over("nan", int((known & ~is_number).sum()))
        self._pass_over("ahead", int((known & is_number & ~in_time).sum()))
        keep = known & is_number & in_time
        series, at, value = series[keep], batch.times[keep], batch.values[keep]
        order = np.lexsort((-value, at, series))
        series, at, value = series[order], at[order], value[order]
        first = np.ones(len(series), bool)
        first[1:] = (series[1:] != series[:-1]) | (at[1:] != at[:-1])
        return series[first], at[first], value[first]

    def _take(self, series: NDArray[np.int64], at: Times, value: Values, arrived: int, source: int) -> list[Transition]:
        roster = self.roster
        cell, sample = roster.cells_fed(series)
        roster.cells["arrived"][cell] = arrived
        roster.cells["source"][cell] = source
        kind = roster.rows["kind"][roster.cells["rule"][cell]]
        leveled, absence = np.isin(kind, LEVELED), kind == Kind.ABSENCE
        found = self._judge_single(cell[leveled], at[sample[leveled]], value[sample[leveled]])
        found += silence.seen(roster, cell[absence], at[sample[absence]])
        for each in np.flatnonzero(kind == Kind.HEARTBEAT):
            found += self._ping(int(cell[each]), int(at[sample[each]]), float(value[sample[each]]))
        member, sample = roster.members_fed(series)
        return found + self._judge_groups(member, at[sample], value[sample], arrived, source)

    def _judge_single(self, cell: NDArray[np.int64], at: Times, value: Values) -> list[Transition]:
        order = np.lexsort((at, cell))
        cell, at, value = cell[order], at[order], value[order]
        first = np.concatenate(([True], cell[1:] != cell[:-1])) if len(cell) else np.zeros(0, bool)
        if not first.all():
            keep = self._telling(cell, at, value, first)
            cell, at, value = cell[keep], at[keep], value[keep]
            first = np.concatenate(([True], cell[1:] != cell[:-1]))
        found: list[Transition] = []
        for now in _turns(cell):
            found += self._judge_once(cell[now], at[now], value[now])
        return found

    def _telling(self, cell: NDArray[np.int64], at: Times, value: Values, first: Truths) -> Truths:
        """Which samples (sorted by cell and time) have to be judged one after the other: of a cell that is quiet, and is
        judged by the value alone, and whose samples cross nothing, the last says all."""
        cells = self.roster.cells[cell]
        rules = self.roster.rows[cells["rule"]]
        now = crossed(rules, value)
        calm = (
            (rules["kind"] == Kind.VALUE)
            & (cells["level"] == QUIET)
            & (cells["warning_since"] == NEVER)
            & (cells["critical_since"] == NEVER)
            & ~now.warning
            & ~now.critical
        )
        groups = np.cumsum(first) - 1
        all_calm = np.logical_and.reduceat(calm, np.flatnonzero(first))[groups]
        last = np.concatenate((first[1:], [True]))
        return ~all_calm | last

    def _judge_once(self, cell: NDArray[np.int64], at: Times, value: Values) -> list[Transition]:
        """Judge one sample for each of these cells."""
        cells = self.roster.cells[cell]
        rules = self.roster.rows[cells["rule"]]
        fresh = at > cells["last"]
        self._pass_over("late", int((at < cells["last"]).sum()))
        cells["begun"] = np.where(cells["begun"] == NEVER, at, cells["begun"])
        judged = value.copy()
        in_window = fresh & np.isin(rules["kind"], WINDOWED) & ~rules["grouped"]
        if in_window.any():
            judged[in_window] = windows.take(
                self.roster.windows, cells[in_window], rules[in_window], at[in_window], value[in_window]
            )
        compared = fresh & (rules["kind"] == Kind.RATIO)
        if compared.any():
            judged[compared] /= self._past(cell[compared], cells["rule"][compared], at[compared])
        now = crossed(rules, judged)
        counting = fresh & (rules["kind"] == Kind.COUNT)
        if counting.any():
            now = counted(cells, rules, now, counting)
        after = judge(cells, rules, at, judged, now)
        after["raw"] = np.where(fresh, value, cells["raw"])
        unknown = compared & ~np.isfinite(judged)
        if unknown.any():
            self._pass_over("no-past", int(unknown.sum()))
            for name in ("warning_since", "critical_since", "recovering_since", "value"):
                after[name][unknown] = cells[name][unknown]
        self.roster.cells[cell] = after
        return self._changes(cell, cells, after)

    def _past(self, cell: NDArray[np.int64], rules: NDArray[np.int32], at: Times) -> Values:
        """What each cell's series was as long ago as its rule compares with; NaN where nothing is known."""
        result = np.full(len(cell), np.nan)
        for number in np.unique(rules):
            rule = self.roster.rules[number]
            past = self.pasts.get(rule.id)
            if past is None or not isinstance(rule.spec, RatioRule):
                continue
            of_this = rules == number
            keys = [self.roster.keys[each][1] for each in cell[of_this]]
            result[of_this] = past.at(keys, at[of_this] - round(rule.spec.offset * 1000))
        return np.where(result == 0, np.nan, result)

    def _changes(self, cell: NDArray[np.int64], before: Cells, after: Cells) -> list[Transition]:
        found: list[Transition] = []
        for place in np.flatnonzero(before["level"] != after["level"]):
            was, level = int(before["level"][place]), int(after["level"][place])
            reason = "recovered" if level == QUIET else "crossed" if was == QUIET else "raised"
            at, value = int(after["last"][place]), float(after["value"][place])
            changed = transition(self.roster, int(cell[place]), level, at, value, reason)
            held_since = int(crossed_since(after[place])) if reason == "crossed" else at
            found.append(replace(changed, pending_since=held_since if held_since < at else None))
        return found

    # -- groups -----------------------------------------------------------------------------------------------------

    def _judge_groups(
        self, member: NDArray[np.int64], at: Times, value: Values, arrived: int, source: int
    ) -> list[Transition]:
        """Groups are judged at each time that samples have, by what their series came to last that are not stale then."""
        roster, found = self.roster, list[Transition]()
        self._pass_over("late", int((at < roster.members["last"][member]).sum()))
        fresh = at > roster.members["last"][member]
        order = np.lexsort((member[fresh], at[fresh]))
        member, at, value = member[fresh][order], at[fresh][order], value[fresh][order]
        begins = np.unique(at, return_index=True)[1]
        if len(begins) > MOST_MOMENTS:
            begins = begins[np.linspace(0, len(begins) - 1, MOST_MOMENTS).astype(np.int64)]
        for begin, end in pairwise([*begins.tolist(), len(at)]):
            now, moment = slice(begin, end), int(at[end - 1])
            for turn in _turns(member[now]):
                self._note(member[now][turn], at[now][turn], value[now][turn])
            touched = np.unique(roster.members["cell"][member[now]]).astype(np.int64)
            several, place = roster.members_of(touched)
            stale_after = roster.rows["stale_after"][roster.cells["rule"][touched]]
            members = roster.members[several]
            live = members["last"] > moment - stale_after[place]
            roster.cells["arrived"][touched] = arrived
            roster.cells["source"][touched] = source
            functions = [self._across_of(int(each)) for each in touched]
            judged = across(functions, place[live], members["value"][live])
            found += self._judge_once(touched, np.full(len(touched), moment), judged)
        return found

    def _note(self, member: NDArray[np.int64], at: Times, value: Values) -> None:
        """What these members, each once, come to with samples that are newer than their last."""
        members = self.roster.members[member]
        rules = self.roster.rows[self.roster.cells["rule"][members["cell"]]]
        members["begun"] = np.where(members["begun"] == NEVER, at, members["begun"])
        members["value"] = value
        windowed = np.isin(rules["kind"], WINDOWED)
        if windowed.any():
            members["value"][windowed] = windows.take(
                self.roster.windows, members[windowed], rules[windowed], at[windowed], value[windowed]
            )
        members["last"], members["raw"] = at, value
        self.roster.members[member] = members

    def _across_of(self, cell: int) -> str:
        spec = self.roster.rules[self.roster.keys[cell][0]].spec
        assert isinstance(spec, LeveledRule)
        return spec.across

    # -- time passes ------------------------------------------------------------------------------------------------

    def _ping(self, cell: int, at: int, status: float) -> list[Transition]:
        if at < self.roster.cells["last"][cell]:
            self._pass_over("late", 1)
            return []
        return pinged(self.roster, cell, at, status)

    def tick(self, now: int, taking_since: int) -> list[Transition]:
        """Time has passed (ms): what should have come and did not is absent.

        Silence counts from the last arrival, and not before `taking_since`: while nothing could come in, or we did not
        listen, nothing is known. To be asked only when everything that had come in was judged.
        """
        found = overdue(self.roster, now, taking_since)
        found += silence.absent(self.roster, self.senders, now, taking_since)
        return with_composites(self.roster, found)

    def silent_because(self, cell: int, now: int) -> str:
        """See silence.because."""
        return silence.because(self.roster, self.senders, cell, now)

    # -- rules come and go ------------------------------------------------------------------------------------------

    def put(self, rules: Sequence[RuleView], gone: Sequence[RuleView], now: int) -> list[Transition]:
        """Judge by these rules from now on, new or changed, and no more by those that are gone.

        What fires by a rule that is gone, paused or judges otherwise now is ended.
        """
        at = {rule.id: number for number, rule in enumerate(self.roster.rules)}
        ended: dict[int, str] = {at[rule.id]: "rule-deleted" for rule in gone if rule.id in at}
        added: list[RuleView] = []
        for rule in rules:
            number = at.get(rule.id)
            if number is None:
                added.append(rule)
            elif rule.version <= self.roster.rules[number].version:
                continue
            elif (
                rule.spec.is_active
                and self.roster.rules[number].spec.is_active
                and judges_alike(rule.spec, self.roster.rules[number].spec)
            ):
                self.roster.place(number, rule)
            else:
                ended[number] = "rule-changed" if rule.spec.is_active else "rule-paused"
                added.append(rule)
        found: list[Transition] = []
        cells = self.roster.cells
        for cell in np.flatnonzero(cells["level"][: len(self.roster.keys)] != QUIET):
            if reason := ended.get(self.roster.keys[cell][0]):
                moment = max(now, int(cells["fired_at"][cell]))
                over = transition(self.roster, int(cell), QUIET, moment, np.nan, reason)
                found.append(replace(over, told=cells["told_by"][cell] == ALONE))
                cells["level"][cell] = QUIET
        if ended:
            self.roster = self.roster.without(ended)
        for rule in (*gone, *added):
            self.pasts.pop(rule.id, None)
        self.roster.add_rules(added, now)
        composites = {rule.id for rule in added if isinstance(rule.spec, CompositeRule)}
        return with_composites(self.roster, found, composites, now)

    def forget(self, before: int) -> int:
        """Forget series that nothing was heard of since then (ms), unless they fire or wait to; how many."""
        cells = self.roster.cells[: len(self.roster.keys)]
        kind = self.roster.rows["kind"][cells["rule"]]
        is_series = np.isin(kind, (*LEVELED, Kind.ABSENCE)) & (cells["last"] != NEVER)
        old = is_series & (cells["level"] == QUIET) & ~pending(cells) & (cells["arrived"] < before)
        forgotten = set(np.flatnonzero(old).tolist())
        # A group's own absence is awaited for as long as its rule is there.
        forgotten -= {cell for cell in forgotten if self.roster.keys[cell][1] == series_key("", {})}
        members = int((self.roster.members["last"][: len(self.roster.member_keys)] < before).sum())
        if forgotten or members:
            self.roster = self.roster.without((), forgotten, before)
        return len(forgotten)

    def _pass_over(self, reason: str, count: int) -> None:
        if count:
            self.not_judged[reason] = self.not_judged.get(reason, 0) + count


def _turns(numbers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The places of the first of each number, then of the second of each, and so on."""
    order = np.argsort(numbers, kind="stable")
    first = np.ones(len(order), bool)
    first[1:] = numbers[order][1:] != numbers[order][:-1]
    place = np.arange(len(order))
    turn = place - np.maximum.accumulate(np.where(first, place, 0))
    by_turn = np.argsort(turn, kind="stable")
    ends = np.cumsum(np.bincount(turn)).tolist() if len(turn) else []
    for begin, end in pairwise([0, *ends]):
        yield order[by_turn[begin:end]]
