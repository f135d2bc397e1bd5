"""Published pages by their addresses, and remembered for moments: many look at a status page when something is wrong."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from prometheus_client import Counter
from pydantic import ValidationError

from monitors_contracts.signed import InvalidToken
from monitors_contracts.status_links import LENGTH, StatusLink, path_of, read_token
from monitors_contracts.status_pages import GetLinkedPage, GetPublicPage, PublishedPage, StatusPage
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Runtime

ASKED = Counter("monitors_status_page_requests_total", "Requests for status pages", ("form", "answer"))

SECONDS = 10.0
"""How old an answer may be."""
MOST = 1000
"""Addresses that are remembered, those that lead nowhere among them."""


@dataclass
class _Kept:
    """What is known of an address, or why nothing is."""

    until: float
    page: PublishedPage | None = None
    problem: ProblemError | None = None
    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])


class Published:
    """Finds pages; several who ask at the same time for one page make one question of it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Task[_Kept]] = {}

    async def find(self, key: str) -> PublishedPage:
        """The page at `/status/<key>`, a slug or the token of a private page. Problem: `status-page-not-found`."""
        kept = await self._get(key)
        if kept.page is None:
            assert kept.problem
            raise kept.problem
        return kept.page

    async def bodies(self, key: str) -> dict[str, bytes]:
        """Where to remember what was made of the page for as long as that is: empty when it was asked for anew."""
        return (await self._get(key)).bodies

    async def _get(self, key: str) -> _Kept:
        kept = self._kept.get(key)
        if kept and kept.until > time.monotonic():
            return kept
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key), name="status page")
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, key: str) -> _Kept:
        try:
            kept = _Kept(0, page=await self._runtime.ask(_question(key, self._secret)))
        except (InvalidToken, ValidationError):
            nowhere = problem("status-page-not-found", "No such status page", 404, "It may be private, or gone.")
            return _Kept(0, problem=nowhere)
        except ProblemError as refused:
            # What is only away is not remembered as being nowhere.
            if refused.problem.status >= 500:
                raise
            kept = _Kept(0, problem=refused)
        kept.until = time.monotonic() + SECONDS
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return kept

    def path_of(self, page: StatusPage) -> str:
        """Where a page is on this installation."""
        slug = page.spec.slug if page.spec.visibility == "public" else None
        return path_of(slug, StatusLink(page.organization_id, page.id, page.link), self._secret)

    def forget(self, page: StatusPage) -> None:
        """Somebody changed the page here, and is to see it."""
        for key in (page.spec.slug, self.path_of(page).rpartition("/")[2]):
            self._kept.pop(key, None)

    @property
    def _secret(self) -> str:
        key = self._runtime.settings.secret_key
        assert key  # the gateway refused to be made without one
        return key.get_secret_value()


def _question(key: str, secret: str) -> GetPublicPage | GetLinkedPage:
    """What is to be asked. Raises InvalidToken or ValidationError for what is neither a token of ours nor a slug."""
    if len(key) < LENGTH:
        return GetPublicPage(slug=key)
    link = read_token(key, secret)
    return GetLinkedPage(organization_id=link.organization_id, page_id=link.page_id, link=link.number)
