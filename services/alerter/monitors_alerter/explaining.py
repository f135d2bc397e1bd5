"""Why somebody was told of an alert, or was not: what was decided about it, as it was written down when it was decided."""

from collections.abc import Mapping
from datetime import UTC, datetime

from asyncpg import Record

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.decisions import AlertDecision, AlertDecisions, AlertPlace, ExplainAlert, HeldBy
from monitors_runtime.database import Connection
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from . import circumstances, store, suppressing, telling_store
from .domain.groups import Channel
from .domain.labels import labels_of
from .routes import destination

COUNT = "SELECT count(*) FROM alerter.decisions WHERE organization_id = $1 AND alert_id = $2"

PLACES = """
SELECT route, labels, members.word, told_at, due_at, step, next_due, digest_of FROM alerter.members
JOIN alerter.groups ON groups.id = group_id
WHERE members.organization_id = $1 AND alert_id = $2 ORDER BY route, groups.id
"""


class Explaining:
    """The alerter's answer to who asks why."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def explain(self, query: ExplainAlert) -> AlertDecisions:
        """What was decided about telling an alert, and how it stands."""
        organization_id, now = query.organization_id, datetime.now(UTC)
        pool = self._service.runtime.pool
        steps, _ = await store.steps(pool, organization_id, query.alert_id, query.limit)
        async with pool.acquire() as db, db.transaction():
            alert = await store.get(db, organization_id, query.alert_id)
            if alert is None:
                raise problem("alert-not-found", "No such alert", 404, "There is no alert with this id here.")
            known = (await circumstances.these(db, [organization_id]))[organization_id]
            rows = await db.fetch(telling_store.DECISIONS_OF, organization_id, alert.id, query.limit)
            decided = await db.fetchval(COUNT, organization_id, alert.id)
            places = await db.fetch(PLACES, organization_id, alert.id)
            held_by = await _held(db, alert, now)
        labels = labels_of(alert)
        return AlertDecisions(
            alert=alert,
            labels=labels,
            steps=steps,
            decisions=[_decision(row, known.channels) for row in reversed(rows)],
            decided=decided,
            places=[_place(row) for row in places],
            held_by=held_by,
            destinations=[destination(way, known.channels, now) for way in known.tree.ways(labels)],
        )


async def _held(db: Connection, alert: AlertView, now: datetime) -> list[HeldBy]:
    found = await suppressing.suppressions(db, alert.organization_id, [alert], now)
    return [
        HeldBy(kind=each.kind, id=each.id, words=each.words, until=each.until, inhibitor=each.inhibitor)
        for each in found.get(alert.id, ())
    ]


def _decision(row: Record, channels: Mapping[Id, Channel]) -> AlertDecision:
    detail, channel = row["detail"], channels.get(row["channel_id"])
    return AlertDecision.model_validate(
        {
            "at": row["at"],
            "word": row["word"],
            "channel_id": row["channel_id"],
            "channel": channel.name if channel else "",
            "route": row["route"],
            "reason": detail.get("reason", ""),
            "step": detail.get("step"),
            "person": detail.get("person"),
            "until": detail.get("until"),
            "held_by": detail.get("id"),
            "held_words": detail.get("words", ""),
            "inhibitor": detail.get("inhibitor"),
        }
    )


def _place(row: Record) -> AlertPlace:
    return AlertPlace(
        route=row["route"],
        labels=row["labels"],
        word=row["word"],
        told_at=row["told_at"],
        due_at=row["due_at"],
        step=row["step"],
        next_step_at=row["next_due"],
        digest_of=row["digest_of"],
    )
