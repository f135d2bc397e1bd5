"""Remembers what sites ask robots to leave alone."""

import asyncio
import time
from collections import OrderedDict

from yarl import URL

from monitors_contracts.pages import Failure

from .domain.pages import Obstructed
from .domain.robots import MAX_BYTES, RobotsRules, read_robots
from .http import HttpClient, Identity

_SITES = 4096
_KEPT = 3600.0
_KEPT_UNREADABLE = 300.0
_BUDGET = 10.0


class Robots:
    """Each site's robots.txt, asked for once an hour (every five minutes while it cannot be read)."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._known: OrderedDict[URL, tuple[float, asyncio.Task[RobotsRules]]] = OrderedDict()

    async def rules(self, url: URL, identity: Identity) -> RobotsRules:
        """The rules of the URL's site. Raises Obstructed when the site cannot be reached at all."""
        site = url.origin()
        until, task = self._known.get(site, (0.0, None))
        if task is None or until < time.monotonic():
            task = asyncio.create_task(self._ask(site, identity))
            self._known[site] = (time.monotonic() + _KEPT, task)
            self._known.move_to_end(site)
            if len(self._known) > _SITES:
                self._known.popitem(last=False)
        try:
            rules = await asyncio.shield(task)
        except Obstructed:
            self._known.pop(site, None)
            raise
        if rules.unreadable is not None:
            self._known[site] = (min(self._known[site][0], time.monotonic() + _KEPT_UNREADABLE), task)
        return rules

    async def _ask(self, site: URL, identity: Identity) -> RobotsRules:
        try:
            reply = await self._client.get(site / "robots.txt", identity, {}, budget=_BUDGET, max_bytes=MAX_BYTES)
        except Obstructed as stopped:
            if stopped.obstacle.failure in (Failure.TOO_LARGE, Failure.REDIRECTS):
                return RobotsRules()
            raise
        return read_robots(reply.status, reply.body.decode("utf-8", "replace"))
