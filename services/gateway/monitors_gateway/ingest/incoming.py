"""Samples as a request brought them, what is refused of them, and the rest put in order."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitors_contracts.measuring import Columns, Reason
from monitors_contracts.metrics import MetricDescription

_EXAMPLES = 100


@dataclass(frozen=True, slots=True)
class Refusal:
    """A sample (or a series of them) that is not kept. `index` is its place in the request, where requests are lists."""

    reason: Reason
    detail: str
    index: int | None = None
    series: str | None = None


@dataclass
class Refusals:
    """What is refused of a request: all counted, by reason, and the first ones told in full.

    Where a request is a list, its items are counted; one of them may be several samples.
    """

    counts: Counter[Reason] = field(default_factory=Counter[Reason])
    examples: list[Refusal] = field(default_factory=list[Refusal])

    @property
    def total(self) -> int:
        """How many are refused."""
        return self.counts.total()

    def add(
        self, reason: Reason, detail: str, *, samples: int = 1, index: int | None = None, series: str | None = None
    ) -> None:
        """Refuse these."""
        self.counts[reason] += samples
        if len(self.examples) < _EXAMPLES:
            self.examples.append(Refusal(reason, detail, index, series[:500] if series else None))


@dataclass(frozen=True, slots=True)
class Incoming:
    """Samples as decoded, in any order: sample i is of `series[owners[i]]`; a series may come more than once.

    `times` are int64 milliseconds since 1970 UTC. `places`, where a request is a list, says which item each sample was;
    `source` is who measured, where one did.
    """

    series: list[str]
    owners: NDArray[np.int64]
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    metrics: Mapping[str, MetricDescription]
    refusals: Refusals
    places: NDArray[np.int64] | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """Which times are taken: from `oldest` to `newest`, both in milliseconds since 1970 UTC."""

    oldest: int
    newest: int


def arranged(
    incoming: Incoming, times: Times, too_many: Collection[str], metrics: Mapping[str, MetricDescription]
) -> Columns:
    """What is kept: samples within the times, of series that are not too many, by series and oldest first.

    What is not is added to the refusals. Samples of one series at one instant stay as they are: storage decides. `metrics`
    are the descriptions that go along.
    """
    late, early = incoming.times < times.oldest, incoming.times > times.newest
    surplus = np.zeros(len(incoming.times), np.bool_)
    if too_many:
        surplus = np.array([key in too_many for key in incoming.series], np.bool_)[incoming.owners]
    _refuse(incoming, late, Reason.TOO_OLD, "its time is too long ago")
    _refuse(incoming, early, Reason.FROM_THE_FUTURE, "its time has not come yet: look at the sender's clock")
    kept = ~(late | early)
    _refuse(incoming, surplus & kept, Reason.TOO_MANY_SERIES, "the organization has as many series as it may have")
    kept &= ~surplus
    return _ordered(incoming, kept, metrics)


def _refuse(incoming: Incoming, which: NDArray[np.bool_], reason: Reason, detail: str) -> None:
    [refused] = np.nonzero(which)
    if incoming.places is not None:
        refused = refused[np.unique(incoming.places[refused], return_index=True)[1]]
    for sample in refused[:_EXAMPLES].tolist():
        place = None if incoming.places is None else int(incoming.places[sample])
        incoming.refusals.add(reason, detail, index=place, series=incoming.series[incoming.owners[sample]])
    if len(refused) > _EXAMPLES:
        incoming.refusals.counts[reason] += len(refused) - _EXAMPLES


def _ordered(incoming: Incoming, kept: NDArray[np.bool_], metrics: Mapping[str, MetricDescription]) -> Columns:
    owners, times, values = incoming.owners, incoming.times, incoming.values
    if not kept.all():
        owners, times, values = owners[kept], times[kept], values[kept]
    if len(set(incoming.series)) < len(incoming.series):
        first: dict[str, int] = {}
        numbers = [first.setdefault(key, number) for number, key in enumerate(incoming.series)]
        owners = np.array(numbers, np.int64)[owners]
    steps = np.diff(owners)
    if not ((steps > 0) | ((steps == 0) & (times[1:] >= times[:-1]))).all():
        order = np.lexsort((times, owners))
        owners, times, values = owners[order], times[order], values[order]
    counts = np.bincount(owners, minlength=len(incoming.series))
    [filled] = np.nonzero(counts)
    return Columns(
        series=incoming.series
        if len(filled) == len(incoming.series)
        else [incoming.series[i] for i in filled.tolist()],
        counts=counts[filled].tolist(),
        times=times.astype("<i8").tobytes(),
        values=values.astype("<f8").tobytes(),
        metrics=metrics,
    )
