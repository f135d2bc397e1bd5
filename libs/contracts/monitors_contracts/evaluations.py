"""A monitor's checks over time, and the place its fact is read from."""

from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from .base import Id, Model, ShortText, TenantRequest, Value
from .monitors import Evaluation, MonitorView, Reading, Verdict


class EvaluationPage(Model):
    """Checks, newest first."""

    evaluations: list[Evaluation]
    next_cursor: str | None = None


class ListEvaluations(TenantRequest[EvaluationPage]):
    """The history of one monitor, page by page, however long. Problem: `monitor-not-found`."""

    service = "evaluator"
    monitor_id: Id
    verdict: Verdict | None = Field(default=None, description="Only checks that ended so; those pending not at all")
    since: AwareDatetime | None = Field(default=None, description="Asked for at this moment or later")
    until: AwareDatetime | None = Field(default=None, description="Asked for before this moment")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class ValueChange(Model):
    """A value, and since when it was read."""

    at: AwareDatetime
    value: Value = None


class MonitorValues(Model):
    """What was read over time, light enough to draw.

    Numbers come as two columns of one length; a null stands where no check told a value. Anything else comes as its changes.
    """

    unit: str | None = None
    times: list[float] = Field(default_factory=list, description="Seconds since 1970-01-01 UTC, ascending")
    values: list[float | None] = Field(default_factory=list)
    changes: list[ValueChange] = Field(default_factory=list, description="Oldest first; empty for numbers")


class GetMonitorValues(TenantRequest[MonitorValues]):
    """A chart's data: at most about `points` of it, keeping every low and high. Problem: `monitor-not-found`."""

    service = "evaluator"
    monitor_id: Id
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    points: int = Field(default=500, ge=10, le=5000)


class Pointed(Model):
    """What the fact is read as at the place pointed at. `monitor` is set when it was saved."""

    place: str
    reading: Reading
    monitor: MonitorView | None = None


class PointMonitor(TenantRequest[Pointed]):
    """Read a monitor's fact at another place of a kept page, from now on: derives the plan that reads that place.

    Give the `place` (an address that ShowSnapshot put into its links), or a piece of the place's `text`. What was read before
    is forgotten, as with a new prompt; an alert stays open if what stands there is a ground for it too. Problems:
    `monitor-not-found`, `snapshot-not-found`, `no-such-place`, `nothing-to-read-there`.
    """

    service = "evaluator"
    monitor_id: Id
    snapshot_id: Id
    place: str | None = Field(default=None, max_length=100)
    text: ShortText | None = None
    dry_run: bool = Field(default=False, description="Only tell what would be read")

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.place is None) == (self.text is None):
            raise ValueError("give either `place` or `text`")
        return self
