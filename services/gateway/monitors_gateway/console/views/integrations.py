"""Integrations: where other systems send their alerts, what came of it, and how each is set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from ...api.integrations import IntegrationMade, IntegrationShape
from ...incoming.kinds import KNOWN, Kind
from ..formats import Formats, When
from ..forms import Errors
from .channels import Kind as KindChoice
from .parts import Action, Badge, Empty, Field, Link

KINDS: tuple[Kind, ...] = get_args(Kind)
ICONS: dict[Kind, str] = {
    "grafana": "chart-line",
    "alertmanager": "bell",
    "cloudwatch": "globe",
    "datadog": "activity",
    "sentry": "triangle-alert",
    "uptime-kuma": "heart-pulse",
    "generic": "webhook",
}
PROMETHEUS = """alerting:
  alertmanagers:
    - scheme: {scheme}
      authorization: {{credentials: mon_...}}
      static_configs: [{{targets: ["{host}"]}}]"""


@dataclass(frozen=True, slots=True)
class IntegrationRow:
    """One integration of the list."""

    id: str
    name: str
    href: str
    icon: str
    kind: str
    hint: str
    state: Badge
    received: str
    last: When | None
    refusal: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class IntegrationsView:
    """All integrations, and how Prometheus sends here without one."""

    add: Link
    rows: tuple[IntegrationRow, ...]
    empty: Empty | None
    prometheus: str
    tokens: Link


@dataclass(frozen=True, slots=True)
class NewIntegrationView:
    """The form of a new integration of one kind."""

    back: Link
    action: str
    kinds: tuple[KindChoice, ...]
    kind: Kind
    words: str
    example: str
    fields: tuple[Field, ...]
    error: str


@dataclass(frozen=True, slots=True)
class IntegrationMadeView:
    """An integration that was just made: its address is shown now and never again."""

    name: str
    setup: str
    url: str
    example: str
    command: str
    done: Link


@dataclass(frozen=True, slots=True)
class IntegrationPageView:
    """One integration: what came by it, and how it is set up."""

    id: str
    back: Link
    name: str
    kind: str
    hint: str
    state: Badge
    since: When
    received: str
    last: When | None
    refused: str
    refusal: str
    refused_at: When | None
    labels: tuple[str, ...]
    setup: str
    example: str
    actions: tuple[Action, ...]


def integrations_view(
    integrations: Sequence[IntegrationShape], root: str, base: str, formats: Formats
) -> IntegrationsView:
    """The list. `base` is the address of this platform."""
    add = Link("Add an integration", f"{root}/integrations/new", "plus")
    words = (
        "Make an address for Grafana, CloudWatch, Datadog, Sentry, Uptime Kuma or any webhook to send its alerts to."
    )
    scheme, _, host = base.rstrip("/").partition("://")
    return IntegrationsView(
        add=add,
        rows=tuple(_row(each, root, formats) for each in integrations),
        empty=None if integrations else Empty("webhook", "No other system sends its alerts here yet", words, add),
        prometheus=PROMETHEUS.format(scheme=scheme, host=host),
        tokens=Link("Make a token that may send alerts", f"{root}/account/tokens", "key-round"),
    )


def _row(integration: IntegrationShape, root: str, formats: Formats) -> IntegrationRow:
    at = f"{root}/integrations/{integration.id}"
    return IntegrationRow(
        id=str(integration.id),
        name=integration.name,
        href=at,
        icon=ICONS[integration.kind],
        kind=KNOWN[integration.kind].title,
        hint=f"Address ends in {integration.hint}",
        state=_state(integration),
        received=_count(integration.alerts, "alert"),
        last=formats.maybe_when(integration.last_received_at),
        refusal=_refusal(integration),
        actions=_actions(integration, at),
    )


def _state(integration: IntegrationShape) -> Badge:
    if not integration.is_active:
        return Badge("Paused")
    if _refusal(integration):
        return Badge("Refused", "bad")
    return Badge("Working", "good") if integration.last_received_at else Badge("Not used yet", "info")


def _refusal(integration: IntegrationShape) -> str:
    """Why the last request was refused, when nothing was taken since."""
    last, taken = integration.last_refused_at, integration.last_received_at
    return integration.last_refusal or "" if last and (taken is None or last > taken) else ""


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _actions(integration: IntegrationShape, at: str) -> tuple[Action, ...]:
    change = (
        Action("Pause", f"{at}/pause", "pause") if integration.is_active else Action("Resume", f"{at}/resume", "play")
    )
    warning = f"What is sent to the address of “{integration.name}” is refused from now on. Its alerts stay."
    return change, Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=warning)


def new_integration_view(kind: Kind, typed: Mapping[str, str], errors: Errors, root: str) -> NewIntegrationView:
    """The form for a kind, with what was typed and what is wrong with it."""
    known = KNOWN[kind]
    fields = [
        Field("name", "Name", placeholder=known.title, maxlength=100, hint="What it is called here. Optional."),
        Field(
            "labels",
            "Labels",
            placeholder="team=shop, site=oslo",
            maxlength=2000,
            hint="For its alerts that have none of these names: routes and silences see them. Optional.",
        ),
    ]
    if kind == "sentry":
        hint = "Then only what Sentry signed is taken. It is never shown again."
        fields.append(Field("secret", "Client secret", hint=hint, maxlength=200))
    if kind == "generic":
        fields.append(
            Field(
                "mapping",
                "Mapping",
                kind="textarea",
                placeholder='{"items": "/events", "name": "{/check/name}", "labels": {"host": "{/host}"}}',
                hint="Where the parts of an alert are, as JSON. Leave it empty for our own form.",
                maxlength=20_000,
            )
        )
    here = f"{root}/integrations"
    return NewIntegrationView(
        back=Link("Integrations", here),
        action=here,
        kinds=tuple(
            KindChoice(KNOWN[each].title, f"{here}/new?kind={each}", ICONS[each], each == kind) for each in KINDS
        ),
        kind=kind,
        words=known.setup,
        example=known.example,
        fields=tuple(replace(each, value=typed.get(each.name, ""), error=errors.of(each.name)) for each in fields),
        error=errors.form,
    )


def made_view(made: IntegrationMade, root: str) -> IntegrationMadeView:
    """A new integration with the address that is shown this once."""
    integration = made.integration
    quoted = integration.example.replace("'", "'\\''")
    return IntegrationMadeView(
        name=integration.name,
        setup=integration.setup,
        url=made.url,
        example=integration.example,
        command=f"curl --json '{quoted}' {made.url}" if integration.kind not in ("cloudwatch", "datadog") else "",
        done=Link("Done", f"{root}/integrations/{integration.id}"),
    )


def integration_view(integration: IntegrationShape, root: str, formats: Formats) -> IntegrationPageView:
    """An integration's page."""
    at = f"{root}/integrations/{integration.id}"
    return IntegrationPageView(
        id=str(integration.id),
        back=Link("Integrations", f"{root}/integrations"),
        name=integration.name,
        kind=KNOWN[integration.kind].title,
        hint=f"Address ends in {integration.hint}",
        state=_state(integration),
        since=formats.when(integration.created_at),
        received=_count(integration.alerts, "alert"),
        last=formats.maybe_when(integration.last_received_at),
        refused=_count(integration.refused, "request") if integration.refused else "",
        refusal=integration.last_refusal or "",
        refused_at=formats.maybe_when(integration.last_refused_at),
        labels=tuple(f"{name}={value}" for name, value in sorted(integration.labels.items())),
        setup=integration.setup,
        example=integration.example,
        actions=_actions(integration, at),
    )


def labels_of(text: str) -> dict[str, str]:
    """`team=shop, site=oslo` as labels. Raises ValueError with words for the person who typed it."""
    found: dict[str, str] = {}
    for part in (each.strip() for each in text.split(",")):
        name, equals, value = (each.strip() for each in part.partition("="))
        if part and not (name and equals and value):
            raise ValueError(f"“{part[:50]}” is no label: write name=value, with commas between.")
        if part:
            found[name] = value
    return found
