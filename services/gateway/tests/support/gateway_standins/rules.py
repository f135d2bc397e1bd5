"""The evaluator's rules, and what is pending by them. A rule's name says how it stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from monitors_contracts import pending, rules
from monitors_contracts.alert_labels import labels_from
from monitors_contracts.base import Done, Id, new_id
from monitors_contracts.matchers import match_all
from monitors_runtime.errors import problem
from monitors_runtime.runtime import Service


class Rules:
    """Rules are kept and not evaluated; what is pending is what a test added."""

    def __init__(self, service: Service) -> None:
        self.known: list[tuple[Id, rules.RuleView]] = []
        self.pending: list[tuple[Id, pending.PendingAlert]] = []
        service.answer(rules.ListRules, self.list_rules)
        service.answer(rules.CreateRule, self.create_rule)
        service.answer(rules.UpdateRule, self.update_rule)
        service.answer(rules.DeleteRule, self.delete_rule)
        service.answer(rules.GetRule, self.get_rule)
        service.answer(rules.GetRuleState, self.rule_state)
        service.answer(rules.GetRuleStates, self.rule_states)
        service.answer(rules.PreviewRule, self.preview_rule)
        service.answer(pending.ListPending, self.list_pending)

    async def list_rules(self, request: rules.ListRules) -> rules.RuleList:
        mine = [
            rule
            for owner, rule in self.known
            if owner == request.organization_id
            and request.kind in (None, rule.spec.kind)
            and (request.part is None or request.part in getattr(rule.spec, "rules", ()))
            and (request.text or "").lower() in rule.name.lower()
        ]
        return rules.RuleList(rules=mine, total=len(mine))

    async def create_rule(self, request: rules.CreateRule) -> rules.RuleView:
        now = datetime.now(UTC)
        view = rules.RuleView(
            id=request.rule_id,
            organization_id=request.organization_id,
            user_id=request.user_id,
            name=request.spec.name,
            spec=request.spec,
            version=1,
            created_at=now,
            updated_at=now,
        )
        self.known.append((request.organization_id, view))
        return view

    async def get_rule(self, request: Any) -> rules.RuleView:
        for owner, view in self.known:
            if (owner, view.id) == (request.organization_id, request.rule_id):
                return view
        raise problem("rule-not-found", "No such rule", 404)

    async def update_rule(self, request: rules.UpdateRule) -> rules.RuleView:
        known = await self.get_rule(request)
        view = known.model_copy(update={"spec": request.spec, "name": request.spec.name, "version": known.version + 1})
        self.known[self.known.index((request.organization_id, known))] = (request.organization_id, view)
        return view

    async def delete_rule(self, request: rules.DeleteRule) -> Done:
        asked = rules.ListRules(organization_id=request.organization_id, part=request.rule_id)
        if used := (await self.list_rules(asked)).rules:
            raise problem("rule-in-use", "The rule is in use", 409, f"A composite is made of it: {used[0].name!r}.")
        self.known.remove((request.organization_id, await self.get_rule(request)))
        return Done()

    async def rule_state(self, request: rules.GetRuleState) -> rules.RuleState:
        await self.get_rule(request)
        series = rules.SeriesState(labels={"host": "web-1"}, condition=rules.SeriesCondition.OK, value=1.5)
        return rules.RuleState(rule_id=request.rule_id, series=[series], counts={rules.SeriesCondition.OK: 1})

    async def rule_states(self, request: rules.GetRuleStates) -> rules.RuleStates:
        mine = {view.id: view for owner, view in self.known if owner == request.organization_id}
        return rules.RuleStates(
            states=[
                self._standing(mine[each]) for each in request.rule_ids if each in mine and mine[each].name != "New"
            ]
        )

    @staticmethod
    def _standing(rule: rules.RuleView) -> rules.RuleState:
        """A rule whose name says so fires; each has a silent series."""
        firing = rule.name.startswith("Firing")
        return rules.RuleState(
            rule_id=rule.id,
            series=[],
            counts={rules.SeriesCondition.FIRING: 1, rules.SeriesCondition.OK: 1}
            if firing
            else {rules.SeriesCondition.OK: 2},
            silent=1,
        )

    async def preview_rule(self, request: rules.PreviewRule) -> rules.RulePreview:
        if request.spec.name == "Unlucky":
            raise problem("not-previewable", "Can't be previewed", 422, "Not this one.")
        known: dict[str, Any] = {"labels": {"job": "api"}, "summary": "up > 1", "reason": "crossed"}
        fired = rules.RuleTransition(at=request.since + timedelta(hours=2), severity="warning", value=2, **known)
        ended = rules.RuleTransition(at=request.since + timedelta(hours=3), value=0, **known)
        return rules.RulePreview(
            since=request.since, until=request.until, series=1, total=2, transitions=[fired, ended]
        )

    async def list_pending(self, request: pending.ListPending) -> pending.PendingList:
        found = [
            each
            for owner, each in self.pending
            if owner == request.organization_id
            and request.rule_id in (None, each.rule_id)
            and request.severity in (None, each.severity)
            and (request.query or "").lower() in each.name.lower()
            and match_all(request.matchers, labels_from(each.name, "rule", each.group, each.severity, each.labels))
        ]
        return pending.PendingList(alerts=found[: request.limit], total=len(found), judged_at=datetime.now(UTC))

    def add_pending(self, organization_id: Id, **parts: Any) -> pending.PendingAlert:
        since = datetime.now(UTC) - timedelta(minutes=2)
        known = {
            "rule_id": new_id(),
            "fingerprint": f"rule:{new_id()}",
            "name": "CPU busy",
            "severity": "critical",
            "labels": {"host": "web-1"},
            "condition": "cpu > 95 for 5m",
            "value": 97.5,
            "since": since,
            "fires_at": since + timedelta(minutes=5),
        }
        ahead = pending.PendingAlert.model_validate(known | parts)
        self.pending.append((organization_id, ahead))
        return ahead
