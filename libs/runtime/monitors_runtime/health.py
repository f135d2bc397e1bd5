"""Liveness, readiness and metrics over HTTP, the same for every service."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .runtime import Runtime


def routes(runtime: Runtime) -> list[Route]:
    """`/health/live`, `/health/ready` and `/metrics`, to put into any ASGI application."""

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def ready(_: Request) -> Response:
        reason = await runtime.unready()
        services = [service.name for service in runtime.services]
        body = {"status": "unready" if reason else "ready", "services": services}
        return JSONResponse(body | ({"reason": reason} if reason else {}), status_code=503 if reason else 200)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)]


def application(runtime: Runtime) -> Starlette:
    """A small HTTP application for services that have no other."""
    return Starlette(routes=routes(runtime))
