"""What happened to an alert, for those who read it: its own steps with names, and the messages about it."""

from collections.abc import Mapping, Sequence

from pydantic import AwareDatetime, Field

from monitors_contracts.alerts import REASONS, AlertStep, AlertView
from monitors_contracts.base import Id, Model, Value
from monitors_contracts.notifications import NotificationView

from . import shapes
from .shapes import Notification


class TimelineEntry(Model):
    """Something that happened to an alert, or a message about it."""

    key: str = Field(description="Its own within the timeline")
    kind: str = Field(
        description="`pending`, `opened`, `crossed-again`, `acknowledged`, `assigned`, `resolved`, `commented`, `notified`"
    )
    at: AwareDatetime
    user_id: Id | None = Field(description="Who did it; null for what happened by itself")
    user_name: str | None
    via: str | None = Field(
        description="By which message, where somebody followed a link in it: `by mail to ops@example.com`"
    )
    reason: str | None = Field(description="A stable word")
    why: str | None = Field(description="The reason in plain words")
    note: str | None = Field(description="What was said with it, or the comment")
    value: Value = Field(description="What was read, where a reading did it")
    unit: str | None
    assignee: str | None = Field(description="Of `assigned`: to whom; null when to nobody any more")
    notification: Notification | None = Field(description="The message, for `notified`")


class TimelineReply(Model):
    """An alert and its timeline, oldest first. `unavailable` names parts that can't be shown now."""

    alert: AlertView
    entries: list[TimelineEntry]
    total: int = Field(description="How many steps there are, messages aside; of very many the newest are shown")
    unavailable: list[str]


def entry(step: AlertStep, names: Mapping[Id, str]) -> TimelineEntry:
    """A step with the name of who did it."""
    return TimelineEntry(
        key=step.key,
        kind=step.kind,
        at=step.at,
        user_id=step.user_id,
        user_name=names.get(step.user_id) if step.user_id else None,
        via=step.via,
        reason=step.reason,
        why=REASONS.get(step.reason) if step.reason else None,
        note=step.note,
        value=step.value,
        unit=step.unit,
        assignee=step.assignee,
        notification=None,
    )


def entries(
    steps: Sequence[AlertStep], messages: Sequence[NotificationView], names: Mapping[Id, str]
) -> list[TimelineEntry]:
    """Steps and messages, oldest first; a message comes after the step that it tells of."""
    told = [
        TimelineEntry(
            key=str(message.id),
            kind="notified",
            at=message.sent_at or message.created_at,
            user_id=None,
            user_name=None,
            via=None,
            reason=None,
            why=None,
            note=None,
            value=None,
            unit=None,
            assignee=None,
            notification=shapes.notification(message),
        )
        for message in messages
    ]
    return sorted([*(entry(step, names) for step in steps), *told], key=lambda each: each.at)
