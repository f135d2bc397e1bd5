"""What is asked of the fetcher, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitors_contracts.pages import Failure

Rendered = Literal["http", "browser"]
STAYS = "Nothing was read; the last value stays."


@dataclass(frozen=True, slots=True)
class Known:
    """What the last fetch of this monitor gave, so that an unchanged page costs little.

    `content_hash` is a SHA-256 in hex of the decoded content; the validators are the server's own, as sent.
    """

    url: str
    content_hash: str
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    rendered_by: Rendered = "http"


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """A source and its fall-backs, tried in order until one gives something to read.

    `headers` go to the hosts of `urls` alone, never along a redirect to another origin.
    """

    urls: tuple[str, ...]
    render: Literal["auto", "http", "browser"] = "auto"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    known: Known | None = None
    screenshot: bool = True


@dataclass(frozen=True, slots=True)
class Try:
    """How one URL answered: what per-host statistics are counted from."""

    url: str
    host: str
    failure: Failure | None
    status: int | None
    attempts: int
    duration_ms: float


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """Something to read.

    `content` is the decoded text (of a PDF: its text) and `content_hash` its SHA-256. `not_modified` says that it is what
    was known already; `content` is None when the server did not send it again. `screenshot` is a PNG of a page that a
    browser rendered anew. `attempts` counts requests over all URLs, `tries` has one entry a URL.
    """

    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    content_type: str
    content: str | None
    content_hash: str
    rendered_by: Rendered
    duration_ms: float
    not_modified: bool = False
    etag: str | None = None
    last_modified: str | None = None
    screenshot: bytes | None = None
    attempts: int = 1
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """Nothing to read. `detail` is for a person; `retry_at` is set when the site said when to come back."""

    url: str
    failure: Failure
    detail: str
    status: int | None = None
    attempts: int = 1
    duration_ms: float = 0
    retry_at: datetime | None = None
    tries: tuple[Try, ...] = ()


FetchResult = FetchedPage | FetchFailed


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands between us and a page. `retry_after` is in seconds from now, as the site asked."""

    failure: Failure
    detail: str
    status: int | None = None
    retry_after: float | None = None
    script_may_pass: bool = False
    """A wall that lets a browser through by itself, without asking a person anything."""


class Obstructed(Exception):
    """A page gave nothing to read; `obstacle` says why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.detail)
        self.obstacle = obstacle

    @classmethod
    def by(cls, failure: Failure, detail: str, status: int | None = None) -> "Obstructed":
        """Short for an obstacle that asks for nothing more."""
        return cls(Obstacle(failure, f"{detail} {STAYS}", status))
