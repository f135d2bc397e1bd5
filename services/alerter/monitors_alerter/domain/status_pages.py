"""Status pages: how components do, by what fires, by maintenance and by hand; what an incident's update says where."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Id
from monitors_contracts.matchers import match_all
from monitors_contracts.status_pages import (
    Component,
    ComponentChange,
    ComponentStatus,
    ComponentStatusChanged,
    Override,
    Standing,
    StatusPage,
    StatusPageSpec,
)

_BADNESS = {status: number for number, status in enumerate(ComponentStatus)}


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that is not over, as matchers see it."""

    severity: Severity
    labels: dict[str, str]


def worst(statuses: Iterable[ComponentStatus]) -> ComponentStatus:
    """The worst of these; all is well where there are none."""
    return max(statuses, key=_BADNESS.__getitem__, default=ComponentStatus.OPERATIONAL)


def standings(spec: StatusPageSpec, known: Sequence[Standing], now: datetime) -> list[Standing]:
    """How the components of a spec do: as before where their keys are known, and well where they are new."""
    before = {each.key: each for each in known}
    return [before.get(each.key) or Standing(key=each.key, since=now, known_since=now) for each in spec.components]


def overridden(page: StatusPage, key: str, override: Override | None, now: datetime) -> StatusPage:
    """The page when somebody says how a component does, or no longer does."""
    changed = [each.model_copy(update={"override": override}) if each.key == key else each for each in page.standings]
    return page.model_copy(update={"standings": changed, "updated_at": now, "version": page.version + 1})


def automatic(component: Component, firing: Iterable[Firing], open_windows: Collection[Id]) -> ComponentStatus:
    """How a component does while nobody says otherwise: maintenance explains whatever fires meanwhile."""
    if any(each in open_windows for each in component.windows):
        return ComponentStatus.MAINTENANCE
    if component.matchers is None:
        return ComponentStatus.OPERATIONAL
    return worst(
        ComponentStatus(component.impact[each.severity])
        for each in firing
        if each.severity in component.impact and match_all(component.matchers, each.labels)
    )


def assessed(
    page: StatusPage, firing: Sequence[Firing], open_windows: Collection[Id], now: datetime, by_hand: str | None = None
) -> list[ComponentStatusChanged]:
    """What changes, one event a component, each with the page after it. `by_hand`: the component that somebody changed."""
    events: list[ComponentStatusChanged] = []
    for component in page.spec.components:
        standing = page.standing(component.key)
        assert standing
        said = standing.override
        status = said.status if said else automatic(component, firing, open_windows)
        if status is standing.status:
            continue
        change = ComponentChange(
            key=component.key,
            name=component.name,
            previous=standing.status,
            status=status,
            at=now,
            cause=_cause(standing, status, component.key == by_hand),
        )
        after = standing.model_copy(update={"status": status, "since": now})
        page = page.model_copy(
            update={
                "standings": [after if each.key == component.key else each for each in page.standings],
                "version": page.version + 1,
            }
        )
        events.append(
            ComponentStatusChanged(organization_id=page.organization_id, page_id=page.id, page=page, change=change)
        )
    return events


def _cause(standing: Standing, status: ComponentStatus, by_hand: bool) -> Literal["alerts", "maintenance", "by-hand"]:
    if by_hand or standing.override:
        return "by-hand"
    return "maintenance" if ComponentStatus.MAINTENANCE in (status, standing.status) else "alerts"


def concerned(spec: StatusPageSpec, alerts: Sequence[Firing]) -> list[str] | None:
    """The components that an incident of these alerts concerns, by their keys; None when the page tells nothing of it."""
    if spec.incidents == "none":
        return None
    keys = [
        each.key
        for each in spec.components
        if each.matchers is not None and any(match_all(each.matchers, alert.labels) for alert in alerts)
    ]
    return keys if keys or spec.incidents == "all" else None


def names_of(spec: StatusPageSpec, keys: Collection[str]) -> list[str]:
    """The names of these components, in the page's order."""
    return [each.name for each in spec.components if each.key in keys]
