"""A check and its rule: one comes, changes and goes with the other, whatever is delivered how often."""

from datetime import UTC, datetime
from typing import Any

import pytest

from monitors_contracts.base import Event, Id, new_id
from monitors_contracts.rules import (
    DeleteRule,
    GetRule,
    NOfMRule,
    RuleCreated,
    RuleDeleted,
    RuleUpdated,
    RuleView,
    UpdateRule,
)
from monitors_contracts.uptime import UptimeCheckCreated, UptimeCheckDeleted, UptimeCheckUpdated, UptimeSpec
from monitors_evaluator.rules.handlers import RuleHandlers
from monitors_evaluator.rules.of_checks import check_heard
from monitors_evaluator.rules.settings import RuleSettings
from monitors_runtime.errors import ProblemError

pytestmark = pytest.mark.integration


class Follower:
    """The rule of one check."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.service = house.service("evaluator")
        self.rules = RuleHandlers(self.service, RuleSettings())
        self.organization, self.user, self.check = new_id(), new_id(), new_id()

    def said(self, kind: Any, version: int, **spec: Any) -> Event:
        fields: dict[str, Any] = {"name": "Shop", "kind": "dns", "host": "shop.example"} | spec
        whose: dict[str, Any] = {
            "organization_id": self.organization,
            "check_id": self.check,
            "check_version": version,
        }
        if kind is UptimeCheckDeleted:
            return UptimeCheckDeleted(**whose)
        return kind(**whose, user_id=self.user, spec=UptimeSpec(**fields), changed_at=datetime.now(UTC))

    async def hear(self, *events: Event) -> list[type[Event]]:
        return [type(event) for event in await self.house.deliver(self.service, check_heard, *events)]

    async def rule(self, organization: Id | None = None) -> RuleView | None:
        try:
            return await self.rules.get(GetRule(organization_id=organization or self.organization, rule_id=self.check))
        except ProblemError:
            return None


@pytest.fixture
def follower(house: Any) -> Follower:
    return Follower(house)


async def test_a_rule_comes_changes_and_goes_with_its_check(follower: Follower) -> None:
    created = follower.said(UptimeCheckCreated, 1, failures=3)
    assert await follower.hear(created) == [RuleCreated]
    assert await follower.hear(created) == [], "delivered again"
    rule = await follower.rule()
    assert rule
    assert isinstance(rule.spec, NOfMRule)
    assert (rule.spec.n, rule.spec.m, rule.user_id) == (3, 3, follower.user)
    assert [(each.label, each.value) for each in rule.spec.matchers] == [("check_id", str(follower.check))]
    assert await follower.hear(follower.said(UptimeCheckUpdated, 2, name="Store", is_active=False)) == [RuleUpdated]
    changed = await follower.rule()
    assert changed
    assert (changed.name, changed.spec.is_active) == ("Store", False)
    assert await follower.hear(follower.said(UptimeCheckUpdated, 3, name="Store", is_active=False)) == []
    assert await follower.hear(follower.said(UptimeCheckDeleted, 4)) == [RuleDeleted]
    assert await follower.rule() is None
    assert await follower.hear(follower.said(UptimeCheckDeleted, 4)) == []


async def test_what_people_made_of_a_rule_stays(follower: Follower) -> None:
    await follower.hear(follower.said(UptimeCheckCreated, 1))
    rule = await follower.rule()
    assert rule
    own = rule.spec.model_copy(update={"severity": "info", "runbook_url": "https://wiki.example/shop"})
    wish: dict[str, Any] = {"organization_id": follower.organization, "rule_id": rule.id, "user_id": follower.user}
    await follower.rules.update(UpdateRule(**wish, spec=own))
    await follower.hear(follower.said(UptimeCheckUpdated, 2, failures=9))
    changed = await follower.rule()
    assert changed
    assert isinstance(changed.spec, NOfMRule)
    assert (changed.spec.severity, changed.spec.runbook_url, changed.spec.n) == ("info", own.runbook_url, 9)
    await follower.rules.delete(DeleteRule(organization_id=follower.organization, rule_id=rule.id))
    assert await follower.hear(follower.said(UptimeCheckUpdated, 3, failures=1)) == [], "a deleted rule stays away"
    assert await follower.rule(new_id()) is None


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "ftp://a", "wiki.example", "https://"])
async def test_a_runbook_that_is_no_web_address_is_refused(follower: Follower, address: str) -> None:
    await follower.hear(follower.said(UptimeCheckCreated, 1))
    rule = await follower.rule()
    assert rule
    wish: dict[str, Any] = {"organization_id": follower.organization, "rule_id": rule.id, "user_id": follower.user}
    with pytest.raises(ProblemError) as refused:
        await follower.rules.update(UpdateRule(**wish, spec=rule.spec.model_copy(update={"runbook_url": address})))
    assert (refused.value.problem.type, refused.value.problem.errors) == (
        "invalid-rule",
        [{"field": "runbookUrl", "message": "A runbook is a web address: http:// or https://."}],
    )
