"""What an operator may set for the alerter, from the environment with the prefix MONITORS_."""

from pydantic import Field

from monitors_runtime.settings import Settings


class AlerterSettings(Settings):
    """When a silence asks before it hides much, what comes and goes, and which alerts are one incident."""

    silence_confirm_share: float = Field(
        default=0.5, ge=0, le=1, description="A silence that hides more than this share of the firing alerts asks first"
    )
    silence_confirm_least: int = Field(
        default=10, ge=1, description="With fewer firing alerts than this, no share is too large"
    )
    flap_changes: int = Field(
        default=8,
        ge=0,
        le=60,
        description="A condition that changes so often comes and goes, and is told once; 0: never",
    )
    flap_minutes: float = Field(default=30, gt=0, le=1440, description="Within this time")
    flap_steady_minutes: float = Field(
        default=10, gt=0, le=1440, description="What stays as it is for this long no longer comes and goes"
    )
    incident_window_minutes: float = Field(
        default=30, gt=0, le=1440, description="Alerts this close to the last one of an incident may belong to it"
    )
    incident_quiet_minutes: float = Field(
        default=10, ge=0, le=1440, description="An incident is over when all its alerts have been for this long"
    )
    incident_reopen_minutes: float = Field(
        default=30, ge=0, le=1440, description="An incident opens again for what belongs to it this long after its end"
    )
    incident_labels: dict[str, float] = Field(
        default_factory=dict[str, float],
        description='How much a label that alerts share says, beside or instead of the known ones: `{"team": 2, "job": 0}`',
    )
