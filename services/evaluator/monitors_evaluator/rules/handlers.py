"""What people do with rules and ask of them: one short function a message."""

import asyncio
from datetime import UTC, datetime, timedelta

from monitors_contracts.base import Done, Id
from monitors_contracts.metrics import MetricGraph, QueryMetrics
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
    RatioRule,
    RuleCreated,
    RuleDeleted,
    RuleList,
    RulePreview,
    RuleSpec,
    RuleState,
    RuleStates,
    RuleUpdated,
    RuleView,
    TakesMeasurements,
    UpdateRule,
    selector,
)
from monitors_runtime.cursor import cursor_id, next_cursor
from monitors_runtime.errors import ProblemError, problem
from monitors_runtime.runtime import Service
from monitors_runtime.transaction import Transaction

from ..domain.rules import heartbeats, previewing, selecting, standing
from ..domain.rules.keeping import restore
from ..domain.rules.texts import strange_place
from . import store
from .settings import RuleSettings

PREVIEW_POINTS = 1440


class RuleHandlers:
    """The evaluator's answers about rules."""

    def __init__(self, service: Service, settings: RuleSettings) -> None:
        self._service = service
        self._settings = settings

    # -- commands ---------------------------------------------------------------------------------------------------

    async def create(self, command: CreateRule) -> RuleView:
        """Judge by something new."""
        async with self._service.transaction(correlation=command.rule_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.rule_id)
            if known:
                return known
            await self._check(tx, command.organization_id, command.spec)
            if await store.count(tx.db, command.organization_id) >= self._settings.rule_limit:
                limit = f"An organization has at most {self._settings.rule_limit:,} rules."
                raise problem("rule-limit", "Too many rules", 422, limit)
            rule = RuleView(
                id=command.rule_id,
                organization_id=command.organization_id,
                user_id=command.user_id,
                name=command.spec.name,
                spec=command.spec,
                version=1,
                created_at=tx.now,
                updated_at=tx.now,
            )
            event = RuleCreated(organization_id=rule.organization_id, rule_id=rule.id, rule=rule)
            await store.apply(tx.db, event)
            tx.publish(event)
        return rule

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
            if known.spec == command.spec:
                return known
            await self._check(tx, command.organization_id, command.spec)
            changes = {
                "name": command.spec.name,
                "spec": command.spec,
                "version": known.version + 1,
                "updated_at": tx.now,
            }
            rule = known.model_copy(update=changes)
            event = RuleUpdated(organization_id=rule.organization_id, rule_id=rule.id, rule=rule)
            await store.apply(tx.db, event)
            tx.publish(event)
        return rule

    async def delete(self, command: DeleteRule) -> Done:
        """Judge by it no more; what it fired is ended by whoever judges."""
        async with self._service.transaction(correlation=command.rule_id) as tx:
            known = await store.get(tx.db, command.organization_id, command.rule_id, for_update=True)
            if known is None:
                raise _not_found()
            event = RuleDeleted(
                organization_id=command.organization_id, rule_id=command.rule_id, rule_version=known.version + 1
            )
            await store.apply(tx.db, event)
            tx.publish(event)
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

    async def preview(self, query: PreviewRule) -> RulePreview:
        """What a rule would have done with the samples that are stored."""
        spec = query.spec
        if isinstance(spec, CompositeRule | HeartbeatRule):
            raise problem("not-previewable", "Can't be previewed", 422, f"A {spec.kind} has no samples of its own.")
        self._check_texts(spec)
        span = (query.until - query.since).total_seconds()
        if not 0 < span <= 8 * 86_400:
            raise problem("not-previewable", "Can't be previewed", 422, "A preview spans up to eight days.")
        step = max(15, round(span / PREVIEW_POINTS))
        graph = await self._graph(query, query.since, query.until, step)
        past = None
        if isinstance(spec, RatioRule):
            before = timedelta(seconds=spec.offset)
            past = await self._graph(query, query.since - before - timedelta(hours=1), query.until - before, step)
        return await asyncio.to_thread(
            previewing.preview, spec, graph, past, query.organization_id, query.since, query.until
        )

    # -- helpers ----------------------------------------------------------------------------------------------------

    async def _graph(self, query: PreviewRule, since: datetime, until: datetime, step: int) -> MetricGraph:
        assert not isinstance(query.spec, CompositeRule | HeartbeatRule)
        asked = QueryMetrics(
            organization_id=query.organization_id,
            selector=selector(query.spec),
            function="last",
            since=since,
            until=until,
            step_seconds=step,
        )
        return await self._service.runtime.ask(asked, patience=30)

    async def _check(self, tx: Transaction, organization_id: Id, spec: RuleSpec) -> None:
        self._check_texts(spec)
        if not isinstance(spec, CompositeRule):
            return
        parts = await store.these(tx.db, organization_id, spec.rules)
        if len(parts) != len(set(spec.rules)):
            raise _invalid("rules", "Some of these rules do not exist.")
        if any(isinstance(part.spec, CompositeRule) for part in parts):
            raise _invalid("rules", "A composite is made of rules over measurements, not of other composites.")

    @staticmethod
    def _check_texts(spec: RuleSpec) -> None:
        for name, text in spec.annotations.items():
            if place := strange_place(text):
                known = "Known are {{ value }}, {{ threshold }}, {{ name }}, {{ severity }} and {{ labels.NAME }}."
                raise _invalid(f"annotations.{name}", f"{place} is no place for a value. {known}")
        try:
            if isinstance(spec, HeartbeatRule):
                heartbeats.check(spec)
            elif not isinstance(spec, CompositeRule):
                selecting.check(spec.matchers)
        except selecting.InvalidPattern as wrong:
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


def _now() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)


def _not_found() -> ProblemError:
    return problem("rule-not-found", "No such rule", 404, "There is no rule with this id in your organization.")


def _invalid(field: str, why: str) -> ProblemError:
    refused = problem("invalid-rule", "The rule makes no sense", 422, why)
    return ProblemError(refused.problem.model_copy(update={"errors": [{"field": field, "message": why}]}))
