"""Request bodies are small: what is larger is refused before it is read, or as soon as it shows."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitors_contracts.base import Problem

from . import problems


class BodyLimit:
    """Refuses bodies over `limit` bytes, with a 413 problem.

    `exceptions` has paths with a limit of their own, and beginnings of paths, which end in a slash.
    """

    def __init__(self, app: ASGIApp, limit: int, exceptions: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._exceptions = exceptions
        self._beginnings = tuple(path for path in exceptions if path.endswith("/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        detail = f"A request body may have {limit:,} bytes here."
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > limit:
            kind, title = problems.KNOWN[413]
            await problems.response(Problem(type=kind, title=title, status=413, detail=detail))(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, receive_within_limit, send)

    def _limit_of(self, path: str) -> int:
        within = next((each for each in self._beginnings if path.startswith(each)), path)
        return self._exceptions.get(within, self._limit)
