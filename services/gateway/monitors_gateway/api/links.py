"""Links in messages: take an alert, or end it, from where the message arrived, without signing in."""

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from monitors_contracts.alerts import AlertsChanged, FollowLink
from monitors_contracts.notifications import ActionLink, ReadActionLink, ReturnActionLink, UseActionLink
from monitors_runtime.errors import ProblemError

from ..gateway import Gateway
from ..http.callers import GatewayDep, address_of
from .public import PAGES, Token, page

router = APIRouter(tags=["public"])

_ASKED = {"acknowledge": "Take it?", "resolve": "Resolve it?"}
_BUTTONS = {"acknowledge": "Take it", "resolve": "Resolve it"}
_DONE = {"acknowledge": "It is yours", "resolve": "Resolved"}
_AUDITED = {"acknowledge": "alert.acknowledge", "resolve": "alert.resolve"}


@router.head("/a/{token}", include_in_schema=False)
@router.get("/a/{token}", response_class=HTMLResponse, responses=PAGES)
async def ask_to_act(token: Token, gateway: GatewayDep) -> HTMLResponse:
    """A page that asks for one click: mail scanners follow links, so following one changes nothing."""
    try:
        link = await gateway.runtime.ask(ReadActionLink(token=token))
    except ProblemError as refused:
        return _refused(refused)
    if link.used_at:
        return _used(link)
    form = f'<form method="post"><button type="submit">{_BUTTONS[link.action]}</button></form>'
    return page(_ASKED[link.action], _about(link), form)


@router.post("/a/{token}", response_class=HTMLResponse, responses=PAGES)
async def act(token: Token, request: Request, gateway: GatewayDep) -> HTMLResponse:
    """Do what the link is for, once, without signing in."""
    try:
        # Taken before anything is done: of several clicks at once one does it.
        link = await gateway.runtime.ask(UseActionLink(token=token))
        if link.used_at:
            return _used(link)
        changed = await _follow(gateway, link, token)
    except ProblemError as refused:
        return _refused(refused)
    async with gateway.service.transaction() as tx:
        for alert in changed.alerts:
            await gateway.audit(
                tx,
                _AUDITED[link.action],
                organization_id=link.organization_id,
                user_id=None,
                address=address_of(request),
                target=alert.id,
                data={"via": link.via},
            )
    if not changed.alerts:
        return page("Nothing left to do", "It is over already." + _console(link))
    return page(_DONE[link.action], _about(link) + _console(link))


async def _follow(gateway: Gateway, link: ActionLink, token: str) -> AlertsChanged:
    asked = FollowLink(organization_id=link.organization_id, alert_ids=link.alert_ids, action=link.action, via=link.via)
    try:
        return await gateway.runtime.ask(asked)
    except ProblemError:
        await gateway.runtime.ask(ReturnActionLink(token=token))
        raise


def _about(link: ActionLink) -> str:
    count = len(link.alert_ids)
    more = f" ({count} alerts)" if count > 1 else ""
    return f"{escape(link.subject)}{more}"


def _console(link: ActionLink) -> str:
    where = f"/{link.alert_ids[0]}" if len(link.alert_ids) == 1 else ""
    return f'</p><p><a href="/console/alerts{where}">Open it in the console</a>'


def _used(link: ActionLink) -> HTMLResponse:
    text = "This link was used before, and all is as it was left then."
    return page("Already done", text + _console(link))


def _refused(refused: ProblemError) -> HTMLResponse:
    if refused.problem.status >= 500:
        return page("Not now", "We could not do this right now. Please try again in a moment.", status=503)
    if refused.problem.type == "link-expired":
        return page("This link is too old", "Please open the alert in the console instead.", status=404)
    return page("This link is not valid", "It may be incomplete. Please use the link in your message.", status=404)
