"""Settings of the metrics service."""

from typing import Self

from pydantic import Field, model_validator

from monitors_runtime.settings import Settings


class MetricsSettings(Settings):
    """How long measurements are kept, and how many series there may be."""

    metrics_raw_days: int = Field(default=30, ge=1, le=3650, description="Samples are kept this long, each as it was")
    metrics_rollup_days: int = Field(
        default=365, ge=1, le=3650, description="Summaries of samples by minute and hour are kept this long"
    )
    metrics_series_per_organization: int = Field(
        default=100_000, ge=1, description="Samples of further series are refused"
    )
    metrics_future_minutes: int = Field(
        default=10, ge=0, description="How far a sample's time may be ahead of ours; further ones are refused"
    )
    metrics_close_minutes: int = Field(
        default=10, ge=0, description="How long after its end an hour is packed; later samples are packed into it anew"
    )

    @model_validator(mode="after")
    def _rollups_outlive_samples(self) -> Self:
        if self.metrics_rollup_days < self.metrics_raw_days:
            raise ValueError("MONITORS_METRICS_ROLLUP_DAYS must not be less than MONITORS_METRICS_RAW_DAYS")
        return self
