"""Renders pages in Chromium: started on first need, bounded, replaced when old or dead, closed when idle."""

import asyncio
import logging
import os
import shutil
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.cookies import SimpleCookie

from playwright.async_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    Request,
    Response,
    Route,
    async_playwright,
)
from yarl import URL

from monitors_contracts.pages import Failure
from monitors_runtime.guarded_http import RefusedAddress

from .domain.html import HtmlPage
from .domain.needs_browser import needs_browser
from .domain.pages import Obstructed
from .domain.text import HTML_TYPES, split_content_type
from .egress import Egress
from .errors import refused
from .network import Guard
from .settings import ScraperSettings

log = logging.getLogger(__name__)

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_UNWANTED = frozenset({"media", "font", "manifest", "texttrack"})
_VIEW = {"width": 1280, "height": 1024}
_TALLEST_SHOT = 4096
_CLOSING = 5.0
_POLL = 0.1
_QUIET = 0.4
_QUIET_WHILE_LOADING = 2.0
_FLAGS = (
    "--disable-quic",
    "--dns-prefetch-disable",
    "--disable-domain-reliability",
    "--no-pings",
    "--no-first-run",
    "--disable-gpu",
    "--disable-webrtc-hw-encoding",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Names are resolved by the egress proxy alone.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
_SIGNATURE = "() => document.documentElement ? document.documentElement.outerHTML.length : 0"


class NoBrowser(Exception):
    """There is no Chromium to render with."""


class NotAPage(Exception):
    """The address gives a file or data, which needs no rendering."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page as a reader sees it. `screenshot` is a PNG of its upper part."""

    final_url: str
    status: int
    headers: dict[str, str]
    html: str
    screenshot: bytes | None


def find_chromium(settings: ScraperSettings) -> str | None:
    """Chromium's program by setting or on PATH; None leaves it to Playwright's own."""
    if settings.chromium_path:
        return str(settings.chromium_path)
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)


class _Chromium:
    """One running browser with the Playwright driver that steers it."""

    def __init__(self, playwright: Playwright, browser: Browser) -> None:
        self.playwright = playwright
        self.browser = browser
        self.started = time.monotonic()
        self.pages = 0
        self.open = 0
        self.version = browser.version.partition(".")[0]

    @classmethod
    async def launch(cls, settings: ScraperSettings, egress: Egress) -> "_Chromium":
        playwright = await async_playwright().start()
        try:
            browser = await playwright.chromium.launch(
                executable_path=find_chromium(settings),
                chromium_sandbox=os.geteuid() != 0,
                args=[*_FLAGS, f"--js-flags=--max-old-space-size={settings.browser_heap_mb}"],
                proxy={"server": egress.url, "bypass": "<-loopback>"},
            )
        except BaseException:
            await playwright.stop()
            raise
        return cls(playwright, browser)

    def is_spent(self, settings: ScraperSettings) -> bool:
        return (
            not self.browser.is_connected()
            or self.pages >= settings.browser_max_pages
            or time.monotonic() - self.started > settings.browser_max_age
        )

    async def close(self) -> None:
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await self.browser.close()
        with suppress(Error, TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await self.playwright.stop()


class BrowserPool:
    """Renders at most `browser_pages` pages at once, each in a context of its own, so that no page knows of another."""

    def __init__(self, settings: ScraperSettings, guard: Guard) -> None:
        self._settings = settings
        self._guard = guard
        self._egress = Egress(settings, guard)
        self._places = asyncio.Semaphore(settings.browser_pages)
        self._launching = asyncio.Lock()
        self._current: _Chromium | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Close the browser and the proxy."""
        self._retire()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._egress.close()

    async def render(
        self, url: URL, user_agent: str, headers: Mapping[str, str], *, screenshot: bool = True
    ) -> Rendering:
        """Open `url`, let its scripts finish, read it. `headers` go to the URL's own origin only.

        A browser that dies meanwhile is replaced once. Raises NoBrowser, NotAPage or Obstructed.
        """
        async with self._places:
            try:
                return await self._render(url, user_agent, headers, screenshot)
            except _Died:
                with suppress(_Died):
                    return await self._render(url, user_agent, headers, screenshot)
        detail = "The browser broke down while it rendered the page, twice. The page may be too heavy."
        raise Obstructed.by(Failure.CONNECTION, detail)

    async def _render(self, url: URL, user_agent: str, headers: Mapping[str, str], screenshot: bool) -> Rendering:
        async with self._chromium() as chromium:
            visit = _Visit(self._settings, self._guard, url, headers)
            try:
                async with asyncio.timeout(self._settings.browser_timeout):
                    return await visit.run(chromium, user_agent, screenshot)
            except TimeoutError:
                detail = "The page took too long to render. Try again later."
                raise Obstructed.by(Failure.TIMEOUT, detail) from None
            except Error as error:
                if visit.crashed or not chromium.browser.is_connected():
                    raise _Died from error
                raise await visit.obstruction(error) from error
            finally:
                if not await visit.close() and chromium is self._current:
                    self._retire()  # a page that cannot be closed would keep its process busy for ever

    @asynccontextmanager
    async def _chromium(self) -> AsyncGenerator[_Chromium, None]:
        if self._idle:
            self._idle.cancel()
        async with self._launching:
            if self._current and self._current.is_spent(self._settings):
                self._retire()
            if self._current is None:
                self._current = await self._launch()
            chromium = self._current
        chromium.pages += 1
        chromium.open += 1
        try:
            yield chromium
        finally:
            chromium.open -= 1
            if chromium is not self._current and not chromium.open:
                self._close_later(chromium)
            if self._current and not self._current.open:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(self._settings.browser_idle, self._retire)

    async def _launch(self) -> _Chromium:
        if not self._egress.url:
            await self._egress.start()
        try:
            chromium = await _Chromium.launch(self._settings, self._egress)
        except (Error, OSError) as error:
            raise NoBrowser(str(error).partition("\n")[0]) from error
        log.info("browser started: Chromium %s", chromium.browser.version)
        return chromium

    def _retire(self) -> None:
        """Use the current browser for no further page, and close it once its pages are done."""
        if self._idle:
            self._idle.cancel()
        chromium, self._current = self._current, None
        if chromium and not chromium.open:
            self._close_later(chromium)

    def _close_later(self, chromium: _Chromium) -> None:
        task = asyncio.get_running_loop().create_task(chromium.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


class _Died(Exception):
    """The browser or the page's process is gone."""


class _Visit:
    """One page in one context, from opening to reading."""

    def __init__(self, settings: ScraperSettings, guard: Guard, url: URL, headers: Mapping[str, str]) -> None:
        self._settings = settings
        self._guard = guard
        self._url = url
        self._origin = url.origin()
        self._headers = {name: value for name, value in headers.items() if name.lower() not in ("cookie", "user-agent")}
        self._cookies = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
        self._agent = next((value for name, value in headers.items() if name.lower() == "user-agent"), None)
        self._context: BrowserContext | None = None
        self._main: Response | None = None
        self._going_to = url
        self._hops = 0
        self._busy = 0
        self.crashed = False

    async def run(self, chromium: _Chromium, user_agent: str, screenshot: bool) -> Rendering:
        context = self._context = await chromium.browser.new_context(
            user_agent=self._agent or _browser_agent(chromium.version, user_agent),
            locale="en-US",
            viewport={"width": _VIEW["width"], "height": _VIEW["height"]},
            accept_downloads=False,
            service_workers="block",
        )
        if cookies := SimpleCookie(self._cookies):
            await context.add_cookies(
                [{"name": name, "value": each.value, "url": str(self._origin)} for name, each in cookies.items()]
            )
        await context.route("**/*", self._admit)
        page = await context.new_page()
        page.on("crash", self._on_crash)
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfinished", self._on_done)
        page.on("requestfailed", self._on_done)
        page.on("dialog", lambda dialog: dialog.dismiss())
        self._main = await page.goto(str(self._url), wait_until="domcontentloaded", timeout=0) or self._main
        if self._main is None:
            raise Obstructed.by(Failure.EMPTY, "The page did not answer with anything.")
        headers = await self._main.all_headers()
        if split_content_type(headers.get("content-type", "text/html"))[0] not in HTML_TYPES:
            raise NotAPage
        html = await self._settle(page)
        if len(html) > self._settings.max_page_bytes:
            raise Obstructed.by(Failure.TOO_LARGE, "The rendered page is larger than is read. Choose a smaller one.")
        shot = await self._photograph(page) if screenshot else None
        headers.pop("set-cookie", None)
        return Rendering(page.url, self._main.status, headers, html, shot)

    async def close(self) -> bool:
        """Close the page; False when it did not close in time."""
        try:
            async with asyncio.timeout(_CLOSING):
                if self._context:
                    await self._context.close()
        except TimeoutError:
            return False
        except Error as error:
            log.debug("page of a browser that is gone: %s", error.message)
        return True

    async def obstruction(self, error: Error) -> Obstructed | NotAPage:
        """What a failed visit means. The guard is asked again, for the browser only sees a closed connection."""
        message = error.message
        if "Download is starting" in message or "ERR_ABORTED" in message:
            return NotAPage()
        if "ERR_TOO_MANY_REDIRECTS" in message:
            return Obstructed.by(Failure.REDIRECTS, "The site redirected too often. Check the address.")
        if "ERR_CERT" in message or "ERR_SSL" in message:
            return Obstructed.by(Failure.TLS, "The site's certificate is not accepted.")
        try:
            await self._guard.resolve(self._going_to.host or "")
        except RefusedAddress as refusal:
            return refused(refusal)
        except OSError:
            return Obstructed.by(Failure.DNS, "The site's name was not found. Check the address for a slip.")
        log.debug("visit of %s failed: %s", self._url, message)
        return Obstructed.by(Failure.CONNECTION, "The connection to the site broke. Try again later.")

    async def _settle(self, page: Page) -> str:
        """Wait until nothing is loading or changing and the page no longer looks unfinished, but not for long."""
        deadline = time.monotonic() + self._settings.browser_settle
        signature, since = -1, time.monotonic()
        html = ""
        while (now := time.monotonic()) < deadline:
            try:
                latest = await page.evaluate(_SIGNATURE)
                if latest != signature:
                    signature, since = latest, now
                elif now - since >= (_QUIET_WHILE_LOADING if self._busy > 0 else _QUIET):
                    html, since = await page.content(), now
                    if needs_browser(HtmlPage(html)) is None:
                        return html
            except Error as error:
                if self.crashed or page.is_closed():
                    raise
                signature = -1  # a script went on to another page
                log.debug("page moved on: %s", error.message)
            await asyncio.sleep(_POLL)
        return await page.content()

    async def _photograph(self, page: Page) -> bytes | None:
        """The upper part of the page; a page that cannot be photographed is still a page."""
        try:
            height = await page.evaluate("() => document.documentElement.scrollHeight")
            tall = max(1, min(int(height), _TALLEST_SHOT))
            clip = {"x": 0, "y": 0, "width": _VIEW["width"], "height": tall}
            return await page.screenshot(full_page=True, clip=clip, animations="disabled", timeout=5000)  # pyright: ignore[reportArgumentType]
        except Error as error:
            if self.crashed or page.is_closed():
                raise
            log.info("no screenshot of %s: %s", self._url, error.message)
            return None

    async def _admit(self, route: Route) -> None:
        """Let a request pass that has to do with reading: no media, no other scheme; own headers at home only."""
        request = route.request
        try:
            url = URL(request.url)
        except ValueError:
            await route.abort("blockedbyclient")
            return
        if request.resource_type in _UNWANTED or url.scheme not in ("http", "https"):
            await route.abort("blockedbyclient")
        elif self._headers and url.origin() == self._origin:
            await route.continue_(headers={**request.headers, **self._headers})
        else:
            await route.continue_()

    def _on_crash(self, _: Page) -> None:
        self.crashed = True

    def _on_request(self, request: Request) -> None:
        self._busy += 1
        if request.is_navigation_request() and request.frame.parent_frame is None:
            with suppress(ValueError):
                self._going_to = URL(request.url)

    def _on_response(self, response: Response) -> None:
        request = response.request
        redirects = 300 <= response.status < 400
        if request.is_navigation_request() and request.frame.parent_frame is None and not redirects:
            self._main = response

    def _on_done(self, _: Request) -> None:
        self._busy -= 1


def _browser_agent(version: str, user_agent: str) -> str:
    """What a browser of this version says it is, and who is using it."""
    return (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{version}.0.0.0 Safari/537.36 {user_agent}"
    )
