"""Waiting for checks to end: one subscription of the process hears of all, and looks only for those waited for."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg

from monitors_contracts.base import Id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import UndecodableMessage, decode
from monitors_contracts.monitors import Evaluation, MonitorEvaluated
from monitors_runtime.errors import ProblemError

# A verdict said while the bus was reconnecting is not heard: so often its owner is asked.
ASK_EVERY_SECONDS = 5.0

Ask = Callable[[list[Id]], Awaitable[list[Evaluation]]]
Waiting = dict[Id, asyncio.Future[Evaluation]]


class Verdicts:
    """Hears every MonitorEvaluated and hands it to the request that waits for it."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Evaluation]] = {}

    async def listen(self, connection: Client) -> None:
        """Begin to hear."""
        subject = f"evt.{MonitorEvaluated.aggregate}.{MonitorEvaluated.action}.>"
        await connection.subscribe(subject, cb=self._hear)

    @contextmanager
    def expecting(self, refresh_ids: Sequence[Id]) -> Generator[Waiting, None, None]:
        """Enter before asking for the checks, so that no verdict is too early to be heard."""
        loop = asyncio.get_running_loop()
        waiting: Waiting = {each: loop.create_future() for each in refresh_ids}
        names = {str(each): future for each, future in waiting.items()}
        self._waiting.update(names)
        try:
            yield waiting
        finally:
            for name in names:
                self._waiting.pop(name, None)

    async def _hear(self, message: Msg) -> None:
        correlation = (message.headers or {}).get("ce-correlationid", "")
        if correlation not in self._waiting:
            return
        try:
            event = decode(message.headers, message.data, EVENTS_BY_TYPE).event
        except UndecodableMessage:
            return
        future = self._waiting.get(correlation)
        if isinstance(event, MonitorEvaluated) and event.evaluation.id == UUID(correlation) and future:
            _settle(future, event.evaluation)


async def wait_for(waiting: Waiting, seconds: float, ask: Ask) -> dict[Id, Evaluation]:
    """What has ended within `seconds`; the owner is asked now and then, and at the end, for what was not heard."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while pending := {each: future for each, future in waiting.items() if not future.done()}:
        left = deadline - loop.time()
        if left <= 0:
            break
        _, unheard = await asyncio.wait(pending.values(), timeout=min(left, ASK_EVERY_SECONDS))
        if unheard:
            await _settle_asked(pending, ask)
    return {each: future.result() for each, future in waiting.items() if future.done()}


async def _settle_asked(pending: Waiting, ask: Ask) -> None:
    try:
        found = await ask([each for each, future in pending.items() if not future.done()])
    except ProblemError:
        return  # it is asked again, or the client asks later
    for evaluation in found:
        if evaluation.status == "done" and (future := pending.get(evaluation.id)):
            _settle(future, evaluation)


def _settle(future: asyncio.Future[Evaluation], evaluation: Evaluation) -> None:
    if not future.done():
        future.set_result(evaluation)
