"""What holds alerts back now, and what was held back.

For whoever tells alerts: `suppressions` says what holds each one back; what is held back because of it is written down by
`held_back`. A silence or a window that ends says when (`until`); alerts that an ended one held back are `freed`.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from uuid import UUID

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool, columns

from . import inhibitors, suppression_store
from .domain.inhibition import Side, inhibitor, rank
from .domain.labels import labels_of
from .domain.suppression import Suppression, Suppressors

MOST_REMEMBERED = 500
"""Organizations whose suppressors are kept in memory."""

HELD_BACK = """
INSERT INTO alerter.held AS known (organization_id, holder_id, alert_id, inhibitor_id, since, last, times, alert_version)
SELECT organization_id, holder_id, alert_id, inhibitor_id, at, at, 1, version FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::int[]
) AS given (organization_id, holder_id, alert_id, inhibitor_id, at, version)
ON CONFLICT (organization_id, holder_id, alert_id) DO UPDATE SET
    inhibitor_id = excluded.inhibitor_id, last = excluded.last, alert_version = excluded.alert_version,
    times = known.times + (known.alert_version < excluded.alert_version)::int
WHERE known.alert_version < excluded.alert_version OR known.inhibitor_id IS DISTINCT FROM excluded.inhibitor_id
"""
FREED = "SELECT DISTINCT organization_id FROM alerter.held WHERE inhibitor_id = ANY($1::uuid[])"

_known: OrderedDict[Id, tuple[UUID, date, Suppressors]] = OrderedDict()
"""By organization, with the stamp and the day it was made for: what it comes to is the same whoever made it."""


async def suppressions(
    db: Connection | Pool, organization_id: Id, alerts: Sequence[AlertView], now: datetime
) -> dict[Id, list[Suppression]]:
    """What holds each of these alerts of one organization back; those that nothing holds are absent.

    One query where nothing is set up; no query an alert. Silences come first, then windows, then other alerts.
    """
    suppressors = (await known(db, [organization_id], now)).get(organization_id)
    if suppressors is None:
        return {}
    found: dict[Id, list[Suppression]] = {}
    aims: dict[Id, tuple[Side, ...]] = {}
    for alert in alerts:
        labels = labels_of(alert)
        if timed := suppressors.timed(labels, now):
            found[alert.id] = timed
        if targeted := suppressors.rules.sides(labels)[1]:
            aims[alert.id] = targeted
    if aims:
        sources = await inhibitors.behind(db, organization_id, {aim for each in aims.values() for aim in each})
        for alert in alerts:
            ranked = rank(alert.severity, alert.started_at, alert.id)
            if held := inhibitor(alert.id, ranked, aims.get(alert.id, ()), sources):
                found.setdefault(alert.id, []).append(suppressors.inhibited(*held))
    return found


async def known(db: Connection | Pool, organizations: Sequence[Id], now: datetime) -> dict[Id, Suppressors]:
    """What holds alerts back in each of these organizations that ever set something up."""
    return {
        organization: await _suppressors(db, organization, stamp, now.astimezone(UTC).date())
        for organization, stamp in (await suppression_store.stamps(db, organizations)).items()
    }


async def _suppressors(db: Connection | Pool, organization_id: Id, stamp: UUID, day: date) -> Suppressors:
    if (remembered := _known.get(organization_id)) and remembered[:2] == (stamp, day):
        _known.move_to_end(organization_id)
        return remembered[2]
    made = Suppressors(
        await suppression_store.lasting(db, organization_id, datetime.combine(day, time(), UTC)),
        await suppression_store.windows(db, organization_id),
        await suppression_store.inhibition_rules(db, organization_id),
        day,
    )
    _known[organization_id] = stamp, day, made
    if len(_known) > MOST_REMEMBERED:
        _known.popitem(last=False)
    return made


async def follow(db: Connection, alerts: Sequence[AlertView], now: datetime) -> None:
    """Keep up with which alerts hold others back, after these changed (of several organizations, maybe)."""
    by_organization: dict[Id, list[AlertView]] = {}
    for alert in alerts:
        by_organization.setdefault(alert.organization_id, []).append(alert)
    for organization, suppressors in (await known(db, list(by_organization), now)).items():
        if suppressors.rules.rules:
            await inhibitors.follow(db, suppressors.rules, by_organization[organization])


async def freed(db: Connection, alerts: Sequence[AlertView]) -> list[Id]:
    """Organizations in which something that one of these alerts held back may be told, now that it is over."""
    over = [alert.id for alert in alerts if alert.state is AlertState.RESOLVED]
    return [row[0] for row in await db.fetch(FREED, over)] if over else []


async def held_back(db: Connection, held: Sequence[tuple[AlertView, Sequence[Suppression]]], now: datetime) -> None:
    """Write down that these alerts had something to tell, and what held them back. The same change twice counts once."""
    rows = {
        (each.id, alert.id): (alert.organization_id, each.id, alert.id, each.inhibitor, now, alert.version)
        for alert, suppressions in held
        for each in suppressions
    }
    if rows:
        await db.execute(HELD_BACK, *columns([rows[key] for key in sorted(rows)]))
