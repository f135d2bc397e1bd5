"""The rules of one organization, judged as samples come.

A message's samples are judged at once, each rule over all its series, in the time of the samples; what was judged before
(the same message again, a late sample) decides nothing. So the same messages in the same order give the same transitions,
however often some are repeated, and whoever goes on from the state kept after one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id
from monitors_contracts.rules import CompositeRule, HeartbeatRule, LeveledRule, RatioRule, RuleView, ThresholdRule
from monitors_contracts.series import parse_series_key, series_key

from . import heartbeats, windows
from .batches import Batch
from .levels import CRITICAL, NEVER, QUIET, WARNING, Cells, Times, Truths, Values, crossed, judge
from .past import Past
from .roster import Roster
from .table import Kind, judges_alike
from .together import across, counted

AHEAD_MS = 10 * 60_000
"""A sample from further ahead of its arrival is a clock gone wrong: judged, it would make all that follows late."""
_SINGLE = (Kind.VALUE, Kind.WINDOW, Kind.COUNT, Kind.RATIO)


@dataclass(frozen=True, slots=True)
class Transition:
    """A cell fires, gets worse or ends. `at` is milliseconds; `level` the one it now has, QUIET when it ends."""

    rule: RuleView
    key: str
    level: int
    at: int
    value: float
    reason: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the series or group."""
        return parse_series_key(self.key)[1]

    @property
    def severity(self) -> Severity:
        """Of the level; rules without levels say it themselves."""
        return severity(self.rule, self.level)


def severity(rule: RuleView, level: int) -> Severity:
    """What a level of this rule is called."""
    if isinstance(rule.spec, LeveledRule):
        return "critical" if level == CRITICAL else "warning"
    return rule.spec.severity


class Judge:
    """All rules of one organization over all their series. Not for two tasks at once."""

    def __init__(self, most_cells: int = 1_000_000) -> None:
        self.roster = Roster(most_cells)
        self.sources: list[str] = []
        self.source_arrived: list[int] = []
        self._source_numbers: dict[str, int] = {}
        self.pasts: dict[Id, Past] = {}
        """What the series of rules that compare with the past were, by rule; read from storage, and not kept."""
        self.not_judged: dict[str, int] = {}
        """Samples of judged series that decided nothing, by reason: `nan`, `ahead`, `late`, `no-past`."""

    @property
    def names_version(self) -> tuple[int, ...]:
        """Another one whenever there are other rules, cells or sources than before."""
        roster = self.roster
        return (roster.rules_version, len(roster.keys), len(roster.member_keys), len(self.sources))

    @property
    def waits_for_absence(self) -> bool:
        """Whether time alone may make any rule fire."""
        return bool(np.isin(self.roster.rows["kind"], (Kind.ABSENCE, Kind.HEARTBEAT)).any())

    # -- samples ----------------------------------------------------------------------------------------------------

    def take(self, batch: Batch, arrived: int) -> list[Transition]:
        """Judge a batch that arrived at this time (ms)."""
        source = self._source(batch.source, arrived)
        roster = self.roster
        series = np.repeat(roster.numbers(batch.series), batch.counts)
        known = series >= 0
        if not known.any():
            return []
        is_number = ~np.isnan(batch.values)
        in_time = (batch.times <= arrived + AHEAD_MS) & (batch.times >= 0)
        self._pass_over("nan", int((known & ~is_number).sum()))
        self._pass_over("ahead", int((known & is_number & ~in_time).sum()))
        keep = known & is_number & in_time
        series, at, value = series[keep], batch.times[keep], batch.values[keep]
        cell, sample = roster.cells_fed(series)
        roster.cells["arrived"][cell] = arrived
        roster.cells["source"][cell] = source
        kind = roster.rows["kind"][roster.cells["rule"][cell]]
        single = np.isin(kind, _SINGLE)
        found = self._judge_single(cell[single], at[sample[single]], value[sample[single]])
        absence, heartbeat = kind == Kind.ABSENCE, kind == Kind.HEARTBEAT
        found += self._seen(cell[absence], at[sample[absence]])
        for each in np.flatnonzero(heartbeat):
            found += self._pinged(int(cell[each]), int(at[sample[each]]), float(value[sample[each]]))
        member, sample = roster.members_fed(series)
        found += self._judge_groups(member, at[sample], value[sample], arrived, source)
        return self._with_composites(found)

    def _judge_single(self, cell: NDArray[np.int64], at: Times, value: Values) -> list[Transition]:
        order = np.lexsort((value, at, cell))
        cell, at, value = cell[order], at[order], value[order]
        first = np.concatenate(([True], cell[1:] != cell[:-1])) if len(cell) else np.zeros(0, bool)
        if not first.all():
            keep = self._telling(cell, at, value, first)
            cell, at, value = cell[keep], at[keep], value[keep]
            first = np.concatenate(([True], cell[1:] != cell[:-1]))
        place = np.arange(len(cell))
        turn = place - np.maximum.accumulate(np.where(first, place, 0))
        found: list[Transition] = []
        for number in range(int(turn.max(initial=-1)) + 1):
            now = turn == number
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
        in_window = fresh & np.isin(rules["kind"], (Kind.WINDOW, Kind.RATIO))
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
            found.append(
                self._transition(
                    int(cell[place]), level, int(after["last"][place]), float(after["value"][place]), reason
                )
            )
        return found

    def _transition(self, cell: int, level: int, at: int, value: float, reason: str) -> Transition:
        rule, key = self.roster.keys[cell]
        return Transition(self.roster.rules[rule], key, level, at, value, reason)

    # -- groups -----------------------------------------------------------------------------------------------------

    def _judge_groups(
        self, member: NDArray[np.int64], at: Times, value: Values, arrived: int, source: int
    ) -> list[Transition]:
        """Groups are judged at each time that samples have, by the last samples of their series that are not stale then."""
        members, found = self.roster.members, list[Transition]()
        for moment in np.unique(at):
            now = (at == moment) & (moment > members["last"][member])
            members["last"][member[now]] = moment
            members["value"][member[now]] = value[now]
            touched = np.unique(members["cell"][member[now]])
            if not len(touched):
                continue
            rules = self.roster.rows[self.roster.cells["rule"][touched]]
            place = np.searchsorted(touched, members["cell"]).clip(max=len(touched) - 1)
            count = len(self.roster.member_keys)
            live = touched[place[:count]] == members["cell"][:count]
            live &= members["last"][:count] > moment - rules["stale_after"][place[:count]]
            value_now = across(
                [self._across_of(int(each)) for each in touched], place[:count][live], members["value"][:count][live]
            )
            self.roster.cells["arrived"][touched] = arrived
            self.roster.cells["source"][touched] = source
            found += self._judge_once(touched.astype(np.int64), np.full(len(touched), moment), value_now)
        return found

    def _across_of(self, cell: int) -> str:
        spec = self.roster.rules[self.roster.keys[cell][0]].spec
        return spec.across if isinstance(spec, ThresholdRule) else "sum"

    # -- absence ----------------------------------------------------------------------------------------------------

    def _seen(self, cell: NDArray[np.int64], at: Times) -> list[Transition]:
        cells = self.roster.cells
        np.maximum.at(cells["last"], cell, at)
        back = [int(each) for each in np.unique(cell) if cells["level"][each] != QUIET]
        found = [
            # Its clock was ours when it fired: what ends it is never before that.
            self._transition(each, QUIET, int(max(cells["last"][each], cells["fired_at"][each])), np.nan, "back")
            for each in back
        ]
        cells["level"][back] = QUIET
        return found

    def _pinged(self, cell: int, at: int, status: float) -> list[Transition]:
        """A ping: `last` is of the newest of all, `begun` of the newest good one, `warning_since` of what began and runs."""
        known = self.roster.cells[cell : cell + 1]
        if at < known["last"][0]:
            self._pass_over("late", 1)
            return []
        known["last"], known["value"] = at, status
        if heartbeats.begins(status):
            known["warning_since"] = at
            return []
        known["warning_since"] = NEVER
        is_firing = known["level"][0] != QUIET
        if heartbeats.is_good(status):
            known["begun"], known["level"] = at, QUIET
            return (
                [self._transition(cell, QUIET, max(at, int(known["fired_at"][0])), status, "back")] if is_firing else []
            )
        if is_firing:
            return []
        known["level"], known["fired_at"] = WARNING, at
        return [self._transition(cell, WARNING, at, status, "failed")]

    def _overdue(self, now: int, taking_since: int) -> list[Transition]:
        cells, found = self.roster.cells, list[Transition]()
        kind = self.roster.rows["kind"][cells["rule"][: len(self.roster.keys)]]
        for cell in np.flatnonzero((kind == Kind.HEARTBEAT) & (cells["level"][: len(kind)] == QUIET)):
            known, spec = cells[cell], self.roster.rules[self.roster.keys[cell][0]].spec
            assert isinstance(spec, HeartbeatRule)
            last = int(known["begun"]) if known["begun"] != NEVER else int(known["arrived"])
            until = heartbeats.due(spec, last, int(known["warning_since"]))
            if now >= max(until, taking_since + round(spec.grace * 1000)):
                reason = "not-finished" if known["warning_since"] != NEVER else "not-pinged"
                cells["level"][cell], cells["fired_at"][cell] = WARNING, now
                found.append(self._transition(int(cell), WARNING, now, np.nan, reason))
        return found

    def tick(self, now: int, taking_since: int) -> list[Transition]:
        """Time has passed (ms): what should have come and did not is absent.

        Silence counts from the last arrival, and not before `taking_since`: while nothing could come in, or we did not
        listen, nothing is known. To be asked only when everything that had come in was judged.
        """
        roster = self.roster
        cells = roster.cells[: len(roster.keys)]
        rules = roster.rows[cells["rule"]]
        silence = now - np.maximum(np.maximum(cells["arrived"], cells["last"]), taking_since)
        due = (rules["kind"] == Kind.ABSENCE) & (cells["level"] == QUIET) & (silence >= rules["hold"])
        found = self._overdue(now, taking_since)
        for cell in np.flatnonzero(due):
            roster.cells["level"][cell] = WARNING
            roster.cells["fired_at"][cell] = now
            found.append(self._transition(int(cell), WARNING, now, np.nan, self.silent_because(int(cell), now)))
        return self._with_composites(found)

    def silent_because(self, cell: int, now: int) -> str:
        """Why a cell's data does not flow: `never-seen`, `collector-down`, `series-gone`, `late-data`; or `flowing`."""
        known = self.roster.cells[cell]
        rule = self.roster.rows[known["rule"]]
        patience = int(rule["hold"] if rule["kind"] == Kind.ABSENCE else rule["stale_after"])
        if known["last"] == NEVER:
            return "never-seen"
        if now - int(known["arrived"]) < patience:
            return "flowing" if now - int(known["last"]) < patience else "late-data"
        source = int(known["source"])
        if source >= 0 and now - self.source_arrived[source] < patience:
            return "series-gone"
        return "collector-down"

    def know_sources(self, names: Sequence[str], arrived: Sequence[int]) -> None:
        """Who sent measurements before, and when (ms) they last did."""
        for name, moment in zip(names, arrived, strict=True):
            self._source(name, moment)

    def _source(self, name: str, arrived: int) -> int:
        number = self._source_numbers.get(name)
        if number is None:
            number = self._source_numbers[name] = len(self.sources)
            self.sources.append(name)
            self.source_arrived.append(arrived)
        self.source_arrived[number] = max(arrived, self.source_arrived[number])
        return number

    # -- rules together ---------------------------------------------------------------------------------------------

    def _with_composites(self, found: list[Transition]) -> list[Transition]:
        found.sort(key=lambda each: (each.at, each.rule.id, each.key))
        if not found:
            return found
        changed = {each.rule.id for each in found}
        for number, rule in enumerate(self.roster.rules):
            if isinstance(rule.spec, CompositeRule) and rule.spec.is_active and not changed.isdisjoint(rule.spec.rules):
                found += self._judge_composite(number, rule.spec, found[-1].at)
        return found

    def _judge_composite(self, number: int, spec: CompositeRule, at: int) -> list[Transition]:
        roster = self.roster
        ids = {rule.id: place for place, rule in enumerate(roster.rules) if rule.id in spec.rules}
        cells = roster.cells[: len(roster.keys)]
        firing: dict[str, set[int]] = {}
        for place in ids.values():
            for cell in np.flatnonzero((cells["rule"] == place) & (cells["level"] != QUIET)):
                labels = roster.labels(int(cell))
                firing.setdefault(series_key("", {label: labels.get(label, "") for label in spec.by}), set()).add(place)
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
            found.append(self._transition(cell, level, at, np.nan, "crossed" if level else "recovered"))
        return found

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
                cells["level"][cell] = QUIET
                found.append(self._transition(int(cell), QUIET, max(now, int(cells["fired_at"][cell])), np.nan, reason))
        if ended:
            self.roster = self.roster.without(ended)
        self.roster.add_rules(added, now)
        found = self._with_composites(found)
        for number, rule in enumerate(self.roster.rules):
            if isinstance(rule.spec, CompositeRule) and rule.spec.is_active and rule in added:
                found += self._judge_composite(number, rule.spec, now)
        return found

    def forget(self, before: int) -> int:
        """Forget series that nothing was heard of since then (ms), unless they fire or wait to; how many."""
        cells = self.roster.cells[: len(self.roster.keys)]
        kind = self.roster.rows["kind"][cells["rule"]]
        waits = (cells["warning_since"] != NEVER) | (cells["critical_since"] != NEVER)
        is_series = np.isin(kind, (*_SINGLE, Kind.GROUP, Kind.ABSENCE)) & (cells["last"] != NEVER)
        old = is_series & (cells["level"] == QUIET) & ~waits & (cells["arrived"] < before)
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
