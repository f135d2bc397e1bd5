"""Uptime checks: addresses that are asked at an interval whether they answer as they should. What is seen becomes samples."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, model_validator

from .base import Done, Event, Id, Model, TenantRequest, Url
from .measuring import series_refusal

CHECK_LABEL = "check_id"
SUCCESS = "probe_success"
"""1 when all was as expected, else 0. The names are those of Prometheus's blackbox exporter."""
DURATION = "probe_duration_seconds"
HTTP_STATUS = "probe_http_status_code"
TLS_EXPIRY = "probe_ssl_earliest_cert_expiry"

CheckName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Host = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253)]


class JsonExpectation(Model):
    """A value within a JSON answer, by JSON pointer (RFC 6901)."""

    pointer: str = Field(max_length=500, examples=["/status"])
    value: JsonValue = Field(default=None, description="Null when absent")


class UptimeSpec(Model):
    """What is asked, how often, and what is expected.

    `http` has a `url`, `tcp` a `host` and `port`, `dns` (a name is looked up) and `icmp` (a ping is answered) a `host`.
    """

    name: CheckName
    kind: Literal["http", "tcp", "dns", "icmp"]
    url: Url | None = None
    host: Host | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    interval_seconds: int = Field(default=60, ge=10, le=86_400)
    timeout_seconds: float = Field(default=10, gt=0, le=30)
    status: int | None = Field(default=None, ge=100, le=599, description="`http`: exactly this; else 200 to 299")
    body: str | None = Field(default=None, max_length=500, description="`http`: text that the answer holds")
    expected_json: JsonExpectation | None = Field(default=None, description="`http`: a value that the answer holds")
    addresses: list[str] = Field(default_factory=list, max_length=20, description="`dns`: each is among those found")
    labels: dict[str, str] = Field(default_factory=dict, max_length=20)
    failures: int = Field(default=2, ge=1, le=60, description="Failed checks in a row until an alert")
    is_active: bool = True

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        given = {"url": self.url, "host": self.host, "port": self.port}
        needed = {"http": {"url"}, "tcp": {"host", "port"}, "dns": {"host"}, "icmp": {"host"}}[self.kind]
        if {name for name, value in given.items() if value is not None} != needed:
            raise ValueError(f"{self.kind} has {' and '.join(sorted(needed))}, and nothing else to connect to")
        if refused := series_refusal(SUCCESS, self.labels):
            raise ValueError(f"labels: {refused[1]}")
        return self


class UptimeOutcome(Model):
    """How a check went."""

    is_up: bool
    at: AwareDatetime
    seconds: float
    error: str | None = None
    status: int | None = None
    tls_expires_at: AwareDatetime | None = None


class UptimeView(Model):
    """An uptime check as its organization sees it."""

    id: Id
    spec: UptimeSpec
    version: int = Field(default=1, description="Grows with every change")
    created_at: AwareDatetime
    last: UptimeOutcome | None = None


class UptimeList(Model):
    """Uptime checks, oldest first."""

    checks: list[UptimeView]


# -- events ---------------------------------------------------------------------------------------------------------


class UptimeEvent(Event):
    """The ground of what happens to uptime checks."""

    check_id: Id
    check_version: int = Field(ge=1)


class UptimeCheckSaid(UptimeEvent):
    """The ground of those that tell what a check is now."""

    user_id: Id
    spec: UptimeSpec
    changed_at: AwareDatetime


class UptimeCheckCreated(UptimeCheckSaid):
    """Somebody wants an address to be asked; the rule that tells when it fails, which has the check's id, follows."""

    aggregate, action, stream, entity_field = "uptime", "created", "MONITORS", "check_id"


class UptimeCheckUpdated(UptimeCheckSaid):
    """A check is now as it says here; its rule follows."""

    aggregate, action, stream, entity_field = "uptime", "updated", "MONITORS", "check_id"


class UptimeCheckDeleted(UptimeEvent):
    """A check is gone, and its rule with it."""

    aggregate, action, stream, entity_field = "uptime", "deleted", "MONITORS", "check_id"


# -- commands and queries (answered by the scraper) -----------------------------------------------------------------


class CreateUptimeCheck(TenantRequest[UptimeView]):
    """Add a check; the id makes asking twice harmless.

    Problems: `invalid-url`, `address-refused`, `icmp-not-allowed`, `check-limit`.
    """

    service = "scraper"
    check_id: Id
    user_id: Id
    spec: UptimeSpec


class UpdateUptimeCheck(TenantRequest[UptimeView]):
    """Make the check what the spec says.

    Problems: `check-not-found`, `invalid-url`, `address-refused`, `icmp-not-allowed`, and `check-changed` when it is not of
    `expected_version` any more.
    """

    service = "scraper"
    check_id: Id
    user_id: Id
    spec: UptimeSpec
    expected_version: int | None = None


class GetUptimeCheck(TenantRequest[UptimeView]):
    """One check. Problem: `check-not-found`."""

    service = "scraper"
    check_id: Id


class DeleteUptimeCheck(TenantRequest[Done]):
    """Ask no more. Problem: `check-not-found`."""

    service = "scraper"
    check_id: Id


class ListUptimeChecks(TenantRequest[UptimeList]):
    """The organization's checks."""

    service = "scraper"
