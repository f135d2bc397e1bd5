"""What Alertmanager's API v2 says, field by field: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml"""

from typing import Literal

from pydantic import AwareDatetime, Field

from monitors_contracts.base import Id, Model
from monitors_contracts.matchers import Matcher, Op
from monitors_contracts.silences import SilenceView
from monitors_contracts.times import Plannable

_OPS: dict[tuple[bool, bool], Op] = {
    (False, True): "=",
    (False, False): "!=",
    (True, True): "=~",
    (True, False): "!~",
}


class Receiver(Model):
    """Where alerts go: a channel of ours, by name."""

    name: str


class AlertStatus(Model):
    """Whether an alert is told, and what keeps it from that."""

    state: Literal["unprocessed", "active", "suppressed"]
    silenced_by: list[str]
    inhibited_by: list[str]


class GettableAlert(Model):
    """An alert that is not over."""

    annotations: dict[str, str]
    ends_at: AwareDatetime
    fingerprint: str
    receivers: list[Receiver]
    starts_at: AwareDatetime
    status: AlertStatus
    updated_at: AwareDatetime
    generator_url: str = Field(default="", alias="generatorURL")
    labels: dict[str, str]


class AlertGroup(Model):
    """Alerts that one receiver is told of together."""

    alerts: list[GettableAlert]
    labels: dict[str, str]
    receiver: Receiver


class SilenceMatcher(Model):
    """What a label must be like."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True

    @classmethod
    def of(cls, matcher: Matcher) -> "SilenceMatcher":
        """A matcher of ours."""
        return cls(
            name=matcher.label,
            value=matcher.value,
            is_regex=matcher.op in ("=~", "!~"),
            is_equal=matcher.op in ("=", "=~"),
        )

    def ours(self) -> Matcher:
        """As a matcher of ours. Raises ValidationError."""
        return Matcher(label=self.name, op=_OPS[self.is_regex, self.is_equal], value=self.value)


class PostableSilence(Model):
    """A silence to make, or, with an id, to change."""

    id: str | None = None
    matchers: list[SilenceMatcher] = Field(min_length=1)
    starts_at: Plannable
    ends_at: Plannable
    created_by: str
    comment: str


class SilencePosted(Model):
    """Which silence it became."""

    silence_id: Id = Field(alias="silenceID")


class SilenceStatus(Model):
    """Where a silence is."""

    state: Literal["expired", "active", "pending"]


class GettableSilence(Model):
    """A silence."""

    id: str
    status: SilenceStatus
    updated_at: AwareDatetime
    comment: str
    created_by: str
    ends_at: AwareDatetime
    matchers: list[SilenceMatcher]
    starts_at: AwareDatetime

    @classmethod
    def of(cls, silence: SilenceView) -> "GettableSilence":
        """A silence of ours."""
        return cls(
            id=str(silence.id),
            status=SilenceStatus(state=silence.state.value),
            updated_at=silence.updated_at,
            comment=silence.comment,
            created_by=silence.author,
            ends_at=silence.ends_at,
            matchers=[SilenceMatcher.of(each) for each in silence.matchers],
            starts_at=silence.starts_at,
        )


class ClusterStatus(Model):
    """Alertmanagers that talk to each other: copies of ours do not have to."""

    status: Literal["disabled"] = "disabled"
    peers: list[str] = Field(default_factory=list[str])


class VersionInfo(Model):
    """Whose API this is as."""

    version: str
    revision: str
    branch: str = ""
    build_user: str = ""
    build_date: str = ""
    go_version: str = ""


class Config(Model):
    """The routes, as Alertmanager's configuration would say them."""

    original: str


class Status(Model):
    """How it is."""

    cluster: ClusterStatus
    version_info: VersionInfo
    config: Config
    uptime: AwareDatetime
