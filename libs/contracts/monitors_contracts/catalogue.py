"""Every message there is, by name: what reads the wire, writes schemas and draws the documents starts here."""

from . import (
    alerts,
    collection,
    decisions,
    evaluations,
    incidents,
    inhibition,
    maintenance,
    metrics,
    monitors,
    notices,
    notifications,
    oncall,
    pages,
    pending,
    platform,
    policies,
    receiving,
    routing,
    rules,
    silences,
    snapshots,
    status_pages,
    subscribers,
    targets,
    uptime,
)
from .base import Event, Request

_MODULES = (
    monitors,
    collection,
    evaluations,
    pages,
    snapshots,
    alerts,
    decisions,
    receiving,
    routing,
    silences,
    maintenance,
    inhibition,
    oncall,
    policies,
    incidents,
    status_pages,
    notices,
    notifications,
    subscribers,
    metrics,
    targets,
    uptime,
    rules,
    pending,
    platform,
)

EVENTS: tuple[type[Event], ...] = tuple(
    kind
    for module in _MODULES
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Event)
    and "aggregate" in vars(kind)
    and kind.__module__ == module.__name__
)
EVENTS_BY_TYPE: dict[str, type[Event]] = {kind.type_name(): kind for kind in EVENTS}

REQUESTS: tuple[type[Request], ...] = tuple(  # pyright: ignore[reportMissingTypeArgument]
    kind
    for module in _MODULES
    for kind in vars(module).values()
    if isinstance(kind, type)
    and issubclass(kind, Request)
    and "service" in vars(kind)
    and kind.__module__ == module.__name__
)
