"""Where alerts go in each organization: its routes and its channels, kept in memory for as long as they stay the same."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitors_contracts.base import Id
from monitors_contracts.routing import DEFAULT_ROUTE, Routing
from monitors_runtime.database import Connection, Pool

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


async def versions_of(db: Connection | Pool, organizations: Iterable[Id]) -> dict[Id, int]:
    """The versions of these organizations' settings, of those that have any. They stay so until the transaction ends: who
    changes them waits."""
    rows = await db.fetch(VERSIONS, sorted(set(organizations)))
    return {row["organization_id"]: row["version"] for row in rows}


async def these(
    db: Connection, organizations: Sequence[Id], versions: Mapping[Id, int] | None = None
) -> dict[Id, Circumstances]:
    """The circumstances of these organizations. `versions` of their settings, where they are known."""
    if versions is None:
        versions = await versions_of(db, organizations)
    unknown = [each for each, version in versions.items() if _known.get(each, (0,))[0] != version]
    if unknown:
        trees = await routing_store.trees(db, unknown)
        channels = await routing_store.channels(db, unknown)
        for each in unknown:
            tree = Tree(trees[each].root) if each in trees else BEGINNING
            _known[each] = versions[each], Circumstances(tree, channels.get(each, {}))
    found = {each: _known[each][1] if each in versions else _NEVER_SET for each in organizations}
    for each in found.keys() & versions.keys():
        _known.move_to_end(each)
    while len(_known) > MOST_REMEMBERED:
        _known.popitem(last=False)
    return found


async def routing(db: Connection, organization_id: Id) -> Routing:
    """An organization's tree as it was saved."""
    return (await routing_store.trees(db, [organization_id])).get(organization_id) or Routing(root=DEFAULT_ROUTE)
