"""The engine's one door: a request goes in, a page to read or a plain reason comes out."""

import asyncio
import hashlib
import random
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp.abc import AbstractResolver
from yarl import URL

from monitors_contracts.pages import Failure

from .browser import BrowserPool, NoBrowser, NotAPage
from .domain.classify import Answer, obstacle_in
from .domain.html import HtmlPage
from .domain.needs_browser import needs_browser
from .domain.pages import STAYS, FetchedPage, FetchFailed, FetchRequest, FetchResult, Known, Obstacle, Obstructed, Try
from .domain.politeness import Manners
from .domain.retry import RetryPolicy, parse_retry_after, wait_before_retry
from .domain.text import HTML_TYPES, PDF, decode, sniff, split_content_type
from .errors import obstructed_by
from .http import HttpClient, Identities, Identity, Reply, usable_headers
from .network import Guard
from .pdf import pdf_text
from .robots import Robots
from .settings import ScraperSettings
from .throttle import Throttle
from .urls import page_url

_SCRIPTED = 10_000
_SCRIPTED_FOR = 86_400.0
_LARGE = 512 * 1024
_UNRENDERED = Obstacle(
    Failure.EMPTY, f"The page shows its content only after its scripts have run. {STAYS}", script_may_pass=True
)
_NEEDS_CHROMIUM = (
    "The page shows its content only in a browser, and Chromium did not start. "
    "Install it, or set MONITORS_CHROMIUM_PATH."
)


@dataclass(slots=True)
class _Visit:
    """One URL being tried: what is asked, and how often so far."""

    url: URL
    text: str
    request: FetchRequest
    headers: dict[str, str]
    own: bool = False
    attempts: int = 0

    @property
    def known(self) -> Known | None:
        """What is known of this URL by the same way of reading; of another one nothing can be concluded."""
        known = self.request.known
        return known if known and known.url == self.text else None


class Fetcher:
    """Fetches pages by HTTP and browser within the operator's bounds. One for a process; `start` it in its event loop.

    `resolver`, `ssl_context` and `now` replace the system's own.
    """

    def __init__(
        self,
        settings: ScraperSettings | None = None,
        *,
        resolver: AbstractResolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings = settings or ScraperSettings()
        self._now = now
        self._guard = Guard(allow_private=settings.allow_private_addresses, resolver=resolver)
        self._client = HttpClient(settings, self._guard, ssl_context=ssl_context)
        self._robots = Robots(self._client)
        self._browsers = BrowserPool(settings, self._guard)
        self._identities = Identities(settings)
        self._throttle = Throttle()
        self._retry = RetryPolicy(settings.retries, settings.retry_base, settings.retry_after_cap)
        self._scripted: OrderedDict[str, float] = OrderedDict()

    async def start(self) -> None:
        """Open the HTTP sessions; a browser starts when the first page needs it."""
        await self._client.start()

    async def close(self) -> None:
        """Close connections and browser."""
        await self._browsers.close()
        await self._client.close()
        await self._guard.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def fetch(self, request: FetchRequest) -> FetchResult:
        """The first of the request's URLs that gives something to read, or why the first one did not."""
        started = time.monotonic()
        tries: list[Try] = []
        first: Obstacle | None = None
        for text in request.urls:
            began = time.monotonic()
            visit: _Visit | None = None
            try:
                visit = _Visit(page_url(text), text, request, usable_headers(request.headers))
                page = await self._visit(visit)
            except Obstructed as stopped:
                obstacle = stopped.obstacle
                first = first or obstacle
                tries.append(_try(text, visit, obstacle.failure, obstacle.status, began))
                continue
            tries.append(_try(text, visit, None, page.status, began))
            return replace(page, duration_ms=_ms_since(started), attempts=_sum(tries), tries=tuple(tries))
        if first is None:
            raise ValueError("a fetch request without URLs")
        return self._failed(request, first, tries, started)

    def _failed(self, request: FetchRequest, first: Obstacle, tries: list[Try], started: float) -> FetchFailed:
        detail, retry_at = first.detail, None
        if first.retry_after is not None:
            retry_at = self._now() + timedelta(seconds=first.retry_after)
            detail += f" The site asks to be left alone until {retry_at:%Y-%m-%d %H:%M} UTC."
        if len(tries) > 1:
            detail += f" The fall-back address{'es' if len(tries) > 2 else ''} gave nothing to read either."
        return FetchFailed(
            url=request.urls[0],
            failure=first.failure,
            detail=detail,
            status=first.status,
            attempts=_sum(tries),
            duration_ms=_ms_since(started),
            retry_at=retry_at,
            tries=tuple(tries),
        )

    async def _visit(self, visit: _Visit) -> FetchedPage:
        render = visit.request.render
        try:
            visit.own = await self._guard.is_own(visit.url.host or "")
        except (OSError, UnicodeError) as error:
            raise obstructed_by(error) from error
        if render == "browser" or (render == "auto" and self._is_scripted(visit.text)):
            try:
                return await self._by_browser(visit)
            except NotAPage:
                self._scripted.pop(visit.text, None)
        return await self._by_http(visit)

    async def _by_http(self, visit: _Visit) -> FetchedPage:
        spent = 0.0
        for attempt in count(1):
            identity = self._identities.next()
            manners = await self._manners(visit, identity)
            async with self._throttle.turn(visit.url.host or "", manners):
                began = time.monotonic()
                try:
                    return await self._once(visit, identity, self._settings.fetch_timeout - spent)
                except Obstructed as stopped:
                    obstacle = stopped.obstacle
                spent += time.monotonic() - began
            if obstacle.script_may_pass and visit.request.render == "auto":
                return await self._in_browser_instead(visit, obstacle)
            wait = wait_before_retry(obstacle, attempt, self._retry, random.random())  # noqa: S311
            if wait is None or spent + wait >= self._settings.fetch_timeout:
                raise Obstructed(obstacle)
            spent += wait
            await asyncio.sleep(wait)
        raise AssertionError("unreachable")

    async def _manners(self, visit: _Visit, identity: Identity) -> Manners:
        """How this host is to be treated. Raises Obstructed when its robots.txt asks to leave the page alone."""
        settings = self._settings
        if visit.own:
            return Manners(settings.own_host_concurrency, 0)
        delay = settings.per_host_delay
        if settings.respect_robots:
            rules = await self._robots.rules(visit.url, identity)
            if rules.unreadable is not None:
                detail = f"The site's robots.txt cannot be read (HTTP {rules.unreadable}), so the page was left alone."
                raise Obstructed.by(Failure.ROBOTS, detail, rules.unreadable)
            if not rules.allows(str(visit.url), identity.user_agent):
                detail = (
                    "The site asks automated visitors to leave this page alone (robots.txt). Choose another source."
                )
                raise Obstructed.by(Failure.ROBOTS, detail)
            delay = max(delay, rules.crawl_delay(identity.user_agent))
        return Manners(settings.per_host_concurrency, delay)

    async def _once(self, visit: _Visit, identity: Identity, budget: float) -> FetchedPage:
        visit.attempts += 1
        headers = dict(visit.headers)
        known = visit.known if visit.known and visit.known.rendered_by == "http" else None
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        reply = await self._client.get(visit.url.with_fragment(None), identity, headers, budget=max(budget, 0.001))
        if reply.status == 304 and known:
            return _page(visit, reply, "", None, known.content_hash, known)
        return await self._read(visit, reply, known)

    async def _read(self, visit: _Visit, reply: Reply, known: Known | None) -> FetchedPage:
        ok = 200 <= reply.status < 300
        said, charset = split_content_type(reply.headers.get("content-type", ""))
        media = sniff(said, reply.body)
        if media is None and ok:
            detail = f"The address gives a file of type {said or 'unknown'}, which has no text to read."
            raise Obstructed.by(Failure.UNSUPPORTED, f"{detail} Choose a page.", reply.status)
        if media == PDF and ok:
            bounds = self._settings
            text = await pdf_text(reply.body, max_pages=bounds.pdf_max_pages, patience=bounds.pdf_timeout)
        elif len(reply.body) > _LARGE:
            text = await asyncio.to_thread(decode, reply.body, charset, media or "")
        else:
            text = decode(reply.body, charset, media or "")
        digest = _digest(text)
        if ok and known and known.content_hash == digest:
            return _page(visit, reply, media or "", text, digest, known)  # judged when it was new
        html = HtmlPage(text) if media in HTML_TYPES else None
        if ok and html and visit.request.render == "auto" and needs_browser(html):
            raise Obstructed(_UNRENDERED)
        obstacle = obstacle_in(Answer(visit.text, reply.final_url, reply.status, reply.headers, text, html))
        if obstacle:
            after = parse_retry_after(reply.headers.get("retry-after"), self._now())
            raise Obstructed(replace(obstacle, retry_after=after))
        return _page(visit, reply, media or "", text, digest, known)

    async def _in_browser_instead(self, visit: _Visit, obstacle: Obstacle) -> FetchedPage:
        """Render a page that HTTP alone could not read; the next check of it goes straight to the browser."""
        try:
            page = await self._by_browser(visit)
        except NotAPage:
            raise Obstructed(obstacle) from None
        self._scripted[visit.text] = time.monotonic() + _SCRIPTED_FOR
        self._scripted.move_to_end(visit.text)
        if len(self._scripted) > _SCRIPTED:
            self._scripted.popitem(last=False)
        return page

    def _is_scripted(self, url: str) -> bool:
        return self._scripted.get(url, 0) > time.monotonic()

    async def _by_browser(self, visit: _Visit) -> FetchedPage:
        identity = self._identities.next()
        known = visit.known if visit.known and visit.known.rendered_by == "browser" else None
        manners = await self._manners(visit, identity)
        async with self._throttle.turn(visit.url.host or "", manners):
            visit.attempts += 1
            try:
                rendering = await self._browsers.render(
                    visit.url,
                    identity.user_agent,
                    {**identity.headers, **visit.headers},
                    screenshot=visit.request.screenshot,
                )
            except NoBrowser as error:
                raise Obstructed.by(Failure.UNSUPPORTED, _NEEDS_CHROMIUM) from error
        html = HtmlPage(rendering.html)
        answer = Answer(visit.text, rendering.final_url, rendering.status, rendering.headers, rendering.html, html)
        if obstacle := obstacle_in(answer):
            after = parse_retry_after(rendering.headers.get("retry-after"), self._now())
            raise Obstructed(replace(obstacle, retry_after=after, script_may_pass=False))
        reply = Reply(rendering.final_url, rendering.status, rendering.headers, b"")
        page = _page(visit, reply, "text/html", rendering.html, _digest(rendering.html), known)
        shot = None if page.not_modified else rendering.screenshot
        return replace(page, rendered_by="browser", etag=None, last_modified=None, screenshot=shot)


def _page(
    visit: _Visit, reply: Reply, media_type: str, text: str | None, digest: str, known: Known | None
) -> FetchedPage:
    return FetchedPage(
        url=visit.text,
        final_url=reply.final_url,
        status=reply.status,
        headers=reply.headers,
        content_type=media_type or (known.content_type if known else ""),
        content=text,
        content_hash=digest,
        rendered_by="http",
        duration_ms=0,
        not_modified=bool(known and known.content_hash == digest),
        etag=reply.headers.get("etag") or (known.etag if known and text is None else None),
        last_modified=reply.headers.get("last-modified") or (known.last_modified if known and text is None else None),
    )


def _try(text: str, visit: _Visit | None, failure: Failure | None, status: int | None, began: float) -> Try:
    host = (visit.url.host or "") if visit else ""
    return Try(text, host, failure, status, visit.attempts if visit else 0, _ms_since(began))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _sum(tries: list[Try]) -> int:
    return sum(each.attempts for each in tries)


def _ms_since(moment: float) -> float:
    return (time.monotonic() - moment) * 1000
