"""Status pages: what anybody is told of how things do, and who is told of updates."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import Field, TypeAdapter

from monitors_contracts.base import Id, Model
from monitors_contracts.status_pages import (
    CreateStatusPage,
    DeleteStatusPage,
    GetStatusPage,
    ListStatusPages,
    ListStatusUpdates,
    Override,
    OverrideComponent,
    PostStatusUpdate,
    PreviewStatusPage,
    PublicStatus,
    RemoveStatusUpdate,
    RenewStatusLink,
    Slug,
    Stage,
    StatusPageSpec,
    StatusPageView,
    StatusUpdate,
    StatusUpdateList,
    UpdateStatusPage,
    UpdateText,
    UpdateTitle,
)
from monitors_contracts.subscribers import ListSubscribers, RemoveSubscriber, SubscriberList

from ..gateway import Gateway
from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import Cursor, Limit, PathId
from ..http.patches import made, merged
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api", tags=["status-pages"], route_class=IdempotentRoute)

_SPEC: TypeAdapter[StatusPageSpec] = TypeAdapter(StatusPageSpec)
Spec = Annotated[
    StatusPageSpec,
    Body(
        openapi_examples={
            "public": {
                "summary": "A public page of one component",
                "value": {
                    "name": "Acme",
                    "slug": "acme",
                    "timezone": "Europe/Berlin",
                    "components": [{"key": "api", "name": "API", "matchers": 'service="api"'}],
                },
            }
        }
    ),
]
ComponentKey = Annotated[Slug, Path(alias="key", description="The component's key")]
UpdateId = Annotated[Id, Path(alias="updateId")]
SubscriberId = Annotated[Id, Path(alias="subscriberId")]


class StatusPageShape(StatusPageView):
    """A page, and where it is."""

    url: str = Field(description="A private page's cannot be guessed: whoever has it can read the page")


class StatusPageReply(Model):
    """The page after the change."""

    success: bool = True
    page: StatusPageShape


class StatusPagesReply(Model):
    """All pages, by name."""

    pages: list[StatusPageShape]


class PreviewPageRequest(Model):
    """A page that is not saved; with the id of one that is, with its history."""

    spec: StatusPageSpec
    page_id: Id | None = None


class PostRequest(Model):
    """What is said on a page."""

    text: UpdateText = Field(examples=["Some payments fail. We look for the cause."])
    title: UpdateTitle | None = Field(default=None, description="Needed where no thread is continued")
    stage: Stage = "notice"
    components: list[Slug] = Field(default_factory=list[Slug], max_length=50, description="Keys of those concerned")
    thread_id: Id | None = Field(default=None, description="Continues what was said before")


class UpdateReply(Model):
    """What was said."""

    success: bool = True
    update: StatusUpdate


@router.get("/status-pages")
async def list_status_pages(request: Request, caller: CallerDep, gateway: GatewayDep) -> StatusPagesReply:
    """The organization's status pages by name, and how their components do."""
    found = await gateway.runtime.ask(ListStatusPages(organization_id=caller.organization_id))
    return StatusPagesReply(pages=[_shape(each, request, gateway) for each in found.pages])


@router.post("/status-pages", status_code=201)
async def create_status_page(
    body: Spec, request: Request, response: Response, caller: CallerDep, gateway: GatewayDep
) -> StatusPageReply:
    """Make a status page: public at its slug, or private, found by its link alone."""
    page = await gateway.runtime.ask(
        CreateStatusPage(
            organization_id=caller.organization_id, page_id=entity_id(request), user_id=caller.user_id, spec=body
        )
    )
    response.headers["Location"] = f"/api/status-pages/{page.id}"
    return await _done(page, "status-page.create", request, caller, gateway)


@router.post("/status-pages/preview")
async def preview_status_page(body: PreviewPageRequest, caller: CallerDep, gateway: GatewayDep) -> PublicStatus:
    """What a page would show now, before it is saved."""
    return await gateway.runtime.ask(
        PreviewStatusPage(organization_id=caller.organization_id, spec=body.spec, page_id=body.page_id)
    )


@router.get("/status-pages/{id}")
async def get_status_page(page_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep) -> StatusPageShape:
    """One status page."""
    return _shape(await _page(page_id, caller, gateway), request, gateway)


@router.put("/status-pages/{id}")
async def replace_status_page(
    page_id: PathId, body: Spec, request: Request, caller: CallerDep, gateway: GatewayDep
) -> StatusPageReply:
    """Make the page what is sent; components keep their history by their keys."""
    before = await _page(page_id, caller, gateway)
    page = await gateway.runtime.ask(
        UpdateStatusPage(organization_id=caller.organization_id, page_id=page_id, user_id=caller.user_id, spec=body)
    )
    gateway.published.forget(before)
    return await _done(page, "status-page.update", request, caller, gateway)


@router.patch("/status-pages/{id}")
async def update_status_page(
    page_id: PathId,
    body: Annotated[dict[str, Any], Field(examples=[{"visibility": "private"}])],
    request: Request,
    caller: CallerDep,
    gateway: GatewayDep,
) -> StatusPageReply:
    """Change these fields of the page (a merge patch, RFC 7396): null takes a field away."""
    known = await _page(page_id, caller, gateway)
    spec = made(_SPEC, merged(known.spec, body), "The page would make no sense.")
    return await replace_status_page(page_id, spec, request, caller, gateway)


@router.delete("/status-pages/{id}")
async def delete_status_page(page_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Take a page away, with its history, its updates and its subscribers."""
    before = await _page(page_id, caller, gateway)
    await gateway.runtime.ask(DeleteStatusPage(organization_id=caller.organization_id, page_id=page_id))
    gateway.published.forget(before)
    await audited(gateway, caller, "status-page.delete", page_id)
    return Success()


@router.post("/status-pages/{id}/link")
async def renew_status_page_link(
    page_id: PathId, request: Request, caller: CallerDep, gateway: GatewayDep
) -> StatusPageReply:
    """A new link of a private page; the one before opens nothing any more."""
    before = await _page(page_id, caller, gateway)
    page = await gateway.runtime.ask(
        RenewStatusLink(organization_id=caller.organization_id, page_id=page_id, user_id=caller.user_id)
    )
    gateway.published.forget(before)
    return await _done(page, "status-page.renew-link", request, caller, gateway)


@router.put("/status-pages/{id}/components/{key}/override")
async def override_component(
    page_id: PathId, key: ComponentKey, body: Override, request: Request, caller: CallerDep, gateway: GatewayDep
) -> StatusPageReply:
    """Say how a component does, whatever alerts say, until it is taken back."""
    return await _override(page_id, key, body, request, caller, gateway)


@router.delete("/status-pages/{id}/components/{key}/override")
async def end_override(
    page_id: PathId, key: ComponentKey, request: Request, caller: CallerDep, gateway: GatewayDep
) -> StatusPageReply:
    """Alerts say again how the component does."""
    return await _override(page_id, key, None, request, caller, gateway)


@router.get("/status-pages/{id}/updates")
async def list_status_updates(
    page_id: PathId,
    caller: CallerDep,
    gateway: GatewayDep,
    limit: Annotated[int, Query(ge=1, le=200, description="Most items on this page")] = 50,
    cursor: Cursor = None,
) -> StatusUpdateList:
    """What was said on a page, newest first."""
    return await gateway.runtime.ask(
        ListStatusUpdates(organization_id=caller.organization_id, page_id=page_id, limit=limit, cursor=cursor)
    )


@router.post("/status-pages/{id}/updates", status_code=201)
async def post_status_update(
    page_id: PathId, body: PostRequest, request: Request, caller: CallerDep, gateway: GatewayDep
) -> UpdateReply:
    """Say something on a page, and tell its subscribers. `threadId` continues what was said before."""
    page = await _page(page_id, caller, gateway)
    asked = {"organization_id": caller.organization_id, "page_id": page_id, "user_id": caller.user_id}
    command = made(
        _POST, body.model_dump(mode="json", exclude_none=True) | asked | {"update_id": entity_id(request)}, _NO_TITLE
    )
    update = await gateway.runtime.ask(command)
    gateway.published.forget(page)
    await audited(gateway, caller, "status-page.post-update", page_id)
    return UpdateReply(update=update)


_POST: TypeAdapter[PostStatusUpdate] = TypeAdapter(PostStatusUpdate)
_NO_TITLE = "An update has a title, or continues a thread by its id."


@router.delete("/status-pages/{id}/updates/{updateId}")
async def remove_status_update(page_id: PathId, update_id: UpdateId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Take an update from its page. Who was told of it stays told."""
    page = await _page(page_id, caller, gateway)
    await gateway.runtime.ask(
        RemoveStatusUpdate(organization_id=caller.organization_id, page_id=page_id, update_id=update_id)
    )
    gateway.published.forget(page)
    await audited(gateway, caller, "status-page.remove-update", page_id)
    return Success()


@router.get("/status-pages/{id}/subscribers")
async def list_status_subscribers(
    page_id: PathId, caller: CallerDep, gateway: GatewayDep, limit: Limit = 50, cursor: Cursor = None
) -> SubscriberList:
    """Who asked for a page's updates, and who confirmed it."""
    await _page(page_id, caller, gateway)
    return await gateway.runtime.ask(
        ListSubscribers(organization_id=caller.organization_id, page_id=page_id, limit=limit, cursor=cursor)
    )


@router.delete("/status-pages/{id}/subscribers/{subscriberId}")
async def remove_status_subscriber(
    page_id: PathId, subscriber_id: SubscriberId, caller: CallerDep, gateway: GatewayDep
) -> Success:
    """End a subscription."""
    await gateway.runtime.ask(
        RemoveSubscriber(organization_id=caller.organization_id, page_id=page_id, subscriber_id=subscriber_id)
    )
    await audited(gateway, caller, "status-page.remove-subscriber", page_id)
    return Success()


async def _page(page_id: Id, caller: Caller, gateway: Gateway) -> StatusPageView:
    return await gateway.runtime.ask(GetStatusPage(organization_id=caller.organization_id, page_id=page_id))


async def _override(
    page_id: Id, key: str, override: Override | None, request: Request, caller: Caller, gateway: Gateway
) -> StatusPageReply:
    page = await gateway.runtime.ask(
        OverrideComponent(
            organization_id=caller.organization_id,
            page_id=page_id,
            user_id=caller.user_id,
            key=key,
            override=override,
        )
    )
    return await _done(page, "status-page.override", request, caller, gateway)


async def _done(page: StatusPageView, what: str, request: Request, caller: Caller, gateway: Gateway) -> StatusPageReply:
    gateway.published.forget(page)
    await audited(gateway, caller, what, page.id)
    return StatusPageReply(page=_shape(page, request, gateway))


def _shape(page: StatusPageView, request: Request, gateway: Gateway) -> StatusPageShape:
    # The console is mounted below its own path, which the page is not.
    return StatusPageShape(
        **dict(page), url=f"{request.url.scheme}://{request.url.netloc}{gateway.published.path_of(page)}"
    )
