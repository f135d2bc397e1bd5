"""Routes and channels in PostgreSQL. Both are made of events: of our own, and of the notifier's."""

from collections.abc import Sequence

from monitors_contracts.base import Id
from monitors_contracts.notifications import ChannelChanged, ChannelDeleted
from monitors_contracts.routing import Routing, RoutingChanged
from monitors_runtime.database import Connection, Pool

from .domain.groups import Channel

TREES = "SELECT organization_id, document::text FROM alerter.routing WHERE organization_id = ANY($1::uuid[])"

CHANNELS = """
SELECT organization_id, id, kind, name, is_active FROM alerter.channels
WHERE organization_id = ANY($1::uuid[]) AND NOT is_gone ORDER BY id
"""

SAVE_ROUTING = """
INSERT INTO alerter.routing (organization_id, version, document) VALUES ($1, $2, $3)
ON CONFLICT (organization_id) DO UPDATE SET version = excluded.version, document = excluded.document
WHERE routing.version < excluded.version
"""

SAVE_CHANNEL = """
INSERT INTO alerter.channels AS known (organization_id, id, kind, name, is_active, version) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (organization_id, id) DO UPDATE SET
    name = excluded.name, is_active = excluded.is_active, version = excluded.version
WHERE known.version < excluded.version AND NOT known.is_gone
"""

DROP_CHANNEL = """
INSERT INTO alerter.channels (organization_id, id, kind, name, is_active, is_gone, version)
VALUES ($1, $2, 'local', '', false, true, 0)
ON CONFLICT (organization_id, id) DO UPDATE SET is_gone = true
"""

CHANGE_SETTINGS = "SELECT alerter.change_settings($1)"

VERSION = "SELECT version FROM alerter.routing WHERE organization_id = $1"


async def hold(db: Connection, organization_id: Id) -> int:
    """The version of an organization's tree, which nobody else changes until the transaction ends; 0 for none."""
    await db.execute(CHANGE_SETTINGS, organization_id)
    return await db.fetchval(VERSION, organization_id) or 0


async def apply(db: Connection, event: RoutingChanged | ChannelChanged | ChannelDeleted) -> None:
    """Make the state what the event says; what is known already changes nothing. Whoever tells alerts waits until it is."""
    await db.execute(CHANGE_SETTINGS, event.organization_id)
    match event:
        case RoutingChanged():
            await db.execute(SAVE_ROUTING, event.organization_id, event.routing.version, event.routing)
        case ChannelChanged():
            each = event.channel
            await db.execute(
                SAVE_CHANNEL, event.organization_id, each.id, each.kind, each.name, each.is_active, each.version
            )
        case ChannelDeleted():
            await db.execute(DROP_CHANNEL, event.organization_id, event.channel_id)


async def trees(db: Connection, organizations: Sequence[Id]) -> dict[Id, Routing]:
    """The trees of those of these organizations that saved one."""
    rows = await db.fetch(TREES, organizations)
    return {row["organization_id"]: Routing.model_validate_json(row["document"]) for row in rows}


async def channels(db: Connection | Pool, organizations: Sequence[Id]) -> dict[Id, dict[Id, Channel]]:
    """The channels of these organizations, those that are switched off as well."""
    found: dict[Id, dict[Id, Channel]] = {}
    for row in await db.fetch(CHANNELS, organizations):
        channel = Channel(row["kind"], row["name"], row["is_active"])
        found.setdefault(row["organization_id"], {})[row["id"]] = channel
    return found
