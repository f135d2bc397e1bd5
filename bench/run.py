"""The benchmarks of `make bench`: the core loop, beside changedetection.io when it is installed. Method: docs/benchmarks.md.

`python bench/run.py [--quick] [--only ours|changedetection]`; CHANGEDETECTION names the other program.
"""

import argparse
import asyncio
import os
import platform as machine
import random
import time
from collections.abc import Iterator

import httpx
from changedetection import ChangeDetection
from measure import Site, percentiles, site, wait_for
from ours import Ours

PAGES = 200


def main() -> None:
    """Run what is asked, print a table a program."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="a quarter of the pages and rounds")
    options.add_argument("--only", choices=("ours", "changedetection"))
    chosen = options.parse_args()
    pages = PAGES // 4 if chosen.quick else PAGES
    print(f"{os.cpu_count()} cores, {machine.machine()}, Python {machine.python_version()}, {pages} pages of 30 kB")
    if chosen.only != "changedetection":
        with site() as watched:
            report(Ours(), loop(Ours, watched, pages))
    if chosen.only != "ours":
        if ChangeDetection.program():
            with site() as watched:
                report(ChangeDetection(), loop(ChangeDetection, watched, pages))
        else:
            print("\nchangedetection.io is not installed here: set CHANGEDETECTION=path/to/changedetection.io")


def report(program: Ours | ChangeDetection, figures: Iterator[tuple[str, str]]) -> None:
    """Print figures as they come."""
    print(f"\n{program.name}", flush=True)
    for what, figure in figures:
        print(f"  {what:<44} {figure}", flush=True)


def loop(kind: type[Ours] | type[ChangeDetection], watched: Site, pages: int) -> Iterator[tuple[str, str]]:
    """The core loop of one program."""
    program = kind()
    try:
        yield "ready after (first start)", f"{program.start():.1f} s"
        time.sleep(3)
        yield "memory idle", f"{program.memory():.0f} MB"
        program.watch(watched, pages)
        first, count = program.check_all()
        yield "first checks", f"{count / first:.0f}/s ({count} in {first:.2f} s)"
        yield from throughput(program, watched, pages)
        yield "memory after", f"{program.memory():.0f} MB"
        yield from latency(program, watched, min(40, pages))
        yield from burst(program, watched, pages)
        if isinstance(program, Ours):
            yield from requests(program)
        yield from killed(program, watched, pages)
        if isinstance(program, Ours):
            yield from rendered(program, watched)
    finally:
        program.stop()


def throughput(program: Ours | ChangeDetection, watched: Site, pages: int) -> Iterator[tuple[str, str]]:
    """Checks a second, of unchanged pages and of pages that all changed by a cent."""
    took, count = zip(*(program.check_all() for _ in range(5)), strict=True)
    yield "checks of unchanged pages", f"{sum(count) / sum(took):.0f}/s"
    took_changed, counted = [], 0
    for round_ in range(5):
        watched.prices(dict.fromkeys(range(pages), 100.0 + round_ / 100 + 0.01))
        seconds, done = program.check_all()
        took_changed.append(seconds)
        counted += done
    yield "checks of pages that all changed", f"{counted / sum(took_changed):.0f}/s"
    wait_for(lambda: len(watched.hooks()) >= 5 * pages, 60, pause=0.2)
    watched.forget_hooks()


def latency(program: Ours | ChangeDetection, watched: Site, rounds: int) -> Iterator[tuple[str, str]]:
    """From asking for the check of a page that has just changed to the webhook's arrival, one at a time."""
    seconds: list[float] = []
    for number in range(rounds):
        watched.forget_hooks()
        watched.prices({number: 120.0 + number / 100})
        begun = time.time()
        program.start_check(number)
        if wait_for(watched.hooks, 15, pause=0.01):
            seconds.append(float(watched.hooks()[0]["at"]) - begun)
    yield f"change -> webhook ({len(seconds)} of {rounds})", percentiles(seconds)
    if isinstance(program, Ours):
        verdicts = [program.check(number % rounds) for number in range(100)]
        yield "refresh -> verdict by HTTP", percentiles(verdicts)


def burst(program: Ours | ChangeDetection, watched: Site, pages: int) -> Iterator[tuple[str, str]]:
    """All pages change at once: until the last webhook."""
    watched.forget_hooks()
    watched.prices(dict.fromkeys(range(pages), 140.0))
    begun = time.time()
    program.start_all()
    wait_for(lambda: len(watched.hooks()) >= pages, 60, pause=0.05)
    arrived = sorted(float(str(hook["at"])) - begun for hook in watched.hooks())
    last = f"{arrived[-1]:.2f} s" if arrived else "-"
    yield f"{pages} changes at once", f"{len(arrived)} told, the last after {last}"


def killed(program: Ours | ChangeDetection, watched: Site, pages: int) -> Iterator[tuple[str, str]]:
    """kill -9 in a burst, a restart and a second check: how many changes were ever told, and how often twice."""
    watched.forget_hooks()
    watched.prices(dict.fromkeys(range(pages), 160.0))
    program.start_all()
    wait_for(lambda: len(watched.hooks()) >= pages // 10, 20, pause=0.005)
    program.kill()
    again = program.start()
    yield "ready after kill -9", f"{again:.1f} s"
    time.sleep(2)
    program.start_all()
    wait_for(lambda: told(watched) >= pages, 40, pause=0.2)
    yield "told of changes after kill -9 in a burst", f"{told(watched)} of {pages}"


def told(watched: Site) -> int:
    """Different pages that the webhook heard of at this price."""
    bodies = [str(hook["body"]) for hook in watched.hooks()]
    return sum(any(name in body for body in bodies) for name in (f"/page/{number}" for number in range(PAGES)))


def rendered(program: Ours, watched: Site) -> Iterator[tuple[str, str]]:
    """From asking for the check of a page that a script makes to the verdict; the first one starts the browser."""
    number = program.watch_scripted(watched)
    first = program.check(number)
    seconds = [program.check(number) for _ in range(15)]
    yield "refresh -> verdict by browser", f"first {first:.1f} s, then {percentiles(seconds)}"


def requests(program: Ours) -> Iterator[tuple[str, str]]:
    """The gateway under 50 users for 10 s, who think for a second, more or less, between requests."""
    seconds: list[float] = []

    async def user(client: httpx.AsyncClient, until: float) -> None:
        await asyncio.sleep(random.uniform(0, 1))
        while time.perf_counter() < until:
            begun = time.perf_counter()
            answer = await client.get("/api/monitors?limit=10")
            answer.raise_for_status()
            seconds.append(time.perf_counter() - begun)
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def users() -> None:
        headers = {"Authorization": program.token()}
        async with httpx.AsyncClient(base_url=program.api, headers=headers, timeout=30) as client:
            until = time.perf_counter() + 10
            await asyncio.gather(*(user(client, until) for _ in range(50)))

    asyncio.run(users())
    yield f"GET /api/monitors, 50 users, {len(seconds) / 10:.0f}/s", percentiles(seconds)


if __name__ == "__main__":
    main()
