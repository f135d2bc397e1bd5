"""Notices: what the alerter decided that one channel is to be told. The notifier delivers each, or says why it could not."""

from typing import Literal

from pydantic import AwareDatetime, Field

from .alerts import AlertView
from .base import Event, Id, Model

MOST_ALERTS = 100
"""Alerts that a notice carries whole; of more it tells how many, by severity."""

NoticeReason = Literal[
    "alerts-changed", "repeated", "escalated", "digest", "silence-ended", "flapping", "test", "silence-expires"
]
"""Why it is told now: `alerts-changed` for what is new, worse or over; `repeated` while nobody took it; `escalated` by a step
of a policy; `digest` for what waited behind a rate limit; `silence-ended` for what fires still; `flapping` once for what
comes and goes; `test` for a test-fire; `silence-expires` to remind a silence's author."""

NOTICE_REASONS: dict[str, str] = {
    "alerts-changed": "Something was new, worse or over.",
    "repeated": "Nobody had taken it.",
    "escalated": "A step of the escalation policy was due.",
    "digest": "It waited behind the channel's limit.",
    "silence-ended": "What held it back had ended.",
    "flapping": "It came and went again and again.",
    "test": "Somebody tried the way.",
    "silence-expires": "A silence was about to end.",
}
"""The same in sentences."""


class Notice(Model):
    """What one channel is told at one moment: the alerts of a group, each as it is now.

    The same alert may be in several notices of a channel; `alert.version` says which is newer. An alert's last notice to a
    channel tells that it is resolved, whatever silences or routes say by then.
    """

    id: Id
    group_id: Id = Field(description="Notices of one group to one channel are delivered in order")
    channel_id: Id
    reason: NoticeReason = "alerts-changed"
    alerts: list[AlertView] = Field(
        max_length=MOST_ALERTS, description="Those that this notice is about: critical ones first, then the newest"
    )
    reasons: dict[str, str] = Field(
        default_factory=dict, description="Alert id -> why it changed (`AlertEvent.reason`), where that is known"
    )
    more: dict[str, int] = Field(default_factory=dict, description="How many alerts beside these, by severity")
    group_labels: dict[str, str] = Field(default_factory=dict, description="What the group's alerts have in common")
    route: str = Field(default="", description="The route that led here, as a path of names: `root/databases`")
    fallback: list[Id] = Field(default_factory=list[Id], description="Channels to tell when this one can't be reached")
    step: int | None = Field(default=None, description="The step of an escalation policy, 1 for the first")
    person: str | None = Field(default=None, description="Who is on call, where a schedule led here")
    note: str = Field(default="", max_length=2000, description="What is said beside the alerts: of a silence that ends")
    issued_at: AwareDatetime


class NoticeIssued(Event):
    """One channel is to be told; one event a channel, so that no receiver waits for another's."""

    aggregate, action, stream, entity_field = "notice", "issued", "ALERTS", "notice_id"
    compressed = True
    notice_id: Id
    notice: Notice
