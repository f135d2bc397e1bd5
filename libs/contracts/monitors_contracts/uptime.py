"""Uptime checks: addresses that are asked at an interval whether they answer as they should. What is seen becomes samples."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, model_validator

from .base import Done, Id, Model, TenantRequest, Url
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
    """What is asked, how often, and what is expected. `http` has a `url`, `tcp` a `host` and `port`, `dns` a `host`."""

    name: CheckName
    kind: Literal["http", "tcp", "dns"]
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
    is_active: bool = True

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        given = {"url": self.url, "host": self.host, "port": self.port}
        needed = {"http": {"url"}, "tcp": {"host", "port"}, "dns": {"host"}}[self.kind]
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
    created_at: AwareDatetime
    last: UptimeOutcome | None = None


class UptimeList(Model):
    """Uptime checks, oldest first."""

    checks: list[UptimeView]


class PutUptimeCheck(TenantRequest[UptimeView]):
    """Make the check what the spec says, new or known. Problems: `invalid-url`, `check-limit`."""

    service = "scraper"
    check_id: Id
    spec: UptimeSpec


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
