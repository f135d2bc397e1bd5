"""The console's sign-in: a signed cookie that names a session, and a token in every form against forged requests."""

import base64
import contextlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from nats.errors import Error as NatsError
from pydantic import SecretStr
from starlette.responses import Response

from monitors_contracts.base import Id
from monitors_runtime.errors import ProblemError, problem

from ..gateway import Gateway
from ..http.callers import Caller, address_of, gateway_of
from ..store import sessions as store

COOKIE = "monitors_console"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_MAC_BYTES = 32


class SignedOut(Exception):
    """Nobody is signed in; `because` says why when somebody was."""

    def __init__(self, because: str = "") -> None:
        super().__init__(because)
        self.because = because


class ConsoleKeys:
    """Signs the session cookie, form tokens and flash messages, each with a key of its own."""

    def __init__(self, secret: SecretStr) -> None:
        value = secret.get_secret_value().encode()
        self._cookie = hmac.digest(value, b"console cookies", "sha256")
        self._csrf = hmac.digest(value, b"console forms", "sha256")
        self._flash = hmac.digest(value, b"console flashes", "sha256")

    def cookie(self, session_id: Id) -> str:
        """The cookie that stands for this session."""
        return _encoded(session_id.bytes + hmac.digest(self._cookie, session_id.bytes, "sha256"))

    def session_id(self, cookie: str) -> Id | None:
        """The session a cookie stands for; None when we did not sign it."""
        raw = _decoded(cookie)
        named, mac = raw[:16], raw[16:]
        if len(named) != 16 or not hmac.compare_digest(mac, hmac.digest(self._cookie, named, "sha256")):
            return None
        return UUID(bytes=named)

    def csrf(self, session_id: Id) -> str:
        """A token for this session's forms, masked differently each time: compression can't give it away (BREACH)."""
        pad = secrets.token_bytes(_MAC_BYTES)
        return _encoded(pad + _xor(pad, hmac.digest(self._csrf, session_id.bytes, "sha256")))

    def csrf_matches(self, session_id: Id, token: str) -> bool:
        """Whether a form's token was made for this session."""
        raw = _decoded(token)
        pad, masked = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        expected = hmac.digest(self._csrf, session_id.bytes, "sha256")
        return len(masked) == _MAC_BYTES and hmac.compare_digest(_xor(pad, masked), expected)

    def seal(self, content: bytes) -> str:
        """Content that comes back unchanged or not at all."""
        return _encoded(hmac.digest(self._flash, content, "sha256") + content)

    def unseal(self, sealed: str) -> bytes | None:
        """What was sealed; None when it was not by us."""
        raw = _decoded(sealed)
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        return content if hmac.compare_digest(mac, hmac.digest(self._flash, content, "sha256")) else None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by somebody signed in."""

    caller: Caller
    gateway: Gateway
    keys: ConsoleKeys


def keys_of(request: Request) -> ConsoleKeys:
    """The keys of the console that serves this request."""
    return request.app.state.keys


async def find_caller(request: Request) -> Caller | None:
    """Who is signed in by the cookie, if anybody."""
    session_id = keys_of(request).session_id(request.cookies.get(COOKIE, ""))
    gateway = gateway_of(request)
    session = await gateway.sessions.find(session_id) if session_id else None
    if session is None:
        return None
    # The session's own end is watched where it is looked up; the cookie has none of its own.
    far = datetime.now(UTC) + timedelta(days=gateway.settings.session_days)
    caller = Caller(session, far, address_of(request))
    request.state.caller = caller
    return caller


async def signed_in(request: Request) -> Visit:
    """For routes behind the sign-in. Raises SignedOut, or a 403 problem for a form that did not come from our page."""
    caller = await find_caller(request)
    if caller is None:
        raise SignedOut("ended" if request.cookies.get(COOKIE) else "")
    keys = keys_of(request)
    if request.method not in SAFE_METHODS:
        token = request.headers.get(CSRF_HEADER) or (await request.form()).get(CSRF_FIELD) or ""
        if not isinstance(token, str) or not keys.csrf_matches(caller.session.id, token):
            raise forged()
    elif "text/html" in request.headers.get("accept", "") and "x-live" not in request.headers:
        gateway = gateway_of(request)
        await store.prolong(gateway.runtime.pool, caller.session.id, caller.expires_at)
        # Where the feed stands before anything is looked up: live updates go on from here, so that none falls between.
        with contextlib.suppress(NatsError, TimeoutError):
            request.state.position = str(await gateway.feed.position(None))
    return Visit(caller, gateway_of(request), keys)


async def check_origin(request: Request) -> None:
    """Refuse what another site's page makes a browser send. Raises a 403 problem.

    Every current browser says so in Sec-Fetch-Site, older ones in Origin; what says neither is not a browser.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site:
        if site not in ("same-origin", "none"):
            raise forged()
    elif origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise forged()


def forged() -> ProblemError:
    """The request was not made by a form of ours, or of a session that has ended."""
    detail = "This form is out of date or came from another site. Go back, reload the page and try again."
    return problem("forged-request", "The form could not be accepted", 403, detail)


def set_session_cookie(response: Response, request: Request, session_id: Id) -> None:
    """Sign this browser in."""
    days = gateway_of(request).settings.session_days
    response.set_cookie(
        COOKIE,
        keys_of(request).cookie(session_id),
        max_age=days * 86400,
        path=cookie_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def forget_session_cookie(response: Response, request: Request) -> None:
    """Sign this browser out."""
    response.delete_cookie(COOKIE, path=cookie_path(request))


def cookie_path(request: Request) -> str:
    """Cookies are sent to the console alone."""
    return request.scope.get("root_path", "") or "/"


def local_path(request: Request, wanted: str | None) -> str | None:
    """A path of the console to go to, as it is used after a redirect; None for anything else, such as another host."""
    root = cookie_path(request)
    if not wanted or not (wanted == root or wanted.startswith((root + "/", root + "?"))):
        return None
    if any(piece in wanted for piece in ("\\", "\r", "\n", "\t", "/..")):
        return None
    return wanted


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=False))


VisitDep = Annotated[Visit, Depends(signed_in)]
