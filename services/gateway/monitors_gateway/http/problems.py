"""Every error is a problem document (RFC 9457): `type` is a stable short word, `detail` is for a person."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from monitors_contracts.base import Problem
from monitors_runtime.database import DATABASE_AWAY, DATABASE_CONFLICT, DATABASE_REFUSES_TEXT
from monitors_runtime.errors import UNKEPT_TEXT, ProblemError

from ..domain.wording import message_of

MEDIA_TYPE = "application/problem+json"
# For a problem that passes, without a time of its own: when to ask again, in seconds.
RETRY_SECONDS = {429: 60, 503: 2, 504: 2}
KNOWN = {
    400: ("malformed-request", "Malformed request"),
    401: ("unauthenticated", "Sign in first"),
    403: ("forbidden", "Not allowed"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "Method not allowed"),
    413: ("body-too-large", "Request body too large"),
    415: ("unsupported-media-type", "Unsupported media type"),
}


class Refused(ProblemError):
    """A problem with more to say: headers, or members beside the standard ones."""

    def __init__(
        self, problem: Problem, headers: Mapping[str, str] | None = None, members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(problem)
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def response(
    problem: Problem, headers: Mapping[str, str] | None = None, members: Mapping[str, Any] | None = None
) -> Response:
    """The problem as an HTTP response, with Retry-After where waiting helps."""
    sent = dict(headers or {})
    if problem.retry_at:
        seconds = (problem.retry_at - datetime.now(UTC)).total_seconds()
        sent["Retry-After"] = str(max(1, math.ceil(seconds)))
    elif problem.status in RETRY_SECONDS:
        sent["Retry-After"] = str(RETRY_SECONDS[problem.status])
    body = problem.model_dump(mode="json", exclude_none=True) | dict(members or {})
    return JSONResponse(body, problem.status, sent, MEDIA_TYPE)


def of(refused: ProblemError) -> Response:
    """What was raised, as a response."""
    if isinstance(refused, Refused):
        return response(refused.problem, refused.headers, refused.members)
    return response(refused.problem)


def unavailable() -> Response:
    """The database is away."""
    return response(
        Problem(
            type="service-unavailable",
            title="Service unavailable",
            status=503,
            detail="The database is not reachable right now; try again in a moment.",
        )
    )


def internal_error(request_id: str) -> Response:
    """Something we did not foresee; what it was stays in the log."""
    detail = f"The error was logged as request {request_id}."
    return response(Problem(type="internal-error", title="Internal error", status=500, detail=detail))


def install(app: FastAPI) -> None:
    """Answer all errors of `app` with problem documents."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return of(error)

    async def http_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind, title = KNOWN.get(error.status_code, ("http-error", "The request can't be met"))
        detail = error.detail if error.status_code == 413 else None
        return response(Problem(type=kind, title=title, status=error.status_code, detail=detail), error.headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(_invalid(error))

    async def away(_: Request, __: Exception) -> Response:
        return unavailable()

    async def conflict(_: Request, __: Exception) -> Response:
        return response(Problem(type="conflict", title="Too many changes at once", status=409, detail="Try again."))

    async def unwritable(_: Request, __: Exception) -> Response:
        return response(UNKEPT_TEXT)

    app.add_exception_handler(ProblemError, refused)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)
    for kind in DATABASE_AWAY:
        app.add_exception_handler(kind, away)
    for kind in DATABASE_CONFLICT:
        app.add_exception_handler(kind, conflict)
    for kind in DATABASE_REFUSES_TEXT:
        app.add_exception_handler(kind, unwritable)


def _invalid(error: RequestValidationError) -> Problem:
    """The fields and what is wrong with each. What was sent is not repeated: it may be a password."""
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return Problem(type="malformed-json", title="Malformed JSON", status=400, detail="The body is not valid JSON.")
    if any(each["loc"][0] == "path" for each in found):
        return Problem(type="not-found", title="Not found", status=404, detail="There is nothing with this id.")
    if any(each["loc"] == ("body",) and isinstance(each["input"], bytes) for each in found):
        detail = "The body is JSON, and the request must say so: Content-Type: application/json."
        return Problem(type="unsupported-media-type", title="Unsupported media type", status=415, detail=detail)
    errors: list[dict[str, Any]] = [
        {"field": ".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]), "message": message_of(each)}
        for each in found
    ]
    detail = "; ".join(f"{each['field']}: {each['message']}" for each in errors)[:1000]
    return Problem(type="invalid-request", title="Invalid request", status=422, detail=detail, errors=errors)
