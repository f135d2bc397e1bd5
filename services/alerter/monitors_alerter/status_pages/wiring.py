"""What the alerter follows and answers about status pages, and what they are made of."""

from monitors_contracts.incidents import IncidentResolved, IncidentUpdated
from monitors_contracts.status_pages import (
    ComponentStatusChanged,
    CreateStatusPage,
    DeleteStatusPage,
    GetLinkedPage,
    GetPublicPage,
    GetStatusPage,
    ListStatusPages,
    ListStatusUpdates,
    OverrideComponent,
    PostStatusUpdate,
    PreviewStatusPage,
    RemoveStatusUpdate,
    RenewStatusLink,
    StatusPageChanged,
    StatusPageDeleted,
    StatusUpdatePosted,
    StatusUpdateRemoved,
    UpdateStatusPage,
)
from monitors_runtime.runtime import Service

from . import store
from .following import Following
from .handlers import StatusPageHandlers


def wire(service: Service) -> Following:
    """Let the service keep status pages; what it erases is in `store.ERASE`. Who is returned is to hear of alerts."""
    following, handlers = Following(service), StatusPageHandlers(service)
    service.consume(IncidentUpdated, IncidentResolved, save=following.incident_changed)
    service.on_start(following.periodic.start)
    service.on_stop(following.periodic.stop)
    service.answer(CreateStatusPage, handlers.create_page)
    service.answer(UpdateStatusPage, handlers.update_page)
    service.answer(RenewStatusLink, handlers.renew_link)
    service.answer(OverrideComponent, handlers.override_component)
    service.answer(DeleteStatusPage, handlers.delete_page)
    service.answer(PostStatusUpdate, handlers.post_update)
    service.answer(RemoveStatusUpdate, handlers.remove_update)
    service.answer(ListStatusUpdates, handlers.list_updates)
    service.answer(GetStatusPage, handlers.get_page)
    service.answer(ListStatusPages, handlers.list_pages)
    service.answer(PreviewStatusPage, handlers.preview_page)
    service.answer(GetPublicPage, handlers.get_public_page)
    service.answer(GetLinkedPage, handlers.get_linked_page)
    service.project(
        StatusPageChanged,
        ComponentStatusChanged,
        StatusPageDeleted,
        StatusUpdatePosted,
        StatusUpdateRemoved,
        apply=store.apply,
        tables=store.TABLES,
    )
    service.expire(*store.EXPIRE)
    service.expire_due(store.EXPIRE_DUE)
    return following
