"""The one place that knows all services: builds any of them on a runtime."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI

from monitors_runtime.runtime import Runtime, Service

SERVICES = ("gateway", "scraper", "evaluator", "alerter", "notifier", "metrics")


def build(runtime: Runtime, names: Sequence[str]) -> FastAPI | None:
    """Put these services on the runtime; the gateway's web application when it is among them.

    Settings come from the environment. Raises pydantic's ValidationError for settings that make no sense.
    """
    application: FastAPI | None = None
    for name in names:
        built = _BUILDERS[name](runtime)
        application = built if isinstance(built, FastAPI) else application
    return application


def _gateway(runtime: Runtime) -> FastAPI:
    from monitors_gateway.app import build as build_gateway
    from monitors_gateway.settings import GatewaySettings

    return build_gateway(runtime, GatewaySettings())[1]


def _scraper(runtime: Runtime) -> Service:
    from monitors_scraper.app import build as build_scraper
    from monitors_scraper.settings import ScraperSettings

    return build_scraper(runtime, ScraperSettings())


def _evaluator(runtime: Runtime) -> Service:
    from monitors_evaluator.app import build as build_evaluator
    from monitors_evaluator.providers.settings import AiSettings
    from monitors_evaluator.rules.settings import RuleSettings

    return build_evaluator(runtime, AiSettings(), RuleSettings())


def _alerter(runtime: Runtime) -> Service:
    from monitors_alerter.app import build as build_alerter
    from monitors_alerter.settings import AlerterSettings

    return build_alerter(runtime, AlerterSettings())


def _notifier(runtime: Runtime) -> Service:
    from monitors_notifier.app import build as build_notifier
    from monitors_notifier.settings import NotifierSettings

    key = runtime.settings.secret_key
    given: dict[str, Any] = {"data_dir": runtime.settings.data_dir} | ({"secret_key": key} if key else {})
    if "MONITORS_PUBLIC_URL" not in os.environ and "MONITORS_PORT" in os.environ:
        given["public_url"] = f"http://127.0.0.1:{os.environ['MONITORS_PORT']}"
    return build_notifier(runtime, NotifierSettings(**given))


def _metrics(runtime: Runtime) -> Service:
    from monitors_metrics.app import build as build_metrics
    from monitors_metrics.settings import MetricsSettings

    return build_metrics(runtime, MetricsSettings())


_BUILDERS: dict[str, Callable[[Runtime], FastAPI | Service]] = {
    "gateway": _gateway,
    "scraper": _scraper,
    "evaluator": _evaluator,
    "alerter": _alerter,
    "notifier": _notifier,
    "metrics": _metrics,
}
