"""The demo, told: sentences, a first look, a change of the site, a second look, and the message that came of it."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitors_scraper.browser import find_chromium
from monitors_scraper.settings import ScraperSettings

from ..chromium import HOW_TO_GET, playwright_chromium
from ..client import Api
from ..credentials import keyring_of
from ..render import progress, say, shortened, shown_value, table
from ..shown import mail_lines
from .pages import AFTER
from .site import Site

NAME = "Demo: "
MAIL_PATIENCE = 15.0
"""Seconds until the messages of the second look must have been sent."""


@dataclass(frozen=True)
class Wish:
    """What somebody wants to know, in their words; `page` is on the demo site."""

    name: str
    sentence: str
    page: str
    needs_browser: bool = False


WISHES = (
    Wish("kettle price", "tell me when the price of the copper kettle at {url} drops below $50", "/kettle"),
    Wish("registration", "let me know when {url} says registration is open", "/course"),
    Wish("course fee", "tell me whenever the course fee at {url} changes", "/course"),
    Wish("seats left", "tell me when the seats left at {url} are at least 10", "/seats", needs_browser=True),
)


async def tell(api: str, data_dir: Path, site: Site) -> None:
    """Show the platform at work on this site. Raises CommandError when it does not answer."""
    await asyncio.to_thread(_tell, api, data_dir, site)


def _tell(base: str, data_dir: Path, site: Site) -> None:
    with Api(base, keyring_of(data_dir, base)) as api:
        api.use_local_user()
        say()
        say(f"Demo: a small site at {site.url} is watched.")
        _clear(api)
        wishes = [wish for wish in WISHES if not wish.needs_browser or _has_browser()]
        if len(wishes) < len(WISHES):
            say(f"  The page made by JavaScript is left out: there is no Chromium; {HOW_TO_GET}.")
        with progress("Reading the sentences and looking for the first time ..."):
            created = [_create(api, site, wish) for wish in wishes]
            first, _ = api.check_many([each["id"] for each in created])
        site.state = AFTER
        with progress("The site has changed: looking again ..."):
            second, _ = api.check_many([each["id"] for each in created])
        _show(wishes, _by_monitor(first), _by_monitor(second), [each["id"] for each in created])
        fired = sum(each["triggered"] for each in second)
        with progress("Waiting for the message ..."):
            mail = _mail(api, {each["id"] for each in created}, fired)
        say()
        if mail:
            say("The newest message delivered, as it lies in the outbox:")
            say()
            for line in mail_lines(mail):
                say(f"  {line}")
        else:
            say("No message was delivered; `monitors dead-letters list` and the log may say why.")
        say()
        say(
            f"Now you: open {base}/console, sign up, and say what to watch. {site.url} is a form that changes the demo's pages."
        )
        say(f"Or here: `monitors list`, `monitors check --all`, `monitors trace {second[0]['refreshId']}`")


def _has_browser() -> bool:
    return bool(find_chromium(ScraperSettings()) or playwright_chromium())


def _clear(api: Api) -> None:
    """Monitors of an earlier demo watch a site that is gone."""
    for each in api.every("/api/monitors", "monitors"):
        if each["name"].startswith(NAME):
            api.delete(f"/api/monitors/{each['id']}")


def _create(api: Api, site: Site, wish: Wish) -> dict[str, Any]:
    prompt = wish.sentence.format(url=site.url + wish.page)
    return api.post("/api/monitors", {"prompt": prompt, "name": NAME + wish.name})["monitor"]


def _by_monitor(evaluations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["monitorId"]: each for each in evaluations}


def _show(
    wishes: list[Wish], first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]], monitors: list[str]
) -> None:
    rows: list[tuple[str, str, str, str]] = []
    for wish, monitor in zip(wishes, monitors, strict=True):
        before, after = first[monitor], second[monitor]
        values = " → ".join(shown_value(each["value"], each.get("unit")) for each in (before, after))
        evidence = shortened((after.get("evidence") or {}).get("quote", after.get("detail") or "-"), 60)
        verdicts = " → ".join(str(each["verdict"]) for each in (before, after))
        rows.append((wish.sentence.format(url=wish.page), values, evidence, verdicts))
    say()
    table(("SENTENCE", "FACT FOUND", "EVIDENCE", "VERDICT"), rows)


def _mail(api: Api, monitors: set[str], expected: int) -> dict[str, Any] | None:
    """The newest of this demo's messages once all are there, or what there is after a while."""
    deadline = time.monotonic() + MAIL_PATIENCE
    while True:
        found = [each for each in api.get("/api/outbox", limit=50)["messages"] if each.get("monitorId") in monitors]
        if len(found) >= expected or time.monotonic() > deadline:
            return found[0] if found else None
        time.sleep(0.1)
