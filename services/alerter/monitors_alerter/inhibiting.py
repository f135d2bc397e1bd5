"""Inhibition rules: made, changed, taken away and asked for."""

from collections.abc import Sequence

from monitors_contracts.base import Done, Id
from monitors_contracts.inhibition import (
    CreateInhibition,
    DeleteInhibition,
    GetInhibition,
    InhibitionChanged,
    InhibitionDeleted,
    InhibitionList,
    InhibitionRule,
    InhibitionView,
    ListInhibitions,
    UpdateInhibition,
)
from monitors_runtime.database import Connection, Pool
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from . import changes, held, inhibitors, suppression_store
from .held import Totals

MOST_RULES = 500


class Inhibiting:
    """The alerter's answers about inhibition rules."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def create_inhibition(self, command: CreateInhibition) -> InhibitionView:
        """Somebody makes a rule."""
        async with self._service.transaction() as tx:
            known = await suppression_store.inhibition_rule(tx.db, command.organization_id, command.inhibition_id)
            if known is None:
                if await suppression_store.count_rules(tx.db, command.organization_id) >= MOST_RULES:
                    raise problem("inhibition-limit", "Too many rules", 409, f"There are {MOST_RULES} already.")
                known = InhibitionRule(
                    id=command.inhibition_id,
                    spec=command.spec,
                    created_by=command.user_id,
                    created_at=tx.now,
                    updated_at=tx.now,
                )
                await self._save(tx, command.organization_id, known)
            return await _view(tx.db, command.organization_id, known)

    async def update_inhibition(self, command: UpdateInhibition) -> InhibitionView:
        """Somebody changes a rule."""
        async with self._service.transaction() as tx:
            known = await suppression_store.hold_rule(tx.db, command.organization_id, command.inhibition_id)
            if known is None:
                raise _not_found()
            changed = known.model_copy(
                update={"spec": command.spec, "updated_at": tx.now, "version": known.version + 1}
            )
            await self._save(tx, command.organization_id, changed)
            return await _view(tx.db, command.organization_id, changed)

    async def _save(self, tx: Transaction, organization_id: Id, rule: InhibitionRule) -> None:
        event = InhibitionChanged(organization_id=organization_id, inhibition_id=rule.id, rule=rule)
        await suppression_store.apply(tx.db, event)
        tx.publish(event)
        await changes.reconsider(tx.db, organization_id)

    async def delete_inhibition(self, command: DeleteInhibition) -> Done:
        """Somebody takes a rule away."""
        async with self._service.transaction() as tx:
            if await suppression_store.hold_rule(tx.db, command.organization_id, command.inhibition_id) is None:
                raise _not_found()
            event = InhibitionDeleted(organization_id=command.organization_id, inhibition_id=command.inhibition_id)
            await suppression_store.apply(tx.db, event)
            tx.publish(event)
            await changes.reconsider(tx.db, command.organization_id)
        return Done()

    async def get_inhibition(self, query: GetInhibition) -> InhibitionView:
        """One rule."""
        pool = self._service.runtime.pool
        known = await suppression_store.inhibition_rule(pool, query.organization_id, query.inhibition_id)
        if known is None:
            raise _not_found()
        return await _view(pool, query.organization_id, known)

    async def list_inhibitions(self, query: ListInhibitions) -> InhibitionList:
        """All rules."""
        pool = self._service.runtime.pool
        rules = await suppression_store.inhibition_rules(pool, query.organization_id)
        return InhibitionList(rules=await _views(pool, query.organization_id, rules))


async def _view(db: Connection | Pool, organization_id: Id, rule: InhibitionRule) -> InhibitionView:
    [view] = await _views(db, organization_id, [rule])
    return view


async def _views(db: Connection | Pool, organization_id: Id, rules: Sequence[InhibitionRule]) -> list[InhibitionView]:
    totals = await held.totals(db, organization_id, [rule.id for rule in rules])
    sources = await inhibitors.count_sources(db, organization_id)
    shown: list[InhibitionView] = []
    for rule in rules:
        total = totals.get(rule.id, Totals())
        shown.append(
            InhibitionView(**dict(rule), sources=sources.get(rule.id, 0), held=total.held, holding=total.holding)
        )
    return shown


def _not_found() -> ProblemError:
    return problem(
        "inhibition-not-found", "No such rule", 404, "There is no inhibition rule with this id in your organization."
    )
