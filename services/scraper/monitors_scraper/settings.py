"""Settings of the scraper, from the environment with the prefix `MONITORS_`; a program may also pass them in."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from monitors_runtime.settings import Settings

PRODUCT = "Monitors/0.1"

ProxyUrl = Annotated[str, StringConstraints(pattern=r"^http://([^@/\s]+@)?[^@/\s:]+(:\d+)?/?$")]
Seconds = Annotated[float, Field(gt=0)]


class ScraperSettings(Settings):
    """How pages are fetched. Times are seconds, sizes are bytes."""

    app_url: str = Field(
        default="https://monitors.example/about", description="Where a site's owner reads who is fetching"
    )
    user_agents: list[str] = Field(
        default_factory=list, description="Used in turn; by default one that says who is fetching"
    )
    extra_headers: list[dict[str, str]] = Field(
        default_factory=list, description="Sets of request headers, used in turn beside the ordinary ones"
    )
    proxies: list[ProxyUrl] = Field(
        default_factory=list,
        description="HTTP proxies for all traffic, used in turn. A proxy resolves names itself: it must fence private "
        "networks as well",
    )
    allow_private_addresses: bool = Field(
        default=False,
        description="Also fetch from private, loopback and link-local addresses; never from cloud metadata",
    )
    respect_robots: bool = Field(default=True, description="Leave alone what a public site's robots.txt asks to")

    fetch_timeout: Seconds = Field(default=20, description="For one URL by HTTP, retries included")
    connect_timeout: Seconds = 5
    read_timeout: Seconds = Field(default=10, description="Longest silence of a server while it answers")
    max_page_bytes: int = Field(default=8 * 1024**2, gt=0, description="Largest page, decoded")
    max_redirects: int = Field(default=10, ge=0)
    retries: int = Field(default=2, ge=0, description="After busy servers, time-outs and broken connections")
    retry_base: Seconds = Field(default=0.5, description="First wait before a retry; doubles")
    retry_after_cap: Seconds = Field(default=5, description="Longest `Retry-After` waited out within one fetch")

    per_host_concurrency: int = Field(default=2, gt=0, description="Fetches at once from one public host")
    per_host_delay: float = Field(default=0.5, ge=0, description="Between the starts of two fetches from a public host")
    own_host_concurrency: int = Field(default=64, gt=0, description="Fetches at once from one private host")
    max_connections: int = Field(default=512, gt=0)

    chromium_path: Path | None = Field(
        default=None, description="Chromium's program; by default the first found on PATH, then Playwright's own"
    )
    browser_pages: int = Field(default=3, gt=0, description="Pages rendered at once")
    browser_timeout: Seconds = Field(default=30, description="For one page, from asking to screenshot")
    browser_settle: Seconds = Field(default=6, description="Longest wait for a loaded page to become quiet")
    browser_max_pages: int = Field(default=200, gt=0, description="A browser is replaced after so many pages")
    browser_max_age: Seconds = Field(default=3600, description="A browser is replaced at this age")
    browser_idle: Seconds = Field(default=120, description="A browser without work is closed after this time")
    browser_heap_mb: int = Field(default=512, gt=0, description="Most script memory of one page")

    snapshot_days: int = Field(default=365, gt=0, description="How long pages are kept as they were")

    uptime_checks_per_organization: int = Field(default=200, ge=0, description="Uptime checks; 0 for no limit")
    targets_per_organization: int = Field(default=100, ge=0, description="Scrape targets; 0 for no limit")
    target_timeout: Seconds = Field(default=10, description="For one scrape of a target, or its interval when shorter")
    target_bytes: int = Field(default=10 * 1024**2, gt=0, description="Largest answer of a target, decoded")
    target_samples: int = Field(default=50_000, gt=0, description="Most samples of one scrape")

    pdf_max_pages: int = Field(default=50, gt=0)
    pdf_timeout: Seconds = 20

    @field_validator("user_agents")
    @classmethod
    def _printable(cls, agents: list[str]) -> list[str]:
        if any(not agent.strip() or not agent.isprintable() for agent in agents):
            raise ValueError("a user agent must be a printable line")
        return agents

    @property
    def agents(self) -> list[str]:
        """The user agents to use in turn, at least one."""
        return self.user_agents or [f"{PRODUCT} (+{self.app_url})"]
