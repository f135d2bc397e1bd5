"""Where alerts go in each organization: its routes and its channels, kept in memory for as long as they stay the same."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from monitors_contracts.base import Id
from monitors_contracts.routing import DEFAULT_ROUTE, Routing
from monitors_runtime.database import Connection

from . import routing_store
from .domain.groups import Channel
from .domain.routing import Tree

MOST_REMEMBERED = 500
"""Organizations whose trees are kept in memory."""

VERSIONS = "SELECT * FROM alerter.settings_of($1)"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """An organization's tree and its channels (those that are gone are absent)."""

    tree: Tree
    channels: Mapping[Id, Channel]


BEGINNING = Tree(DEFAULT_ROUTE)
_NEVER_SET = Circumstances(BEGINNING, {})
_known: OrderedDict[Id, tuple[int, Circumstances]] = OrderedDict()
"""With the version they were read at: what they come to is the same whoever read them."""


async def these(db: Connection, organizations: Sequence[Id]) -> dict[Id, Circumstances]:
    """The circumstances of these organizations. They stay so until the transaction ends: who changes them waits."""
    rows = await db.fetch(VERSIONS, sorted(set(organizations)))
    versions: dict[UUID, int] = {row["organization_id"]: row["version"] for row in rows}
    unknown = [each for each, version in versions.items() if _known.get(each, (0,))[0] != version]
    if unknown:
        trees = await routing_store.trees(db, unknown)
        channels = await routing_store.channels(db, unknown)
        for each in unknown:
            tree = Tree(trees[each].root) if each in trees else BEGINNING
            _known[each] = versions[each], Circumstances(tree, channels.get(each, {}))
    found = {each: _known[each][1] if each in versions else _NEVER_SET for each in organizations}
    for each in versions:
        _known.move_to_end(each)
    while len(_known) > MOST_REMEMBERED:
        _known.popitem(last=False)
    return found


async def routing(db: Connection, organization_id: Id) -> Routing:
    """An organization's tree as it was saved."""
    return (await routing_store.trees(db, [organization_id])).get(organization_id) or Routing(root=DEFAULT_ROUTE)
