"""How to send the first measurement: ways to copy, with this platform's own address."""

from dataclasses import dataclass

from .explore import Snippet, explore_tabs
from .parts import Link, Tab


@dataclass(frozen=True, slots=True)
class SendView:
    """The ways in. `is_first` when nothing was ever sent."""

    tabs: tuple[Tab, ...]
    is_first: bool
    snippets: tuple[Snippet, ...]
    token: Link
    target: Link


def send_view(root: str, origin: str, *, is_first: bool, current: str = "/explore/send") -> SendView:
    """The page. `origin` is where the platform is reached: `https://monitors.example`."""
    return SendView(
        explore_tabs(root, current),
        is_first,
        snippets(origin),
        Link("Create a token", f"{root}/account/tokens", "key-round"),
        Link("Add a target", f"{root}/targets/new", "plus"),
    )


def snippets(origin: str) -> tuple[Snippet, ...]:
    """Each way to send measurements to the platform at this address."""
    return (
        Snippet(
            "curl",
            "One measurement, by hand",
            "Any language can do this: JSON over HTTP.",
            f"""curl {origin}/api/metrics \\
  -H "Authorization: Bearer $TOKEN" \\
  -d '{{"metrics": [{{"name": "room_temperature", "value": 21.5, "tags": {{"room": "kitchen"}}}}]}}'""",
        ),
        Snippet(
            "agent",
            "This or any machine",
            "Processor, memory, disks, network and load, every few seconds; kept on disk while the platform is away.",
            f"MONITORS_TOKEN=$TOKEN monitors agent --api {origin}",
        ),
        Snippet(
            "prometheus",
            "Prometheus",
            "In prometheus.yml: all that it scrapes comes here too.",
            f"""remote_write:
  - url: {origin}/api/v1/write
    authorization:
      credentials: TOKEN""",
        ),
        Snippet(
            "opentelemetry",
            "OpenTelemetry",
            "For SDKs and collectors that export over OTLP/HTTP, by environment.",
            f"""OTEL_EXPORTER_OTLP_METRICS_ENDPOINT={origin}/v1/metrics
OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf
OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20$TOKEN\"""",
        ),
    )
