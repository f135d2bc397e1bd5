"""Alerts as Prometheus sends them to an Alertmanager: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml"""

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from monitors_contracts.base import Model
from monitors_contracts.nul import without_nul
from monitors_contracts.receiving import ReceivedAlert

from ..domain.wording import message_of
from .reading import (
    Unreadable,
    address,
    bounded,
    cut,
    expression,
    fitting_annotations,
    fitting_labels,
    named,
    said_in,
    sane,
    severity_of,
    summarized,
)


class PostableAlert(Model):
    """An alert as it is sent. A time of the year 1 is none, as Go writes one that was not set."""

    labels: dict[str, str]
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    generator_url: str | None = Field(default=None, alias="generatorURL")


_ALERTS: TypeAdapter[list[PostableAlert]] = TypeAdapter(list[PostableAlert])


def decode(body: bytes) -> tuple[list[ReceivedAlert], list[str]]:
    """The alerts that can be taken, and what is wrong with each other. Raises Unreadable when it is no list of alerts."""
    try:
        given = _ALERTS.validate_json(without_nul(body))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{place}: {message_of(first)}" if place else message_of(first)) from wrong
    alerts: list[ReceivedAlert] = []
    wrongs: list[str] = []
    for each in given:
        try:
            alerts.append(received(each))
        except Unreadable as wrong:
            wrongs.append(str(wrong))
    return alerts, wrongs


def received(sent: PostableAlert) -> ReceivedAlert:
    """The alert as it is taken in. Raises Unreadable."""
    labels, annotations = fitting_labels(sent.labels), fitting_annotations(sent.annotations)
    starts_at, ends_at = sane(sent.starts_at), sane(sent.ends_at)
    if starts_at and ends_at and starts_at > ends_at:
        raise Unreadable("start time must be before end time")
    name, said, generator_url = named(labels), said_in(annotations), address(sent.generator_url)
    return bounded(
        ReceivedAlert(
            labels=labels,
            annotations=annotations,
            name=name,
            summary=said or summarized(name, labels),
            is_summarized=not said,
            severity=severity_of(labels.get("severity", "")),
            starts_at=starts_at,
            ends_at=ends_at,
            generator_url=generator_url,
            runbook_url=address(annotations.get("runbook_url")),
            condition=cut(expression(generator_url), 2000),
        )
    )
