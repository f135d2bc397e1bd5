"""What an operator may set for the alerter, from the environment with the prefix MONITORS_."""

from pydantic import Field

from monitors_runtime.settings import Settings


class AlerterSettings(Settings):
    """When a silence asks before it hides much."""

    silence_confirm_share: float = Field(
        default=0.5, ge=0, le=1, description="A silence that hides more than this share of the firing alerts asks first"
    )
    silence_confirm_least: int = Field(
        default=10, ge=1, description="With fewer firing alerts than this, no share is too large"
    )
