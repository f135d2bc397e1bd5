"""The console's first page with 10 monitors, by Chromium's own timings, beside changedetection.io's list when installed.

`python bench/console.py [--rounds 10]`. Each round is a browser context of its own with nothing cached, signed in, that
opens the list of monitors. Interactive: DOMContentLoaded has ended, so deferred scripts and modules have run. Bytes are
those of assets (scripts, styles, fonts, images) as they came over the wire. Layout shift is Chromium's cumulative score.
"""

import argparse
import os
import platform as machine
import statistics
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from changedetection import ChangeDetection
from measure import site
from ours import Ours
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from monitors_scraper.browser import find_chromium
from monitors_scraper.settings import ScraperSettings

MONITORS = 10
OBSERVE = """
window.shift = 0; window.paint = 0;
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value; })
  .observe({type: "layout-shift", buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) window.paint = e.startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
"""
READ = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const loaded = performance.getEntriesByType("resource");
  const assets = loaded.filter(each => each.initiatorType !== "fetch" && !each.name.endsWith("/events"));
  return {
    answered: page.responseEnd, interactive: page.domContentLoadedEventEnd, painted: window.paint,
    shift: window.shift, bytes: assets.reduce((sum, each) => sum + each.encodedBodySize, 0), files: assets.length,
  };
}"""


@dataclass(frozen=True)
class Load:
    """One opening of a page: milliseconds since navigation began, layout shift score, bytes and files of assets."""

    answered: float
    interactive: float
    painted: float
    shift: float
    bytes: int
    files: int


def main() -> None:
    """Measure what is installed; print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    rounds = options.parse_args().rounds
    print(
        f"{os.cpu_count()} cores, {machine.machine()}, Python {machine.python_version()}, {rounds} rounds, medians (worst)"
    )
    with sync_playwright() as playwright, site() as watched:
        browser = playwright.chromium.launch(executable_path=find_chromium(ScraperSettings()), args=["--no-sandbox"])
        ours = Ours()
        try:
            ours.start()
            ours.watch(watched, MONITORS)
            ours.check_all()
            report(
                ours.name, open_often(browser, ours.api + "/console", rounds, lambda context: _sign_in(context, ours))
            )
        finally:
            ours.stop()
        if ChangeDetection.program():
            theirs = ChangeDetection()
            try:
                theirs.start()
                theirs.watch(watched, MONITORS)
                report(theirs.name, open_often(browser, theirs.url, rounds, lambda _: None))
            finally:
                theirs.stop()
        else:
            print("changedetection.io is not installed here: set CHANGEDETECTION=path/to/changedetection.io")
        browser.close()


def open_often(browser: Browser, address: str, rounds: int, prepare: Callable[[BrowserContext], None]) -> list[Load]:
    """Open the page this many times, each time as if for the first time."""
    loads: list[Load] = []
    for _ in range(rounds):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        prepare(context)
        page = context.new_page()
        page.add_init_script(OBSERVE)
        page.goto(address, wait_until="load")
        page.wait_for_timeout(500)  # late shifts and paints count
        loads.append(Load(**page.evaluate(READ)))
        context.close()
    return loads


def report(name: str, loads: list[Load]) -> None:
    """Medians and worsts."""

    def line(values: list[float]) -> str:
        return f"{statistics.median(values):.0f} ms ({max(values):.0f})"

    print(f"\n{name}")
    print(f"  page answered              {line([each.answered for each in loads])}")
    print(f"  interactive                {line([each.interactive for each in loads])}")
    print(f"  largest paint              {line([each.painted for each in loads])}")
    print(f"  layout shift               {max(each.shift for each in loads):.4f} at worst")
    print(f"  assets over the wire       {loads[0].bytes / 1000:.0f} kB in {loads[0].files} files")


def _sign_in(context: BrowserContext, ours: Ours) -> None:
    """By the form's address; what the form page loads is not kept."""
    form: dict[str, str | float | bool] = {"email": ours.email, "password": "Correct1horse"}
    answer = context.request.post(f"{ours.api}/console/login", form=form, max_redirects=0)
    if answer.status != 303:
        raise httpx.HTTPError(f"signing in answered {answer.status}")


if __name__ == "__main__":
    main()
