"""Alertmanager's API v2, so that Prometheus sends its alerts here and amtool works: alerts, their groups, and what there is.

After https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (0.25).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from pydantic import ValidationError

from monitors_contracts.base import Id
from monitors_contracts.matchers import InvalidMatcher, Matcher, Pattern, parse_matchers, pattern
from monitors_contracts.notifications import ListChannels
from monitors_contracts.receiving import ActiveAlert, ListActiveAlerts
from monitors_contracts.routing import EVERY_ALERT, Destination, GetRouting
from monitors_runtime.errors import problem

from ..domain.alertmanager_config import written
from ..domain.scopes import Scope
from ..gateway import Gateway
from ..http.alertmanager import AlertmanagerRoute, basic_too, text
from ..http.callers import Caller, CallerDep, GatewayDep, with_scopes
from ..incoming.alertmanager import PostableAlert, decode
from ..incoming.reading import Unreadable, severity_of
from ..reception import receive
from .alertmanager_shapes import (
    AlertGroup,
    AlertStatus,
    ClusterStatus,
    Config,
    GettableAlert,
    Receiver,
    Status,
    VersionInfo,
)

PATH = "/api/v2/alerts"
LARGEST = 8 * 1024 * 1024
"""Bytes of a body of alerts."""
ORIGIN = "prometheus"
COMPATIBLE = "0.25.0"
"""Whose API this is: what asks for the version decides by it what it may ask for."""
MOST_LISTED = 20_000
_BEGAN = datetime.now(UTC)
_ENDS_AHEAD = timedelta(minutes=5)

SAID: dict[str, Any] = {"content": {"application/json": {"schema": {"type": "string"}}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": what, **SAID}
    for status, what in ((400, "What is wrong with it"), (404, "There is none"), (503, "Not now"), (504, "Not in time"))
}
router = APIRouter(
    prefix="/api/v2",
    tags=["alertmanager"],
    route_class=AlertmanagerRoute,
    dependencies=[Depends(basic_too)],
    responses=RESPONSES,
)
SenderDep = Annotated[Caller, Security(with_scopes, scopes=[Scope.ALERTS_WRITE])]
Filter = Annotated[list[str], Query(alias="filter", description='Matchers: `host="db-1"`; may repeat')]
ByReceiver = Annotated[str | None, Query(max_length=1000, description="A pattern that a receiver's whole name matches")]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": PostableAlert.model_json_schema(), "title": "PostableAlerts"}
            }
        },
    }
}


@router.post("/alerts", openapi_extra=_BODY, response_class=Response)
async def post_alerts(request: Request, caller: SenderDep, gateway: GatewayDep) -> Response:
    """Take alerts in; they are kept for good before the answer. Needs the scope `alerts:write`.

    The same labels are the same alert. One whose `endsAt` has passed is over; one without ends 5 minutes after it was last
    heard of. Of a body with some alerts that can't be taken the others are, and the answer is 400 and says what is wrong.
    """
    try:
        alerts, wrongs = decode(await request.body())
    except Unreadable as wrong:
        return text(400, str(wrong))
    await receive(gateway, caller.organization_id, ORIGIN, alerts)
    return text(400, "; ".join(wrongs)[:2000]) if wrongs else Response()


@router.get("/alerts")
async def get_alerts(
    caller: CallerDep,
    gateway: GatewayDep,
    filters: Filter = [],  # noqa: B006 - FastAPI copies it
    active: bool = True,
    silenced: bool = True,
    inhibited: bool = True,
    unprocessed: bool = True,
    receiver: ByReceiver = None,
) -> list[GettableAlert]:
    """Alerts of every origin that are not over. None is ever `unprocessed` here."""
    wanted = _Wanted(filters, active, silenced, inhibited, receiver)
    standing = await _standing(gateway, caller.organization_id, wanted)
    shown = [standing.shown(each) for each in standing.alerts]
    return sorted(shown, key=lambda alert: alert.fingerprint)


@router.get("/alerts/groups")
async def get_groups(
    caller: CallerDep,
    gateway: GatewayDep,
    filters: Filter = [],  # noqa: B006 - FastAPI copies it
    active: bool = True,
    silenced: bool = True,
    inhibited: bool = True,
    receiver: ByReceiver = None,
) -> list[AlertGroup]:
    """The same alerts by receiver and group."""
    wanted = _Wanted(filters, active, silenced, inhibited, receiver)
    standing = await _standing(gateway, caller.organization_id, wanted)
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[GettableAlert]] = {}
    for each in standing.alerts:
        shown = standing.shown(each)
        for place in each.destinations:
            destination = standing.destinations[place]
            labels = _group_labels(destination, each.labels)
            for name in standing.receivers(destination):
                if wanted.goes_to(name):
                    groups.setdefault((name, labels), []).append(shown)
    return [
        AlertGroup(alerts=alerts, labels=dict(labels), receiver=Receiver(name=name))
        for (name, labels), alerts in sorted(groups.items(), key=lambda group: group[0])
    ]


@router.get("/receivers")
async def get_receivers(caller: CallerDep, gateway: GatewayDep) -> list[Receiver]:
    """The channels, by name."""
    names = await _channels(gateway, caller.organization_id)
    return [Receiver(name=name) for name in dict.fromkeys(names.values())]


@router.get("/status")
async def get_status(caller: CallerDep, gateway: GatewayDep) -> Status:
    """That it works, and the routes in Alertmanager's words (hours, limits and policies have none)."""
    routing = await gateway.runtime.ask(GetRouting(organization_id=caller.organization_id))
    names = await _channels(gateway, caller.organization_id)
    return Status(
        cluster=ClusterStatus(),
        version_info=VersionInfo(version=COMPATIBLE, revision=f"monitors-{version('monitors-gateway')}"),
        config=Config(original=written(routing.root, names)),
        uptime=_BEGAN,
    )


class _Wanted:
    """Which alerts are asked for. Raises a problem for a filter that is none."""

    def __init__(self, filters: list[str], active: bool, silenced: bool, inhibited: bool, receiver: str | None) -> None:
        self.matchers = matchers_of(filters)
        self._active, self._silenced, self._inhibited = active, silenced, inhibited
        try:
            self._receiver: Pattern | None = pattern(receiver) if receiver else None
        except InvalidMatcher as wrong:
            raise problem(
                "invalid-filter", "Invalid filter", 400, f"failed to parse receiver param: {wrong}"
            ) from wrong

    def goes_to(self, receiver: str) -> bool:
        """Whether this receiver is one of those asked for."""
        return self._receiver is None or self._receiver.fullmatch(receiver) is not None

    def has(self, alert: ActiveAlert, receivers: list[str]) -> bool:
        """Whether this alert is."""
        if not self._active and not (alert.silenced_by or alert.inhibited_by):
            return False
        if (alert.silenced_by and not self._silenced) or (alert.inhibited_by and not self._inhibited):
            return False
        return self._receiver is None or any(map(self.goes_to, receivers))


class _Standing:
    """Alerts as they stand, with the names of where they go."""

    def __init__(self, channels: Mapping[Id, str], now: datetime) -> None:
        self.alerts: list[ActiveAlert] = []
        self.destinations: list[Destination] = []
        self._channels = channels
        self._now = now

    def receivers(self, destination: Destination) -> list[str]:
        """The channels it leads to, by name; the route's own where a policy says who."""
        names = [self._channels[each] for each in destination.channels if each in self._channels]
        return names or [destination.path[-1]]

    def receivers_of(self, alert: ActiveAlert) -> list[str]:
        """All places where this alert goes."""
        return list(dict.fromkeys(name for at in alert.destinations for name in self.receivers(self.destinations[at])))

    def shown(self, each: ActiveAlert) -> GettableAlert:
        """The alert as Alertmanager shows it."""
        held = bool(each.silenced_by or each.inhibited_by)
        return GettableAlert(
            annotations=each.alert.annotations or {"summary": each.alert.summary},
            ends_at=each.ends_at or self._now + _ENDS_AHEAD,
            fingerprint=fingerprint(each.alert.fingerprint),
            receivers=[Receiver(name=name) for name in self.receivers_of(each)],
            starts_at=each.alert.started_at,
            status=AlertStatus(
                state="suppressed" if held else "active", silenced_by=each.silenced_by, inhibited_by=each.inhibited_by
            ),
            updated_at=each.updated_at,
            generatorURL=each.alert.generator_url or each.alert.url or "",
            labels=each.labels,
        )


async def _standing(gateway: Gateway, organization_id: Id, wanted: _Wanted) -> _Standing:
    """All alerts that are asked for; of very many the first."""
    standing = _Standing(await _channels(gateway, organization_id), datetime.now(UTC))
    asked = ListActiveAlerts(organization_id=organization_id, matchers=wanted.matchers)
    while True:
        page = await gateway.runtime.ask(asked)
        begin = len(standing.destinations)
        standing.destinations += page.destinations
        for alert in page.alerts:
            placed = alert.model_copy(update={"destinations": [begin + place for place in alert.destinations]})
            if wanted.has(placed, standing.receivers_of(placed)):
                standing.alerts.append(placed)
        if page.next_after is None or len(standing.alerts) >= MOST_LISTED:
            return standing
        asked = asked.model_copy(update={"after": page.next_after})


async def _channels(gateway: Gateway, organization_id: Id) -> dict[Id, str]:
    found = await gateway.runtime.ask(ListChannels(organization_id=organization_id))
    return {channel.id: channel.name for channel in found.channels}


def _group_labels(destination: Destination, labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if EVERY_ALERT in destination.group_by:
        return tuple(sorted(labels.items()))
    return tuple((name, labels[name]) for name in sorted(destination.group_by) if labels.get(name))


def fingerprint(ours: str) -> str:
    """Sixteen hexadecimal digits, as Alertmanager's are."""
    return re.sub(r"[^0-9a-f]", "", ours.rpartition(":")[2])[:16].ljust(16, "0")


def matchers_of(filters: list[str]) -> list[Matcher]:
    """What `filter` asks for. Raises a problem."""
    try:
        return [in_our_words(each) for given in filters for each in parse_matchers(given)]
    except (InvalidMatcher, ValidationError) as wrong:
        said = f"bad matcher format: {wrong}"[:500]
        raise problem("invalid-filter", "Invalid filter", 400, said) from wrong


def in_our_words(matcher: Matcher) -> Matcher:
    """Severities have three words here, so `severity="page"` asks for critical ones."""
    if matcher.label != "severity" or matcher.op in ("=~", "!~") or not matcher.value:
        return matcher
    return matcher.model_copy(update={"value": severity_of(matcher.value)})
