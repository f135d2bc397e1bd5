"""Any webhook, by a mapping: small templates that hold JSON pointers, and nothing that runs."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from monitors_contracts.alerts import Severity
from monitors_contracts.base import Model
from monitors_contracts.receiving import ReceivedAlert

from .payloads import alert, list_at, moment_at, pointed, text_at, texts_at
from .reading import Unreadable, severity_of

_PLACE = re.compile(r"\{(/[^{}]*)\}")
_MOST_ALERTS = 1000


def _is_template(text: str) -> str:
    rest = _PLACE.sub("", text)
    if "{" in rest or "}" in rest:
        raise ValueError("a place in a template is a JSON pointer in braces: {/alert/title}")
    return text


def _is_pointer(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError("a JSON pointer begins with a slash: /alert/labels")
    return text


Template = Annotated[str, Field(max_length=1000), AfterValidator(_is_template)]
Pointer = Annotated[str, Field(max_length=500), AfterValidator(_is_pointer)]


class Mapping(Model):
    """Where in a payload an alert's parts are. As it stands it reads our own form: `{"name": ..., "status": ..., ...}`."""

    items: Pointer = Field(default="", description="Where the list of alerts is; empty when the payload is one alert")
    name: Template = Field(
        default="{/name}", min_length=1, description="Names it, and with its labels tells it from others"
    )
    summary: Template = Field(default="{/summary}", description="A line about it; its name when there is nothing")
    description: Template = "{/description}"
    severity: Template = "{/severity}"
    severities: dict[str, Severity] = Field(
        default_factory=dict[str, Severity], max_length=50, description="What its words mean, where they are not ours"
    )
    status: Template = "{/status}"
    over: list[str] = Field(
        default=["ok", "up", "resolved", "recovered", "closed", "normal", "success"],
        max_length=50,
        description="The words of `status`, in any letter case, that say that it is over",
    )
    labels_at: Pointer = Field(default="/labels", description="Where an object is whose members become labels")
    labels: dict[str, Template] = Field(default_factory=dict[str, Template], max_length=50)
    link: Template = "{/url}"
    starts_at: Pointer = "/startsAt"


def read(payload: dict[str, Any], now: datetime, mapping: Mapping) -> list[ReceivedAlert]:
    """The alerts that the mapping finds. Raises Unreadable, which says what is missing."""
    if not mapping.items:
        return [_alert(payload, now, mapping)]
    items = list_at(payload, mapping.items)
    if len(items) > _MOST_ALERTS:
        raise Unreadable(f"a payload has at most {_MOST_ALERTS} alerts, not {len(items)}")
    found: list[ReceivedAlert] = []
    for number, item in enumerate(items):
        try:
            found.append(_alert(item, now, mapping))
        except Unreadable as wrong:
            raise Unreadable(f"{mapping.items}/{number}: {wrong}") from wrong
    return found


def _alert(item: Any, now: datetime, mapping: Mapping) -> ReceivedAlert:
    name = fill(mapping.name, item)
    if not name:
        raise Unreadable(f"no name: nothing at {', '.join(_PLACE.findall(mapping.name)) or 'all'}")
    word = fill(mapping.severity, item)
    labels = texts_at(item, mapping.labels_at) | {label: fill(text, item) for label, text in mapping.labels.items()}
    over = fill(mapping.status, item).lower() in {each.lower() for each in mapping.over}
    return alert(
        {"alertname": name} | labels,
        name=name,
        severity=mapping.severities.get(word) or severity_of(word),
        summary=fill(mapping.summary, item),
        annotations={"description": fill(mapping.description, item)},
        starts_at=moment_at(item, mapping.starts_at) if pointed(item, mapping.starts_at) is not None else None,
        over_at=now if over else None,
        link=fill(mapping.link, item),
    )


def fill(template: str, item: Any) -> str:
    """The template with what its pointers lead to; empty where they lead nowhere."""
    return _PLACE.sub(lambda found: text_at(item, found[1]), template).strip()
