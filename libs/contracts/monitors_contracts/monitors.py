"""Web monitors: what a sentence means, what a page said, and what was decided."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, model_validator

from .base import Event, Id, Model, ShortText, TenantRequest, Url, Value

Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]
MonitorName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Operator(StrEnum):
    """How a condition compares the fact with its value."""

    LE = "le"
    GE = "ge"
    EQ = "eq"
    NE = "ne"
    CONTAINS = "contains"


class Condition(Model):
    """When a state monitor is true. `strict` turns `le`/`ge` into less/greater than ("below 50" is not met by 50)."""

    op: Operator
    value: float | bool | str
    unit: str | None = Field(default=None, description="Currency code or unit as said: USD, °C, %, km/h")
    strict: bool = False


class Change(Model):
    """Which changes a change monitor tells of; by default any."""

    direction: Literal["any", "increase", "decrease"] = "any"
    at_least: float | None = Field(default=None, ge=0, description="Smallest change told of, in the fact's own unit")
    at_least_percent: float | None = Field(default=None, ge=0, description="Smallest change told of, in percent")


class Interpretation(Model):
    """What one sentence asks for: which fact, of what, where, and when to tell."""

    kind: Literal["state", "change"]
    fact: ShortText = Field(description="What is watched, in a few words: `price`, `registration status`")
    subject: ShortText = Field(default="", description="Whose fact it is: `copper kettle`, `Ridge Trail`; may be empty")
    fact_type: Literal["number", "string", "boolean", "object"]
    condition: Condition | None = Field(default=None, description="Set for a state monitor")
    change: Change | None = Field(default=None, description="Set for a change monitor")
    url: Url | None = None
    name: str = Field(max_length=100, description="A suggested name")
    confidence: float = Field(ge=0, le=1)
    provider: str = "local"

    @model_validator(mode="after")
    def _kind_has_its_part(self) -> Self:
        if self.kind == "state" and self.condition is None:
            raise ValueError("a state monitor needs a condition")
        return self

    @property
    def trigger_condition(self) -> str:
        """The condition as a person reads it: `price < 50 USD`."""
        if self.condition is None:
            change = self.change or Change()
            verb = {"any": "changes", "increase": "rises", "decrease": "falls"}[change.direction]
            least = f" by at least {change.at_least:g}" if change.at_least else ""
            percent = f" by at least {change.at_least_percent:g} %" if change.at_least_percent else ""
            return f"{self.fact} {verb}{least}{percent}"
        sign = {"le": "≤", "ge": "≥", "eq": "=", "ne": "≠", "contains": "contains"}[self.condition.op]
        if self.condition.strict:
            sign = {"≤": "<", "≥": ">"}.get(sign, sign)
        value = self.condition.value
        shown = f"{value:,.10g}" if isinstance(value, float) else str(value)
        return " ".join(part for part in (self.fact, sign, shown, self.condition.unit) if part)


class SourceSettings(Model):
    """How a monitor's page is fetched."""

    render: Literal["auto", "http", "browser"] = "auto"
    headers: dict[str, str] = Field(default_factory=dict, description="Extra request headers")
    fallback_urls: list[Url] = Field(
        default_factory=list, max_length=5, description="Tried in order when the first fails"
    )


class ExtractionPlan(Model):
    """How a fact is read from its page, derived once and run on every later check without a model."""

    method: str = Field(description="`json_ld`, `microdata`, `table_cell`, `json_path`, `feed`, `pattern`, `text`, ...")
    locator: dict[str, JsonValue] = Field(
        default_factory=dict, description="Whatever the method needs to find it again"
    )
    provider: str = "local"


class Evidence(Model):
    """Where a value came from: the piece of page it was read off, and how."""

    quote: str = Field(max_length=1000, description="The piece of page, as shown there")
    method: str
    locator: str = Field(
        default="", max_length=1000, description="Where in the page: a CSS selector, a JSON path, a table cell"
    )
    snapshot_id: Id | None = None
    url: str | None = None


class Reading(Model):
    """What a page said: a fact's value, where it stood, and how sure that is."""

    value: Value = None
    unit: str | None = None
    evidence: Evidence
    confidence: float = Field(ge=0, le=1)


class Verdict(StrEnum):
    """How a check ended."""

    TRIGGERED = "triggered"
    QUIET = "quiet"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


class MonitorStatus(StrEnum):
    """How a monitor stands, in one word; the first that fits, from top to bottom."""

    PAUSED = "paused"
    NEW = "new"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    TRIGGERED = "triggered"
    QUIET = "quiet"


ChangeType = Literal["increase", "decrease", "stable", "new", "removed", "changed"]
BY_HAND = "by-hand"
"""The provider of an interpretation that a person corrected."""


class MonitorView(Model):
    """A monitor as its owner sees it."""

    id: Id
    organization_id: Id
    user_id: Id
    name: str
    prompt: str
    interpretation: Interpretation
    source: SourceSettings = SourceSettings()
    is_active: bool = True
    plan: ExtractionPlan | None = None
    current_value: Value = None
    previous_value: Value = None
    unit: str | None = None
    condition_met: bool | None = Field(
        default=None, description="The last known truth of the condition; null before the first"
    )
    last_checked: AwareDatetime | None = None
    last_verdict: Verdict | None = None
    last_reason: str | None = None
    trigger_count: int = 0
    evaluation_count: int = 0
    version: int = 0
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @property
    def status(self) -> MonitorStatus:
        """Paused; not judged yet as it is defined now; or how the last check ended, `triggered` while the condition holds."""
        if not self.is_active:
            return MonitorStatus.PAUSED
        if self.last_verdict is None:
            return MonitorStatus.NEW
        if self.last_verdict is Verdict.QUIET and self.condition_met:
            return MonitorStatus.TRIGGERED
        return MonitorStatus(self.last_verdict)


class Fetched(Model):
    """How a check came by its page."""

    snapshot_id: Id
    rendered_by: Literal["http", "browser"]
    status: int
    unchanged: bool = Field(default=False, description="The same content as the fetch before")
    fetched_at: AwareDatetime
    duration_ms: float


class Evaluation(Model):
    """One check's result: what was read, what was decided, and by which named reason."""

    id: Id = Field(description="The refresh that asked for it")
    monitor_id: Id
    status: Literal["pending", "done"] = "done"
    verdict: Verdict | None = None
    reason: str = Field(
        default="", description="A stable word: `condition-met`, `still-met`, `not-met`, `changed`, `captcha`, ..."
    )
    detail: str = Field(default="", description="The reason for a person")
    value: Value = None
    previous_value: Value = None
    unit: str | None = None
    change_type: ChangeType | None = None
    change_amount: float | None = None
    change_percentage: float | None = None
    confidence: float = Field(default=0, ge=0, le=1)
    evidence: Evidence | None = None
    requested_at: AwareDatetime
    evaluated_at: AwareDatetime | None = None
    confirmed: bool = Field(default=False, description="A surprising value that a second fetch showed again")
    processing_time_ms: float | None = Field(default=None, description="Time spent extracting and deciding")
    fetched: Fetched | None = Field(default=None, description="Null when no page was to be had")
    condition: str = Field(default="", description="What it was judged by, as a person reads it: `price < 50 USD`")
    new_plan: bool = Field(default=False, description="The fact was found by a plan derived in this check")


# -- events ---------------------------------------------------------------------------------------------------------


class MonitorCreated(Event):
    """Somebody asked for a fact to be watched."""

    aggregate, action, stream, entity_field = "monitor", "created", "MONITORS", "monitor_id"
    monitor_id: Id
    monitor: MonitorView


class MonitorUpdated(Event):
    """A monitor's prompt, name, source or activity changed; carries the whole monitor after the change."""

    aggregate, action, stream, entity_field = "monitor", "updated", "MONITORS", "monitor_id"
    monitor_id: Id
    monitor: MonitorView


class MonitorDeleted(Event):
    """A monitor is gone at once; its facts are erased when it can't be brought back any more."""

    aggregate, action, stream, entity_field = "monitor", "deleted", "MONITORS", "monitor_id"
    monitor_id: Id
    monitor_version: int | None = Field(
        default=None, ge=0, description="The version of the deletion; null when nothing can come after it"
    )
    restorable_until: AwareDatetime | None = Field(
        default=None, description="Until then MonitorRestored may follow; null when its facts are gone with it"
    )


class MonitorRestored(Event):
    """A deleted monitor is back with all its facts; carries it as it is now, of a higher version than its deletion."""

    aggregate, action, stream, entity_field = "monitor", "restored", "MONITORS", "monitor_id"
    monitor_id: Id
    monitor: MonitorView


class MonitorRefreshRequested(Event):
    """A check was asked for: by a person, by a surprising value (`confirmation`) or by a schedule."""

    aggregate, action, stream, entity_field = "monitor", "refresh-requested", "MONITORS", "monitor_id"
    monitor_id: Id
    refresh_id: Id
    urls: list[Url] = Field(min_length=1, description="The source, then its fall-backs")
    source: SourceSettings = SourceSettings()
    cause: Literal["manual", "confirmation", "scheduled"] = "manual"
    suspect: Reading | None = Field(
        default=None, description="For a confirmation: the surprising value to be seen again"
    )
    requested_at: AwareDatetime


class MonitorEvaluated(Event):
    """A check came to an end. Holds everything that the monitor's state and history are made of."""

    aggregate, action, stream, entity_field = "monitor", "evaluated", "MONITORS", "monitor_id"
    monitor_id: Id
    monitor_name: str
    evaluation: Evaluation
    condition_met: bool | None = None
    plan: ExtractionPlan | None = Field(default=None, description="Set when the plan was derived or derived anew")
    content_hash: str | None = Field(default=None, description="The content the value was read from")
    monitor_version: int = Field(ge=0, description="The monitor's version after this evaluation")


class Crossing(Event):
    """The ground of ThresholdExceeded and ThresholdCleared: which condition, of what, by which value.

    A rule's crossing stands where a monitor's would: `monitor_id` and `monitor_name` are then the rule's, and `rule_id`
    says so.
    """

    monitor_id: Id = Field(description="What is watched: the monitor, or the rule as `rule_id` tells")
    monitor_name: str
    refresh_id: Id | None = None
    fingerprint: str = Field(description="The same condition has the same fingerprint, however often it is crossed")
    kind: Literal["state", "change"]
    summary: str
    condition: str
    value: Value = None
    previous_value: Value = None
    unit: str | None = None
    change_amount: float | None = None
    change_percentage: float | None = None
    evidence: Evidence | None = None
    url: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    occurred_at: AwareDatetime
    rule_id: Id | None = Field(default=None, description="Set when a rule was crossed")
    severity: Literal["info", "warning", "critical"] | None = Field(
        default=None, description="Of the level that was crossed; null where there are none"
    )
    annotations: dict[str, str] = Field(default_factory=dict)
    runbook_url: Url | None = None
    group: str = ""
    reason: str | None = Field(
        default=None, description="A stable word of a rule: `crossed`, `raised`, `recovered`, ..."
    )
    pending_since: AwareDatetime | None = Field(
        default=None, description="When the condition began to hold, where a rule waited before it fired"
    )


class ThresholdExceeded(Crossing):
    """A condition became true, or a watched fact changed."""

    aggregate, action, stream, entity_field = "threshold", "exceeded", "ALERTS", "monitor_id"


class ThresholdCleared(Crossing):
    """A condition that was true is no longer."""

    aggregate, action, stream, entity_field = "threshold", "cleared", "ALERTS", "monitor_id"


# -- commands and queries (answered by the evaluator) --------------------------------------------------------------


class InterpretPrompt(TenantRequest[Interpretation]):
    """What does this sentence mean? Saves nothing."""

    service = "evaluator"
    user_id: Id
    prompt: Prompt


class CreateMonitor(TenantRequest[MonitorView]):
    """Interpret and save. Problems: `no-source-url`, `not-understood`, `invalid-interpretation`, `monitor-limit`."""

    service = "evaluator"
    monitor_id: Id
    user_id: Id
    prompt: Prompt
    name: MonitorName | None = None
    source: SourceSettings = SourceSettings()
    limit: int = Field(default=0, ge=0, description="Most monitors this user may have; 0 for no limit")
    interpretation: Interpretation | None = Field(
        default=None, description="What the person says it means; the prompt is then not interpreted"
    )


class UpdateMonitor(TenantRequest[MonitorView]):
    """Change what is given; a new prompt is interpreted anew and forgets the old plan and value.

    So does an interpretation that asks the page for something else. One that only fires at something else keeps them, and is
    judged with the next check. Problems: those of CreateMonitor, and `monitor-not-found`.
    """

    service = "evaluator"
    monitor_id: Id
    user_id: Id
    prompt: Prompt | None = None
    name: MonitorName | None = None
    is_active: bool | None = None
    source: SourceSettings | None = None
    interpretation: Interpretation | None = Field(
        default=None, description="What the person says it means; a prompt is then not interpreted"
    )


class MonitorDetail(Model):
    """A monitor with its latest evaluations, newest first."""

    monitor: MonitorView
    evaluations: list[Evaluation]


class GetMonitor(TenantRequest[MonitorDetail]):
    """One monitor with its history. Problem: `monitor-not-found`."""

    service = "evaluator"
    monitor_id: Id
    history: int = Field(default=50, ge=0, le=1000)


class RefreshItem(Model):
    """One refresh to start; the id makes asking twice harmless."""

    monitor_id: Id
    refresh_id: Id


class RefreshAccepted(Model):
    """Which refreshes were durably accepted, and which monitors could not be checked and why."""

    accepted: list[Id]
    refused: dict[str, str] = Field(
        default_factory=dict, description="Refresh id -> `monitor-not-found`, `monitor-paused`"
    )


class RequestRefreshes(TenantRequest[RefreshAccepted]):
    """Start checks: one answer for many, durable when answered."""

    service = "evaluator"
    items: list[RefreshItem] = Field(min_length=1, max_length=1000)
    cause: Literal["manual", "scheduled"] = "manual"


class EvaluationList(Model):
    """Evaluations in the order asked for; unknown ids are absent."""

    evaluations: list[Evaluation]


class GetEvaluations(TenantRequest[EvaluationList]):
    """The results of refreshes, pending or done."""

    service = "evaluator"
    refresh_ids: list[Id] = Field(min_length=1, max_length=1000)
