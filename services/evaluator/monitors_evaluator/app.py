"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.collection import DeleteMonitor, DuplicateMonitor, ListMonitors, RestoreMonitor
from monitors_contracts.evaluations import GetMonitorValues, ListEvaluations, PointMonitor
from monitors_contracts.monitors import (
    CreateMonitor,
    GetEvaluations,
    GetMonitor,
    InterpretPrompt,
    MonitorCreated,
    MonitorDeleted,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorRestored,
    MonitorUpdated,
    RequestRefreshes,
    UpdateMonitor,
)
from monitors_contracts.pages import PageFetched, PageFetchFailed
from monitors_contracts.pending import ListPending
from monitors_contracts.platform import GetAiUsage, OrganizationDeleted
from monitors_contracts.rules import (
    CreateRule,
    DeleteRule,
    GetRule,
    GetRuleState,
    GetRuleStates,
    ListRules,
    PreviewRule,
    RuleCreated,
    RuleDeleted,
    RuleUpdated,
    UpdateRule,
)
from monitors_contracts.snapshots import CompareSnapshots, ShowSnapshot
from monitors_contracts.uptime import UptimeCheckCreated, UptimeCheckDeleted, UptimeCheckUpdated
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers
from .providers.settings import AiSettings
from .rules import store as rules_store
from .rules.handlers import RuleHandlers
from .rules.judging import Judging
from .rules.of_checks import check_heard
from .rules.settings import RuleSettings


def build(runtime: Runtime, settings: AiSettings, rule_settings: RuleSettings) -> Service:
    """The evaluator, hosted by this runtime."""
    service = runtime.service("evaluator", Path(__file__).parent / "migrations")
    handlers = Handlers(service, settings)
    service.on_start(handlers.start)
    service.on_stop(handlers.stop)
    service.consume(PageFetched, PageFetchFailed, work=handlers.read_page, save_all=handlers.pages_read, concurrency=64)
    service.erase(OrganizationDeleted, *store.ERASE, *rules_store.ERASE)
    service.answer(InterpretPrompt, handlers.interpret_prompt)
    service.answer(CreateMonitor, handlers.commands.create)
    service.answer(UpdateMonitor, handlers.commands.update)
    service.answer(DeleteMonitor, handlers.commands.delete)
    service.answer(RestoreMonitor, handlers.commands.restore)
    service.answer(DuplicateMonitor, handlers.commands.duplicate)
    service.answer(RequestRefreshes, handlers.request_refreshes)
    service.answer(ListMonitors, handlers.list_monitors)
    service.answer(GetMonitor, handlers.get_monitor)
    service.answer(GetEvaluations, handlers.get_evaluations)
    service.answer(ListEvaluations, handlers.kept.list_evaluations)
    service.answer(GetMonitorValues, handlers.kept.get_monitor_values)
    service.answer(ShowSnapshot, handlers.kept.show_snapshot)
    service.answer(CompareSnapshots, handlers.kept.compare_snapshots)
    service.answer(PointMonitor, handlers.kept.point)
    service.answer(GetAiUsage, handlers.get_ai_usage)
    service.project(
        MonitorCreated,
        MonitorUpdated,
        MonitorDeleted,
        MonitorRestored,
        MonitorRefreshRequested,
        MonitorEvaluated,
        apply=store.apply,
        tables=["evaluator.monitors", "evaluator.evaluations"],
    )
    _add_rules(service, rule_settings)
    service.expire(store.EXPIRE_EVALUATIONS, store.EXPIRE_USAGE)
    service.expire_due(store.ERASE_DELETED)
    return service


def _add_rules(service: Service, settings: RuleSettings) -> None:
    judging = Judging(service, settings)
    service.on_start(judging.start)
    service.on_stop(judging.stop)
    rules = RuleHandlers(service, settings)
    service.answer(CreateRule, rules.create)
    service.answer(UpdateRule, rules.update)
    service.answer(DeleteRule, rules.delete)
    service.answer(GetRule, rules.get)
    service.answer(ListRules, rules.find)
    service.answer(GetRuleState, rules.state)
    service.answer(GetRuleStates, rules.states)
    service.answer(ListPending, rules.pending)
    service.answer(PreviewRule, rules.preview)
    service.consume(UptimeCheckCreated, UptimeCheckUpdated, UptimeCheckDeleted, save=check_heard)
    service.project(RuleCreated, RuleUpdated, RuleDeleted, apply=rules_store.apply, tables=["evaluator.rules"])
