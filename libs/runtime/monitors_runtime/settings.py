"""Settings every service shares. Each comes from the environment with the prefix `MONITORS_`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The ground of every service's settings: `class ScraperSettings(Settings)` adds its own fields."""

    model_config = SettingsConfigDict(env_prefix="MONITORS_", extra="ignore", frozen=True)


class RuntimeSettings(Settings):
    """Where the bus and the database are, and how to log and trace."""

    nats_url: str = Field(default="nats://127.0.0.1:4222", description="NATS server, or several with commas between")
    nats_token: SecretStr | None = Field(default=None, description="Token for NATS, when the URL holds no credentials")
    nats_replicas: int = Field(default=1, ge=1, le=5, description="Replicas of each stream; 3 on a cluster")
    database_url: str = Field(default="postgresql://monitors@127.0.0.1:5432/monitors", description="PostgreSQL 15+")
    database_pool: int = Field(default=12, ge=2, le=200, description="Most database connections a process opens")
    data_dir: Path = Field(default=Path(".monitors"), description="Folder of everything the platform keeps on disk")
    secret_key: SecretStr | None = Field(default=None, description="Signs tokens; `monitors up` makes and keeps one")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = Field(default="json", description="Structured lines, or lines for people")
    otlp_endpoint: str | None = Field(default=None, description="Send traces to this OTLP/HTTP collector")
    outbox_keep_minutes: int = Field(default=10, ge=1, description="Published outbox rows stay this long")
    inbox_keep_days: int = Field(default=14, ge=1, description="How long a handled event's id is remembered")
    retention_days: int = Field(default=365, ge=1, description="How long facts, alerts and notifications are kept")
    handler_attempts: int = Field(default=8, ge=1, description="Tries before a message goes to the dead letters")
