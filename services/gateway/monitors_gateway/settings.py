"""What an operator can set about the gateway, with the prefix `MONITORS_`."""

from ipaddress import ip_network
from typing import Annotated

from pydantic import AnyHttpUrl, Field, field_validator
from pydantic_settings import NoDecode

from monitors_contracts.base import Id
from monitors_runtime.settings import Settings


class GatewaySettings(Settings):
    """Limits, sign-in and HTTP. For every limit 0 means none."""

    monitors_per_user: int = Field(default=10, ge=0, description="Monitors a user may have")
    restore_minutes: int = Field(
        default=60, ge=0, le=7 * 24 * 60, description="How long a deleted monitor can be brought back; 0 for not at all"
    )
    refreshes_per_minute: int = Field(default=1, ge=0, description="Manual refreshes of one monitor in a minute")
    refreshes_per_day: int = Field(default=50, ge=0, description="Manual refreshes of one user in a day (UTC)")
    refreshes_per_minute_per_address: int = Field(
        default=600, ge=0, description="Manual refreshes from one client address in a minute, whoever asks"
    )
    registrations_per_hour_per_address: int = Field(
        default=20, ge=0, description="New users from one client address in an hour"
    )
    subscriptions_per_hour_per_address: int = Field(
        default=20, ge=0, description="Subscriptions to status pages asked for from one client address in an hour"
    )
    refresh_wait_seconds: float = Field(
        default=25, ge=0, le=60, description="How long a refresh request waits for its verdict before it answers 202"
    )

    access_token_minutes: int = Field(default=60, ge=1, le=24 * 60, description="Life of an access token")
    session_days: int = Field(default=30, ge=1, le=365, description="Life of a session since its last use")

    event_streams_per_user: int = Field(
        default=10, ge=1, le=1000, description="Open event streams of one user at one gateway process"
    )
    max_body_bytes: int = Field(default=256 * 1024, ge=1024, description="Largest request body")
    metrics_body_bytes: int = Field(
        default=10 * 1024**2, ge=1024, le=64 * 1024**2, description="Largest body of measurements, packed or unpacked"
    )
    metrics_raw_days: int = Field(default=30, ge=1, le=3650, description="Samples are kept this long, each as it was")
    metrics_future_minutes: int = Field(
        default=10, ge=0, description="How far a sample's time may be ahead of ours; further ones are refused"
    )
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="Networks whose X-Forwarded-For is believed, with commas between"
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="Origins whose pages may call the API, with commas between; none by default"
    )
    operators: Annotated[list[Id], NoDecode] = Field(
        default_factory=list,
        description="Ids of the users who operate the platform, with commas between: they see what is of all organizations "
        "together, such as how much waits in its queues; by default nobody. `monitors account show` tells one's id",
    )
    example_site: str = Field(
        default="", description="A site that the console's example sentences watch; the demo names its own"
    )
    health_seconds: float = Field(
        default=15,
        ge=5,
        le=600,
        description="How often the platform's parts are looked at; a change is told once it was seen twice",
    )
    deadman_url: AnyHttpUrl | None = Field(
        default=None,
        description="Asked for (GET) while the platform works, for somebody outside to raise the alarm when that stops",
    )
    deadman_seconds: float = Field(default=60, ge=1, le=86_400, description="How often")
    audit_keep_days: int = Field(default=365, ge=1, description="How long the audit log is kept")

    @field_validator("trusted_proxies", "cors_origins", "operators", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network, strict=False)
        return value
