"""Which alerts hold which others back: by rule and by the values of the labels that must be equal, never pair by pair.

As in Alertmanager (https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule), with one addition: what is held
back has, directly or through others that are held back too, an inhibitor that is told. Alertmanager hides all of a ring.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Self, TypeAlias
from uuid import UUID

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id
from monitors_contracts.inhibition import InhibitionRule

from .choosing import Chooser

_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
Rank: TypeAlias = tuple[int, datetime, Id]


def rank(severity: Severity, started_at: datetime, alert_id: Id) -> Rank:
    """Which alert of a ring is told: the smallest, the most severe and then the oldest."""
    return _SEVERITIES.index(severity), started_at, alert_id


@dataclass(frozen=True, slots=True)
class Side:
    """An alert on one side of a rule. Sources and targets with one key meet; `both` when it is on both sides."""

    rule: Id
    key: UUID
    both: bool


@dataclass(frozen=True, slots=True)
class Source:
    """An open alert that holds others back, and as the target of which sides it may be held back itself."""

    alert_id: Id
    name: str
    both: bool
    rank: Rank
    aims: tuple[Side, ...]


@dataclass(slots=True)
class Rules:
    """An organization's active rules."""

    rules: Mapping[Id, InhibitionRule]
    _sources: Chooser[InhibitionRule] = field(init=False)
    _targets: Chooser[InhibitionRule] = field(init=False)

    @classmethod
    def active(cls, rules: Iterable[InhibitionRule]) -> Self:
        """Those of them that are switched on."""
        return cls({each.id: each for each in rules if each.spec.is_active})

    def __post_init__(self) -> None:
        self._sources = Chooser((each.spec.source, each) for each in self.rules.values())
        self._targets = Chooser((each.spec.target, each) for each in self.rules.values())

    def sources(self, labels: Mapping[str, str]) -> tuple[Side, ...]:
        """As which sources an alert with these labels stands."""
        if not self.rules or not (found := self._sources.find(labels)):
            return ()
        return _sides(found, self._targets.find(labels), labels)

    def targets(self, labels: Mapping[str, str]) -> tuple[Side, ...]:
        """As which targets an alert with these labels stands."""
        if not self.rules or not (found := self._targets.find(labels)):
            return ()
        return _sides(found, self._sources.find(labels), labels)


def _sides(
    here: Iterable[InhibitionRule], there: Iterable[InhibitionRule], labels: Mapping[str, str]
) -> tuple[Side, ...]:
    both = {rule.id for rule in there}
    return tuple(Side(rule.id, _key(rule, labels), rule.id in both) for rule in here)


def _key(rule: InhibitionRule, labels: Mapping[str, str]) -> UUID:
    values = (labels.get(name, "") for name in rule.spec.equal)
    told_apart = "".join(f"{len(value)}:{value}" for value in values)
    return UUID(bytes=blake2b(f"{rule.id}{told_apart}".encode(), digest_size=16).digest())


Sources: TypeAlias = Mapping[UUID, Sequence[Source]]
"""Open alerts by the key as whose source they stand."""


def inhibitor(alert_id: Id, own: Rank, aims: Sequence[Side], sources: Sources) -> tuple[Side, Source] | None:
    """What holds an alert back, and by which rule; None when it is told.

    `sources` has those of its aims, and of the aims of whatever is found there. Linear in what stands behind the alert, and
    one look where an inhibitor is held back by nothing.
    """
    direct = list(_inhibitors(alert_id, aims, sources))
    if not direct:
        return None
    for side, source in direct:
        if next(_inhibitors(source.alert_id, source.aims, sources), None) is None:
            return side, source
    first = min(direct, key=lambda each: each[1].rank)
    return None if _leads(alert_id, own, aims, sources) else first


def _inhibitors(alert_id: Id, aims: Sequence[Side], sources: Sources) -> Iterator[tuple[Side, Source]]:
    for aim in aims:
        for source in sources.get(aim.key, ()):
            if source.alert_id != alert_id and not (aim.both and source.both):
                yield aim, source


def _leads(alert_id: Id, own: Rank, aims: Sequence[Side], sources: Sources) -> bool:
    """Whether all that stands behind an alert goes back to itself, and it is the one of them that is told."""
    behind: dict[Id, Rank] = {}
    holds: dict[Id, list[Id]] = {}
    waiting = [(alert_id, tuple(aims))]
    while waiting:
        held, its_aims = waiting.pop()
        found = [source for _, source in _inhibitors(held, its_aims, sources)]
        if not found:
            return False
        for source in found:
            holds.setdefault(source.alert_id, []).append(held)
            if source.alert_id not in behind:
                behind[source.alert_id] = source.rank
                if source.alert_id != alert_id:
                    waiting.append((source.alert_id, source.aims))
    if alert_id not in behind or min(behind.values()) != own:
        return False
    reached, ahead = {alert_id}, [alert_id]
    while ahead:
        for held in holds.get(ahead.pop(), ()):
            if held not in reached:
                reached.add(held)
                ahead.append(held)
    return reached >= behind.keys()
