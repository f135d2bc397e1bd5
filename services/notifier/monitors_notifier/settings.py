"""What an operator may set for the notifier, from the environment with the prefix MONITORS_."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import AnyHttpUrl, EmailStr, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from .domain.retry import RetryPolicy


class NotifierSettings(BaseSettings):
    """Where messages go out, how links in them begin, and how long a receiver is tried."""

    model_config = SettingsConfigDict(env_prefix="MONITORS_", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("data"), description="The platform's folder; the outbox lies in it")
    public_url: AnyHttpUrl = Field(
        default=AnyHttpUrl("http://127.0.0.1:8000"), description="How people reach the console; links begin with it"
    )
    secret_key: SecretStr = Field(min_length=16, description="Signs the unsubscribe links")

    from_email: EmailStr = "alerts@monitors.example"
    from_name: str = Field(default="Monitors!", max_length=100)
    sendgrid_api_key: SecretStr | None = Field(default=None, description="When set, mail goes through SendGrid")
    sendgrid_url: AnyHttpUrl = AnyHttpUrl("https://api.sendgrid.com")
    sendgrid_webhook_public_key: str | None = Field(
        default=None, description="The event webhook's verification key (base64 DER, as SendGrid shows it)"
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="smtp[s]://user:password@host:port?starttls=1 (1: required, 0: never, else if offered)",
    )
    mail_timeout: int = Field(default=30, gt=0, description="Seconds for one mail, by SendGrid or SMTP")

    allow_private_addresses: bool = Field(
        default=False, description="Let webhooks and Apprise reach private and loopback addresses"
    )
    webhook_timeout: float = Field(default=10, gt=0, description="Seconds for one webhook or Apprise call")

    retry_attempts: int = Field(default=32, ge=1, le=200, description="Tries in all before a message is given up")
    retry_first_wait: float = Field(
        default=1, gt=0, description="Seconds before the second try; each further wait is a quarter longer"
    )
    retry_longest_wait: float = Field(default=3600, gt=0, description="Seconds, what a receiver asks for included")

    fallback_after: float = Field(
        default=120, ge=0, description="Seconds a channel is tried before those that may stand in for it are told"
    )

    @field_validator("smtp_url")
    @classmethod
    def _names_a_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url:
            parts = urlsplit(url.get_secret_value())
            if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.port == 0:
                raise ValueError("must look like smtp://user:password@host:587")
        return url

    @property
    def retry_policy(self) -> RetryPolicy:
        """How long a receiver is tried."""
        return RetryPolicy(
            attempts=self.retry_attempts,
            first_wait=self.retry_first_wait,
            longest_wait=self.retry_longest_wait,
            patience=self.fallback_after,
        )

    @property
    def outbox(self) -> Path:
        """The folder of the local channel's messages."""
        return self.data_dir / "outbox"

    @property
    def base_url(self) -> str:
        """`public_url` without the slash at its end."""
        return str(self.public_url).rstrip("/")
