"""Pending alerts: conditions of rules that hold, and not yet for as long as their rules ask. The evaluator knows them."""

from pydantic import AwareDatetime, Field

from .alerts import Severity
from .base import Id, Model, TenantRequest
from .matchers import MOST_MATCHERS, Matcher


class PendingAlert(Model):
    """A condition that holds, and fires when it goes on. Times are those of its samples."""

    rule_id: Id
    fingerprint: str = Field(description="The alert that it becomes has the same")
    name: str
    severity: Severity = Field(description="Of the level that is reached first")
    labels: dict[str, str] = Field(description="Of the series or group, and of the rule: those of the alert")
    group: str = ""
    condition: str = Field(examples=['cpu_percent{env="prod"} > 95 for 5m'])
    value: float | None = Field(default=None, description="The last that was judged")
    since: AwareDatetime = Field(description="Since when it holds")
    fires_at: AwareDatetime = Field(description="The first sample from then on fires, if it holds until then")


class PendingList(Model):
    """What is pending, what fires next first. `total` is how many match; it is as of `judged_at`."""

    alerts: list[PendingAlert]
    total: int
    judged_at: AwareDatetime | None = Field(default=None, description="Null while no rule has judged anything")


class ListPending(TenantRequest[PendingList]):
    """What is pending now; not what nothing is heard of any more, for its time begins anew with the next sample."""

    service = "evaluator"
    rule_id: Id | None = None
    severity: Severity | None = None
    query: str | None = Field(default=None, max_length=200, description="In name or condition, in any letter case")
    matchers: list[Matcher] = Field(
        default_factory=list[Matcher],
        max_length=MOST_MATCHERS,
        description="Of their labels, as routes and silences will see them",
    )
    limit: int = Field(default=50, ge=1, le=500)
