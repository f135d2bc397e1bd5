"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same unsafe request twice is done once."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from monitors_contracts.base import Id, Problem, new_id
from monitors_runtime.errors import problem

from ..store import idempotency as store
from ..store.idempotency import Kept
from .callers import authenticate, gateway_of
from .problems import Refused

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
MAX_KEY_LENGTH = 255
KEPT_HEADERS = ("content-type", "location")


class IdempotentRoute(APIRoute):
    """A route whose unsafe methods honour Idempotency-Key, for a signed-in user and for 24 hours.

    A success is kept and answered again; what failed changed nothing, so it may be tried again under the same key.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            if key is None or request.method in ("GET", "HEAD", "OPTIONS"):
                return await handle(request)
            return await _once(request, key, handle)

        return handle_once


def entity_id(request: Request) -> Id:
    """The id for what this request creates: the same one when the request is tried again under its key."""
    reserved: Id | None = getattr(request.state, "entity_id", None)
    return reserved or new_id()


async def _once(request: Request, key: str, handle: Handler) -> Response:
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise problem(
            "invalid-idempotency-key", "Invalid Idempotency-Key", 400, f"It has 1 to {MAX_KEY_LENGTH} characters."
        )
    pool = gateway_of(request).runtime.pool
    user_id = (await authenticate(request)).user_id
    request_hash = await _hash(request)
    reserved = await store.begin(pool, user_id, key, request_hash, new_id())
    if reserved is None:
        kept = await store.find(pool, user_id, key)
        return _answer_again(kept, request_hash)
    request.state.entity_id = reserved
    try:
        response = await handle(request)
    except BaseException:
        await store.forget(pool, user_id, key)
        raise
    if response.status_code < 300:
        headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
        await store.keep(pool, user_id, key, response.status_code, headers, bytes(response.body))
    else:
        await store.forget(pool, user_id, key)
    return response


async def _hash(request: Request) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return digest.digest()


def _answer_again(kept: Kept | None, request_hash: bytes) -> Response:
    if kept and kept.request_hash != request_hash:
        raise problem(
            "idempotency-key-reused",
            "Idempotency-Key was used for another request",
            422,
            "Use a new key for a new request.",
        )
    if kept is None or kept.status is None:
        in_progress = Problem(
            type="request-in-progress",
            title="The same request is still being worked on",
            status=409,
            detail="Ask again in a moment for its answer.",
        )
        raise Refused(in_progress, {"Retry-After": "1"})
    return Response(kept.body, kept.status, (kept.headers or {}) | {"Idempotency-Replayed": "true"})
