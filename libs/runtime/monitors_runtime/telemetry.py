"""Traces that follow one request through every service, and the metrics every service has."""

from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

from .settings import RuntimeSettings

tracer = trace.get_tracer("monitors")
_propagator = TraceContextTextMapPropagator()

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
EVENTS = Counter("monitors_events_total", "Events consumed, by how it ended", ("durable", "outcome"))
HANDLING = Histogram("monitors_handling_seconds", "Time from receipt to commit", ("durable",), buckets=FAST)
EVENT_AGE = Histogram("monitors_event_age_seconds", "Age of an event when it is committed", ("durable",), buckets=FAST)
GROUP_SIZE = Histogram(
    "monitors_commit_group_size", "Events committed in one transaction", ("durable",), buckets=(1, 2, 4, 8, 16, 32, 64)
)
REQUESTS = Counter("monitors_requests_total", "Commands and queries answered", ("request", "outcome"))
REQUEST_SECONDS = Histogram("monitors_request_seconds", "Time to answer a command or query", ("request",), buckets=FAST)
PUBLISHED = Counter("monitors_published_total", "Events published from the outbox", ("service",))
OUTBOX_WAITING = Gauge("monitors_outbox_waiting", "Events committed but not yet published", ("service",))
CONSUMER_PENDING = Gauge("monitors_consumer_pending", "Events that a consumer has still to handle", ("durable",))
DEAD_LETTERS = Counter("monitors_dead_letters_total", "Messages given up", ("durable",))


def configure(settings: RuntimeSettings, process: str) -> TracerProvider:
    """Start tracing. Spans are exported when an OTLP endpoint is set; trace ids flow in any case."""
    # Without anybody to send them to, spans are ids alone: they flow and are logged, and cost next to nothing.
    sampler = DEFAULT_ON if settings.otlp_endpoint else ALWAYS_OFF
    resource = Resource.create({"service.name": "monitors", "service.instance.id": process})
    provider = TracerProvider(sampler=sampler, resource=resource)
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        endpoint = settings.otlp_endpoint.rstrip("/")
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    trace.set_tracer_provider(provider)
    return provider


def traceparent() -> str | None:
    """The current span as a W3C traceparent, to send along."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def parent(headers: Mapping[str, str] | None) -> Context:
    """The span a message came from, to go on with."""
    return _propagator.extract(dict(headers or {}))
