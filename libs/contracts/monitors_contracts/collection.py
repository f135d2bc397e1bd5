"""A user's monitors as a collection: listed, duplicated, deleted and brought back. Answered by the evaluator."""

from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Done, Id, Model, TenantRequest, Value
from .monitors import MonitorStatus, MonitorView, Verdict


class MonitorGone(Done):
    """A monitor was deleted."""

    restorable_until: AwareDatetime | None = Field(default=None, description="Until then RestoreMonitor brings it back")


class DeleteMonitor(TenantRequest[MonitorGone]):
    """Delete a monitor at once, and its facts when it can't be brought back any more. Problem: `monitor-not-found`."""

    service = "evaluator"
    monitor_id: Id
    restorable_minutes: int = Field(default=0, ge=0, description="How long it can be brought back")


class RestoreMonitor(TenantRequest[MonitorView]):
    """Bring a deleted monitor back with all its facts; one that is there is answered as it is.

    Problems: `monitor-not-found`, `monitor-erased` (too late), `monitor-limit`.
    """

    service = "evaluator"
    monitor_id: Id
    limit: int = Field(default=0, ge=0, description="Most monitors its user may have; 0 for no limit")


class DuplicateMonitor(TenantRequest[MonitorView]):
    """Make another monitor like this one, without its history. Problems: `monitor-not-found`, `monitor-limit`."""

    service = "evaluator"
    monitor_id: Id
    copy_id: Id = Field(description="The new monitor; asking twice with one id makes one")
    user_id: Id
    limit: int = Field(default=0, ge=0, description="Most monitors this user may have; 0 for no limit")


class RecentValue(Model):
    """What one check read, for a small chart."""

    at: AwareDatetime
    value: Value = None
    verdict: Verdict | None = None


class MonitorList(Model):
    """A page of monitors, in the order asked for. `total` is how many match, `owned` how many the user has in all."""

    monitors: list[MonitorView]
    total: int
    owned: int = 0
    next_cursor: str | None = None
    recent_values: dict[Id, list[RecentValue]] = Field(
        default_factory=dict, description="By monitor, oldest first; as many as were asked for"
    )


MonitorOrder = Literal["newest", "name", "lastChecked"]


class ListMonitors(TenantRequest[MonitorList]):
    """The monitors of one user. Problem: `invalid-cursor`, also for one of another order."""

    service = "evaluator"
    user_id: Id
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None
    text: str | None = Field(
        default=None, max_length=200, description="Stands in name, prompt, address or fact; case does not matter"
    )
    status: MonitorStatus | None = None
    sort: MonitorOrder = "newest"
    recent: int = Field(default=0, ge=0, le=50, description="Latest values to tell of each monitor")
