"""Which channels there are."""

from collections.abc import Collection

from monitors_contracts.base import Id
from monitors_contracts.notifications import ListChannels
from monitors_runtime.runtime import Runtime

from . import routing_store


async def those_there(runtime: Runtime, organization_id: Id, wanted: Collection[Id]) -> set[Id]:
    """Those of the wanted that are there. One that was just made may be known to the notifier alone as yet."""
    heard_of = (await routing_store.channels(runtime.pool, [organization_id])).get(organization_id, {}).keys()
    there = heard_of & set(wanted)
    if len(there) < len(set(wanted)):
        listed = await runtime.ask(ListChannels(organization_id=organization_id))
        there |= {each.id for each in listed.channels} & set(wanted)
    return there
