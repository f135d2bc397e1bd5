"""Where on its page a monitor's fact is read."""

from typing import Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from monitors_contracts.base import Id, Model, ShortText
from monitors_contracts.evaluations import PointMonitor
from monitors_contracts.monitors import Reading

from ..http.callers import CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute
from ..http.pages import PathId
from .audit import audited

router = APIRouter(prefix="/api/monitors", tags=["monitors"], route_class=IdempotentRoute)


class PointRequest(Model):
    """A place on a kept page: its address from the snapshot's rendering, or a piece of its text."""

    snapshot_id: Id
    place: str | None = Field(default=None, max_length=100, examples=["c0.2.1"])
    text: ShortText | None = Field(default=None, examples=["$52.00"])
    dry_run: bool = Field(default=False, description="Only tell what would be read there")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.place is None) == (self.text is None):
            raise ValueError("give either `place` or `text`")
        return self


class PointReply(Model):
    """What the monitor reads at this place; `saved` unless it was only tried."""

    success: bool = True
    place: str
    reading: Reading
    saved: bool


@router.post("/{id}/extraction")
async def point_monitor(monitor_id: PathId, body: PointRequest, caller: CallerDep, gateway: GatewayDep) -> PointReply:
    """Read the fact at another place of the page from the next check on; what was read before is forgotten."""
    asked = PointMonitor(
        organization_id=caller.organization_id,
        monitor_id=monitor_id,
        snapshot_id=body.snapshot_id,
        place=body.place,
        text=body.text,
        dry_run=body.dry_run,
    )
    found = await gateway.runtime.ask(asked, patience=20)
    if not body.dry_run:
        await audited(gateway, caller, "monitor.point", monitor_id)
    return PointReply(place=found.place, reading=found.reading, saved=found.monitor is not None)
