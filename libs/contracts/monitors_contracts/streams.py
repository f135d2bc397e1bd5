"""The JetStream streams, each declared once; the same declaration serves the embedded server and a cluster."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Stream:
    """A stream: what it captures, how long it keeps it, and how large it may grow (bytes; -1 for no limit)."""

    name: str
    subjects: tuple[str, ...]
    max_age: timedelta
    max_bytes: int
    description: str
    max_message_bytes: int = 1_048_576
    duplicate_window: timedelta = timedelta(minutes=10)


YEAR = timedelta(days=365)
GIB = 1024**3

STREAMS = (
    Stream(
        "MONITORS",
        ("evt.monitor.>", "evt.rule.>", "evt.uptime.>"),
        YEAR,
        20 * GIB,
        "Web monitors, rules and uptime checks: created, changed, refreshed, evaluated",
    ),
    Stream("PAGES", ("evt.page.>",), timedelta(days=30), 20 * GIB, "What was fetched, contents included"),
    Stream("METRICS", ("evt.metric.>",), timedelta(days=3), 20 * GIB, "Measurements on their way to storage"),
    Stream(
        "ALERTS",
        (
            "evt.threshold.>",
            "evt.alert.>",
            "evt.notice.>",
            "evt.notification.>",
            "evt.channel.>",
            "evt.routing.>",
            "evt.silence.>",
            "evt.maintenance.>",
            "evt.inhibition.>",
            "evt.contact.>",
            "evt.schedule.>",
            "evt.policy.>",
            "evt.incident.>",
            "evt.status-page.>",
            "evt.subscriber.>",
        ),
        YEAR,
        10 * GIB,
        "Crossed thresholds, alerts, what is told of them and by which settings, incidents",
    ),
    Stream(
        "PLATFORM",
        ("evt.user.>", "evt.organization.>", "evt.audit.>", "evt.ai-usage.>", "evt.system.>", "evt.ping-key.>"),
        YEAR,
        5 * GIB,
        "The platform's own life",
    ),
    Stream(
        "DEAD_LETTERS",
        ("dlq.>",),
        timedelta(days=90),
        2 * GIB,
        "Messages no consumer could handle, with the reason",
    ),
)
