"""Whether an organization may begin another series. Asked for seldom: what was seen here costs a look into a set."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from monitors_contracts.base import Id
from monitors_contracts.metrics import FindUnknownSeries, GetSeriesUsage, SeriesUsage, UnknownSeries
from monitors_runtime.errors import ProblemError

ASK_AGAIN_SECONDS = 10.0
ON_THE_WAY_SECONDS = 600.0
"""How long a series that began here counts although storage does not have it: further behind it hardly ever is."""
_AT_ONCE = 1000
_MOST_REMEMBERED = 300_000


@dataclass(slots=True)
class _Organization:
    """What is known of one.

    Series that it has; when each began that storage may not have yet; how many more it may begin, and series that were too
    many, as of `asked_at`.
    """

    admitted: set[str] = field(default_factory=set[str])
    begun: dict[str, float] = field(default_factory=dict[str, float])
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
                await self._look(organization_id, known)
            too_many = new & known.refused
            new -= too_many
            if len(new) > known.room:
                too_many |= await self._surplus(organization_id, known, new)
                new -= too_many
        except ProblemError:
            return set()
        self._admit(known, new)
        return too_many

    async def _look(self, organization_id: Id, known: _Organization) -> None:
        """How many more there may be at least: what began here counts, whether storage has it by now or not."""
        usage = await self._usage(GetSeriesUsage(organization_id=organization_id))
        known.asked_at = self._clock()
        oldest = known.asked_at - ON_THE_WAY_SECONDS
        known.begun = {key: began for key, began in known.begun.items() if began > oldest}
        known.room = usage.limit - usage.used - len(known.begun)
        known.refused.clear()

    async def _surplus(self, organization_id: Id, known: _Organization, new: set[str]) -> set[str]:
        """Which of these the organization neither has nor has room for."""
        asked, unknown, free = sorted(new | known.begun.keys()), list[str](), 0
        for begin in range(0, len(asked), _AT_ONCE):
            part = asked[begin : begin + _AT_ONCE]
            answer = await self._find_unknown(FindUnknownSeries(organization_id=organization_id, series=part))
            unknown += [part[place] for place in answer.unknown]
            free = answer.limit - answer.used
        arrived = set(asked).difference(unknown)
        known.admitted |= arrived
        known.begun = {key: began for key, began in known.begun.items() if key not in arrived}
        known.room = free - len(known.begun)
        beginning = [key for key in unknown if key in new and key not in known.begun]
        surplus = set(beginning[max(0, known.room) :])
        known.refused |= surplus
        return surplus

    def _admit(self, known: _Organization, series: set[str]) -> None:
        if sum(len(each.admitted) for each in self._organizations.values()) + len(series) > _MOST_REMEMBERED:
            for each in self._organizations.values():
                each.admitted.clear()
        now = self._clock()
        for key in series - known.admitted - known.begun.keys():
            known.begun[key] = now
            known.room -= 1
        known.admitted |= series
