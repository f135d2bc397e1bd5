"""What needs no sign-in: the public status, unsubscribing by link, and what the mail provider reports."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import HTMLResponse, Response

from monitors_contracts.base import Model
from monitors_contracts.notifications import RecordProviderEvents, Unsubscribe
from monitors_runtime.errors import ProblemError

from ..http.callers import GatewayDep

router = APIRouter(tags=["public"])

# SendGrid sends its events in batches.
BODY_LIMITS = {"/api/webhooks/sendgrid": 5_000_000}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>{title} - Monitors!</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color:#1a1a1a}}
button{{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:.4rem;background:#1d4ed8;color:#fff;cursor:pointer}}
</style></head>
<body><main><h1>{title}</h1><p>{text}</p>{form}</main></body></html>"""
# The form posts what RFC 8058 has mail programs post; the address is the page's own.
FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    '<button type="submit">Unsubscribe</button></form>'
)
PAGES: dict[int | str, dict[str, Any]] = {
    404: {"description": "The link is not valid", "content": {"text/html": {}}},
    503: {"description": "Not possible right now", "content": {"text/html": {}}},
}
Token = Annotated[str, Path(max_length=2000)]


class HealthReply(Model):
    """Whether the platform serves."""

    status: Literal["ok", "unavailable"]


@router.get("/api/health", responses={503: {"model": HealthReply}})
async def get_health(gateway: GatewayDep, response: Response) -> HealthReply:
    """The public status."""
    if await gateway.runtime.unready():
        response.status_code = 503
        return HealthReply(status="unavailable")
    return HealthReply(status="ok")


@router.head("/u/{token}", include_in_schema=False)
@router.get("/u/{token}", response_class=HTMLResponse)
async def ask_to_unsubscribe(token: Token) -> HTMLResponse:
    """A page that asks before it unsubscribes: mail scanners follow links, so following one changes nothing."""
    return page("Unsubscribe?", "You will no longer get these messages.", FORM)


@router.post("/u/{token}", response_class=HTMLResponse, responses=PAGES)
async def unsubscribe(token: Token, gateway: GatewayDep) -> HTMLResponse:
    """Unsubscribe in one click (RFC 8058), without signing in."""
    try:
        await gateway.runtime.ask(Unsubscribe(token=token))
    except ProblemError as refused:
        if refused.problem.status >= 500:
            return page("Not now", "We could not do this right now. Please try again in a moment.", status=503)
        return page("This link is not valid", "It may be incomplete. Please use the link in your message.", status=404)
    return page("Unsubscribed", "You will get no more of these messages.")


@router.post("/api/webhooks/sendgrid", status_code=204)
async def sendgrid_events(
    request: Request,
    gateway: GatewayDep,
    signature: Annotated[str, Header(alias="X-Twilio-Email-Event-Webhook-Signature", max_length=1000)],
    timestamp: Annotated[str, Header(alias="X-Twilio-Email-Event-Webhook-Timestamp", max_length=100)],
) -> Response:
    """SendGrid's event webhook. The signature is over the body as it came."""
    body = (await request.body()).decode("utf-8", errors="replace")
    await gateway.runtime.ask(RecordProviderEvents(body=body, signature=signature, timestamp=timestamp))
    return Response(status_code=204)


def page(title: str, text: str, form: str = "", status: int = 200) -> HTMLResponse:
    """A small page for who is not signed in; what is given is HTML."""
    return HTMLResponse(_PAGE.format(title=title, text=text, form=form), status, _PAGE_HEADERS)
