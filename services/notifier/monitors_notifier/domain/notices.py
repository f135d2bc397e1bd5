"""What a notice says: one alert as its own message, several as one message about them all."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from monitors_contracts.alerts import AlertState, AlertView
from monitors_contracts.base import Id, Json
from monitors_contracts.notices import Notice

from . import wording
from .action_links import Links
from .messages import Message, alert_data, alert_message, alert_words, compose

MOST_SHOWN = 50
"""Alerts that a mail shows one by one; of the rest it tells how many. Programs get all that the notice carries."""

_PREFIXES = {
    "repeated": "Still firing",
    "escalated": "Escalated",
    "silence-ended": "Still firing",
    "flapping": "Flapping",
    "test": "Test",
}


def notice_message(
    notice: Notice,
    *,
    unseen: Collection[Id],
    base_url: str,
    channel_name: str,
    unsubscribe_url: str | None = None,
    links: Links | None = None,
) -> Message:
    """The message. Of alerts in `unseen` the channel hears only now, when they are over.

    `base_url` begins the links; `unsubscribe_url` is given for mail, `links` where people read.
    """
    told = _told(notice)
    if len(notice.alerts) == 1 and not notice.more:
        [alert] = notice.alerts
        return alert_message(
            alert,
            reason=notice.reasons.get(str(alert.id), ""),
            base_url=base_url,
            channel_name=channel_name,
            unsubscribe_url=unsubscribe_url,
            unseen=alert.id in unseen,
            prefix=_PREFIXES.get(notice.reason, ""),
            told_because=because(notice),
            links=links,
            more_data=told | {"alerts": [_data(alert, notice, base_url)]},
        )
    critical = any(alert.severity == "critical" and _fires(alert) for alert in notice.alerts)
    words = {
        "headline": _headline(notice),
        "subject": notice_subject(notice),
        "labels": _labels(notice.group_labels),
        "because": because(notice),
        "alerts": [_words(alert, notice, alert.id in unseen, base_url) for alert in notice.alerts[:MOST_SHOWN]],
        "hidden": max(len(notice.alerts) - MOST_SHOWN, 0),
        "more": ", ".join(f"{count:,} {severity}" for severity, count in notice.more.items() if count),
        "alerts_url": f"{base_url}/console/alerts",
        "channel_name": channel_name,
        "links": links,
    }
    return compose(
        "alerts.changed",
        notice.issued_at,
        told | {"reason": notice.reason, "alerts": [_data(alert, notice, base_url) for alert in notice.alerts]},
        words,
        severity=("critical" if critical else "warning") if _status(notice) == "firing" else "info",
        unsubscribe_url=unsubscribe_url,
    )


def notice_subject(notice: Notice) -> str:
    """What a message that waits is called in the ledger; one alert's by what it says itself."""
    if len(notice.alerts) == 1 and not notice.more:
        return wording.plain(notice.alerts[0].summary, 300)
    about = _about(notice)
    subject = _headline(notice) + (f": {about}" if about else "")
    prefix = _PREFIXES.get(notice.reason)
    return wording.plain(f"{prefix}: {subject}" if prefix else subject, 300)


def because(notice: Notice) -> str:
    """Why it is told now, in words; empty when the alerts say it themselves."""
    return " ".join(filter(None, (_because(notice), wording.plain(notice.note, 2000))))


def _because(notice: Notice) -> str:
    waited = wording.span((notice.issued_at - _since(notice)).total_seconds())
    match notice.reason:
        case "repeated":
            return f"Told again: nobody has taken it for {waited}."
        case "escalated":
            who = f" {wording.plain(notice.person, 100)} is on call." if notice.person else ""
            step = f"{_ordinal(notice.step)} step; " if notice.step else ""
            return f"Escalated, {step}nobody has taken it for {waited}.{who}"
        case "digest":
            return "Gathered into one message: there was more to tell than this channel's limit lets through."
        case "silence-ended":
            return "It was silenced, and still fires now that the silence has ended."
        case "flapping":
            return "It comes and goes; you will not be told of every turn."
        case "test":
            return "This is a test: somebody tried the whole way from an alert to this message."
        case "silence-expires":
            return "" if notice.note else "A silence ends soon."
        case "alerts-changed":
            return f"{wording.plain(notice.person, 100)} is on call." if notice.person else ""


def _headline(notice: Notice) -> str:
    """`2 firing, 1 resolved`."""
    if not notice.alerts and not notice.more:
        return "A silence ends soon" if notice.reason == "silence-expires" else "Nothing is firing"
    counts = {
        "firing": sum(_fires(alert) and alert.kind == "state" for alert in notice.alerts),
        "changed": sum(_fires(alert) and alert.kind == "change" for alert in notice.alerts),
        "resolved": sum(not _fires(alert) for alert in notice.alerts),
        "more": sum(notice.more.values()),
    }
    return ", ".join(f"{count:,} {word}" for word, count in counts.items() if count)


def _about(notice: Notice) -> str:
    names = list(dict.fromkeys(wording.plain(alert.name, 80) for alert in notice.alerts))
    if len(names) == 1:
        labels = _labels(notice.group_labels)
        return names[0] + (f" ({labels})" if labels else "")
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    return _labels(notice.group_labels) or shown


def _told(notice: Notice) -> Json:
    """What programs are told of the notice itself."""
    return {
        "status": _status(notice),
        "noticeReason": notice.reason,
        "groupLabels": notice.group_labels,
        "route": notice.route,
        "note": notice.note,
        "more": notice.more,
        "step": notice.step,
        "person": notice.person,
    }


def _status(notice: Notice) -> str:
    return "firing" if notice.more or any(_fires(alert) for alert in notice.alerts) else "resolved"


def _fires(alert: AlertView) -> bool:
    return alert.state is not AlertState.RESOLVED


def _data(alert: AlertView, notice: Notice, base_url: str) -> Json:
    return alert_data(alert, notice.reasons.get(str(alert.id), ""), base_url)


def _words(alert: AlertView, notice: Notice, unseen: bool, base_url: str) -> dict[str, Any]:
    return alert_words(alert, notice.reasons.get(str(alert.id), ""), base_url, unseen=unseen) | {
        "resolved": not _fires(alert),
        "taken": alert.state is AlertState.ACKNOWLEDGED,
    }


def _labels(labels: dict[str, str]) -> str:
    return wording.plain(", ".join(f"{name}={value}" for name, value in labels.items()), 120)


def _since(notice: Notice) -> datetime:
    open_since = [alert.started_at for alert in notice.alerts if _fires(alert)]
    return min(open_since, default=notice.issued_at)


def _ordinal(step: int) -> str:
    words = ("first", "second", "third", "fourth", "fifth")
    return words[step - 1] if 1 <= step <= len(words) else f"{step}th"
