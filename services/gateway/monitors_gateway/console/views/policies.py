"""Escalation policies: their steps drawn with whom each would tell now, and the form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.durations import seconds_of
from monitors_contracts.notifications import ChannelView
from monitors_contracts.oncall import Contact
from monitors_contracts.policies import Policy, PolicyPreview, PolicyTarget, StepPreview

from ...api.schedules import ScheduleShape
from ..formats import Formats
from ..forms import Errors
from .on_call import on_call_tabs
from .parts import Action, Badge, Empty, Field, Link, Option, Tab

SPARE_TARGETS = 2
"""Places for more targets than there are."""
KINDS = {"schedule": "On call by", "contact": "Person", "channel": "Channel"}


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One target of a step, and whom it reaches now."""

    words: str
    reaches: str
    passed: Badge | None


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it is drawn."""

    when: str
    targets: tuple[TargetLine, ...]
    reaches_nobody: bool


@dataclass(frozen=True, slots=True)
class PolicyCard:
    """A policy with its steps."""

    id: str
    name: str
    steps: tuple[StepView, ...]
    repeat: str
    warning: str
    edit: Link
    delete: Action


@dataclass(frozen=True, slots=True)
class PoliciesView:
    """The page."""

    tabs: tuple[Tab, ...]
    add: Link
    cards: tuple[PolicyCard, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class StepFields:
    """The fields of one step."""

    title: str
    after: Field
    targets: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class PolicyFormView:
    """The form of a policy."""

    title: str
    back: Link
    action: str
    submit: str
    error: str
    fields: tuple[Field, ...]
    steps: tuple[StepFields, ...]


@dataclass(frozen=True)
class Names:
    """What those whom policies name are called."""

    schedules: Sequence[ScheduleShape]
    contacts: Sequence[Contact]
    channels: Sequence[ChannelView]

    def of(self, target: PolicyTarget) -> str:
        """A target in words."""
        return f"{KINDS[target.kind]} {self.by_id().get(target.id, 'what is gone')}"

    def by_id(self) -> dict[Id, str]:
        """All names."""
        return {each.id: each.name for each in (*self.schedules, *self.contacts, *self.channels)}

    def options(self) -> tuple[Option, ...]:
        """All that can be told, to choose from."""
        members = (("schedule", self.schedules), ("contact", self.contacts), ("channel", self.channels))
        return tuple(
            Option(f"{kind}:{each.id}", f"{KINDS[kind]} {each.name}") for kind, those in members for each in those
        )


def policies_view(previews: Sequence[PolicyPreview], names: Names, root: str, formats: Formats) -> PoliciesView:
    """All policies."""
    add = Link("Add a policy", f"{root}/policies/new", "plus")
    words = "A policy says who is told first, and who is told next while nobody takes the alert. Routes lead to it."
    return PoliciesView(
        tabs=on_call_tabs(root, "/policies"),
        add=add,
        cards=tuple(_card(each, names, root, formats) for each in previews),
        empty=None if previews else Empty("bell", "Nothing escalates yet", words, add),
    )


def _card(preview: PolicyPreview, names: Names, root: str, formats: Formats) -> PolicyCard:
    policy, at = preview.policy, f"{root}/policies/{preview.policy.id}"
    steps = tuple(_step(number, policy, step, names, formats) for number, step in enumerate(preview.steps))
    warning = ""
    if all(step.reaches_nobody for step in steps):
        warning = "This policy would tell nobody now."
    times = "once more" if policy.repeat == 1 else f"{policy.repeat} times more"
    return PolicyCard(
        str(policy.id),
        policy.name,
        steps,
        f"All of it {times}, {formats.span(policy.repeat_after)} after the last step."
        if policy.repeat
        else "Then nobody more is told.",
        warning,
        Link("Edit", f"{at}/edit", "pencil"),
        Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=f"“{policy.name}” is gone then."),
    )


def _step(number: int, policy: Policy, preview: StepPreview, names: Names, formats: Formats) -> StepView:
    step = policy.steps[number]
    when = f"{formats.span(step.after)} {'after that' if number else 'after it fires'}" if step.after else "At once"
    passed = {(each.target.kind, each.target.id): each.words for each in preview.passed}
    lines: list[TargetLine] = []
    for target in step.targets:
        words = passed.get((target.kind, target.id))
        lines.append(TargetLine(names.of(target), "", Badge(words.rstrip("."), "warn") if words else None))
    channels = names.by_id()
    reached = [
        f"{each.person} by {channels.get(each.channel_id, 'a channel')}"
        if each.person
        else channels.get(each.channel_id, "a channel")
        for each in preview.reached
    ]
    if reached:
        lines.append(TargetLine("Now this tells", ", ".join(reached), None))
    return StepView(when, tuple(lines), not reached)


def typed_of(policy: Policy) -> dict[str, str]:
    """What a person would have typed to make this policy."""
    typed = {"name": policy.name, "repeat": str(policy.repeat), "repeat_after": _minutes(policy.repeat_after)}
    for number, step in enumerate(policy.steps):
        typed[f"{number}-after"] = _minutes(step.after)
        typed |= {f"{number}-target-{at}": f"{each.kind}:{each.id}" for at, each in enumerate(step.targets)}
    return typed


def asked_of(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The policy that was typed, and what is wrong with it by field. A step without targets is none."""
    errors: dict[str, str] = {}

    def seconds(name: str, default: str) -> Any:
        try:
            return seconds_of(typed.get(name) or default)
        except ValueError:
            errors[name] = "A time like 5m or 1h."
            return 0

    steps: list[dict[str, Any]] = []
    for number in there(typed):
        targets = [dict(zip(("kind", "id"), each.split(":", 1), strict=False)) for each in _targets(typed, number)]
        steps.append({"after": seconds(f"{number}-after", "0"), "targets": targets})
    if not steps:
        errors["0-target-0"] = "Somebody is to be told: choose a schedule, a person or a channel."
    asked = {
        "name": typed.get("name", ""),
        "steps": steps,
        "repeat": typed.get("repeat") or 0,
        "repeat_after": seconds("repeat_after", "5m"),
    }
    return asked, errors


def field_of(place: Sequence[str | int], typed: Mapping[str, str]) -> str:
    """The form's field for a place within the policy, such as `steps.0.after`; the first field for none."""
    if len(place) < 2 or place[0] != "steps":
        return {"repeatAfter": "repeat_after"}.get(str(place[0]), str(place[0])) if place else "name"
    numbers = there(typed)
    number = numbers[int(place[1])] if int(place[1]) < len(numbers) else 0
    return f"{number}-after" if place[2:3] == ("after",) else f"{number}-target-0"


def policy_form_view(
    policy: Policy | None, typed: Mapping[str, str], names: Names, errors: Errors, root: str
) -> PolicyFormView:
    """The form, with room for one more step."""
    numbers = there(typed)
    spare = max(numbers, default=-1) + 1
    return PolicyFormView(
        title=f"Edit {policy.name}" if policy else "Add a policy",
        back=Link("Escalation", f"{root}/policies"),
        action=f"{root}/policies/{policy.id}/edit" if policy else f"{root}/policies/new",
        submit="Save" if policy else "Add the policy",
        error=errors.form,
        fields=(
            Field("name", "Name", typed.get("name", ""), error=errors.of("name"), required=True, maxlength=100),
            Field(
                "repeat",
                "Repeat all of it, times",
                typed.get("repeat", "2"),
                error=errors.of("repeat"),
                inputmode="numeric",
                hint="0 for never; at most 20.",
            ),
            Field(
                "repeat_after",
                "Repeat after",
                typed.get("repeat_after", "5m"),
                error=errors.of("repeat_after"),
                hint="The last step, like 5m or 1h.",
            ),
        ),
        steps=tuple(_fields(each, typed, names.options(), errors) for each in (*numbers, spare)),
    )


def _fields(number: int, typed: Mapping[str, str], options: tuple[Option, ...], errors: Errors) -> StepFields:
    targets = _targets(typed, number)
    choices = (Option("", "–"), *options)
    return StepFields(
        f"Step {number + 1}",
        Field(
            f"{number}-after",
            "After",
            typed.get(f"{number}-after", "5m" if number else "0"),
            hint="The step before, like 5m; 0 for at once." if number else "It fires, like 5m; 0 for at once.",
            error=errors.of(f"{number}-after"),
        ),
        tuple(
            Field(
                f"{number}-target-{at}",
                "Tell" if at == 0 else "and",
                targets[at] if at < len(targets) else "",
                "select",
                error=errors.of(f"{number}-target-{at}"),
                options=choices,
            )
            for at in range(len(targets) + SPARE_TARGETS)
        ),
    )


def there(typed: Mapping[str, str]) -> list[int]:
    """The numbers of the steps that tell somebody."""
    found = {int(name.partition("-")[0]) for name, value in typed.items() if value and _TARGET.fullmatch(name)}
    return sorted(found)


_TARGET = re.compile(r"\d{1,2}-target-\d{1,2}")


def _targets(typed: Mapping[str, str], number: int) -> list[str]:
    names = [name for name in typed if _TARGET.fullmatch(name) and name.startswith(f"{number}-") and typed[name]]
    return [typed[name] for name in sorted(names, key=lambda name: int(name.rpartition("-")[2]))]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}"
