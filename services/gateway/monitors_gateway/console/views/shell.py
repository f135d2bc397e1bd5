"""What surrounds every page: who is signed in, where one can go, what was just said."""

from dataclasses import dataclass

from ...http.callers import Caller
from .parts import Flash


@dataclass(frozen=True, slots=True)
class NavItem:
    """A place in the navigation."""

    words: str
    href: str
    icon: str
    current: bool
    count: int = 0
    count_words: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of a page. `root` is the path the console lives under; `csrf` goes into every form; live updates begin behind
    `position`.
    """

    root: str
    assets: str
    theme: str
    path: str
    csrf: str = ""
    user_name: str = ""
    user_email: str = ""
    nav: tuple[NavItem, ...] = ()
    more: tuple[NavItem, ...] = ()
    flash: Flash | None = None
    position: str = ""


# The pages of the console, as the navigation lists them: path, words, icon. The first are in reach of a thumb on phones,
# which has room for five; the others are behind "More" there.
PLACES = (
    ("", "Monitors", "radar"),
    ("/alerts", "Alerts", "bell"),
    ("/explore", "Explore", "chart-line"),
    ("/rules", "Rules", "gauge"),
)
MORE_PLACES = (
    ("/incidents", "Incidents", "zap"),
    ("/status-pages", "Status pages", "globe"),
    ("/on-call", "On call", "users"),
    ("/routes", "Routes", "git-compare"),
    ("/silences", "Silences", "moon"),
    ("/channels", "Channels", "send"),
    ("/integrations", "Integrations", "webhook"),
    ("/outbox", "Outbox", "inbox"),
    ("/notifications", "Deliveries", "list-checks"),
    ("/system", "System", "heart-pulse"),
    ("/account", "Account", "user"),
)
WITHIN = {
    "": ("/monitors",),
    "/explore": ("/targets",),
    "/rules": ("/heartbeats", "/uptime"),
    "/on-call": ("/policies", "/contacts"),
    "/silences": ("/maintenance", "/inhibitions"),
}
"""Pages that belong to a place without lying below it."""


def shell(
    root: str,
    assets: str,
    theme: str,
    path: str,
    caller: Caller | None,
    csrf: str,
    flash: Flash | None,
    open_alerts: int,
    position: str,
) -> Shell:
    """The frame around a page at `path` (below the root), for somebody signed in or for a visitor."""
    if caller is None:
        return Shell(root, assets, theme, path, flash=flash)

    def items(places: tuple[tuple[str, str, str], ...]) -> tuple[NavItem, ...]:
        return tuple(
            NavItem(
                words,
                root + at,
                icon,
                current=_is_current(at, path),
                count=open_alerts if at == "/alerts" else 0,
                count_words=f"{open_alerts} firing" if at == "/alerts" and open_alerts else "",
            )
            for at, words, icon in places
        )

    session = caller.session
    places, more = items(PLACES), items(MORE_PLACES)
    return Shell(root, assets, theme, path, csrf, session.name, session.email, places, more, flash, position)


def _is_current(place: str, path: str) -> bool:
    if place == "" and path == "/":
        return True
    below = (place,) if place else ()
    return path == place or any(path == each or path.startswith(each + "/") for each in below + WITHIN.get(place, ()))
