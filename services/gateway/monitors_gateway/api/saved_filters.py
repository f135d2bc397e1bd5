"""Filters of alerts by a name, each person's own."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, StringConstraints

from monitors_contracts.alerts import HeldBack, Severity
from monitors_contracts.base import Id, Model
from monitors_runtime.errors import problem

from ..http.callers import Caller, CallerDep, GatewayDep
from ..http.idempotency import IdempotentRoute, entity_id
from ..http.pages import PathId
from ..store import saved_filters as store
from .alerts import STATES, StateFilter, matchers_of
from .audit import audited
from .shapes import Success

router = APIRouter(prefix="/api/alert-filters", tags=["alerts"], route_class=IdempotentRoute)

MOST = 50
KEPT_STATES = (*STATES, "pending")


class AlertFilter(Model):
    """What a list of alerts is narrowed by, as in `GET /api/alerts`; `pending` is `GET /api/alerts/pending`."""

    state: StateFilter | Literal["pending"] | None = None
    q: str | None = Field(default=None, max_length=200)
    severity: Severity | None = None
    filter: str | None = Field(default=None, max_length=2000, examples=['host=~"db-.*"'])
    origin: str | None = Field(default=None, max_length=40)
    assignee: str | None = Field(default=None, max_length=200)
    held: HeldBack | None = None


class SaveFilter(Model):
    """Filters, and how they are to be called."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] = Field(
        examples=["Databases at night"]
    )
    query: AlertFilter


class SavedFilter(SaveFilter):
    """Filters by a name."""

    id: Id
    saved_at: AwareDatetime


class SavedFilters(Model):
    """All of the caller's, by name."""

    filters: list[SavedFilter]


class SavedFilterReply(Model):
    """The filters as they are kept."""

    success: bool = True
    filter: SavedFilter


@router.get("")
async def list_filters(caller: CallerDep, gateway: GatewayDep) -> SavedFilters:
    """Your filters, by name."""
    found = await store.find(gateway.runtime.pool, _whose(caller))
    return SavedFilters(
        filters=[
            SavedFilter(
                id=each.id, name=each.name, query=AlertFilter.model_validate(each.query), saved_at=each.saved_at
            )
            for each in found
        ]
    )


@router.post("", status_code=201)
async def save_filter(body: SaveFilter, request: Request, caller: CallerDep, gateway: GatewayDep) -> SavedFilterReply:
    """Keep filters by a name, in place of those of yours that had it. Problems: `invalid-filter`, `filter-limit`."""
    matchers_of([body.query.filter] if body.query.filter else None)
    now = datetime.now(UTC)
    query = body.query.model_dump(exclude_none=True)
    saved = await store.save(gateway.runtime.pool, _whose(caller), entity_id(request), body.name, query, now, MOST)
    if saved is None:
        raise problem("filter-limit", "Too many filters", 409, f"You keep {MOST} filters; delete one first.")
    await audited(gateway, caller, "alert-filter.save", saved)
    return SavedFilterReply(filter=SavedFilter(id=saved, name=body.name, query=body.query, saved_at=now))


@router.delete("/{id}")
async def delete_filter(filter_id: PathId, caller: CallerDep, gateway: GatewayDep) -> Success:
    """Forget filters of yours."""
    if await store.delete(gateway.runtime.pool, _whose(caller), filter_id) is None:
        raise problem("filter-not-found", "No such filters", 404, "There are no filters of yours with this id.")
    await audited(gateway, caller, "alert-filter.delete", filter_id)
    return Success()


def _whose(caller: Caller) -> tuple[Id, Id]:
    return caller.organization_id, caller.user_id
