"""The delivery of one message, decided: from what a try came to, to the state and event that follow."""

from datetime import datetime, timedelta

from monitors_contracts.alerts import AlertView
from monitors_contracts.base import Id
from monitors_contracts.notices import Notice
from monitors_contracts.notifications import (
    ChannelKind,
    DeliveryState,
    NotificationDelayed,
    NotificationEvent,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationSuperseded,
    NotificationTracked,
    NotificationView,
    ToldAlert,
)

from .retry import GiveUp, Wait
from .tracking import advance


def begin(
    notice: Notice, channel: tuple[Id, ChannelKind, str], subject: str, now: datetime, version: int
) -> NotificationView:
    """A message that tells this to one channel (id, kind, name), before any event about it; those have higher versions."""
    channel_id, kind, name = channel
    blank = NotificationView(
        id=notice.id,
        channel_id=channel_id,
        channel_kind=kind,
        channel_name=name,
        subject=subject,
        state=DeliveryState.PENDING,
        created_at=now,
        version=version,
        group_id=notice.group_id,
    )
    return telling(blank, notice)


def telling(old: NotificationView, notice: Notice) -> NotificationView:
    """The same message, telling this."""
    first = notice.alerts[0] if notice.alerts else None
    return old.model_copy(
        update={
            "alert_id": first.id if first else None,
            "monitor_id": first.monitor_id if first else None,
            "trigger_value": first.value if first else None,
            "previous_value": first.previous_value if first else None,
            "change_detected": bool(first and first.previous_value not in (None, first.value)),
            "alert_ids": [alert.id for alert in notice.alerts],
            "told": [ToldAlert(id=alert.id, version=alert.version, state=alert.state) for alert in notice.alerts],
            "reason": notice.reason,
            "route": notice.route,
        }
    )


def notice_of(notification: NotificationView, alert: AlertView, reason: str) -> Notice:
    """What a message that was asked for by a release before told: of one alert, for itself."""
    return Notice(
        id=notification.id,
        group_id=alert.id,
        channel_id=notification.channel_id,
        alerts=[alert],
        reasons={str(alert.id): reason},
        issued_at=notification.created_at,
    )


def waiting(organization_id: Id, old: NotificationView, notice: Notice, at: datetime) -> NotificationEvent:
    """It waits to be tried, due at this time. (A request names an alert, and few notices are of none.)"""
    new = telling(old, notice).model_copy(
        update={"state": DeliveryState.PENDING, "next_attempt_at": at, "version": old.version + 1}
    )
    if not notice.alerts:
        return NotificationDelayed(
            organization_id=organization_id, notification_id=new.id, notification=new, notice=notice
        )
    alert = notice.alerts[0]
    return NotificationRequested(
        organization_id=organization_id,
        notification_id=new.id,
        notification=new,
        alert=alert,
        reason=notice.reasons.get(str(alert.id), ""),
        notice=notice,
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


def superseded(organization_id: Id, old: NotificationView, by: Id | None) -> NotificationSuperseded:
    """Its news is told by another message; None when nobody is left to tell."""
    new = old.model_copy(
        update={
            "state": DeliveryState.SUPERSEDED,
            "superseded_by": by,
            "next_attempt_at": None,
            "version": old.version + 1,
        }
    )
    return NotificationSuperseded(organization_id=organization_id, notification_id=new.id, notification=new)


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
