"""Keeping what callers changed, and showing them what they did."""

from fastapi import APIRouter
from pydantic import AwareDatetime, Field, JsonValue

from monitors_contracts.base import Id, Model
from monitors_runtime.cursor import cursor_id, next_cursor

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.pages import Cursor, Limit
from ..store import audit as store

router = APIRouter(prefix="/api", tags=["account"])


class AuditEntry(Model):
    """Something the user did."""

    id: Id
    what: str = Field(description="A stable word", examples=["monitor.create"])
    target: str | None = Field(description="The id of what it was done to")
    address: str | None
    occurred_at: AwareDatetime
    data: dict[str, JsonValue]


class AuditReply(Model):
    """A page of entries, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None


@router.get("/audit")
async def list_audit(caller: CallerDep, gateway: GatewayDep, limit: Limit = 50, cursor: Cursor = None) -> AuditReply:
    """What you did, newest first."""
    pool, before = gateway.runtime.pool, cursor_id(cursor)
    found = await store.find(pool, caller.organization_id, caller.user_id, before, limit)
    return AuditReply(entries=[audit_entry(each) for each in found], next_cursor=next_cursor(found, limit))


def audit_entry(entry: store.Entry) -> AuditEntry:
    """An entry as it is shown."""
    return AuditEntry(
        id=entry.id,
        what=entry.what,
        target=entry.target,
        address=entry.ip,
        occurred_at=entry.occurred_at,
        data=entry.data,
    )


async def audited(gateway: Gateway, caller: Caller, what: str, *targets: Id) -> None:
    """Keep that this caller did `what` (a stable word: `monitor.create`) to each target, and by which API token."""
    async with gateway.service.transaction() as tx:
        for target in targets:
            await gateway.audit(
                tx,
                what,
                organization_id=caller.organization_id,
                user_id=caller.user_id,
                address=caller.address,
                target=target,
                data={"apiToken": str(caller.session.id)} if caller.token else None,
            )
