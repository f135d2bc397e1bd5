"""Rules over measurements: what they judge, what they say when they fire, and how each of their series stands."""

from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from .alerts import Severity
from .base import Done, Event, Id, Model, Request, TenantRequest, Url
from .durations import AS_DURATION
from .matchers import Matcher
from .metrics import LabelName
from .series import series_key

Hold = Annotated[float, Field(ge=0, le=7 * 86_400, allow_inf_nan=False), AS_DURATION]
Span = Annotated[float, Field(ge=1, le=7 * 86_400, allow_inf_nan=False), AS_DURATION]

RuleName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Level = Annotated[float, Field(allow_inf_nan=False)]
Comparison: TypeAlias = Literal["gt", "ge", "lt", "le", "eq", "ne"]
Across: TypeAlias = Literal["sum", "avg", "min", "max", "count"]
SIGNS: dict[Comparison, str] = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "eq": "=", "ne": "≠"}
"""How comparisons are shown to a person."""


class BaseRule(Model):
    """What every rule has. `annotations` are texts with places for labels and the value: `{{ labels.host }}`, `{{ value }}`."""

    name: RuleName
    severity: Severity = Field(default="warning", description="Of what fires; where levels are set, the level tells")
    labels: dict[LabelName, Annotated[str, Field(max_length=500)]] = Field(
        default_factory=dict, max_length=30, description="Put on every alert, beside the labels of its series"
    )
    annotations: dict[LabelName, Annotated[str, Field(max_length=2000)]] = Field(
        default_factory=dict, max_length=30, description="`summary` becomes the alert's"
    )
    runbook_url: Url | None = None
    group: str = Field(default="", max_length=200)
    is_active: bool = True


class MetricRule(BaseRule):
    """What every rule over measurements has: the series it judges, each alone."""

    metric: str = Field(min_length=1, max_length=200)
    matchers: list[Matcher] = Field(default_factory=list[Matcher], max_length=30)


def selector(rule: MetricRule) -> str:
    """What a rule selects, as in PromQL."""
    name = series_key(rule.metric, {})
    if not rule.matchers:
        return name
    pairs = ",".join(f"{each.label}{each.op}{_quoted(each.value)}" for each in rule.matchers)
    return f"{name[:-1]},{pairs}}}" if name.startswith("{") else f"{name}{{{pairs}}}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class LeveledRule(MetricRule):
    """What every rule with levels has.

    A level fires when it was crossed for `for`, by the times of the samples. It ends when the value is back behind
    `recovery` (else behind the lowest level) for `recoverFor`. A silence longer than `staleAfter` begins `for` anew; a
    firing one goes on firing through any silence.

    With `by`, the series that agree in these labels (none: all) are put together: of the value that each has alone (the
    last one, what its window comes to), `across` makes one, and that is judged.
    """

    op: Comparison = "gt"
    warning: Level | None = None
    critical: Level | None = None
    recovery: Level | None = Field(default=None, description="Where it is over; the lowest level when absent")
    hold: Hold = Field(default=0, alias="for")
    recover_for: Hold = 0
    stale_after: Span = 300
    by: list[LabelName] | None = Field(default=None, max_length=10)
    across: Across = Field(default="sum", description="How the series of a group become one value")

    @model_validator(mode="after")
    def _levels_fit(self) -> Self:
        if self.warning is None and self.critical is None:
            raise ValueError("a level is needed: warning, critical or both")
        if self.op in ("eq", "ne"):
            if (self.warning is not None and self.critical is not None) or self.recovery is not None:
                raise ValueError("eq and ne have one level and no recovery")
            return self
        sign = 1 if self.op in ("gt", "ge") else -1
        steps = [sign * level for level in (self.recovery, self.warning, self.critical) if level is not None]
        if steps != sorted(steps):
            raise ValueError("levels go recovery, warning, critical in the direction of op")
        return self


class ThresholdRule(LeveledRule):
    """The last value against levels."""

    kind: Literal["threshold"]


class WindowRule(LeveledRule):
    """What the samples of the last `window` come to, against levels."""

    kind: Literal["window"]
    window: Span
    function: Literal["avg", "min", "max", "sum", "count"] = "avg"


class RateRule(LeveledRule):
    """Change a second over `window`: of a counter, which may begin anew (`rate`), or of a gauge (`delta`)."""

    kind: Literal["rate"]
    window: Span = 300
    function: Literal["rate", "delta"] = "rate"


class RatioRule(LeveledRule):
    """The average of `window` as a multiple of what it was `offset` ago (a day, a week); a group's, of what the group was."""

    kind: Literal["ratio"]
    window: Span = 300
    offset: Annotated[float, Field(ge=3600, le=35 * 86_400), AS_DURATION] = 86_400


class NOfMRule(LeveledRule):
    """A level is crossed when `n` of the last `m` samples cross it; a group has one whenever any of its series has."""

    kind: Literal["nOfM"]
    n: int = Field(ge=1, le=64)
    m: int = Field(ge=1, le=64)

    @model_validator(mode="after")
    def _n_fits(self) -> Self:
        if self.n > self.m:
            raise ValueError("n can't be more than m")
        return self


class AbsenceRule(MetricRule):
    """No sample for `for`: of each series that was seen, or with `by` of all that agree in these labels (none: of all).

    Several that fall silent because their sender did are one alert, of the sender.
    """

    kind: Literal["absence"]
    hold: Hold = Field(default=300, alias="for")
    by: list[LabelName] | None = Field(default=None, max_length=10)

    @model_validator(mode="after")
    def _hold_is_some(self) -> Self:
        if self.hold < 1:
            raise ValueError("absence needs a `for` of a second or more")
        return self


class CompositeRule(BaseRule):
    """Other rules together: all of them fire, or any. With `by`, for each value of these labels apart."""

    kind: Literal["composite"]
    operator: Literal["and", "or"]
    rules: list[Id] = Field(min_length=1, max_length=20)
    by: list[LabelName] = Field(default_factory=list[str], max_length=10)


HEARTBEAT_METRIC = "heartbeat"
"""What a ping becomes: the exit status, so 0 when all went well; `STARTED` when something began."""
HEARTBEAT_LABEL = "heartbeat_id"
STARTED = -1.0


class HeartbeatRule(BaseRule):
    """A ping is to come every `period`, or when `cron` says (in `timezone`), or at most `grace` later.

    It fires when none comes, when what began does not end within `grace`, and at once when a ping tells of a failure; the
    next good ping ends it.
    """

    kind: Literal["heartbeat"]
    severity: Severity = "critical"
    period: Annotated[float, Field(ge=10, le=366 * 86_400), AS_DURATION] | None = None
    cron: str | None = Field(default=None, max_length=200, examples=["30 2 * * *"])
    timezone: str = Field(default="UTC", max_length=100)
    grace: Annotated[float, Field(ge=1, le=31 * 86_400), AS_DURATION] = 300

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if (self.period is None) == (self.cron is None):
            raise ValueError("a heartbeat has a period or a cron")
        return self


RuleSpec: TypeAlias = Annotated[
    ThresholdRule | WindowRule | RateRule | RatioRule | NOfMRule | AbsenceRule | CompositeRule | HeartbeatRule,
    Field(discriminator="kind"),
]
"""What a rule says. Kinds that foresee or find the unusual get their place here."""


class RuleView(Model):
    """A rule as its organization sees it."""

    id: Id
    organization_id: Id
    user_id: Id
    name: str
    spec: RuleSpec
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime


class SeriesCondition(StrEnum):
    """How a rule stands for a series."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"


class SeriesState(Model):
    """How a rule stands for one series or group, and what its data does."""

    labels: dict[str, str]
    condition: SeriesCondition
    severity: Severity | None = Field(default=None, description="Of what fires")
    value: float | None = Field(default=None, description="The last that was judged")
    since: AwareDatetime | None = Field(default=None, description="Since when it is pending or firing")
    last_sample: AwareDatetime | None = None
    data: str = Field(
        default="flowing",
        description="`flowing`, or why not: `series-gone`, `collector-down`, `late-data`, `never-seen`",
    )


# -- events ---------------------------------------------------------------------------------------------------------


class RuleEvent(Event):
    """The ground of rule events."""

    rule_id: Id


class RuleCreated(RuleEvent):
    """Somebody made a rule."""

    aggregate, action, stream, entity_field = "rule", "created", "MONITORS", "rule_id"
    rule: RuleView


class RuleUpdated(RuleEvent):
    """A rule is now as it says here."""

    aggregate, action, stream, entity_field = "rule", "updated", "MONITORS", "rule_id"
    rule: RuleView


class RuleDeleted(RuleEvent):
    """A rule is gone; what it fired is ended."""

    aggregate, action, stream, entity_field = "rule", "deleted", "MONITORS", "rule_id"
    rule_version: int = Field(ge=0, description="The version of the deletion")


# -- commands and queries (answered by the evaluator) ---------------------------------------------------------------


class CreateRule(TenantRequest[RuleView]):
    """Make a rule; the id makes asking twice harmless. Problems: `rule-limit`, `invalid-rule`."""

    service = "evaluator"
    rule_id: Id
    user_id: Id
    spec: RuleSpec


class UpdateRule(TenantRequest[RuleView]):
    """Make the rule what the spec says; what it fired is ended when it judges otherwise now.

    Problems: `rule-not-found`, `invalid-rule`, and `rule-changed` when it is not of `expected_version` any more.
    """

    service = "evaluator"
    rule_id: Id
    user_id: Id
    spec: RuleSpec
    expected_version: int | None = None


class DeleteRule(TenantRequest[Done]):
    """Delete a rule. Problems: `rule-not-found`, and `rule-in-use` while a composite is made of it."""

    service = "evaluator"
    rule_id: Id


class GetRule(TenantRequest[RuleView]):
    """One rule. Problem: `rule-not-found`."""

    service = "evaluator"
    rule_id: Id


class RuleList(Model):
    """A page of rules, newest first. `total` is how many match."""

    rules: list[RuleView]
    total: int
    next_cursor: str | None = None


class ListRules(TenantRequest[RuleList]):
    """The organization's rules; by words in their name, by group, by metric, by what they are made of.

    Problem: `invalid-cursor`.
    """

    service = "evaluator"
    text: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=200, description="Exactly this name")
    group: str | None = Field(default=None, max_length=200)
    metric: str | None = Field(default=None, max_length=200)
    kind: str | None = Field(default=None, max_length=50)
    part: Id | None = Field(default=None, description="Composites that are made of this rule")
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class RuleState(Model):
    """How a rule stands: firing series first. `counts` is of all, `series` at most as many as asked for."""

    rule_id: Id
    series: list[SeriesState]
    counts: dict[SeriesCondition, int]
    silent: int = Field(default=0, description="Of how many series the data does not flow: they stay as they are")
    judged_at: AwareDatetime | None = Field(default=None, description="When this was written down")


class GetRuleState(TenantRequest[RuleState]):
    """How each series of a rule stands. Problem: `rule-not-found`."""

    service = "evaluator"
    rule_id: Id
    limit: int = Field(default=1000, ge=1, le=10_000)


class RuleStates(Model):
    """How rules stand."""

    states: list[RuleState]


class GetRuleStates(TenantRequest[RuleStates]):
    """How several rules stand; those that do not exist are absent."""

    service = "evaluator"
    rule_ids: list[Id] = Field(min_length=1, max_length=500)
    limit: int = Field(default=1, ge=1, le=1000, description="Most series of each rule")


class RuleTransition(Model):
    """A moment at which a rule fired, changed its severity or recovered, for one series or group."""

    at: AwareDatetime
    labels: dict[str, str]
    severity: Severity | None = Field(default=None, description="Null where it recovered")
    value: float | None = None
    reason: str = Field(description="A stable word: `crossed`, `raised`, `recovered`, `series-gone`, ...")
    summary: str


class RulePreview(Model):
    """What a rule would have done. At most 1,000 transitions, oldest first; `total` counts all."""

    since: AwareDatetime
    until: AwareDatetime
    series: int
    total: int
    transitions: list[RuleTransition]


class PreviewRule(TenantRequest[RulePreview]):
    """What this rule would have done with the stored samples. Saves nothing. Problem: `not-previewable`.

    A composite is tried with the rules that it is made of, as they are, or as `parts` says of those that are not saved.
    `rule_id` is of the rule that is being changed: its pings are what a heartbeat is tried with.
    """

    service = "evaluator"
    spec: RuleSpec
    rule_id: Id | None = None
    parts: dict[Id, RuleSpec] = Field(default_factory=dict, max_length=20)
    since: AwareDatetime
    until: AwareDatetime


class TakesMeasurements(Request[Done]):
    """Whether measurements can come in. No answer means that their silence is ours, and says nothing about them."""

    service = "gateway"
