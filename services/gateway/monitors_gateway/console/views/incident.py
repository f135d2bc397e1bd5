"""One incident: what is wrong, who works on it, what happened, and what was learnt."""

from dataclasses import dataclass

from monitors_contracts.alerts import AlertState
from monitors_contracts.incidents import STEP_WORDS, IncidentStatus, IncidentStep, StepKind

from ...api.incidents import IncidentReply
from ..formats import Formats, When
from ..forms import Errors
from .alerts import STATES as ALERT_STATES
from .incidents import SEVERITIES, STATUSES, alerts_words, mark_of
from .marks import Mark, marked
from .parts import Action, Badge, Field, Link, Moment, Option, Tone

TONES: dict[StepKind, Tone] = {
    "opened": "bad",
    "reopened": "bad",
    "alerts-joined": "bad",
    "acknowledged": "warn",
    "resolved": "good",
    "merged-away": "good",
    "task-completed": "good",
    "update-posted": "info",
}


@dataclass(frozen=True, slots=True)
class AlertOf:
    """One of its alerts, and why it belongs here."""

    id: str
    href: str
    name: str
    words: str
    mark: Mark
    state: Badge
    since: When


@dataclass(frozen=True, slots=True)
class TaskView:
    """Something to do; `complete` is where it is said that it is done."""

    text: str
    who: str
    done: str
    complete: Action | None


@dataclass(frozen=True, slots=True)
class UpdateView:
    """What those were told who wait."""

    text: str
    by: str
    when: When
    badge: Badge


@dataclass(frozen=True, slots=True)
class IncidentPageView:
    """An incident with all that people do with it."""

    id: str
    at: str
    heading: str
    title: str
    lead: str
    back: Link
    mark: Mark
    status: Badge
    facts: tuple[tuple[str, str], ...]
    began: When
    ended: When | None
    merged_into: Link | None
    actions: tuple[Action, ...]
    alerts: tuple[AlertOf, ...]
    more_alerts: str
    can_split: bool
    tasks: tuple[TaskView, ...]
    updates: tuple[UpdateView, ...]
    moments: tuple[Moment, ...]
    more_steps: str
    describe: tuple[Field, ...]
    has_postmortem: bool


@dataclass(frozen=True, slots=True)
class PostmortemView:
    """The text of a post-mortem, saved or begun from the timeline."""

    title: str
    words: str
    back: Link
    save: str
    field: Field


def incident_view(found: IncidentReply, root: str, formats: Formats) -> IncidentPageView:
    """The page of an incident."""
    known = found.incident
    at = f"{root}/incidents/{known.id}"
    more = len(known.alert_ids) - len(found.alerts)
    facts = [
        ("Impact", known.impact),
        ("In common", ", ".join(f"{name}={value}" for name, value in known.labels.items())),
        ("Commander", known.commander or ""),
        ("Responders", ", ".join(each.name for each in known.responders)),
        ("Detected", f"{formats.span((known.opened_at - known.started_at).total_seconds())} after it began"),
    ]
    if known.acknowledged_at:
        after = formats.span(max((known.acknowledged_at - known.opened_at).total_seconds(), 0))
        facts.append(("Acknowledged", f"{after} after it was opened{_by(found, known.acknowledged_by)}"))
    if known.resolved_at:
        lasted = formats.span(max((known.resolved_at - known.started_at).total_seconds(), 0))
        facts.append(("Lasted", f"{lasted}{_by(found, known.resolved_by)}"))
    return IncidentPageView(
        id=str(known.id),
        at=at,
        heading=f"#{known.number} {known.title}",
        title=known.title,
        lead=alerts_words(known, formats).capitalize(),
        back=Link("Incidents", f"{root}/incidents"),
        mark=mark_of(known.severity, known.status),
        status=STATUSES[known.status],
        facts=tuple((name, words) for name, words in facts if words),
        began=formats.when(known.started_at),
        ended=formats.maybe_when(known.resolved_at),
        merged_into=Link("Its alerts are in another incident", f"{root}/incidents/{known.merged_into}")
        if known.merged_into
        else None,
        actions=_actions(found, at),
        alerts=_alerts(found, root, formats),
        more_alerts=f"And {formats.number(more)} more." if more > 0 else "",
        can_split=len(known.alert_ids) > 1,
        tasks=tuple(
            TaskView(
                each.text,
                each.assignee or "",
                formats.when(each.done_at).words if each.done_at else "",
                None if each.done_at else Action("Done", f"{at}/tasks/{each.id}/complete", "check"),
            )
            for each in known.tasks
        ),
        updates=tuple(
            UpdateView(
                each.text,
                found.people.get(each.posted_by, ""),
                formats.when(each.posted_at),
                Badge("Public", "info") if each.is_public else Badge("Internal"),
            )
            for each in reversed(known.updates)
        ),
        moments=tuple(_moment(each, found, root, formats) for each in reversed(found.steps)),
        more_steps=f"The newest {len(found.steps)} of {formats.number(found.total_steps)} steps."
        if found.total_steps > len(found.steps)
        else "",
        describe=_describe(found),
        has_postmortem=bool(known.postmortem),
    )


def postmortem_view(found: IncidentReply, typed: str, draft: bool, errors: Errors, root: str) -> PostmortemView:
    """The page of the post-mortem. A draft says so, as it is not saved."""
    at = f"{root}/incidents/{found.incident.id}"
    words = "Begun from the timeline: nothing is saved yet." if draft else "What was learnt, in Markdown."
    label = "Post-mortem"
    field = Field("text", label, typed, "textarea", error=errors.of("text"), maxlength=20_000)
    back = Link(f"#{found.incident.number} {found.incident.title}", at)
    return PostmortemView(f"Post-mortem of #{found.incident.number}", words, back, f"{at}/postmortem", field)


def _actions(found: IncidentReply, at: str) -> tuple[Action, ...]:
    acknowledge = Action("Acknowledge", f"{at}/acknowledge", "check", tone="primary")
    resolve = Action("Resolve", f"{at}/resolve", "circle-check")
    if found.incident.merged_into:
        return ()
    return {
        IncidentStatus.OPEN: (acknowledge, resolve),
        IncidentStatus.ACKNOWLEDGED: (resolve,),
        IncidentStatus.RESOLVED: (Action("Reopen", f"{at}/reopen", "undo-2"),),
    }[found.incident.status]


def _alerts(found: IncidentReply, root: str, formats: Formats) -> tuple[AlertOf, ...]:
    shown: list[AlertOf] = []
    for each in found.alerts:
        mark = marked(each.severity, is_over=each.state is AlertState.RESOLVED)
        since = formats.when(each.started_at)
        href = f"{root}/alerts/{each.alert_id}"
        shown.append(AlertOf(str(each.alert_id), href, each.name, each.words, mark, ALERT_STATES[each.state], since))
    return tuple(shown)


def _moment(step: IncidentStep, found: IncidentReply, root: str, formats: Formats) -> Moment:
    names = {each.alert_id: each.name for each in found.alerts}
    joined = [names[each.alert_id] for each in step.alerts if each.alert_id in names]
    many = ", ".join(joined[:5]) + (f" and {len(step.alerts) - 5} more" if len(step.alerts) > 5 else "")
    words = "\n".join(part for part in (step.text, many) if part)
    by = _name(found, step.user_id) if step.user_id else ""
    href = f"{root}/incidents/{step.incident_id}" if step.incident_id else ""
    tone = TONES.get(step.kind, "neutral")
    return Moment(STEP_WORDS[step.kind], formats.when(step.at), tone, words, by=by, href=href)


def _describe(found: IncidentReply) -> tuple[Field, ...]:
    known = found.incident
    severities = tuple(Option(each, each.capitalize()) for each in SEVERITIES)
    return (
        Field("title", "What is wrong", known.title, required=True, maxlength=200),
        Field("severity", "Severity", known.severity, kind="select", options=severities),
        Field("impact", "Impact", known.impact, kind="textarea", hint="Who notices what.", maxlength=1000),
        Field("commander", "Commander", known.commander or "", hint="Who decides.", maxlength=200),
        Field("responder", "One more responder", "", maxlength=200),
    )


def _name(found: IncidentReply, user_id: object) -> str:
    return next((name for each, name in found.people.items() if each == user_id), "Somebody who has left")


def _by(found: IncidentReply, user_id: object) -> str:
    return f", by {_name(found, user_id)}" if user_id else ""
