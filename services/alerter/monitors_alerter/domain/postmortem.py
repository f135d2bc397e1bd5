"""A post-mortem to begin with: what the timeline knows, in Markdown, and nothing besides."""

from collections.abc import Sequence
from datetime import UTC, datetime

from monitors_contracts.incidents import STEP_WORDS, Incident, IncidentAlert, IncidentStep

MOST_ALERTS = 50
MOST_STEPS = 200


def draft(incident: Incident, alerts: Sequence[IncidentAlert], steps: Sequence[IncidentStep]) -> str:
    """The text. Times are UTC."""
    return "\n".join([*_head(incident), *_alerts(incident, alerts), *_timeline(steps), *_rest(incident)]).strip() + "\n"


def _head(incident: Incident) -> list[str]:
    rows = [
        f"# #{incident.number} {_line(incident.title)}",
        "",
        f"- Severity: {incident.severity}",
        f"- Began: {_time(incident.started_at)}",
        f"- Found: {_time(incident.opened_at)} ({_span(incident.started_at, incident.opened_at)} after it began)",
    ]
    if incident.acknowledged_at:
        after = _span(incident.opened_at, incident.acknowledged_at)
        rows.append(f"- Acknowledged: {_time(incident.acknowledged_at)} ({after} after it was found)")
    if incident.resolved_at:
        lasted = _span(incident.started_at, incident.resolved_at)
        rows.append(f"- Resolved: {_time(incident.resolved_at)} ({lasted} after it began)")
    if incident.reopened:
        rows.append(f"- Opened again: {incident.reopened} times" if incident.reopened > 1 else "- Opened again: once")
    if incident.commander:
        rows.append(f"- Commander: {_line(incident.commander)}")
    if incident.responders:
        rows.append("- Responders: " + ", ".join(_line(each.name) for each in incident.responders))
    if incident.labels:
        rows.append("- In common: " + ", ".join(f"`{name}={value}`" for name, value in incident.labels.items()))
    if incident.impact:
        rows += ["", "## Impact", "", incident.impact]
    return rows


def _alerts(incident: Incident, alerts: Sequence[IncidentAlert]) -> list[str]:
    if not alerts:
        return []
    shown = sorted(alerts, key=lambda each: each.started_at)[:MOST_ALERTS]
    rows = ["", "## Alerts", ""]
    for each in shown:
        end = f" to {_time(each.resolved_at)}" if each.resolved_at else f", {each.state}"
        why = f" - {_line(each.words)}" if each.words else ""
        rows.append(f"- {_line(each.name)} ({each.severity}): {_time(each.started_at)}{end}{why}")
    more = len(incident.alert_ids) - len(shown)
    return [*rows, f"- and {more} more"] if more > 0 else rows


def _timeline(steps: Sequence[IncidentStep]) -> list[str]:
    rows = ["", "## Timeline", ""]
    for step in steps[:MOST_STEPS]:
        joined = f" ({len(step.alerts)})" if len(step.alerts) > 1 else ""
        said = f": {_line(step.text)}" if step.text else ""
        rows.append(f"- {_time(step.at)} {STEP_WORDS[step.kind]}{joined}{said}")
    return rows


def _rest(incident: Incident) -> list[str]:
    if not incident.tasks:
        return []
    return ["", "## Tasks", "", *(f"- [{'x' if each.done_at else ' '}] {_line(each.text)}" for each in incident.tasks)]


def _line(text: str) -> str:
    return " ".join(text.split())


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _span(since: datetime, until: datetime) -> str:
    minutes, seconds = divmod(max(round((until - since).total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
