"""A tree of routes with one route changed, by name. Pure; a name that is nowhere raises KeyError."""

from collections.abc import Callable, Iterator

from monitors_contracts.routing import Route


def all_routes(root: Route) -> Iterator[Route]:
    """Every route, a parent before its children."""
    yield root
    for child in root.routes:
        yield from all_routes(child)


def found(root: Route, name: str) -> Route:
    """The route of this name."""
    route = next((each for each in all_routes(root) if each.name == name), None)
    if route is None:
        raise KeyError(name)
    return route


def replaced(root: Route, name: str, route: Route) -> Route:
    """With this route in place of that one; those below it stay."""
    before = found(root, name)
    return _put(root, name, route.model_copy(update={"routes": before.routes}))


def added(root: Route, under: str, route: Route) -> Route:
    """With one more route, the last below that one."""
    parent = found(root, under)
    return _put(root, under, parent.model_copy(update={"routes": [*parent.routes, route]}))


def removed(root: Route, name: str) -> Route:
    """Without this route and those below it. The first one stays: KeyError."""
    if root.name == name:
        raise KeyError(name)
    found(root, name)
    return _drop(root, name)


def earlier(root: Route, name: str) -> Route:
    """With this route asked before the sibling that was asked before it; the first of its siblings stays."""
    found(root, name)

    def moved(routes: list[Route]) -> list[Route]:
        at = next((place for place, each in enumerate(routes) if each.name == name), 0)
        if at:
            routes = [*routes[: at - 1], routes[at], routes[at - 1], *routes[at + 1 :]]
        return [_within(each, moved) for each in routes]

    return _within(root, moved)


def _put(root: Route, name: str, route: Route) -> Route:
    if root.name == name:
        return route
    return _within(root, lambda routes: [_put(each, name, route) for each in routes])


def _drop(root: Route, name: str) -> Route:
    return _within(root, lambda routes: [_drop(each, name) for each in routes if each.name != name])


def _within(route: Route, change: Callable[[list[Route]], list[Route]]) -> Route:
    return route.model_copy(update={"routes": change(route.routes)})
