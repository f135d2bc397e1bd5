"""Scrape targets: addresses that show measurements in Prometheus's or OpenMetrics' text form, read at an interval."""

import re
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from .base import Done, Id, Model, TenantRequest, Url
from .measuring import series_refusal

TargetName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Interval = Annotated[int, Field(ge=5, le=86_400, description="Seconds from one scrape to the next")]
Labels = Annotated[dict[str, str], Field(max_length=30, description="Labels that all its series get")]
Headers = Annotated[
    dict[str, Annotated[str, StringConstraints(max_length=4096)]],
    Field(max_length=20, description="Request headers; their values are never shown again"),
]
MASKED = "***"
"""What is shown for a header's value; given back, it leaves the value as it is."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch


class _Checked(Model):
    @model_validator(mode="after")
    def _labels_and_headers_can_be_used(self) -> Self:
        labels: dict[str, str] | None = getattr(self, "labels", None)
        headers: dict[str, str] | None = getattr(self, "headers", None)
        if labels and (refused := series_refusal("up", labels)):
            raise ValueError(f"labels: {refused[1]}")
        for name, value in (headers or {}).items():
            if not _HEADER_NAME(name) or not value.isprintable() or not value.isascii():
                raise ValueError(f"headers: {name[:50]!r} is not a header that can be sent")
        return self


class TargetSpec(_Checked):
    """What to scrape. `name` becomes the label `job`, by default the address's host; `instance` is host and port."""

    url: Url = Field(examples=["http://node-exporter.example:9100/metrics"])
    name: TargetName | None = Field(default=None, examples=["node"])
    interval_seconds: Interval = 30
    labels: Labels = Field(default_factory=dict[str, str], examples=[{"env": "prod"}])
    headers: Headers = Field(default_factory=dict[str, str], examples=[{"Authorization": "Bearer ..."}])
    is_active: bool = True


class TargetChanges(_Checked):
    """What is to be different about a target; what is not given stays."""

    url: Url | None = None
    name: TargetName | None = None
    interval_seconds: Interval | None = None
    labels: Labels | None = None
    headers: Headers | None = None
    is_active: bool | None = None


class TargetView(Model):
    """A target and how its last scrape went. Values of headers are masked."""

    id: Id
    url: str
    name: str
    interval_seconds: int
    labels: dict[str, str]
    headers: dict[str, str]
    is_active: bool
    created_at: AwareDatetime
    last_scrape_at: AwareDatetime | None = Field(default=None, description="None when it was not scraped yet")
    last_error: str | None = Field(default=None, description="Why the last scrape failed; none when it did not")
    last_duration_seconds: float | None = None
    last_samples: int | None = Field(default=None, description="Samples that the last scrape found")
    last_refused: int | None = Field(default=None, description="How many of them could not be kept")


class TargetList(Model):
    """An organization's targets, oldest first."""

    targets: list[TargetView]


class CreateTarget(TenantRequest[TargetView]):
    """Add a target; asking twice with one id makes one. Problems: `invalid-url`, `target-limit`."""

    service = "scraper"
    target_id: Id
    spec: TargetSpec


class UpdateTarget(TenantRequest[TargetView]):
    """Change a target. Problems: `target-not-found`, `invalid-url`."""

    service = "scraper"
    target_id: Id
    changes: TargetChanges


class DeleteTarget(TenantRequest[Done]):
    """Scrape it no longer; its series end now. Problem: `target-not-found`."""

    service = "scraper"
    target_id: Id


class GetTarget(TenantRequest[TargetView]):
    """A target. Problem: `target-not-found`."""

    service = "scraper"
    target_id: Id


class ListTargets(TenantRequest[TargetList]):
    """All targets of the organization."""

    service = "scraper"
