"""How Alertmanager's clients sign in, and how they hear of errors: by a JSON text."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from monitors_runtime.errors import ProblemError

from ..domain.wording import message_of
from .callers import by_token
from .idempotency import Handler
from .problems import Refused


class AlertmanagerRoute(APIRoute):
    """A route whose errors are texts, as Alertmanager's are: its clients can read nothing else."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_as_alertmanager(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as invalid:
                first = invalid.errors()[0]
                place = ".".join(str(part) for part in first["loc"][1:])
                return text(400, f"{place}: {message_of(first)}" if place else message_of(first))
            except ProblemError as refused:
                problem = refused.problem
                status = problem.status if problem.status in (401, 403, 404, 413) or problem.status >= 500 else 400
                headers = refused.headers if isinstance(refused, Refused) else {}
                return text(status, problem.detail or problem.title, headers)

        return handle_as_alertmanager


def text(status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as Alertmanager's clients read it."""
    return JSONResponse(said, status, headers)


async def basic_too(request: Request) -> None:
    """Let in by basic auth as well, with a token for the password: amtool and many others know no other way in an address."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return
    try:
        _, _, password = b64decode(given, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        password = ""
    request.state.caller = await by_token(request, password)
