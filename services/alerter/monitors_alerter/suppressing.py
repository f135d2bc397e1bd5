"""What holds alerts back now: silences, maintenance windows, other alerts.

For whoever tells alerts: `suppressions` says what holds each one back; when that keeps something from being told, `held.note`
writes it down. A silence or a window says when it ends (`until`); what another alert holds back is free when that is over.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Generic, TypeVar

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

from . import inhibitors, suppression_store
from .circumstances import versions_of
from .domain.inhibition import Rules, Side, inhibitor, rank
from .domain.labels import labels_of
from .domain.suppression import Suppression, Suppressors

MOST_REMEMBERED = 500
"""Organizations whose suppressors are kept in memory."""

V = TypeVar("V")


class _Remembered(Generic[V]):
    """What was made last for an organization, and from what: the same again whoever makes it, so nothing rests on it."""

    def __init__(self) -> None:
        self._made: OrderedDict[Id, tuple[Hashable, V]] = OrderedDict()

    def get(self, organization_id: Id, source: Hashable) -> V | None:
        made = self._made.get(organization_id)
        if made is None or made[0] != source:
            return None
        self._made.move_to_end(organization_id)
        return made[1]

    def keep(self, organization_id: Id, source: Hashable, made: V) -> V:
        self._made[organization_id] = source, made
        if len(self._made) > MOST_REMEMBERED:
            self._made.popitem(last=False)
        return made


_rules = _Remembered[Rules]()
_suppressors = _Remembered[Suppressors]()


async def suppressions(
    db: Connection | Pool, organization_id: Id, alerts: Sequence[AlertView], now: datetime
) -> dict[Id, list[Suppression]]:
    """What holds each of these alerts of one organization back; those that nothing holds are absent.

    Silences come first, then windows, then other alerts.
    """
    return await suppressions_of_many(db, {organization_id: alerts}, now, await versions_of(db, [organization_id]))


async def suppressions_of_many(
    db: Connection | Pool, alerts: Mapping[Id, Sequence[AlertView]], now: datetime, versions: Mapping[Id, int]
) -> dict[Id, list[Suppression]]:
    """What holds each of these alerts back, by organization. No query where nothing is set up; no query an alert."""
    found: dict[Id, list[Suppression]] = {}
    for organization_id, version in ((each, versions[each]) for each in alerts if each in versions):
        suppressors = await _suppressors_of(db, organization_id, version, now)
        found |= await _holding(db, organization_id, suppressors, alerts[organization_id], now)
    return found


async def _holding(
    db: Connection | Pool, organization_id: Id, suppressors: Suppressors, alerts: Sequence[AlertView], now: datetime
) -> dict[Id, list[Suppression]]:
    found: dict[Id, list[Suppression]] = {}
    aims: dict[Id, tuple[Side, ...]] = {}
    for alert in alerts:
        labels = labels_of(alert)
        if timed := suppressors.timed(labels, now):
            found[alert.id] = timed
        if targeted := suppressors.rules.targets(labels):
            aims[alert.id] = targeted
    if aims:
        sources = await inhibitors.behind(db, organization_id, {aim for each in aims.values() for aim in each})
        for alert in alerts:
            ranked = rank(alert.severity, alert.started_at, alert.id)
            if held := inhibitor(alert.id, ranked, aims.get(alert.id, ()), sources):
                found.setdefault(alert.id, []).append(suppressors.inhibited(*held))
    return found


async def timed(
    db: Connection | Pool, organization_id: Id, labels: Mapping[str, str], now: datetime
) -> list[Suppression]:
    """The silences and windows that would hold an alert with these labels back."""
    version = (await versions_of(db, [organization_id])).get(organization_id)
    if version is None:
        return []
    return (await _suppressors_of(db, organization_id, version, now)).timed(labels, now)


async def follow(db: Connection, alerts: Sequence[AlertView], versions: Mapping[Id, int]) -> None:
    """Keep up with which alerts hold others back, after these changed (of several organizations, maybe)."""
    by_organization: dict[Id, list[AlertView]] = {}
    for alert in alerts:
        by_organization.setdefault(alert.organization_id, []).append(alert)
    for organization, its_alerts in by_organization.items():
        if organization in versions:
            rules = await _rules_of(db, organization, versions[organization])
            if rules.rules:
                await inhibitors.follow(db, rules, its_alerts)


async def _suppressors_of(db: Connection | Pool, organization_id: Id, version: int, now: datetime) -> Suppressors:
    day = now.astimezone(UTC).date()
    if remembered := _suppressors.get(organization_id, (version, day)):
        return remembered
    made = Suppressors(
        await suppression_store.lasting(db, organization_id, datetime.combine(day, time(), UTC)),
        await suppression_store.windows(db, organization_id),
        await _rules_of(db, organization_id, version),
        day,
    )
    return _suppressors.keep(organization_id, (version, day), made)


async def _rules_of(db: Connection | Pool, organization_id: Id, version: int) -> Rules:
    if (remembered := _rules.get(organization_id, version)) is not None:
        return remembered
    return _rules.keep(
        organization_id, version, Rules.active(await suppression_store.inhibition_rules(db, organization_id))
    )
