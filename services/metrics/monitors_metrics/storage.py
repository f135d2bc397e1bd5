"""What the queries ask of whatever keeps the samples. PostgreSQL does (`store`); see docs/adr for what else could."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitors_contracts.base import Id
from monitors_contracts.metrics import MetricDescription

from .domain.rollups import Summaries
from .domain.selectors import Selector
from .domain.series import SeriesSamples


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series in storage."""

    id: int
    name: str
    labels: dict[str, str]


class Storage(Protocol):
    """Samples by series. Times are milliseconds since 1970 UTC, from `since` to before `until`."""

    async def find(self, organization_id: Id, selector: Selector) -> list[KnownSeries]:
        """The organization's series that are meant, by name."""
        ...

    async def active(self, known: Sequence[KnownSeries], since: datetime, until: datetime) -> list[KnownSeries]:
        """Those that had samples about then, to the day."""
        ...

    async def samples(self, ids: Sequence[int], since: int, until: int) -> SeriesSamples:
        """Their samples, series numbered in the order given."""
        ...

    async def minutes(self, ids: Sequence[int], since: int, until: int) -> Summaries:
        """Their samples summed up by minute."""
        ...

    async def hours(self, ids: Sequence[int], since: int, until: int) -> Summaries:
        """Their samples summed up by hour."""
        ...

    async def labels(self, organization_id: Id, limit: int) -> list[str]:
        """The names of labels in use, in order."""
        ...

    async def label_values(self, organization_id: Id, label: str, limit: int) -> list[str]:
        """The values of a label, in order; metrics' names for `__name__`."""
        ...

    async def descriptions(self, organization_id: Id, name: str | None, limit: int) -> dict[str, MetricDescription]:
        """What senders said of metrics."""
        ...

    async def unknown(self, organization_id: Id, keys: Sequence[str]) -> list[int]:
        """The places of those series, given as text, that the organization does not have."""
        ...

    async def usage(self, organization_id: Id) -> tuple[int, dict[str, int]]:
        """How many series there are, and how many samples were refused, by reason."""
        ...
