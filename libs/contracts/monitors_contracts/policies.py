"""Escalation policies: who is told next while nobody takes an alert."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from .base import Done, Event, Id, Model, TenantRequest
from .durations import AS_DURATION
from .routing import Wait

PolicyName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Pause = Annotated[float, Field(ge=60, le=86_400, allow_inf_nan=False), AS_DURATION]

PassedWord = Literal[
    "nobody-on-call",
    "no-active-channel",
    "channel-inactive",
    "channel-gone",
    "contact-gone",
    "schedule-gone",
    "unknown-timezone",
]
PASSED_OVER: dict[PassedWord, str] = {
    "nobody-on-call": "Nobody was on call.",
    "no-active-channel": "None of the person's channels is active.",
    "channel-inactive": "The channel is switched off.",
    "channel-gone": "The channel, or each that reached the person, does not exist any more.",
    "contact-gone": "The contact does not exist any more.",
    "schedule-gone": "The schedule does not exist any more.",
    "unknown-timezone": "The schedule's time zone is not known to this machine.",
}
"""Why a target of a step was not told, in words for a person."""


class PolicyTarget(Model):
    """Who is told: a channel, the channels of a contact, or those of whoever is on call by a schedule."""

    kind: Literal["channel", "schedule", "contact"]
    id: Id


class PolicyStep(Model):
    """Who is told at once, and how long after the step before; the first, after the beginning."""

    after: Wait = 0
    targets: list[PolicyTarget] = Field(min_length=1, max_length=20)


class PolicySpec(Model):
    """Steps that follow each other until somebody takes the alert or it is over; then all of it again, so often.

    A step that reaches nobody gives way to the next at once.
    """

    name: PolicyName
    steps: list[PolicyStep] = Field(min_length=1, max_length=20)
    repeat: int = Field(default=0, ge=0, le=20, description="How often the steps are gone through again")
    repeat_after: Pause = Field(default=300, description="How long after the last step they begin again")


class Policy(PolicySpec):
    """A policy as its organization sees it."""

    id: Id
    version: int = Field(default=1, description="Grows with every change")
    created_at: AwareDatetime
    updated_at: AwareDatetime


class PolicyChanged(Event):
    """A policy was added, or is another one now; this is all of it."""

    aggregate, action, stream, entity_field = "policy", "changed", "ALERTS", "policy_id"
    policy_id: Id
    policy: Policy


class PolicyDeleted(Event):
    """A policy is gone."""

    aggregate, action, stream, entity_field = "policy", "deleted", "ALERTS", "policy_id"
    policy_id: Id
    policy_version: int = Field(ge=1)


class PolicyList(Model):
    """All policies of an organization, by name."""

    policies: list[Policy]


class Reached(Model):
    """A channel that a step would tell now; whose it is, where a person led to it."""

    channel_id: Id
    person: str | None = None


class PassedOver(Model):
    """A target that a step would not tell now, and why."""

    target: PolicyTarget
    word: PassedWord
    words: str


class StepPreview(Model):
    """What a step would do if it were due now."""

    step: int
    after: float = Field(description="Seconds from the beginning, when no step gives way to the next")
    reached: list[Reached]
    passed: list[PassedOver]


class PolicyPreview(Model):
    """What each step would do now. A policy that reaches nobody says so here before it is needed."""

    policy: Policy
    steps: list[StepPreview]


class PolicyPreviews(Model):
    """What each step of policies would do now; policies by name."""

    previews: list[PolicyPreview]


class SavePolicy(TenantRequest[Policy]):
    """Add a policy (`isNew`; asking twice makes one), or make it what the spec says.

    Problems: `policy-not-found`, `name-taken`, `unknown-target`, `policy-limit`.
    """

    service = "alerter"
    policy_id: Id
    spec: PolicySpec
    is_new: bool = False


class DeletePolicy(TenantRequest[Done]):
    """Remove a policy. Problems: `policy-not-found`, `policy-in-use`."""

    service = "alerter"
    policy_id: Id


class ListPolicies(TenantRequest[PolicyList]):
    """The organization's policies."""

    service = "alerter"


class PreviewPolicies(TenantRequest[PolicyPreviews]):
    """Whom each step would tell now: of one policy, or of each there is. Problem: `policy-not-found`."""

    service = "alerter"
    policy_id: Id | None = None
