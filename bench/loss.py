"""The loss test: what was accepted with 200 is delivered. `make bench-loss`; ALERTMANAGER=/path/to/it tries that as well.

A kill: 100 alerts are posted once, each in a request of its own, to a route that groups them for 5 seconds; in that time the
program gets SIGKILL or SIGTERM, and is started again. An outage: 100 alerts in one request, each told alone, that end after 8
seconds, while the receiver answers 503 for 14 seconds. Counted is how many of the 100 the receiver is ever told of, in messages
of whatever size. Ours is the whole platform: NATS and PostgreSQL are killed with it. The exit code is 1 when ours loses one.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx
from alerting import Alertmanager, Arrivals, Grouping, alert, ask, receiver, route
from measure import wait_for
from ours import Ours

from monitors_operator.locate import running

ALERTS = 100
GATHERED = Grouping(by=["alertname"], wait=5)
ALONE = Grouping()
ENDS_AFTER, REFUSED_FOR = 8.0, 14.0


class OursUnderTest(Ours):
    """`monitors up` with a channel and a route to the receiver."""

    def __init__(self, arrivals: Arrivals, grouping: Grouping) -> None:
        super().__init__()
        self._arrivals, self._grouping = arrivals, grouping
        self.alerts_url = f"{self.api}/api/v2/alerts"
        self.headers: dict[str, str] = {}

    def start(self) -> float:
        begun = super().start()
        if not self.headers:
            self.sign_up()
            self.headers = {"Authorization": self.token()}
            channel = self.add_webhook(self._arrivals.hook)
            found = running(self.data_dir)
            assert found
            asyncio.run(ask(found.nats, route(self.organization_id, [channel], self._grouping)))
        return begun


Program = OursUnderTest | Alertmanager


def killed(program: Program, arrivals: Arrivals, how: signal.Signals, patience: float) -> int:
    """How many alerts are told after an end like this in the group's wait."""
    post(program, *([alert(number)] for number in range(ALERTS)))
    time.sleep(0.5)
    program.kill(how)
    program.start()
    return told(arrivals, patience)


def refused(program: Program, arrivals: Arrivals, _: signal.Signals, patience: float) -> int:
    """How many alerts are told that end while the receiver is out of order."""
    now = time.time()
    arrivals.refuse_until(now + REFUSED_FOR)
    post(program, [alert(number, now + ENDS_AFTER) for number in range(ALERTS)])
    return told(arrivals, REFUSED_FOR + patience)


def post(program: Program, *requests: list[dict[str, Any]]) -> None:
    """Post alerts once; each request must be accepted."""
    with httpx.Client(headers=program.headers, timeout=30) as client:
        for alerts in requests:
            client.post(program.alerts_url, json=alerts).raise_for_status()


def told(arrivals: Arrivals, patience: float) -> int:
    """How many alerts the receiver was told of in this time."""
    wait_for(lambda: arrivals.count()["alerts"] == ALERTS, patience, pause=0.2)
    return arrivals.count()["alerts"]


Trial = Callable[[Program, Arrivals, signal.Signals, float], int]
TRIALS: tuple[tuple[str, Trial, signal.Signals, Grouping], ...] = (
    ("SIGKILL while the group gathers", killed, signal.SIGKILL, GATHERED),
    ("SIGTERM while the group gathers", killed, signal.SIGTERM, GATHERED),
    ("receiver answers 503 for 14 s, alerts end after 8 s", refused, signal.SIGKILL, ALONE),
)


def main() -> int:
    """Try, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--patience", type=float, default=30, help="seconds that alerts may take after the fault")
    options = parser.parse_args()
    programs: list[type[Program]] = [OursUnderTest]
    if Alertmanager.program():
        programs.append(Alertmanager)
    print(f"delivered of {ALERTS}, by run", *(each.name for each in programs), sep=" | ", flush=True)
    has_lost = False
    for name, trial, how, grouping in TRIALS:
        columns: list[str] = []
        for kind in programs:
            counts: list[int] = []
            for _ in range(options.runs):
                with receiver() as arrivals:
                    program = kind(arrivals, grouping)
                    try:
                        program.start()
                        counts.append(trial(program, arrivals, how, options.patience))
                    finally:
                        program.stop()
            columns.append(", ".join(map(str, counts)))
            has_lost |= kind is OursUnderTest and min(counts) < ALERTS
        print(name, *columns, sep=" | ", flush=True)
    return int(has_lost)


if __name__ == "__main__":
    sys.exit(main())
