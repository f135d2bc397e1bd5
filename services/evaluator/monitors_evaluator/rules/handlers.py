"""What people do with rules and ask of them: one short function a message."""

import asyncio
from datetime import UTC, datetime

from monitors_contracts.base import Done, Id, is_web_address
from monitors_contracts.matchers import InvalidMatcher, check
from monitors_contracts.pending import ListPending, PendingAlert, PendingList
from monitors_contracts.rules import (
    CompositeRule,
    CreateRule,
    DeleteRule,
    GetRule,
    GetRuleState,
    GetRuleStates,
    HeartbeatRule,
    ListRules,
    PreviewRule,
    RuleList,
    RulePreview,
    RuleSpec,
    RuleState,
    RuleStates,
    RuleView,
    TakesMeasurements,
    UpdateRule,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..domain.rules import heartbeats, standing, waiting
from ..domain.rules.keeping import restore, restore_pending
from ..domain.rules.texts import strange_place
from . import changes, store
from .previews import Previews
from .settings import RuleSettings


class RuleHandlers:
    """The evaluator's answers about rules."""

    def __init__(self, service: Service, settings: RuleSettings) -> None:
        self._service = service
        self._settings = settings
        self._previews = Previews(service.runtime)

    # -- commands ---------------------------------------------------------------------------------------------------

    async def create(self, command: CreateRule) -> RuleView:
        """Judge by something new."""
        async with self._service.transaction(correlation=command.rule_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.rule_id)
            if known:
                return known
            await self._check(tx, command.organization_id, command.spec, [])
            if await store.count(tx.db, command.organization_id) >= self._settings.rule_limit:
                limit = f"An organization has at most {self._settings.rule_limit:,} rules."
                raise problem("rule-limit", "Too many rules", 422, limit)
            return await changes.create(tx, command.organization_id, command.rule_id, command.user_id, command.spec)

    async def update(self, command: UpdateRule) -> RuleView:
        """Judge by something else. What is so already is no change."""
        async with self._service.transaction(correlation=command.rule_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.rule_id, for_update=True)
            if known is None:
                raise _not_found()
            if command.expected_version is not None and known.version != command.expected_version:
                raise problem(
                    "rule-changed", "The rule was changed meanwhile", 409, "Read it again and then change it."
                )
            had = known.spec.rules if isinstance(known.spec, CompositeRule) else []
            await self._check(tx, command.organization_id, command.spec, had)
            return await changes.update(tx, known, command.spec)

    async def delete(self, command: DeleteRule) -> Done:
        """Judge by it no more; what it fired is ended by whoever judges."""
        async with self._service.transaction(correlation=command.rule_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.rule_id, for_update=True)
            if known is None:
                raise _not_found()
            if composites := await store.made_of(tx.db, command.organization_id, command.rule_id):
                raise _in_use(composites)
            await changes.delete(tx, known)
        return Done()

    # -- queries ----------------------------------------------------------------------------------------------------

    async def get(self, query: GetRule) -> RuleView:
        """One rule."""
        rule = await store.get(self._service.runtime.pool, query.organization_id, query.rule_id)
        if rule is None:
            raise _not_found()
        return rule

    async def find(self, query: ListRules) -> RuleList:
        """A page of rules."""
        rules, total = await store.find(self._service.runtime.pool, query, cursor_id(query.cursor))
        return RuleList(rules=rules, total=total, next_cursor=next_cursor(rules, query.limit))

    async def state(self, query: GetRuleState) -> RuleState:
        """How each series of a rule stands, as it was last written down."""
        rule = await self.get(GetRule(organization_id=query.organization_id, rule_id=query.rule_id))
        row = await self._service.runtime.pool.fetchrow(store.STATE, query.organization_id)
        if row is None:
            return RuleState(rule_id=rule.id, series=[], counts={})
        judge = await asyncio.to_thread(restore, row["names"], row["numbers"], only=[rule.id])
        now = _now()
        silence_is_ours = not await self._takes_measurements()
        return standing.of_rule(judge, rule.id, now, query.limit, row["written_at"], silence_is_ours=silence_is_ours)

    async def states(self, query: GetRuleStates) -> RuleStates:
        """How several rules stand."""
        row = await self._service.runtime.pool.fetchrow(store.STATE, query.organization_id)
        if row is None:
            return RuleStates(states=[])
        judge = await asyncio.to_thread(restore, row["names"], row["numbers"], only=query.rule_ids)
        known = {rule.id for rule in judge.roster.rules}
        silence_is_ours, now, written = not await self._takes_measurements(), _now(), row["written_at"]
        return RuleStates(
            states=[
                standing.of_rule(judge, each, now, query.limit, written, silence_is_ours=silence_is_ours)
                for each in query.rule_ids
                if each in known
            ]
        )

    async def pending(self, query: ListPending) -> PendingList:
        """What holds and has not fired yet, as it was last written down."""
        row = await self._service.runtime.pool.fetchrow(store.STATE, query.organization_id)
        if row is None:
            return PendingList(alerts=[], total=0)
        alerts, total = await asyncio.to_thread(_pending, row["names"], row["numbers"], query)
        return PendingList(alerts=alerts, total=total, judged_at=row["written_at"])

    async def preview(self, query: PreviewRule) -> RulePreview:
        """What a rule would have done with the samples that are stored."""
        for spec in (query.spec, *query.parts.values()):
            self._check_texts(spec)
        return await self._previews.preview(query)

    # -- helpers ----------------------------------------------------------------------------------------------------

    async def _check(self, tx: Transaction, organization_id: Id, spec: RuleSpec, had: list[Id]) -> None:
        """What it is made of is looked at when it is another than it `had`: one that lost a part can still be changed."""
        self._check_texts(spec)
        if not isinstance(spec, CompositeRule) or spec.rules == had:
            return
        parts = await store.parts(tx.db, organization_id, spec.rules)
        if len(parts) != len(set(spec.rules)):
            raise _invalid("rules", "Some of these rules do not exist.")
        if any(isinstance(part.spec, CompositeRule) for part in parts):
            raise _invalid("rules", "A composite is made of rules over measurements, not of other composites.")

    @staticmethod
    def _check_texts(spec: RuleSpec) -> None:
        if spec.runbook_url and not is_web_address(spec.runbook_url):
            raise _invalid("runbookUrl", "A runbook is a web address: http:// or https://.")
        for name, text in spec.annotations.items():
            if place := strange_place(text):
                known = "Known are {{ value }}, {{ threshold }}, {{ name }}, {{ severity }} and {{ labels.NAME }}."
                raise _invalid(f"annotations.{name}", f"{place} is no place for a value. {known}")
        try:
            if isinstance(spec, HeartbeatRule):
                heartbeats.check(spec)
            elif not isinstance(spec, CompositeRule):
                check(spec.matchers)
        except InvalidMatcher as wrong:
            raise _invalid("matchers", str(wrong)) from wrong
        except heartbeats.InvalidSchedule as wrong:
            raise _invalid(
                "cron" if isinstance(spec, HeartbeatRule) and spec.cron else "timezone", str(wrong)
            ) from wrong

    async def _takes_measurements(self) -> bool:
        try:
            await self._service.runtime.ask(TakesMeasurements(), patience=1)
        except ProblemError:
            return False
        return True


def _pending(names: bytes, numbers: bytes, asked: ListPending) -> tuple[list[PendingAlert], int]:
    return waiting.to_fire(restore_pending(names, numbers), asked, _now())


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)


def _not_found() -> ProblemError:
    return problem("rule-not-found", "No such rule", 404, "There is no rule with this id in your organization.")


def _in_use(composites: list[str]) -> ProblemError:
    named = ", ".join(repr(name) for name in composites[:10]) + (" and others" if len(composites) > 10 else "")
    why = f"Composite rules are made of it: {named}. Delete them first, or make them of other rules."
    return problem("rule-in-use", "The rule is in use", 409, why)


def _invalid(field: str, why: str) -> ProblemError:
    refused = problem("invalid-rule", "The rule makes no sense", 422, why)
    return ProblemError(refused.problem.model_copy(update={"errors": [{"field": field, "message": why}]}))
