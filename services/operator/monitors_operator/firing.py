"""Test-firing: a test alert, the messages about it as soon as there are some, and what kept it from being told."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from monitors_contracts.decisions import DECISIONS

from .client import Api
from .render import clean, shortened, shown_time

Shape = dict[str, Any]

LOOK_SECONDS = 0.3
GATHERING_LOOK_SECONDS = 1.0
PATIENCE = 15.0
"""Seconds that a message may take: from when the alert fired, or from when its group is due."""
LONGEST = 300.0
"""Seconds until a group is due that are waited for; of what is due later it is only said when."""
_ON_THE_WAY = "pending"
_ARRIVED = {"sent", "delivered", "opened", "clicked", "superseded"}
_WAITS = {"group-wait", "group-interval", "limited", "outside-hours"}
"""Decisions that end at a time by themselves."""


def fire(
    platform: Api, asked: Shape, patience: float | None = None, progress: Callable[[str], None] = lambda _: None
) -> Shape:
    """The answer to the request, with `notifications` and `explanation` when all messages were out, or time was up.

    Groups that gather are waited for, unless `patience` says how many seconds to wait at all; `waited` is how many it were.
    """
    fired = platform.post("/api/alerts/test", asked)
    alert = fired["alert"]
    begun = time.monotonic()
    while True:
        told = platform.get("/api/notifications", alertId=alert["id"])["notifications"]
        explained = platform.get(f"/api/alerts/{alert['id']}/explain")
        ahead = [due for due in (_due_in(alert, each) for each in _waiting(told, explained)) if due <= LONGEST]
        waited = time.monotonic() - begun
        done = told and not ahead and all(each["state"] != _ON_THE_WAY for each in told)
        until = max(ahead, default=0) + PATIENCE if patience is None else patience
        if done or waited >= until:
            return fired | {"notifications": told, "explanation": explained, "waited": round(waited, 1)}
        if ahead:
            progress(f"Its group is told in {max(max(ahead) - waited, 0):.0f} s ...")
        time.sleep(GATHERING_LOOK_SECONDS if ahead else LOOK_SECONDS)


def later(fired: Shape) -> list[str]:
    """What is told later than was waited for: when, by which route and why then."""
    waiting = sorted(_waiting(fired["notifications"], fired["explanation"]), key=lambda each: each["dueAt"])
    return [
        f"route {each['route']} tells at {shown_time(each['dueAt'])} UTC: {DECISIONS[each['word']]}" for each in waiting
    ]


def failure(fired: Shape) -> str | None:
    """Why the test did not do what it was to, in a line; None when whoever was to be told was."""
    told: list[Shape] = fired["notifications"]
    if lost := [each for each in told if each["state"] not in _ARRIVED]:
        return "not told: " + "; ".join(
            f"{clean(each['channelName'])} ({each['state']}"
            + (f", {shortened(each['error'], 200)})" if each.get("error") else ")")
            for each in lost
        )
    if told:
        return None
    identifier = fired["alert"]["id"]
    if waits := later(fired):
        return f"nobody is told yet: {'; '.join(waits)}"
    answer = clean(fired["explanation"]["answer"])
    return f"no message within {fired['waited']:g} s: {answer} (monitors alerts explain {identifier})"


def _waiting(told: list[Shape], explained: Shape) -> list[Shape]:
    """The groups that the alert waits in, without those by whose routes it was told of already."""
    routes = {(each.get("route") or "").rpartition("/")[2] for each in told}
    places: list[Shape] = explained["groups"]
    return [each for each in places if each["word"] in _WAITS and each.get("dueAt") and each["route"] not in routes]


def _due_in(alert: Shape, place: Shape) -> float:
    """Seconds from when the alert fired until the group is told, by the platform's clock."""
    return (datetime.fromisoformat(place["dueAt"]) - datetime.fromisoformat(alert["startedAt"])).total_seconds()
