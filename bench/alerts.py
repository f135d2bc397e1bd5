"""Alerts from the POST to the webhook, beside Alertmanager when it is there: `make bench-alerts`; see `alerting` for where it
is looked for. Prints a table.

Each alert is told alone and at once, without a limit, so that every one is a message of its own. The receiver is a process of
its own; gateway, alerter and notifier are too, and NATS and PostgreSQL flush every write. In this order:

- latency: one alert a request, 200 requests a second whether they are answered or not; from before the request until the
  webhook has the alert.
- burst: alerts in batches of 64 over four connections; from the first request until the webhook has all, and until the answer.
- accepted: new alerts in batches of 64 over eight connections, into groups that are told tomorrow; then the same ones told
  once more, as Prometheus does each minute.
- the routes are changed while all that is active: how long until each of these was looked at anew, and what the slowest of
  the alerts took that were told meanwhile.
- the same latency and burst with what was accepted still active, with silences (half of them patterns) and with routes.
"""

import argparse
import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from alerting import Alertmanager, Arrivals, Below, Grouping, alert, receiver
from apart import Apart

BATCH = 64
FIRING_FOR = 4 * 3600
TOMORROW = 86_400
_numbers = itertools.count(1)


class AlertmanagerApart(Alertmanager):
    """Alertmanager with the same front as ours."""

    async def begin(self) -> None:
        await asyncio.to_thread(self.start)

    async def route(self, below: Sequence[Below]) -> None:
        await asyncio.to_thread(self.change_routes, below)

    async def is_rerouted(self) -> bool:
        """Whether what is active goes by the routes as they are: it does once they are read."""
        return True

    async def end(self) -> None:
        await asyncio.to_thread(self.stop)


class OursApart(Apart):
    """Ours."""

    async def begin(self) -> None:
        await self.start()

    async def route(self, below: Sequence[Below]) -> None:
        await self.change_routes(below)

    async def is_rerouted(self) -> bool:
        """Whether what is active goes by the routes as they are."""
        db = await asyncpg.connect(self.postgres.url)
        try:
            return not await db.fetchval("SELECT EXISTS (SELECT FROM alerter.groups WHERE is_stale)")
        finally:
            await db.close()

    async def end(self) -> None:
        await self.stop()


Program = OursApart | AlertmanagerApart


@dataclass(frozen=True)
class Sizes:
    """How much of each."""

    seconds: int
    burst: int
    active: int
    silences: int
    routes: int
    groups: int = 1000
    rate: int = 200


@dataclass
class Bench:
    """One program under measurement, and what was found of it, line by line."""

    program: Program
    arrivals: Arrivals
    sizes: Sizes
    http: ClientSession
    found: dict[str, str] = field(default_factory=dict[str, str])

    async def run(self) -> None:
        """Everything, in order."""
        sizes = self.sizes
        await self.program.route([Below("kind", "background", TOMORROW)])
        await self.latency("warm up", 3, note=False)
        await self.latency("", sizes.seconds)
        await self.burst("")
        self.note_memory("idle but for these")
        racks = [f"rack-{number % sizes.groups}" for number in range(sizes.active)]
        background = [self.fresh(kind="background", rack=each) for each in racks]
        await self.accept(f"new, up to {sizes.active:,} active", background)
        await self.accept("told again", background[: max(sizes.active // 4, BATCH)])
        await self.silence()
        below = [Below("team", f"team-{number}", 0) for number in range(sizes.routes - 1)]
        await self.program.route([*below, Below("kind", "background", TOMORROW)])
        await self.settle(
            f"routes changed with {sizes.active:,} active alerts: all through after / longest an alert waited"
        )
        settled = f" with {sizes.active:,} active alerts, {sizes.silences:,} silences, {sizes.routes} routes"
        await self.latency("warm up", 3, note=False)
        await self.latency(settled, sizes.seconds)
        await self.burst(settled)
        self.note_memory("under that load")

    def fresh(self, **labels: str) -> dict[str, Any]:
        """An alert that nobody has heard of."""
        return alert(next(_numbers), time.time() + FIRING_FOR, **labels)

    async def latency(self, settled: str, seconds: int, note: bool = True) -> None:
        """From POST to webhook at a steady rate."""
        self.arrivals.forget()
        posted: dict[int, float] = {}
        refused = 0

        async def one() -> None:
            nonlocal refused
            sent = self.fresh()
            number = int(sent["labels"]["number"])
            posted[number] = time.time()
            if not await self.post([sent]):
                refused += 1
                del posted[number]

        begun = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(seconds * self.sizes.rate):
                await asyncio.sleep(begun + number / self.sizes.rate - time.monotonic())
                group.create_task(one())
        await self.until_told(len(posted), 60)
        told = self.arrivals.told()
        took = [told[number]["firing"] - at for number, at in posted.items() if number in told]
        if note:
            cuts = statistics.quantiles(took, n=100)
            lost = f", {refused} refused" if refused else ""
            lost += f", {len(posted) - len(took)} LOST" if len(took) < len(posted) else ""
            line = f"POST to webhook at {self.sizes.rate}/s{settled}, p50 / p99"
            self.found[line] = f"{cuts[49] * 1000:.1f} / {cuts[98] * 1000:.1f} ms{lost}"

    async def settle(self, what: str) -> None:
        """Tell alerts one after the other until the new routes hold for all that is active."""
        begun, longest, is_through = time.monotonic(), 0.0, False
        while not is_through and time.monotonic() - begun < 120:
            self.arrivals.forget()
            sent, asked = self.fresh(), time.monotonic()
            while not await self.post([sent]):
                await asyncio.sleep(0.1)
            while not (await asyncio.to_thread(self.arrivals.count))["alerts"] and time.monotonic() - asked < 60:
                await asyncio.sleep(0.05)
            longest = max(longest, time.monotonic() - asked)
            is_through = await self.program.is_rerouted()
        self.found[what] = f"{time.monotonic() - begun:.1f} s / {longest:.1f} s"

    async def burst(self, settled: str) -> None:
        """Many alerts at once, all told."""
        self.arrivals.forget()
        alerts = [self.fresh() for _ in range(self.sizes.burst)]
        begun = time.time()
        answered = await self.post_batches(alerts, 4)
        await self.until_told(len(alerts), 180)
        told = self.arrivals.told()
        last = max((states["firing"] for states in told.values()), default=begun)
        lost = f", {len(alerts) - len(told)} LOST" if len(told) < len(alerts) else ""
        line = f"{len(alerts):,} alerts at once{settled}: accepted / all told after"
        self.found[line] = f"{answered:.2f} / {last - begun:.2f} s{lost}"

    async def accept(self, what: str, alerts: Sequence[dict[str, Any]]) -> None:
        """How many are accepted a second."""
        seconds = await self.post_batches(alerts, 8)
        self.found[f"accepted a second in batches of {BATCH}, {what}"] = f"{len(alerts) / seconds:,.0f}"

    async def silence(self) -> None:
        """Silences of which none is about these alerts."""
        now = datetime.now(UTC)
        slots = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            is_regex = number % 2 == 1
            value = f"quiet-{number}-.*" if is_regex else f"quiet-{number}"
            matcher = {"name": "instance", "value": value, "isRegex": is_regex, "isEqual": True}
            body = {
                "matchers": [matcher],
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(hours=4)).isoformat(),
                "createdBy": "bench",
                "comment": "none of these",
            }
            async with slots, self.http.post(f"{self.program.api}/api/v2/silences", json=body) as answer:
                assert answer.status == 200, await answer.text()

        async with asyncio.TaskGroup() as group:
            for number in range(self.sizes.silences):
                group.create_task(one(number))

    def note_memory(self, when: str) -> None:
        """Memory of each process."""
        each = ", ".join(f"{name} {size:.0f}" for name, size in self.program.memory().items())
        self.found[f"memory in MB, {when}"] = each

    async def post_batches(self, alerts: Sequence[dict[str, Any]], connections: int) -> float:
        """Post all of these; seconds until the last answer."""
        batches = iter([alerts[first : first + BATCH] for first in range(0, len(alerts), BATCH)])

        async def some(mine: Iterator[Sequence[dict[str, Any]]]) -> None:
            for batch in mine:
                while not await self.post(batch):
                    await asyncio.sleep(0.1)

        begun = time.perf_counter()
        await asyncio.gather(*(some(batches) for _ in range(connections)))
        return time.perf_counter() - begun

    async def post(self, alerts: Sequence[dict[str, Any]]) -> bool:
        """Whether they were accepted; a program that is busy may say that it is."""
        async with self.http.post(self.program.alerts_url, json=list(alerts)) as answer:
            assert answer.status == 200 or answer.status >= 500, await answer.text()
            return answer.status == 200

    async def until_told(self, count: int, patience: float) -> None:
        """Wait until the webhook has this many alerts. What is lost is counted by the caller."""
        deadline = time.monotonic() + patience
        while (await asyncio.to_thread(self.arrivals.count))["alerts"] < count and time.monotonic() < deadline:
            await asyncio.sleep(0.5)


async def measure(program: Program, arrivals: Arrivals, sizes: Sizes) -> dict[str, str]:
    """All of one program."""
    try:
        await program.begin()
        connector = TCPConnector(limit=64)
        async with ClientSession(headers=program.headers, connector=connector, timeout=ClientTimeout(60)) as http:
            bench = Bench(program, arrivals, sizes, http)
            await bench.run()
            return bench.found
    finally:
        await program.end()


Make = Callable[[Arrivals, Grouping], Program]


async def run(sizes: Sizes) -> None:
    """Measure each program, and print a table."""
    programs: list[tuple[str, Make]] = [("Monitors!", OursApart)]
    if AlertmanagerApart.program():
        programs.append(("Alertmanager", AlertmanagerApart))
    found: list[dict[str, str]] = []
    for _, make in programs:
        with receiver() as arrivals:
            found.append(await measure(make(arrivals, Grouping()), arrivals, sizes))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")
    print("|", *(f"| {name}" for name, _ in programs), "|")
    print("|---" * (len(programs) + 1) + "|")
    for line in found[0]:
        print(f"| {line} |", " | ".join(each.get(line, "-") for each in found), "|")


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, help="of the steady rate")
    parser.add_argument("--burst", type=int, default=5000)
    parser.add_argument("--active", type=int, default=100_000)
    parser.add_argument("--silences", type=int, default=1000)
    parser.add_argument("--routes", type=int, default=200)
    parser.add_argument("--groups", type=int, default=1000, help="that the active alerts are in")
    asyncio.run(run(Sizes(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
