"""The platform itself: people, audit, AI usage, health."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, EmailStr, Field, JsonValue

from .base import Event, Id, Model, TenantRequest

PLATFORM_ID: Id = UUID("00000000-0000-7000-8000-000000000000")
"""Stands for the organization where an event is nobody's: it is about the platform itself."""
PRESENCE_SUBJECT = "runtime.presence"
"""Whoever asks here, with a subject to reply to, hears a Presence from every process there is."""


class UserRegistered(Event):
    """Somebody signed up; their personal organization exists from now on."""

    aggregate, action, stream, entity_field = "user", "registered", "PLATFORM", "user_id"
    user_id: Id
    email: EmailStr
    name: str
    registered_at: AwareDatetime


class UserUpdated(Event):
    """A user's name or e-mail address changed."""

    aggregate, action, stream, entity_field = "user", "updated", "PLATFORM", "user_id"
    user_id: Id
    email: EmailStr
    previous_email: EmailStr = Field(description="The address until now; the same when only the name changed")
    name: str
    updated_at: AwareDatetime


class OrganizationDeleted(Event):
    """An organization is gone with all that belongs to it; every service erases what it keeps of it."""

    aggregate, action, stream, entity_field = "organization", "deleted", "PLATFORM", "organization_id"
    user_id: Id = Field(description="Who deleted it")
    deleted_at: AwareDatetime


class AuditRecorded(Event):
    """Somebody did something worth keeping: signed in, created, changed, deleted, acknowledged."""

    aggregate, action, stream, entity_field = "audit", "recorded", "PLATFORM", "audit_id"
    audit_id: Id
    user_id: Id | None = None
    what: str = Field(description="A stable word: `auth.login`, `monitor.create`")
    target: str | None = None
    ip: str | None = None
    occurred_at: AwareDatetime
    data: dict[str, JsonValue] = Field(default_factory=dict)


class AiUsageRecorded(Event):
    """An AI provider was asked: what it cost, for whom."""

    aggregate, action, stream, entity_field = "ai-usage", "recorded", "PLATFORM", "usage_id"
    usage_id: Id
    user_id: Id | None = None
    provider: str
    model: str
    purpose: str
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cost_usd: float = Field(ge=0)
    outcome: str = Field(description="`ok`, `overloaded`, `refused`, `malformed`, `timeout`, `error`, `cached`")
    duration_ms: float
    occurred_at: AwareDatetime


class Presence(Model):
    """A process of the platform says which services it runs, and why it can't serve now, if so."""

    services: list[str]
    reason: str | None = None


class PartState(StrEnum):
    """How a part of the platform is: as it should be, with less than it should have, or not there."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


class SystemHealthChanged(Event):
    """A part of the platform (a service, the database, the bus) is in another state than before, seen twice in a row.

    It is no tenant's: `organizationId` is the platform's own.
    """

    aggregate, action, stream, entity_field = "system", "health-changed", "PLATFORM", "change_id"
    change_id: Id
    part: str = Field(max_length=100)
    state: PartState
    before: PartState | None = Field(default=None, description="None when it was never seen before")
    reason: str = Field(default="", max_length=500, description="Why it is not up")
    changed_at: AwareDatetime


class SystemPulsed(Event):
    """Sent through database, outbox and bus to see that they carry it, before the world outside is told that all is well.

    It is no tenant's: `organizationId` is the platform's own.
    """

    aggregate, action, stream, entity_field = "system", "pulsed", "PLATFORM", "pulse_id"
    pulse_id: Id
    pulsed_at: AwareDatetime


class PingKeyRotated(Event):
    """A heartbeat has another address to ping; the addresses before it are refused. No key is told, only which it is."""

    aggregate, action, stream, entity_field = "ping-key", "rotated", "PLATFORM", "heartbeat_id"
    heartbeat_id: Id
    user_id: Id
    generation: int = Field(ge=1, description="How often it was rotated")
    rotated_at: AwareDatetime


class ProviderUsage(Model):
    """One provider's month."""

    provider: str
    requests: int
    input_tokens: int
    output_tokens: int
    cost_usd: float


class UsageReply(Model):
    """This month's AI usage of the organization, and the budget."""

    month: str
    providers: list[ProviderUsage]
    budget_usd: float | None = None


class GetAiUsage(TenantRequest[UsageReply]):
    """What AI providers cost this month (UTC)."""

    service = "evaluator"
