"""Reminds of silences that end soon while something they hide still fires, so that nobody is called up by surprise."""

from collections.abc import Sequence
from datetime import UTC, datetime

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id, new_id
from monitors_contracts.notices import Notice, NoticeIssued
from monitors_contracts.silences import Silence, SilenceChanged
from monitors_runtime.periodic import Periodic
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import circumstances, held, routing_store, suppression_store
from .domain import silencing
from .domain.labels import labels_of
from .domain.routing import Tree

EVERY_SECONDS = 5
MOST_ALERTS = 500
"""Alerts of a silence whose routes are asked for the channels to tell."""
NAMED = 5
"""Alerts that the message names."""


class Reminding:
    """Copies share the work: a silence that one reminds of is passed over by others."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.periodic = Periodic("silences that end", lambda: self.remind(datetime.now(UTC)), EVERY_SECONDS)

    async def remind(self, now: datetime) -> bool:
        """Remind of one that is due; whether there was any."""
        async with self._service.transaction() as tx:
            due = await suppression_store.hold_to_remind(tx.db, now)
            if due is None:
                return False
            organization_id, silence = due
            reminded = silencing.remind(silence, now)
            event = SilenceChanged(organization_id=organization_id, silence_id=silence.id, silence=reminded)
            await suppression_store.apply(tx.db, event)
            tx.publish(event)
            if now < silence.ends_at:
                await _tell(tx, organization_id, silence, now)
        return True


async def _tell(tx: Transaction, organization_id: Id, silence: Silence, now: datetime) -> None:
    firing = await held.firing(tx.db, organization_id, silence.id, MOST_ALERTS)
    if not firing:
        return
    note = _text(silence, firing)
    for channel in await _channels(tx, organization_id, firing):
        notice = Notice(
            id=new_id(),
            group_id=silence.id,
            channel_id=channel,
            reason="silence-expires",
            alerts=[],
            note=note,
            issued_at=now,
        )
        tx.publish(NoticeIssued(organization_id=organization_id, notice_id=notice.id, notice=notice))


async def _channels(tx: Transaction, organization_id: Id, alerts: Sequence[AlertView]) -> list[Id]:
    """Where these alerts would be told, each channel once."""
    tree = Tree((await circumstances.routing(tx.db, organization_id)).root)
    known = (await routing_store.channels(tx.db, [organization_id])).get(organization_id, {})
    active = [each for each, channel in known.items() if channel.is_active]
    wanted: set[Id] = set()
    for alert in alerts:
        for way in tree.ways(labels_of(alert)):
            wanted |= set(active if way.channels is None else way.channels)
    return [each for each in active if each in wanted]


def _text(silence: Silence, firing: Sequence[AlertView]) -> str:
    matchers = ", ".join(str(matcher) for matcher in silence.matchers)[:300]
    by = f" by {silence.author}" if silence.author else ""
    why = f" ({silence.comment[:300]})" if silence.comment else ""
    names = list(dict.fromkeys(alert.name for alert in firing))
    named = ", ".join(name[:100] for name in names[:NAMED]) + (" ..." if len(names) > NAMED else "")
    count = f"{len(firing)} firing alert" + ("" if len(firing) == 1 else "s")
    ends = f"{silence.ends_at.astimezone(UTC):%H:%M} UTC"
    return f"The silence of {matchers}{by}{why} ends at {ends}. It hides {count}, told then: {named}."
