"""Pages: what was fetched, or why it could not be."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from .base import Event, Id, Model, TenantRequest


class Failure(StrEnum):
    """Why a page gave nothing to read. Each is told to the user in plain words, and none ever triggers a monitor."""

    DNS = "dns"
    TLS = "tls"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    BLOCKED = "blocked"
    CAPTCHA = "captcha"
    NOT_FOUND = "not-found"
    CLIENT_ERROR = "client-error"
    SERVER = "server"
    TOO_LARGE = "too-large"
    ROBOTS = "robots"
    REFUSED_ADDRESS = "refused-address"
    UNSUPPORTED = "unsupported"
    EMPTY = "empty"
    REDIRECTS = "redirects"


class ContentRef(Model):
    """A content too large for a message: where the object store keeps it."""

    bucket: str
    name: str
    size: int = Field(description="Bytes, compressed")


class PageFetched(Event):
    """A source answered with something to read."""

    aggregate, action, stream, entity_field = "page", "fetched", "PAGES", "monitor_id"
    monitor_id: Id
    refresh_id: Id
    cause: Literal["manual", "confirmation", "scheduled"] = "manual"
    url: str = Field(description="The source as asked for")
    final_url: str = Field(description="Where redirects led")
    status: int
    content_type: str = Field(description="Media type without parameters: `text/html`")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Response headers worth keeping, names in lower case"
    )
    content_hash: str = Field(description="SHA-256 of the decoded content, hex")
    unchanged: bool = Field(
        default=False, description="Same content as this monitor's last fetch; then none is carried"
    )
    content: str | None = Field(default=None, description="UTF-8 text, Zstandard, base64")
    content_ref: ContentRef | None = None
    snapshot_id: Id = Field(description="The snapshot that keeps this content")
    screenshot_ref: ContentRef | None = None
    rendered_by: Literal["http", "browser"] = "http"
    fetched_at: AwareDatetime
    duration_ms: float


class PageFetchFailed(Event):
    """No source answered with something to read."""

    aggregate, action, stream, entity_field = "page", "fetch-failed", "PAGES", "monitor_id"
    monitor_id: Id
    refresh_id: Id
    cause: Literal["manual", "confirmation", "scheduled"] = "manual"
    url: str
    failure: Failure
    detail: str = Field(description="For a person: what happened and what to do")
    status: int | None = None
    attempts: int = 1
    failed_at: AwareDatetime


class Snapshot(Model):
    """A page as it was, kept once per content."""

    id: Id
    monitor_id: Id | None = None
    previous_id: Id | None = Field(default=None, description="The snapshot kept before this one of the same monitor")
    url: str
    final_url: str
    status: int
    content_type: str
    content_hash: str
    headers: dict[str, str]
    rendered_by: Literal["http", "browser"]
    fetched_at: AwareDatetime
    content: str | None = Field(default=None, description="UTF-8 text, Zstandard, base64")
    content_ref: ContentRef | None = None
    screenshot_ref: ContentRef | None = None


class GetSnapshot(TenantRequest[Snapshot]):
    """A kept page. Problem: `snapshot-not-found` (or past its retention)."""

    service = "scraper"
    snapshot_id: Id


class HostStatistics(Model):
    """How a host has answered lately."""

    host: str
    fetches: int
    succeeded: int
    success_rate: float = Field(ge=0, le=1)
    failures: dict[str, int]
    mean_duration_ms: float


class HostList(Model):
    """Hosts, the least reliable first."""

    hosts: list[HostStatistics]


class ListHosts(TenantRequest[HostList]):
    """Success rate by host over the last 24 hours."""

    service = "scraper"
    limit: int = Field(default=50, ge=1, le=500)
