"""Test-firing: a test alert, and the messages about it as soon as there are some."""

import time
from typing import Any

from .client import Api

LOOK_SECONDS = 0.3
_ON_THE_WAY = "pending"


def fire(platform: Api, asked: dict[str, Any], patience: float) -> dict[str, Any]:
    """The answer to the request, with `notifications`: what had come of the messages when all were out, or time was up."""
    fired = platform.post("/api/alerts/test", asked)
    deadline = time.monotonic() + patience
    while True:
        told = platform.get("/api/notifications", alertId=fired["alert"]["id"])["notifications"]
        done = told and all(each["state"] != _ON_THE_WAY for each in told)
        if done or time.monotonic() >= deadline:
            return fired | {"notifications": told}
        time.sleep(LOOK_SECONDS)
