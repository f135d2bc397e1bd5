"""Routes as people see and change them, and the channels that they lead to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelChanged, ChannelDeleted
from monitors_contracts.policies import Policy
from monitors_contracts.routing import (
    Destination,
    Destinations,
    GetRouting,
    Route,
    Routing,
    RoutingChanged,
    SaveRouting,
    TestRouting,
)
from monitors_runtime.consumer import Unit
from monitors_runtime.database import Connection
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service

from . import circumstances, routing_store, suppressing
from .changes import reroute
from .channels import those_there
from .domain.groups import Channel
from .domain.routing import InvalidRouting, Tree, Way, channels_of, opens_at, validate
from .oncall import store as oncall


class Routes:
    """The alerter's answers about routes, and what it hears of channels."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def channels_changed(self, units: Sequence[Unit[ChannelChanged | ChannelDeleted, None]]) -> None:
        """The notifier's channels: what waited for one is told."""
        # In one order, so that copies which write settings of several organizations never wait in a circle.
        for unit in sorted(units, key=lambda unit: unit.received.event.organization_id):
            await routing_store.apply(unit.tx.db, unit.received.event)
            await reroute(unit.tx.db, unit.received.event.organization_id)

    async def get(self, query: GetRouting) -> Routing:
        """The tree."""
        async with self._service.runtime.pool.acquire() as db:
            return await circumstances.routing(db, query.organization_id)

    async def save(self, command: SaveRouting) -> Routing:
        """Another tree takes the place of the one there is."""
        organization_id = command.organization_id
        channels = await self._channels(organization_id, command.root)
        async with self._service.transaction() as tx:
            before = await routing_store.hold(tx.db, organization_id)
            await _check(tx.db, organization_id, command.root, channels)
            if command.expected_version not in (None, before):
                detail = f"Version {before} was saved meanwhile; this one was made from {command.expected_version}."
                raise problem("routing-changed", "The routes were changed", 409, detail)
            routing = Routing(root=command.root, version=before + 1, updated_at=tx.now, updated_by=command.user_id)
            event = RoutingChanged(organization_id=organization_id, routing=routing)
            await routing_store.apply(tx.db, event)
            await reroute(tx.db, organization_id)
            tx.publish(event)
        return routing

    async def test(self, query: TestRouting) -> Destinations:
        """Where an alert with these labels would go."""
        now = query.at or datetime.now(UTC)
        channels = await self._channels(query.organization_id, query.root) if query.root else set[Id]()
        async with self._service.runtime.pool.acquire() as db, db.transaction():
            known = (await circumstances.these(db, [query.organization_id]))[query.organization_id]
            if query.root:
                await _check(db, query.organization_id, query.root, channels)
            tree = Tree(query.root) if query.root else known.tree
            held = await suppressing.timed(db, query.organization_id, query.labels, now)
        return Destinations(
            destinations=[destination(way, known.channels, now) for way in tree.ways(query.labels)],
            held_by=[each.words for each in held],
        )

    async def _channels(self, organization_id: Id, root: Route) -> set[Id]:
        """Those channels that the tree names and that are there."""
        return await those_there(self._service.runtime, organization_id, channels_of(root))


async def _check(db: Connection, organization_id: Id, root: Route, channels: Collection[Id]) -> None:
    """Problem: `invalid-routing`."""
    policies = [policy.id for policy in await oncall.find(db, Policy, organization_id)]
    try:
        validate(root, channels, policies)
    except InvalidRouting as wrong:
        raise problem("invalid-routing", "Invalid routes", 422, str(wrong)) from None


def destination(way: Way, channels: Mapping[Id, Channel], now: datetime) -> Destination:
    """Where the alerts of this way go now."""
    leads_to = channels if way.channels is None else way.channels
    return Destination(
        path=list(way.path),
        channels=[each for each in leads_to if each in channels and channels[each].is_active],
        policy_id=way.policy_id,
        group_by=list(way.group_by),
        group_wait=way.wait.total_seconds(),
        group_interval=way.interval.total_seconds(),
        repeat_interval=way.repeat.total_seconds(),
        open_at=opens_at(way.hours, now),
    )
