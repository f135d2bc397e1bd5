"""What people do with status pages, and what those show: one short function a message."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NoReturn

import asyncpg

from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.status_pages import (
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
    PublicStatus,
    PublishedPage,
    RemoveStatusUpdate,
    RenewStatusLink,
    StatusPage,
    StatusPageChanged,
    StatusPageDeleted,
    StatusPageList,
    StatusPageSpec,
    StatusPageView,
    StatusUpdate,
    StatusUpdateList,
    UpdateStatusPage,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..domain import status_history, status_pages
from . import store
from .following import assess, open_windows, post, remove

MOST_PAGES = 20

PROBLEMS = {
    "status-page-not-found": ("No such status page", 404, "There is no such status page, or it is private."),
    "component-not-found": ("No such component", 404, "The page has no component with this key."),
    "update-not-found": ("No such update", 404, "The page has no update with this id."),
    "thread-not-found": ("No such thread", 404, "Nothing was said under this id on the page."),
    "window-not-found": ("No such window", 422, "A component names a maintenance window that does not exist."),
    "slug-taken": ("Slug is taken", 409, "Another public page has this slug: choose another one."),
    "status-page-limit": ("Too many status pages", 409, f"There are {MOST_PAGES} already."),
}


class StatusPageHandlers:
    """The alerter's answers about status pages."""

    def __init__(self, service: Service) -> None:
        self._service = service

    # -- pages ------------------------------------------------------------------------------------------------------

    async def create_page(self, command: CreateStatusPage) -> StatusPageView:
        """Somebody makes a page."""
        async with self._service.transaction() as tx:
            known = await store.page(tx.db, command.organization_id, command.page_id)
            if known is None:
                if len(await store.pages(tx.db, command.organization_id)) >= MOST_PAGES:
                    refuse("status-page-limit")
                made = StatusPage(
                    id=command.page_id,
                    organization_id=command.organization_id,
                    spec=command.spec,
                    standings=status_pages.standings(command.spec, (), tx.now),
                    created_by=command.user_id,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
                known = await self._save(tx, made)
            return _view(known)

    async def update_page(self, command: UpdateStatusPage) -> StatusPageView:
        """Somebody changes a page."""
        async with self._service.transaction() as tx:
            known = await _held(tx, command.organization_id, command.page_id)
            changes = {"spec": command.spec, "standings": status_pages.standings(command.spec, known.standings, tx.now)}
            return _view(await self._save(tx, _changed(known, changes, tx.now)))

    async def renew_link(self, command: RenewStatusLink) -> StatusPageView:
        """Somebody wants a new link, and the old one to open nothing."""
        async with self._service.transaction() as tx:
            known = await _held(tx, command.organization_id, command.page_id)
            return _view(await self._save(tx, _changed(known, {"link": known.link + 1}, tx.now)))

    async def override_component(self, command: OverrideComponent) -> StatusPageView:
        """Somebody says how a component does, or no longer does."""
        async with self._service.transaction() as tx:
            known = await _held(tx, command.organization_id, command.page_id)
            _check_components(known.spec, [command.key])
            said = status_pages.overridden(known, command.key, command.override, tx.now)
            return _view(await self._save(tx, said, by_hand=command.key))

    async def delete_page(self, command: DeleteStatusPage) -> Done:
        """Somebody takes a page away."""
        async with self._service.transaction() as tx:
            known = await _held(tx, command.organization_id, command.page_id)
            event = StatusPageDeleted(organization_id=known.organization_id, page_id=known.id)
            await store.apply(tx.db, event)
            tx.publish(event)
        return Done()

    async def _save(self, tx: Transaction, page: StatusPage, by_hand: str | None = None) -> StatusPage:
        await _check_windows(tx.db, page.organization_id, page.spec)
        event = StatusPageChanged(organization_id=page.organization_id, page_id=page.id, page=page)
        try:
            await store.apply(tx.db, event)
        except asyncpg.UniqueViolationError:
            refuse("slug-taken")
        tx.publish(event)
        return await assess(tx, page, by_hand=by_hand)

    # -- updates ----------------------------------------------------------------------------------------------------

    async def post_update(self, command: PostStatusUpdate) -> StatusUpdate:
        """Somebody says something on a page."""
        organization, page_id = command.organization_id, command.page_id
        async with self._service.transaction() as tx:
            page = await _held(tx, organization, page_id)
            known = await store.update(tx.db, organization, page_id, command.update_id)
            if known:
                return known
            _check_components(page.spec, command.components)
            before = None
            if command.thread_id:
                before = (await store.thread(tx.db, organization, command.thread_id)).get(page_id)
                if not before:
                    refuse("thread-not-found")
            update = StatusUpdate(
                id=command.update_id,
                thread_id=command.thread_id or command.update_id,
                title=command.title or (before[0].title if before else ""),
                text=command.text,
                stage=command.stage,
                components=command.components or (before[-1].components if before else []),
                incident_id=before[0].incident_id if before else None,
                posted_at=tx.now,
                posted_by=command.user_id,
            )
            await post(tx, page, update, "hand")
        return update

    async def remove_update(self, command: RemoveStatusUpdate) -> Done:
        """Somebody takes back what was said."""
        async with self._service.transaction() as tx:
            page = await _held(tx, command.organization_id, command.page_id)
            if await store.update(tx.db, command.organization_id, page.id, command.update_id) is None:
                refuse("update-not-found")
            await remove(tx, page, command.update_id)
        return Done()

    async def list_updates(self, query: ListStatusUpdates) -> StatusUpdateList:
        """What was said."""
        pool, before = self._service.runtime.pool, cursor_id(query.cursor)
        await _existing(pool, query.organization_id, query.page_id)
        found = await store.updates(pool, query.organization_id, query.page_id, before=before, limit=query.limit)
        return StatusUpdateList(updates=found, next_cursor=next_cursor(found, query.limit))

    # -- questions --------------------------------------------------------------------------------------------------

    async def get_page(self, query: GetStatusPage) -> StatusPageView:
        """One page."""
        return _view(await _existing(self._service.runtime.pool, query.organization_id, query.page_id))

    async def list_pages(self, query: ListStatusPages) -> StatusPageList:
        """All pages."""
        found = await store.pages(self._service.runtime.pool, query.organization_id)
        return StatusPageList(pages=[_view(each) for each in found])

    async def preview_page(self, query: PreviewStatusPage) -> PublicStatus:
        """What a page would show."""
        pool, now, organization = self._service.runtime.pool, datetime.now(UTC), query.organization_id
        await _check_windows(pool, organization, query.spec)
        known = await _existing(pool, organization, query.page_id) if query.page_id else None
        page = StatusPage(
            id=known.id if known else new_id(),
            organization_id=organization,
            spec=query.spec,
            standings=status_pages.standings(query.spec, known.standings if known else (), now),
            created_by=organization,
            created_at=now,
            updated_at=now,
        )
        changes = status_pages.assessed(
            page, await store.firing(pool, organization), await open_windows(pool, page, now), now
        )
        return await _shown(pool, changes[-1].page if changes else page, now)

    async def get_public_page(self, query: GetPublicPage) -> PublishedPage:
        """What anybody may see."""
        return await self._published(await store.by_slug(self._service.runtime.pool, query.slug))

    async def get_linked_page(self, query: GetLinkedPage) -> PublishedPage:
        """What those may see who have the link."""
        found = await store.page(self._service.runtime.pool, query.organization_id, query.page_id)
        return await self._published(found if found and found.link == query.link else None)

    async def _published(self, page: StatusPage | None) -> PublishedPage:
        if page is None:
            refuse("status-page-not-found")
        return PublishedPage(
            organization_id=page.organization_id,
            page_id=page.id,
            slug=page.spec.slug,
            visibility=page.spec.visibility,
            status=await _shown(self._service.runtime.pool, page, datetime.now(UTC)),
        )


async def _shown(pool: Pool, page: StatusPage, now: datetime) -> PublicStatus:
    since = status_history.since(page, now)
    named = list({each for component in page.spec.components for each in component.windows})
    changes = await store.changes(pool, page.organization_id, page.id, since)
    updates = await store.updates(pool, page.organization_id, page.id)
    recent = [each for each in updates if each.posted_at > now - status_history.SHOWN_FOR]
    windows = await store.windows(pool, page.organization_id, named)
    # In a thread: recurrence rules, and thousands of changes, take a while.
    return await asyncio.to_thread(status_history.published, page, changes, recent, windows, now)


async def _existing(db: Connection | Pool, organization_id: Id, page_id: Id) -> StatusPage:
    return await store.page(db, organization_id, page_id) or refuse("status-page-not-found")


async def _held(tx: Transaction, organization_id: Id, page_id: Id) -> StatusPage:
    return await store.hold(tx.db, organization_id, page_id) or refuse("status-page-not-found")


def _changed(page: StatusPage, changes: Mapping[str, object], now: datetime) -> StatusPage:
    return page.model_copy(update={**changes, "updated_at": now, "version": page.version + 1})


async def _check_windows(db: Connection | Pool, organization_id: Id, spec: StatusPageSpec) -> None:
    named = {each for component in spec.components for each in component.windows}
    if len(await store.windows(db, organization_id, list(named))) < len(named):
        refuse("window-not-found")


def _check_components(spec: StatusPageSpec, keys: Collection[str]) -> None:
    if any(spec.component(key) is None for key in keys):
        refuse("component-not-found")


def _view(page: StatusPage) -> StatusPageView:
    return StatusPageView(**dict(page), status=status_pages.worst(each.status for each in page.standings))


def refuse(word: str) -> NoReturn:
    """Raise the problem of this word."""
    title, status, detail = PROBLEMS[word]
    raise problem(word, title, status, detail)
