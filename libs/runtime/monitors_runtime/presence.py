"""Which processes there are: each answers for the services it runs."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError

from monitors_contracts.platform import PRESENCE_SUBJECT, Presence

if TYPE_CHECKING:
    from .runtime import Runtime

LINGER_SECONDS = 0.05
"""How long further copies are waited for once every service was heard."""


async def answer(runtime: "Runtime") -> None:
    """From now on, answer for this process."""

    async def say(message: Msg) -> None:
        presence = Presence(services=[each.name for each in runtime.services], reason=await runtime.unready())
        await message.respond(presence.model_dump_json(exclude_none=True).encode())

    await runtime.connection.subscribe(PRESENCE_SUBJECT, cb=say)


async def ask(connection: Client, services: Collection[str], patience: float) -> list[Presence]:
    """Every process that answers within `patience` seconds; sooner, when all these services were heard."""
    inbox = connection.new_inbox()
    found: list[Presence] = []
    missing = set(services)
    replies = await connection.subscribe(inbox)
    try:
        await connection.publish(PRESENCE_SUBJECT, b"", reply=inbox)
        deadline = asyncio.get_running_loop().time() + patience
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            message = await replies.next_msg(left if missing else min(left, LINGER_SECONDS))
            if not message.data:
                break  # the server's word that nobody listens
            presence = Presence.model_validate_json(message.data)
            found.append(presence)
            missing -= set(presence.services)
    except NatsTimeoutError:
        pass
    finally:
        await replies.unsubscribe()
    return found
