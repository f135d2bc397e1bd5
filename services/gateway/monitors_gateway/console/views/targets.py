"""Targets: what is scraped and how that goes, who else sends, and the form of a target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from monitors_contracts.targets import TargetView
from monitors_runtime.errors import ProblemError

from ...api.senders import SenderShape
from ..formats import Formats, When
from ..forms import Errors, refused
from .explore import explore_tabs
from .parts import Action, Badge, Empty, Field, Link, Tab

WAYS = {"json": "JSON", "remote-write": "Prometheus remote write", "otlp": "OpenTelemetry"}
SILENT_SECONDS = 300
"""After which somebody who sent is said to be silent."""
BY_PROBLEM = {"invalid-url": "url"}
NOBODY = Empty(
    "activity",
    "Nobody has sent anything yet",
    "Agents, Prometheus, OpenTelemetry and programs of yours are listed here once they send.",
)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target and its last scrape."""

    id: str
    name: str
    url: str
    state: Badge
    error: str
    scraped: When | None
    numbers: str
    every: str
    explore: str
    actions: tuple[Action, ...]
    edit: Link


@dataclass(frozen=True, slots=True)
class SenderRow:
    """Somebody who sends measurements, and when they last did."""

    name: str
    way: str
    last: When
    state: Badge
    numbers: str
    refused: str


@dataclass(frozen=True, slots=True)
class TargetsView:
    """What is scraped, and who sends."""

    tabs: tuple[Tab, ...]
    add: Link
    rows: tuple[TargetRow, ...]
    empty: Empty | None
    senders: tuple[SenderRow, ...]
    nobody: Empty | None
    send: Link


@dataclass(frozen=True, slots=True)
class TargetFormView:
    """The form of a target, new or known."""

    tabs: tuple[Tab, ...]
    title: str
    back: Link
    action: str
    fields: tuple[Field, ...]
    error: str
    submit: str


def targets_view(
    targets: Sequence[TargetView], senders: Sequence[SenderShape], root: str, formats: Formats
) -> TargetsView:
    """The page."""
    add = Link("Add a target", f"{root}/targets/new", "plus")
    words = "Name the address of something that shows its measurements in Prometheus's text format: it is read at an interval."
    return TargetsView(
        tabs=explore_tabs(root, "/targets"),
        add=add,
        rows=tuple(_row(each, root, formats) for each in targets),
        empty=None if targets else Empty("crosshair", "Nothing is scraped", words, add),
        senders=tuple(_sender(each, formats) for each in senders),
        nobody=None if senders else NOBODY,
        send=Link("Ways to send", f"{root}/explore/send", "send"),
    )


def _row(target: TargetView, root: str, formats: Formats) -> TargetRow:
    at = f"{root}/targets/{target.id}"
    change = Action("Pause", f"{at}/pause", "pause") if target.is_active else Action("Resume", f"{at}/resume", "play")
    warning = f"“{target.name}” is scraped no longer and its series end. What was measured stays."
    return TargetRow(
        id=str(target.id),
        name=target.name,
        url=target.url,
        state=_state(target),
        error=target.last_error or "" if target.is_active else "",
        scraped=formats.maybe_when(target.last_scrape_at),
        numbers=_numbers(target, formats),
        every=f"every {formats.span(target.interval_seconds)}",
        explore=f"{root}/explore?metric=up&label=job&match=%3D&value={quote(target.name)}",
        actions=(change, Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=warning)),
        edit=Link("Edit", f"{at}/edit", "pencil"),
    )


def _state(target: TargetView) -> Badge:
    if not target.is_active:
        return Badge("Paused")
    if target.last_scrape_at is None:
        return Badge("Not scraped yet", "info")
    if target.last_error:
        return Badge("Failing", "bad")
    return Badge("Some refused", "warn") if target.last_refused else Badge("Up", "good")


def _numbers(target: TargetView, formats: Formats) -> str:
    parts: list[str] = []
    if target.last_samples is not None:
        parts.append(_samples(target.last_samples, formats))
    if target.last_refused:
        parts.append(f"{formats.number(target.last_refused)} refused")
    if target.last_duration_seconds is not None and parts:
        parts.append(f"in {formats.span(target.last_duration_seconds)}")
    return ", ".join(parts)


def _samples(count: int, formats: Formats) -> str:
    return "1 sample" if count == 1 else f"{formats.number(count)} samples"


def _sender(sender: SenderShape, formats: Formats) -> SenderRow:
    silent = formats.now - sender.last_at
    fresh = silent.total_seconds() < SILENT_SECONDS
    refused_words = f"{formats.number(sender.refused)} refused" if sender.refused else ""
    reason = f", last: {sender.last_refusal}" if sender.last_refusal else ""
    return SenderRow(
        name=sender.name,
        way=WAYS.get(sender.way, sender.way),
        last=formats.when(sender.last_at),
        state=Badge("Sending", "good") if fresh else Badge("Silent", "warn"),
        numbers=_samples(sender.accepted, formats),
        refused=f"{refused_words}{reason}" if refused_words else "",
    )


def target_form(target: TargetView | None, typed: Mapping[str, str], errors: Errors, root: str) -> TargetFormView:
    """The form: of a new target, or of a known one with what was typed over it."""
    known = _typed(target) if target else {"interval_seconds": "30"}
    values = {**known, **typed}
    fields = (
        Field(
            "url",
            "Address",
            kind="url",
            hint="It answers in Prometheus's text format or OpenMetrics.",
            required=True,
            placeholder="http://node-exporter.example:9100/metrics",
            maxlength=4096,
        ),
        Field(
            "name",
            "Name",
            hint="The label job of its series. The address's host when left empty.",
            placeholder="node",
            maxlength=100,
        ),
        Field("interval_seconds", "Seconds between two scrapes", inputmode="numeric", hint="From 5 to 86400."),
        Field(
            "labels",
            "Labels",
            kind="textarea",
            hint="That all its series get, one a line: env=prod",
            placeholder="env=prod",
            maxlength=10_000,
        ),
        Field(
            "headers",
            "Request headers",
            kind="textarea",
            hint="One a line. Values are kept and never shown again; *** leaves one as it is.",
            placeholder="Authorization: Bearer …",
            maxlength=20_000,
        ),
    )
    back = f"{root}/targets"
    return TargetFormView(
        tabs=explore_tabs(root, "/targets"),
        title=f"Edit {target.name}" if target else "Add a target",
        back=Link("Targets", back),
        action=f"{back}/{target.id}" if target else back,
        fields=tuple(_filled(each, values, errors) for each in fields),
        error=errors.form,
        submit="Save" if target else "Add and scrape now",
    )


def _typed(target: TargetView) -> dict[str, str]:
    return {
        "url": target.url,
        "name": target.name,
        "interval_seconds": str(target.interval_seconds),
        "labels": "\n".join(f"{name}={value}" for name, value in target.labels.items()),
        "headers": "\n".join(f"{name}: {value}" for name, value in target.headers.items()),
    }


def _filled(field: Field, values: Mapping[str, str], errors: Errors) -> Field:
    return replace(field, value=values.get(field.name, ""), error=errors.of(field.name))


def pairs(text: str, between: str) -> dict[str, str] | None:
    """Lines of `name<between>value` as a table; None when a line is none."""
    found: dict[str, str] = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        name, sign, value = line.partition(between)
        if not sign or not name.strip():
            return None
        found[name.strip()] = value.strip()
    return found


def fields_of(typed: Mapping[str, str]) -> tuple[dict[str, object], Errors]:
    """What a form says of a target, as the API takes it, and what of it can't be read."""
    wrong: dict[str, str] = {}
    labels, headers = pairs(typed.get("labels", ""), "="), pairs(typed.get("headers", ""), ":")
    if labels is None:
        wrong["labels"] = "Write one label a line, as name=value."
    if headers is None:
        wrong["headers"] = "Write one header a line, as Name: value."
    fields = {name: typed.get(name, "") for name in ("url", "name", "interval_seconds")}
    return {**fields, "labels": labels or {}, "headers": headers or {}}, Errors(wrong)


def form_errors(errors: Errors) -> Errors:
    """What is wrong, at the field it is about: what is said of the whole begins with its name."""
    field, sign, words = errors.form.partition(": ")
    if sign and field.lower() in ("labels", "headers"):
        return Errors({**errors.fields, field.lower(): words[:1].upper() + words[1:]})
    return errors


def problem_errors(error: ProblemError) -> Errors:
    """Why the target was not kept."""
    return refused(error, BY_PROBLEM)
