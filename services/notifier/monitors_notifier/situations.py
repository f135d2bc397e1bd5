"""What a try begins with: the claim, the channel, what waits for it, and what arrived of the alerts concerned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitors_contracts.base import Id
from monitors_runtime.database import Connection, Pool

from . import channel_store, store
from .channel_store import Channel
from .claims import Claims
from .domain.merging import Arrival, Arrivals
from .store import Key, Ledger


class Ask(NamedTuple):
    """Of which group and channel; with a notice that is new, its id and its alerts."""

    key: Key
    notice_id: Id | None = None
    alert_ids: tuple[Id, ...] = ()


@dataclass(frozen=True)
class Situation:
    """All that a try is decided by. `is_known`: the ledger has the new notice already."""

    channel: Channel | None
    waiting: list[Ledger]
    is_known: bool
    arrived: Mapping[Id, Arrivals]


async def take(pool: Pool, claims: Claims, asked: Sequence[Ask]) -> dict[Ask, Situation]:
    """Claim, and look; what another copy holds is left out. Each key is asked for once."""
    async with pool.acquire() as db:
        taken = await claims.take(db, [ask.key for ask in asked])
        try:
            return await _look(db, [ask for ask in asked if ask.key in taken])
        except BaseException:
            claims.forget(list(taken))
            raise


async def _look(db: Connection, asked: Sequence[Ask]) -> dict[Ask, Situation]:
    if not asked:
        return {}
    channels = await channel_store.these_channels(db, [(ask.key.organization_id, ask.key.channel_id) for ask in asked])
    fresh = [ask.notice_id for ask in asked if ask.notice_id]
    waiting, known = await store.waiting(db, [ask.key for ask in asked], fresh)
    alerts = {(ask.key.organization_id, alert) for ask in asked for alert in _alerts(ask, waiting)}
    arrived = await store.arrivals(db, sorted(alerts))
    return {
        ask: Situation(
            channel=channels.get((ask.key.organization_id, ask.key.channel_id)),
            waiting=waiting.get(ask.key, []),
            is_known=ask.notice_id in known,
            arrived={
                alert: _as_seen_by(ask.key.channel_id, arrived.get((ask.key.organization_id, alert), []))
                for alert in _alerts(ask, waiting)
            },
        )
        for ask in asked
    }


def _alerts(ask: Ask, waiting: Mapping[Key, Sequence[Ledger]]) -> set[Id]:
    rows = waiting.get(ask.key, ())
    return {*ask.alert_ids, *(alert.id for row in rows if row.notice for alert in row.notice.alerts)}


def _as_seen_by(channel_id: Id, rows: Sequence[tuple[Arrival, Id | None]]) -> Arrivals:
    here = next((arrival for arrival, _ in rows if arrival.channel_id == channel_id), None)
    there = (arrival for arrival, meant_for in rows if meant_for == channel_id and arrival.channel_id != channel_id)
    return Arrivals(here, tuple(there))
