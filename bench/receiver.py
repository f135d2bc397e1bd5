"""A webhook that notes which alerts it was told of, and when. Run as a process of its own: `python bench/receiver.py PORT`.

POST /hook takes the payloads of Alertmanager and of Monitors!. PUT /refusing {"until": T} answers 503 until then (Unix
seconds). GET /arrivals has each alert, by its label `number`: when it was first told as firing, and as over. Bodies are read
when that is asked for, so that what is measured has the processor to itself.
"""

import json
import sys
import time
from typing import Any

from aiohttp import web


class Receiver:
    """What arrived, in order."""

    def __init__(self) -> None:
        self._arrived: list[tuple[float, bytes]] = []
        self._told: dict[str, dict[str, float]] = {}
        self._messages = self._refused = 0
        self._refusing_until = 0.0

    async def post_hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        now = time.time()
        if now < self._refusing_until:
            self._refused += 1
            return web.Response(status=503)
        self._arrived.append((now, body))
        return web.Response()

    async def put_refusing(self, request: web.Request) -> web.Response:
        self._refusing_until = float((await request.json())["until"])
        return web.Response()

    async def get_count(self, _: web.Request) -> web.Response:
        self._read()
        return web.json_response({"alerts": len(self._told), "messages": self._messages, "refused": self._refused})

    async def get_arrivals(self, _: web.Request) -> web.Response:
        self._read()
        return web.json_response(self._told)

    async def delete_arrivals(self, _: web.Request) -> web.Response:
        self._arrived.clear()
        self._told.clear()
        self._messages = self._refused = 0
        return web.Response()

    def _read(self) -> None:
        for at, body in self._arrived:
            self._messages += 1
            for number, state in alerts_of(json.loads(body)):
                self._told.setdefault(number, {}).setdefault(state, at)
        self._arrived.clear()


def alerts_of(payload: dict[str, Any]) -> list[tuple[str, str]]:
    """The alerts that a message tells of, each with "firing" or "resolved"."""
    data = payload.get("data", payload)
    alerts: list[dict[str, Any]] = data.get("alerts", [data])
    told = ((each.get("labels", {}).get("number"), each.get("state") or each.get("status")) for each in alerts)
    return [(number, "resolved" if state == "resolved" else "firing") for number, state in told if number is not None]


def application() -> web.Application:
    """The receiver."""
    receiver = Receiver()
    app = web.Application(client_max_size=10**8)
    app.router.add_post("/hook", receiver.post_hook)
    app.router.add_put("/refusing", receiver.put_refusing)
    app.router.add_get("/count", receiver.get_count)
    app.router.add_get("/arrivals", receiver.get_arrivals)
    app.router.add_delete("/arrivals", receiver.delete_arrivals)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
