"""Who sends what, and who hears it: the map the documents are drawn from.

The services' `app.py` is the truth; `tests/contracts` holds this map against it.
"""

from dataclasses import dataclass

from .alerts import AlertAcknowledged, AlertAssigned, AlertCommented, AlertResolved, AlertTriggered
from .base import Event
from .incidents import IncidentOpened, IncidentResolved, IncidentUpdated
from .inhibition import InhibitionChanged, InhibitionDeleted
from .maintenance import MaintenanceChanged, MaintenanceDeleted
from .metrics import MetricBatchCollected, MetricCollected
from .monitors import (
    MonitorCreated,
    MonitorDeleted,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorRestored,
    MonitorUpdated,
    ThresholdCleared,
    ThresholdExceeded,
)
from .notices import NoticeIssued
from .notifications import (
    ChannelChanged,
    ChannelDeleted,
    NotificationDelayed,
    NotificationFailed,
    NotificationRequested,
    NotificationSent,
    NotificationSuperseded,
    NotificationTracked,
)
from .oncall import (
    ContactChanged,
    ContactDeleted,
    OverrideRemoved,
    ScheduleChanged,
    ScheduleDeleted,
    ScheduleOverridden,
)
from .pages import PageFetched, PageFetchFailed
from .platform import (
    AiUsageRecorded,
    AuditRecorded,
    OrganizationDeleted,
    PingKeyRotated,
    SystemHealthChanged,
    SystemPulsed,
    UserRegistered,
    UserUpdated,
)
from .policies import PolicyChanged, PolicyDeleted
from .routing import RoutingChanged
from .rules import RuleCreated, RuleDeleted, RuleUpdated
from .silences import SilenceChanged
from .status_pages import (
    ComponentStatusChanged,
    StatusPageChanged,
    StatusPageDeleted,
    StatusUpdatePosted,
    StatusUpdateRemoved,
)
from .subscribers import SubscriberChanged
from .uptime import UptimeCheckCreated, UptimeCheckDeleted, UptimeCheckUpdated


@dataclass(frozen=True)
class Durable:
    """A service's durable consumer: every event of these types, of one aggregate, is handled once and in order."""

    service: str
    events: tuple[type[Event], ...]

    @property
    def name(self) -> str:
        """`<service>-<aggregate>-<event>`, or `<service>-<aggregate>` when it hears several types."""
        first = self.events[0]
        return f"{self.service}-{first.aggregate}" + (f"-{first.action}" if len(self.events) == 1 else "")

    @property
    def stream(self) -> str:
        """The stream it reads."""
        return self.events[0].stream

    @property
    def subjects(self) -> list[str]:
        """What it filters the stream by: these events of all organizations."""
        return [f"evt.{event.aggregate}.{event.action}.>" for event in self.events]


_OWNED: dict[str, tuple[type[Event], ...]] = {
    "gateway": (
        UserRegistered,
        UserUpdated,
        OrganizationDeleted,
        AuditRecorded,
        MetricBatchCollected,
        SystemHealthChanged,
        SystemPulsed,
        PingKeyRotated,
    ),
    "scraper": (PageFetched, PageFetchFailed, UptimeCheckCreated, UptimeCheckUpdated, UptimeCheckDeleted),
    "evaluator": (
        MonitorCreated,
        MonitorUpdated,
        MonitorDeleted,
        MonitorRestored,
        MonitorRefreshRequested,
        MonitorEvaluated,
        ThresholdExceeded,
        ThresholdCleared,
        MetricCollected,
        AiUsageRecorded,
        RuleCreated,
        RuleUpdated,
        RuleDeleted,
    ),
    "alerter": (
        AlertTriggered,
        AlertAcknowledged,
        AlertAssigned,
        AlertResolved,
        AlertCommented,
        NoticeIssued,
        RoutingChanged,
        SilenceChanged,
        MaintenanceChanged,
        MaintenanceDeleted,
        InhibitionChanged,
        InhibitionDeleted,
        ContactChanged,
        ContactDeleted,
        ScheduleChanged,
        ScheduleDeleted,
        ScheduleOverridden,
        OverrideRemoved,
        PolicyChanged,
        PolicyDeleted,
        IncidentOpened,
        IncidentUpdated,
        IncidentResolved,
        StatusPageChanged,
        StatusPageDeleted,
        ComponentStatusChanged,
        StatusUpdatePosted,
        StatusUpdateRemoved,
    ),
    "notifier": (
        NotificationRequested,
        NotificationSent,
        NotificationDelayed,
        NotificationFailed,
        NotificationSuperseded,
        NotificationTracked,
        ChannelChanged,
        ChannelDeleted,
        SubscriberChanged,
    ),
}

OWNERS: dict[type[Event], str] = {event: service for service, events in _OWNED.items() for event in events}
"""The one service that publishes each event."""

_ALSO_SENT: dict[type[Event], tuple[str, ...]] = {MetricBatchCollected: ("scraper",)}

CONSUMERS: tuple[Durable, ...] = (
    Durable("scraper", (MonitorRefreshRequested,)),
    Durable("scraper", (MonitorDeleted,)),
    Durable("scraper", (MonitorRestored,)),
    Durable("evaluator", (PageFetched, PageFetchFailed)),
    Durable("evaluator", (UptimeCheckCreated, UptimeCheckUpdated, UptimeCheckDeleted)),
    Durable("alerter", (ThresholdExceeded, ThresholdCleared)),
    Durable("alerter", (ChannelChanged, ChannelDeleted)),
    Durable("alerter", (AlertTriggered, AlertAcknowledged, AlertResolved)),
    Durable("notifier", (UserRegistered,)),
    Durable("notifier", (UserUpdated,)),
    Durable("alerter", (IncidentUpdated, IncidentResolved)),
    Durable("notifier", (NoticeIssued,)),
    Durable("notifier", (StatusUpdatePosted, StatusPageDeleted)),
    Durable("metrics", (MetricCollected,)),
    Durable("metrics", (MetricBatchCollected,)),
    *(
        Durable(service, (OrganizationDeleted,))
        for service in ("scraper", "evaluator", "alerter", "notifier", "metrics")
    ),
)
"""Every durable consumer there is."""

SERVICES: tuple[str, ...] = tuple(sorted({*_OWNED, *(durable.service for durable in CONSUMERS)}))
"""Every service there is."""

FEEDS: dict[str, tuple[str, ...]] = {"gateway": ("MONITORS", "ALERTS", "PAGES"), "evaluator": ("METRICS",)}
"""Services that follow whole streams without a durable: the gateway for the event feed of the API, the evaluator for its
rules, whose state is committed with its own place in the stream."""


def senders_of(event: type[Event]) -> list[str]:
    """Who publishes it: its owner, and for measurements whoever else takes them in."""
    return [OWNERS[event], *_ALSO_SENT.get(event, ())]


def consumers_of(event: type[Event]) -> list[Durable]:
    """The durables that hear this event."""
    return [durable for durable in CONSUMERS if event in durable.events]


def services_hearing(event: type[Event]) -> list[str]:
    """All services this event reaches, by durable or by feed, in alphabetical order."""
    durable = {consumer.service for consumer in consumers_of(event)}
    return sorted(durable | {service for service, streams in FEEDS.items() if event.stream in streams})
