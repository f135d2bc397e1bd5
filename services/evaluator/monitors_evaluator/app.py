"""Wiring, and only wiring."""

from pathlib import Path

from monitors_contracts.monitors import (
    CreateMonitor,
    DeleteMonitor,
    GetEvaluations,
    GetMonitor,
    InterpretPrompt,
    ListMonitors,
    MonitorCreated,
    MonitorDeleted,
    MonitorEvaluated,
    MonitorRefreshRequested,
    MonitorUpdated,
    RequestRefreshes,
    UpdateMonitor,
)
from monitors_contracts.pages import PageFetched, PageFetchFailed
from monitors_contracts.platform import GetAiUsage
from monitors_runtime.runtime import Runtime, Service

from . import store
from .handlers import Handlers
from .providers.settings import AiSettings


def build(runtime: Runtime, settings: AiSettings) -> Service:
    """The evaluator, hosted by this runtime."""
    service = runtime.service("evaluator", Path(__file__).parent / "migrations")
    handlers = Handlers(service, settings)
    service.on_start(handlers.start)
    service.on_stop(handlers.stop)
    service.consume(PageFetched, PageFetchFailed, work=handlers.read_page, save_all=handlers.pages_read, concurrency=64)
    service.answer(InterpretPrompt, handlers.interpret_prompt)
    service.answer(CreateMonitor, handlers.create_monitor)
    service.answer(UpdateMonitor, handlers.update_monitor)
    service.answer(DeleteMonitor, handlers.delete_monitor)
    service.answer(RequestRefreshes, handlers.request_refreshes)
    service.answer(ListMonitors, handlers.list_monitors)
    service.answer(GetMonitor, handlers.get_monitor)
    service.answer(GetEvaluations, handlers.get_evaluations)
    service.answer(GetAiUsage, handlers.get_ai_usage)
    service.project(
        MonitorCreated,
        MonitorUpdated,
        MonitorDeleted,
        MonitorRefreshRequested,
        MonitorEvaluated,
        apply=store.apply,
        tables=["evaluator.monitors", "evaluator.evaluations"],
    )
    service.expire(store.EXPIRE_EVALUATIONS, store.EXPIRE_USAGE)
    return service
