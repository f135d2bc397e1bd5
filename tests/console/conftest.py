"""The console in a real Chromium, against a real platform and a site to watch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from browsing import PASSWORD
from monitors_scraper.browser import find_chromium
from monitors_scraper.settings import ScraperSettings

RETRIES = 3  # when a connection kept alive is closed by the server just as it is used again
CHROMIUM = find_chromium(ScraperSettings())

T = TypeVar("T")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser, and shares one platform: the groups are there when xdist asks for them."""
    for item in items:
        if "/tests/console/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("console"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium; `make test` gets one where it can"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of a module: Playwright's event loop must end before other tests want one of their own."""
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser. Whatever a page complains of on the console of the browser fails the test at its end."""

    context: BrowserContext
    page: Page
    url: str
    email: str = ""
    complaints: list[str] = field(default_factory=list[str])

    def hear(self, said: ConsoleMessage) -> None:
        """What the page says on the console of the browser, and of what, such as what could not be loaded."""
        if said.type in ("error", "warning"):
            self.complaints.append(f"{said.text} [{said.location['url']}]")

    def go(self, path: str = "") -> Page:
        """Open a page of the console; `path` is what follows /console."""
        self.page.goto(f"{self.url}/console{path}")
        return self.page

    def live(self) -> None:
        """Wait until live updates are connected."""
        expect(self.page.locator("body[data-live=on]")).to_be_attached()

    def until(self, condition: Callable[[], T]) -> T:
        """What it comes to, once it is true: for what no page shows by itself. The test's own timeout ends it."""
        while not (found := condition()):
            self.page.wait_for_timeout(100)
        return found

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The same person at the REST API."""
        login = {"email": self.email, "password": PASSWORD}
        token = self.context.request.post(f"{self.url}/api/auth/login", data=login, max_retries=RETRIES).json()["token"]
        answer = self.context.request.fetch(
            self.url + path,
            method=method,
            data=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=40_000,
            max_retries=RETRIES,
        )
        assert answer.ok, answer.text()
        return answer.json()


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(chromium: Browser, platform: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Opens browsers of their own: `visit()` is signed up, `visit(signed_up=False)` is a stranger.

    More options go to Playwright's new_context: `visit(viewport={"width": 360, "height": 800})`. Complaints that a test
    expects are taken out of `visitor.complaints` by that test.
    """
    visitors: list[Visitor] = []

    def open_browser(*, signed_up: bool = True, url: str = "", **options: Any) -> Visitor:
        make: Any = chromium.new_context  # its many options are not worth repeating here
        context: BrowserContext = make(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | options)
        page = context.new_page()
        visitor = Visitor(context, page, url or platform.api)
        page.on("console", visitor.hear)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitors.append(visitor)
        if signed_up:
            sign_up(
                visitor, f"visitor-{len(visitors)}-{abs(hash(request.node.nodeid)) % 10**8}-{id(visitor)}@example.com"
            )
        return visitor

    yield open_browser
    complaints = [f"{each.page.url}: {said}" for each in visitors for said in each.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints


def sign_up(visitor: Visitor, email: str, name: str = "Robin") -> None:
    """Through the form, as a person does."""
    visitor.email = email
    page = visitor.go("/signup")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.locator("body[data-signed-in]")).to_be_attached()


@pytest.fixture
def visitor(visit: Visit) -> Visitor:
    """Somebody signed up, at an empty account."""
    return visit()
