"""`/status/...`: a status page as HTML, JSON and Atom, its subscription form, and the links that confirm."""

import gzip
import hashlib
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import ValidationError
from starlette.responses import HTMLResponse, JSONResponse, Response

from monitors_contracts.base import Problem
from monitors_contracts.status_pages import PublicStatus, PublishedPage
from monitors_contracts.subscribers import ConfirmSubscription, ReadSubscription, Subscribe, Subscribed, Subscription
from monitors_runtime.errors import ProblemError

from ..console import assets
from ..console.forms import read
from ..console.render import PATH, environment
from ..domain.clients import limited_as
from ..gateway import Gateway
from ..http.callers import GatewayDep, address_of
from ..store import quotas
from .serving import ASKED
from .views import PageView, WordView, board, feed_entries

router = APIRouter(tags=["public"])

Key = Annotated[str, Path(description="The slug, or a private page's token")]
Token = Annotated[str, Path(max_length=2000)]
ASSETS = f"{PATH}/static/{assets.VERSION}"
HOUR = timedelta(hours=1)
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_NOWHERE = WordView("There is no such page", "Its address may be incomplete, or an old one.", ASSETS)
_AWAY = WordView("Back in a moment", "This page is out of reach right now. Please try again in a moment.", ASSETS)
_ASKED = (
    "If this address has not subscribed yet, it is sent a message now: open the link in it, and updates come from then on. "
    "Nothing there? Look among unwanted mail; an address is asked three times a day at most."
)
_SIGNED = (
    "The address was sent a message with a link that confirms (`data.confirmUrl`): open it, or POST to it. Messages are "
    "signed as Standard Webhooks describes, with this secret, which is not shown again:"
)
_WRONG = {
    "invalid-subscription": "This is no address that can be posted to: it begins with https://.",
    "refused-address": "This address is not allowed.",
    "subscription-limit": "There were many subscriptions just now. Please try again later.",
    "too-many-subscriptions": "You have subscribed often just now. Please try again later.",
}


@router.head("/status/{key}.json", include_in_schema=False)
@router.get("/status/{key}.json", responses={404: {"description": "No such page, or it is private"}})
async def get_status_json(key: Key, request: Request, gateway: GatewayDep) -> PublicStatus:
    """All that a status page shows, for programs."""
    found = await gateway.published.find(key)
    ASKED.labels("json", "found").inc()
    body = found.status.model_dump_json().encode()
    return _cached(request, found, body, "application/json")  # pyright: ignore[reportReturnType] - as it goes out


@router.head("/status/{key}/feed.atom", include_in_schema=False)
@router.get("/status/{key}/feed.atom", include_in_schema=False)
async def get_status_feed(key: Key, request: Request, gateway: GatewayDep) -> Response:
    """The page's updates as a feed."""
    found = await gateway.published.find(key)
    ASKED.labels("feed", "found").inc()
    page_url = f"{str(request.base_url).rstrip('/')}/status/{key}"
    entries = feed_entries(found.status.threads)
    body = environment.get_template("public/feed.atom").render(
        name=found.status.name,
        self_url=f"{page_url}/feed.atom",
        page_url=page_url,
        updated=entries[0]["at"] if entries else "2000-01-01T00:00:00+00:00",
        entries=entries,
    )
    return _cached(request, found, body.encode(), "application/atom+xml")


@router.head("/status/{key}", include_in_schema=False)
@router.get("/status/{key}", include_in_schema=False)
async def get_status_page(key: Key, request: Request, gateway: GatewayDep) -> Response:
    """The page."""
    try:
        found = await gateway.published.find(key)
    except ProblemError as refused:
        return _refused(refused)
    ASKED.labels("page", "found").inc()
    bodies = await gateway.published.bodies(key)
    body = bodies.get("page")
    if body is None:
        body = bodies["page"] = _page(found, key)
    return _cached(request, found, body, "text/html; charset=utf-8")


@router.post("/status/{key}/subscribe", include_in_schema=False)
async def subscribe(key: Key, request: Request, gateway: GatewayDep) -> Response:
    """Ask for the page's updates. Programs that accept JSON get it."""
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        found = await gateway.published.find(key)
    except ProblemError as refused:
        if wants_json:
            raise
        return _refused(refused)
    typed = await read(request)
    try:
        done = await _subscribe(gateway, request, key, found, typed)
    except ProblemError as refused:
        if wants_json or refused.problem.status >= 500:
            raise
        error = _WRONG.get(refused.problem.type, refused.problem.detail or refused.problem.title)
        body = _page(found, key, error, typed.get("address", "")[:254])
        return HTMLResponse(body, refused.problem.status, _headers("no-store"))
    if wants_json:
        return JSONResponse(done.model_dump(mode="json", exclude_none=True), 202)
    words, back = _SIGNED if done.secret else _ASKED, f"/status/{key}"
    return _word(WordView("Almost there", words, ASSETS, back=back, secret=done.secret or ""), 202)


async def _subscribe(
    gateway: Gateway, request: Request, key: str, found: PublishedPage, typed: dict[str, str]
) -> Subscribed:
    try:
        asked = Subscribe(
            organization_id=found.organization_id,
            page_id=found.page_id,
            page_name=found.status.name,
            page_path=f"/status/{key}",
            kind="webhook" if typed.get("kind") == "webhook" else "email",
            address=typed.get("address") or None,
            url=typed.get("url") or None,
        )
    except ValidationError:
        wrong = Problem(type="invalid-address", title="Invalid address", status=422, detail="This is no address.")
        raise ProblemError(wrong) from None
    await _count(gateway, address_of(request))
    return await gateway.runtime.ask(asked, patience=15)


async def _count(gateway: Gateway, address: str) -> None:
    limit = gateway.settings.subscriptions_per_hour_per_address
    limited = limited_as(address, gateway.trusted_proxies)
    if not limit or not limited:
        return
    async with gateway.service.transaction() as tx:
        used, ends = await quotas.take_for_address(tx.db, limited, "status-subscribe", 1, HOUR, tx.now)
    if used > limit:
        raise ProblemError(
            Problem(
                type="too-many-subscriptions",
                title="Too many subscriptions from your address",
                status=429,
                detail=f"One address may subscribe {limit} times an hour.",
                retry_at=ends,
            )
        )


@router.head("/s/{token}", include_in_schema=False)
@router.get("/s/{token}", include_in_schema=False)
async def ask_to_confirm(token: Token, gateway: GatewayDep) -> Response:
    """A page that asks for one click: mail scanners follow links, so following one changes nothing."""
    try:
        about = await gateway.runtime.ask(ReadSubscription(token=token))
    except ProblemError as refused:
        return _refused(refused)
    if about.state == "confirmed":
        return _word(_confirmed(about))
    words = f"{about.target} will be told of updates."
    return _word(WordView(f"Hear of {about.page_name}?", words, ASSETS, button="Yes, subscribe", back=about.page_path))


@router.post("/s/{token}", include_in_schema=False)
async def confirm(token: Token, gateway: GatewayDep) -> Response:
    """Confirm, without signing in."""
    try:
        return _word(_confirmed(await gateway.runtime.ask(ConfirmSubscription(token=token))))
    except ProblemError as refused:
        return _refused(refused)


def _confirmed(about: Subscription) -> WordView:
    words = (
        f"{about.target} is told of updates of {about.page_name} from now on. Every message has a link that ends it."
    )
    return WordView("Subscribed", words, ASSETS, back=about.page_path)


def _page(found: PublishedPage, key: str, error: str = "", typed: str = "") -> bytes:
    status = found.status
    view = PageView(
        name=status.name,
        description=status.description,
        here=f"/status/{key}",
        assets=ASSETS,
        is_private=found.visibility == "private",
        board=board(status),
        error=error,
        typed=typed,
    )
    return environment.get_template("public/status.html").render(view=view).encode()


def _refused(refused: ProblemError) -> Response:
    ASKED.labels("page", "nowhere" if refused.problem.status < 500 else "away").inc()
    if refused.problem.status >= 500:
        return _word(_AWAY, 503)
    return _word(_NOWHERE, 404)


def _word(view: WordView, status: int = 200) -> Response:
    body = environment.get_template("public/word.html").render(view=view)
    return HTMLResponse(body, status, _headers("no-store"))


def _headers(cache: str) -> dict[str, str]:
    return {"Content-Security-Policy": POLICY, "Cache-Control": cache}


def _cached(request: Request, found: PublishedPage, body: bytes, media_type: str) -> Response:
    """The body, for a while good for anybody who is shown it; 304 for who has it already (If-None-Match)."""
    private = found.visibility == "private"
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers: dict[str, Any] = _headers("private, max-age=15" if private else "public, max-age=15") | {
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if private:
        headers["X-Robots-Tag"] = "noindex"
    known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        ASKED.labels("any", "unchanged").inc()
        return Response(status_code=304, headers=headers)
    if len(body) > 1000 and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 5, mtime=0)
    return Response(body, media_type=media_type, headers=headers)
