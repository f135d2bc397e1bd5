"""Limits and rhythms of rules."""

from pydantic import Field

from monitors_runtime.settings import Settings


class RuleSettings(Settings):
    """Settings of rules, from `MONITORS_...`."""

    rule_limit: int = Field(default=20_000, ge=1, description="Rules an organization may have")
    rule_series_limit: int = Field(
        default=200_000, ge=1, description="Series that the rules of an organization judge, counted once a rule"
    )
    rule_checkpoint_seconds: float = Field(
        default=2, gt=0, le=60, description="How often the state of rules is written down while nothing fires or ends"
    )
    rule_forget_days: float = Field(
        default=2, gt=0, description="A quiet series that nothing was heard of for so long is forgotten by rules"
    )
