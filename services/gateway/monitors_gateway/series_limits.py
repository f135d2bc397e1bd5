"""Whether an organization may begin another series. Asked for seldom: what was seen here costs a look into a set."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from monitors_contracts.base import Id
from monitors_contracts.metrics import FindUnknownSeries, GetSeriesUsage, SeriesUsage, UnknownSeries
from monitors_runtime.errors import ProblemError

ASK_AGAIN_SECONDS = 10.0
_AT_ONCE = 1000
_MOST_REMEMBERED = 300_000


@dataclass(slots=True)
class _Organization:
    """What is known of one: series that it has, how many more it may begin, series that were too many, as of when."""

    admitted: set[str] = field(default_factory=set[str])
    room: int = 0
    refused: set[str] = field(default_factory=set[str])
    asked_at: float = float("-inf")


class SeriesLimits:
    """Decides early, so that the sender is told. The metrics service decides for good, over all gateways.

    While that does not answer, every series is let through: what was sent must not wait for it.
    """

    def __init__(
        self,
        usage: Callable[[GetSeriesUsage], Awaitable[SeriesUsage]],
        find_unknown: Callable[[FindUnknownSeries], Awaitable[UnknownSeries]],
        clock: Callable[[], float],
    ) -> None:
        self._usage = usage
        self._find_unknown = find_unknown
        self._clock = clock
        self._organizations: dict[Id, _Organization] = {}

    async def refused(self, organization_id: Id, series: Collection[str]) -> set[str]:
        """Those of the series that are too many."""
        known = self._organizations.setdefault(organization_id, _Organization())
        new = set(series) - known.admitted
        if not new:
            return new
        try:
            if self._clock() - known.asked_at > ASK_AGAIN_SECONDS:
                usage = await self._usage(GetSeriesUsage(organization_id=organization_id))
                known.room, known.asked_at = usage.limit - usage.used, self._clock()
                known.refused.clear()
            too_many = new & known.refused
            new -= too_many
            if len(new) > known.room:
                too_many |= await self._surplus(organization_id, known, new)
                new -= too_many
            else:
                known.room -= len(new)
        except ProblemError:
            return set()
        self._admit(known, new)
        return too_many

    async def _surplus(self, organization_id: Id, known: _Organization, new: set[str]) -> set[str]:
        """Which of these the organization neither has nor has room for."""
        asked, unknown = sorted(new), list[str]()
        for begin in range(0, len(asked), _AT_ONCE):
            part = asked[begin : begin + _AT_ONCE]
            answer = await self._find_unknown(FindUnknownSeries(organization_id=organization_id, series=part))
            unknown += [part[place] for place in answer.unknown]
            known.room = min(known.room, answer.limit - answer.used)
        begun, surplus = _split(unknown, max(0, known.room))
        known.room -= len(begun)
        known.refused.update(surplus)
        return surplus

    def _admit(self, known: _Organization, series: set[str]) -> None:
        if sum(len(each.admitted) for each in self._organizations.values()) + len(series) > _MOST_REMEMBERED:
            for each in self._organizations.values():
                each.admitted.clear()
        known.admitted |= series


def _split(series: Sequence[str], count: int) -> tuple[set[str], set[str]]:
    return set(series[:count]), set(series[count:])
