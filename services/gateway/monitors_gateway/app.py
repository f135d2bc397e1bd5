"""The gateway, wired: a service for the runtime to host, and a web application for an HTTP server to serve."""

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from monitors_contracts.platform import PingKeyRotated, SystemHealthChanged
from monitors_contracts.rules import TakesMeasurements
from monitors_runtime import health
from monitors_runtime.runtime import Runtime, Service

from .api import (
    account,
    alertmanager,
    alertmanager_silences,
    alerts,
    audit,
    auth,
    channels,
    contacts,
    evaluations,
    events,
    export,
    extraction,
    heartbeats,
    hooks,
    incidents,
    inhibitions,
    integrations,
    links,
    maintenance,
    metrics_ingest,
    metrics_query,
    monitors,
    notifications,
    otlp,
    policies,
    prometheus,
    public,
    refreshes,
    remote_write,
    routing,
    rules,
    saved_filters,
    schedules,
    senders,
    silences,
    snapshots,
    status_pages,
    system,
    targets,
    tokens,
    trying,
    uptime,
    usage,
)
from .console import app as console
from .gateway import Gateway
from .http import docs, problems
from .http.bodies import BodyLimit
from .http.edge import Edge
from .settings import GatewaySettings
from .status import routes as status
from .store.ping_keys import apply as apply_rotation
from .store.system import apply as apply_health

MIGRATIONS = Path(__file__).parent / "migrations"
DESCRIPTION = """\
One sentence in; a checked fact, an alert, a delivered notification out.

Sign in with `POST /api/auth/register` or `/login` and send the token as `Authorization: Bearer`. Programs send an API
token (`POST /api/tokens`) the same way; reading needs its scope `read`, sending measurements `metrics:write`, sending other
systems' alerts `alerts:write`, anything else `write`. Every error is a problem document (RFC 9457), but for Alertmanager's and
Prometheus's APIs, which have theirs. Unsafe requests may carry an `Idempotency-Key`; lists are paged by
`cursor`; limits answer 429 with `Retry-After`.
"""
TAGS = [
    {"name": "auth", "description": "Signing up, in and out"},
    {"name": "account", "description": "Profile, password, sessions, export and leaving"},
    {"name": "tokens", "description": "API tokens for programs"},
    {"name": "monitors", "description": "Sentences that are watched"},
    {"name": "refreshes", "description": "Check now"},
    {"name": "rules", "description": "What measurements are judged by"},
    {"name": "heartbeats", "description": "Jobs that say that they ran"},
    {"name": "uptime", "description": "Addresses that are to answer"},
    {"name": "alerts", "description": "What became true"},
    {"name": "incidents", "description": "Alerts that belong together"},
    {"name": "alertmanager", "description": "Alertmanager's API v2, for Prometheus and amtool"},
    {"name": "integrations", "description": "Alerts of other systems, by their webhooks"},
    {"name": "routing", "description": "Which alerts are told where, together and how soon"},
    {"name": "status-pages", "description": "What anybody is told of how things do"},
    {"name": "silences", "description": "What nobody is told of: silences, maintenance, inhibition"},
    {"name": "channels", "description": "Where messages go"},
    {"name": "on-call", "description": "Who is reached, whose turn it is, and who is told next"},
    {"name": "notifications", "description": "What became of messages"},
    {"name": "events", "description": "Everything as it happens"},
    {"name": "snapshots", "description": "Pages as they were"},
    {"name": "measurements", "description": "Measurements on their way in"},
    {"name": "metrics", "description": "Graphs of measurements, their series and labels"},
    {"name": "prometheus", "description": "The Prometheus HTTP API, as far as Grafana asks it"},
    {"name": "targets", "description": "Measurements that are fetched"},
    {"name": "system", "description": "The health of the platform's own parts"},
    {"name": "usage", "description": "Limits and costs"},
    {"name": "public", "description": "Without signing in"},
]
EXPOSED = [
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-Id",
]


def build(runtime: Runtime, settings: GatewaySettings) -> tuple[Service, FastAPI]:
    """The service (hosted by `runtime`) and its web application, which serves once the runtime has started.

    Raises ValueError when the runtime's settings hold no good secret key. Before an HTTP server is asked to end,
    `app.state.gateway.feed.close()` ends the open event streams it would wait for.
    """
    service = runtime.service("gateway", MIGRATIONS)
    gateway = Gateway(runtime, service, settings)
    service.on_start(gateway.start)
    service.on_stop(gateway.stop)
    service.answer(TakesMeasurements, gateway.takes_measurements)
    service.project(SystemHealthChanged, apply=apply_health, tables=["gateway.system_parts"])
    service.project(PingKeyRotated, apply=apply_rotation, tables=["gateway.ping_keys"])

    app = FastAPI(
        title="Monitors!",
        summary="The Datadog of real life",
        description=DESCRIPTION,
        version=version("monitors-gateway"),
        openapi_tags=TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.gateway = gateway
    # The first that fits is taken: what systems send all day is found at once.
    parts = (
        *(alertmanager, metrics_ingest, remote_write, otlp),
        *(auth, account, tokens, audit, export),
        *(refreshes, evaluations, extraction, monitors, rules, heartbeats, uptime, alerts, channels, notifications),
        *(saved_filters, alertmanager_silences, integrations, hooks),
        *(events, snapshots, usage),
        *(routing, silences, maintenance, inhibitions, incidents, status_pages),
        *(contacts, schedules, policies),
        *(targets, senders, metrics_query, prometheus, system, public, links, status, trying),
    )
    for part in parts:
        app.include_router(part.router)
    app.include_router(heartbeats.pings)
    app.include_router(schedules.calendars)
    app.router.routes.extend(health.routes(runtime))
    problems.install(app)
    docs.install(app)
    assert runtime.settings.secret_key  # the gateway refused to be made without one
    console.install(app, gateway, runtime.settings.secret_key)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"],
            expose_headers=EXPOSED,
        )
    body_limits = public.BODY_LIMITS | {
        metrics_ingest.PATH: min(metrics_ingest.LARGEST, settings.metrics_body_bytes),
        remote_write.PATH: settings.metrics_body_bytes,
        otlp.PATH: min(otlp.LARGEST, settings.metrics_body_bytes),
        alertmanager.PATH: alertmanager.LARGEST,
        hooks.PATHS: hooks.LARGEST,
    }
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes, exceptions=body_limits)
    app.add_middleware(Edge, trusted=gateway.trusted_proxies)
    return service, app
