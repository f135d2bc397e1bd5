"""The health of the platform's own parts, for everybody; and its numbers, which are of all organizations, for its operators."""

from importlib.metadata import version
from typing import Self

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from monitors_contracts.base import Model
from monitors_contracts.platform import PartState
from monitors_runtime.errors import problem

from ..domain.system_health import overall
from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..system import Look

router = APIRouter(prefix="/api/system", tags=["system"])


class PartHealth(Model):
    """A part of the platform: a service, the `database`, the `bus`."""

    name: str = Field(examples=["scraper"])
    state: PartState
    reason: str = Field(description="Why it is not up; empty when it is")
    since: AwareDatetime | None = Field(description="Since when, where that is known already")


class HealthReply(Model):
    """How the platform is. `degraded` says that something of it is not as it should be."""

    state: PartState
    checked_at: AwareDatetime
    parts: list[PartHealth]

    @classmethod
    def of(cls, look: Look) -> Self:
        """What a look showed."""
        return cls(state=overall(look.parts), checked_at=look.at, parts=_parts(look))


class QueueStatus(Model):
    """A service's queue of events."""

    service: str
    name: str = Field(examples=["scraper-monitor-refresh-requested"])
    waiting: int


class StatusReply(Model):
    """The platform in numbers."""

    state: PartState
    checked_at: AwareDatetime
    version: str
    parts: list[PartHealth]
    processes: int = Field(description="Processes of the platform that answered")
    queues: list[QueueStatus] = Field(description="Events published and not yet handled, by queue")
    unpublished: int = Field(description="Events committed and not yet published")
    dead_letters: int = Field(description="Messages that were given up and wait for a decision")
    database_seconds: float = Field(description="A round trip to the database")
    bus_seconds: float = Field(description="A round trip to the bus")


@router.get("/health")
async def get_system_health(_: CallerDep, gateway: GatewayDep) -> HealthReply:
    """Which parts of the platform are up, and since when."""
    return HealthReply.of(await gateway.system.report())


def is_operator(gateway: Gateway, caller: Caller) -> bool:
    """Whether the caller operates the platform, by `MONITORS_OPERATORS`."""
    return caller.user_id in gateway.settings.operators


@router.get("/status")
async def get_system_status(caller: CallerDep, gateway: GatewayDep) -> StatusReply:
    """The health of the platform's parts, with how much waits where. For operators: it is of all organizations together."""
    if not is_operator(gateway, caller):
        words = "Only those whom MONITORS_OPERATORS names see the platform's numbers; /api/system/health is for all."
        raise problem("not-an-operator", "Not an operator", 403, words)
    look = await gateway.system.report()
    return StatusReply(
        state=overall(look.parts),
        checked_at=look.at,
        version=version("monitors-gateway"),
        parts=_parts(look),
        processes=len(look.seen.processes),
        queues=[QueueStatus(service=each.service, name=each.name, waiting=each.waiting) for each in look.seen.queues],
        unpublished=sum(look.seen.unpublished.values()),
        dead_letters=look.dead_letters,
        database_seconds=look.seen.database_seconds,
        bus_seconds=look.seen.bus_seconds,
    )


def _parts(look: Look) -> list[PartHealth]:
    return [
        PartHealth(name=each.name, state=each.state, reason=each.reason, since=look.since.get(each.name))
        for each in look.parts
    ]
