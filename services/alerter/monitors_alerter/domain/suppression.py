"""What keeps an alert from being told: a silence, a maintenance window, or another alert."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from monitors_contracts.base import Id
from monitors_contracts.maintenance import MaintenanceWindow
from monitors_contracts.silences import Holder, Silence

from .choosing import Chooser
from .inhibition import Rules, Side, Source
from .recurrence import occurrences, open_until

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One thing that holds an alert back, in words for a person.

    `id` is the silence's, the window's or the inhibition rule's; `inhibitor` the alert's that holds this one back.
    """

    kind: Holder
    id: Id
    words: str
    until: datetime | None = None
    """When it ends by itself; None while another alert lasts."""
    inhibitor: Id | None = None


class Suppressors:
    """What holds an organization's alerts back during one day (UTC), made to be asked for many alerts."""

    def __init__(
        self,
        silences: Iterable[Silence],
        windows: Iterable[MaintenanceWindow],
        rules: Rules,
        day: date,
    ) -> None:
        begin = datetime.combine(day, time(), UTC)
        opening = ((each, occurrences(each.spec, begin, begin + 2 * _DAY)) for each in windows if each.spec.is_active)
        self._silences = Chooser((each.matchers, each) for each in silences)
        self._windows = Chooser((each.spec.matchers, (each, spans)) for each, spans in opening if spans)
        self.rules = rules

    def timed(self, labels: Mapping[str, str], now: datetime) -> list[Suppression]:
        """Silences and open windows that choose an alert with these labels."""
        found = [
            Suppression("silenced", each.id, _silenced(each), each.ends_at)
            for each in self._silences.find(labels)
            if each.starts_at <= now < each.ends_at
        ]
        for window, spans in self._windows.find(labels):
            if until := open_until(spans, now):
                found.append(Suppression("maintenance", window.id, f"maintenance: {window.spec.name}", until))
        return found

    def inhibited(self, side: Side, source: Source) -> Suppression:
        """That an alert is held back by another one."""
        words = f"held back by {source.name}: {self.rules.rules[side.rule].spec.name}"
        return Suppression("inhibited", side.rule, words, inhibitor=source.alert_id)


def _silenced(silence: Silence) -> str:
    by = f" by {silence.author}" if silence.author else ""
    return f"silenced{by}: {silence.comment}" if silence.comment else f"silenced{by}"
