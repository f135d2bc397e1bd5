"""The delivery of one message, decided: from what a try came to, to the state and event that follow."""

from datetime import datetime, timedelta

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.notifications import (
    ChannelKind,
    DeliveryState,
    NotificationDelayed,
    NotificationEvent,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationTracked,
    NotificationView,
)

from .retry import GiveUp, Wait
from .tracking import advance


def request(
    notification_id: Id,
    alert: AlertView,
    reason: str,
    subject: str,
    channel: tuple[Id, ChannelKind, str],
    now: datetime,
) -> NotificationRequested:
    """A message about this alert to one channel (id, kind, name)."""
    channel_id, kind, name = channel
    return NotificationRequested(
        organization_id=alert.organization_id,
        notification_id=notification_id,
        alert=alert,
        reason=reason,
        notification=NotificationView(
            id=notification_id,
            alert_id=alert.id,
            monitor_id=alert.monitor_id,
            channel_id=channel_id,
            channel_kind=kind,
            channel_name=name,
            subject=subject,
            state=DeliveryState.PENDING,
            trigger_value=alert.value,
            previous_value=alert.previous_value,
            change_detected=alert.previous_value is not None and alert.previous_value != alert.value,
            created_at=now,
        ),
    )


def sent(
    organization_id: Id, old: NotificationView, subject: str, provider_message_id: str | None, now: datetime
) -> NotificationSent:
    """The receiver took it."""
    new = old.model_copy(
        update={
            "state": DeliveryState.SENT,
            "subject": subject,
            "attempts": old.attempts + 1,
            "error": None,
            "next_attempt_at": None,
            "provider_message_id": provider_message_id,
            "sent_at": now,
            "version": old.version + 1,
        }
    )
    return NotificationSent(organization_id=organization_id, notification_id=new.id, notification=new)


def failed(
    organization_id: Id, old: NotificationView, error: str, follows: Wait | GiveUp, now: datetime
) -> NotificationEvent:
    """A try failed: repeated later, or given up."""
    ended = isinstance(follows, GiveUp)
    new = old.model_copy(
        update={
            "state": DeliveryState.FAILED if ended else DeliveryState.PENDING,
            "attempts": old.attempts + 1,
            "error": (follows.reason if ended else error)[:500],
            "next_attempt_at": None if ended else now + timedelta(seconds=follows.seconds),
            "version": old.version + 1,
        }
    )
    kind = NotificationFailed if ended else NotificationDelayed
    return kind(organization_id=organization_id, notification_id=new.id, notification=new)


def postponed(organization_id: Id, old: NotificationView, seconds: float, now: datetime) -> NotificationDelayed:
    """The receiver's lane is full or it rests: later, and not counted as a try."""
    new = old.model_copy(update={"next_attempt_at": now + timedelta(seconds=seconds), "version": old.version + 1})
    return NotificationDelayed(organization_id=organization_id, notification_id=new.id, notification=new)


def again(organization_id: Id, old: NotificationView, alert: AlertView, reason: str) -> NotificationRequested:
    """A delayed message is due."""
    new = old.model_copy(update={"next_attempt_at": None, "version": old.version + 1})
    return NotificationRequested(
        organization_id=organization_id, notification_id=new.id, notification=new, alert=alert, reason=reason
    )


def by_hand(organization_id: Id, old: NotificationView, alert: AlertView, reason: str) -> NotificationRequested:
    """Somebody wants one more try of what was given up. ValueError: `notification-not-failed`."""
    if old.state is not DeliveryState.FAILED:
        raise ValueError("notification-not-failed")
    waiting = old.model_copy(update={"state": DeliveryState.PENDING})
    return again(organization_id, waiting, alert, reason)


def tracked(
    organization_id: Id, old: NotificationView, reported: DeliveryState, detail: str | None, at: datetime
) -> NotificationTracked | None:
    """The provider's word about it; None when it says nothing new."""
    state = advance(old.state, reported)
    if state is None:
        return None
    moments = {
        DeliveryState.DELIVERED: "delivered_at",
        DeliveryState.OPENED: "opened_at",
        DeliveryState.CLICKED: "clicked_at",
    }
    moment = {moments[reported]: at} if reported in moments else {}
    known = {"state": state, "error": detail or old.error, "next_attempt_at": None, "version": old.version + 1}
    new = old.model_copy(update=known | moment)
    return NotificationTracked(organization_id=organization_id, notification_id=new.id, notification=new)
