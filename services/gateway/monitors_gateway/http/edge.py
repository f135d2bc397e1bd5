"""What every request passes through: an id, the client's address, a span, metrics, headers, and the last net."""

import re
import time
from collections.abc import Sequence
from typing import Any

import structlog
from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitors_contracts.base import new_id
from monitors_runtime import telemetry

from ..domain.clients import Network, client_address
from . import problems

log = structlog.get_logger(__name__)

SECONDS = Histogram(
    "monitors_http_request_seconds",
    "Time to answer an HTTP request, by route template",
    ("method", "route", "status"),
    buckets=telemetry.FAST,
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STRICT_TRANSPORT = "max-age=31536000; includeSubDomains"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class Edge:
    """The outermost ASGI layer. Leaves `request_id` and `client` in the request's state."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
        peer = scope["client"][0] if scope.get("client") else "unknown"
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["client"] = client_address(peer, headers.get("x-forwarded-for"), self._trusted)
        status = 500
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                sent = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    sent.setdefault(name, value)
                if scope["scheme"] == "https":
                    sent.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
                sent["X-Request-Id"] = request_id
            await send(message)

        began = time.perf_counter()
        carrier = {name: value for name in ("traceparent", "tracestate") if (value := headers.get(name))}
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            telemetry.tracer.start_as_current_span(
                method, context=telemetry.parent(carrier), kind=SpanKind.SERVER
            ) as span,
        ):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as failure:
                log.exception("request failed", method=method)
                span.record_exception(failure)
                if started:
                    raise
                await problems.internal_error(request_id)(scope, receive, send_with_headers)
            finally:
                route = _template(scope)
                span.update_name(f"{method} {route}")
                span.set_attributes({"http.route": route, "http.response.status_code": status})
                if status >= 500:
                    span.set_status(Status(StatusCode.ERROR))
                SECONDS.labels(method, route, str(status)).observe(time.perf_counter() - began)


def _template(scope: dict[str, Any] | Scope) -> str:
    """The route's template (`/api/monitors/{id}`), never the path itself: ids would make a series each."""
    path = getattr(scope.get("route"), "path", None)
    return f"{scope.get('root_path', '')}{path}" if path else "unmatched"
