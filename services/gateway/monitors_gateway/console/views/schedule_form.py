"""The form of a schedule: its layers as fields that need no script, and back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from monitors_contracts.durations import seconds_of
from monitors_contracts.oncall import Contact, Restriction
from monitors_contracts.routing import Weekday

from ...api.schedules import ScheduleShape
from ..forms import Errors
from .parts import Field, Link, Option

WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
ROTATIONS = (Option("daily", "Every day"), Option("weekly", "Every week"), Option("custom", "After a time of its own"))
SPARE_PEOPLE = 2
"""Places for more people than there are."""
_HOURS = re.compile(r"(?:([a-z, -]+)\s+)?(\d\d:\d\d)\s*-\s*(\d\d:\d\d)", re.IGNORECASE)
HOURS_HINT = "On call only then, a span a line: mon-fri 09:00-17:00. Always when empty."


@dataclass(frozen=True, slots=True)
class LayerFields:
    """The fields of one layer."""

    title: str
    words: str
    people: tuple[Field, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class ScheduleFormView:
    """The page."""

    title: str
    back: Link
    action: str
    submit: str
    error: str
    fields: tuple[Field, ...]
    layers: tuple[LayerFields, ...]


def typed_of(schedule: ScheduleShape) -> dict[str, str]:
    """What a person would have typed to make this schedule."""
    typed = {"name": schedule.name, "timezone": schedule.timezone}
    for number, layer in enumerate(schedule.layers):
        typed |= {
            f"{number}-name": layer.name,
            f"{number}-rotation": layer.rotation,
            f"{number}-length": f"{layer.length / 3600:g}h" if layer.length else "",
            f"{number}-hand_over": layer.hand_over,
            f"{number}-weekday": layer.weekday,
            f"{number}-start": layer.start.isoformat(),
            f"{number}-hours": "\n".join(map(_written, layer.restrictions)),
        }
        typed |= {f"{number}-person-{at}": str(each) for at, each in enumerate(layer.participants)}
    return typed


def asked_of(typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The schedule that was typed, and what is wrong with it by field. A layer without people is none."""
    layers: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    for number in range(_layers(typed)):
        people = _people(typed, number)
        if not people:
            continue
        given = {
            name: typed.get(f"{number}-{name}", "") for name in ("name", "rotation", "hand_over", "weekday", "start")
        }
        layer: dict[str, Any] = {name: value for name, value in given.items() if value} | {"participants": people}
        if layer.get("rotation") == "custom":
            try:
                layer["length"] = seconds_of(typed.get(f"{number}-length", ""))
            except ValueError:
                errors[f"{number}-length"] = "A time like 12h or 3d."
        try:
            layer["restrictions"] = [
                _restriction(line) for line in typed.get(f"{number}-hours", "").splitlines() if line.strip()
            ]
        except ValueError as wrong:
            errors[f"{number}-hours"] = str(wrong)
        layers.append(layer)
    if not layers:
        errors["0-person-0"] = "Somebody is to be on call: choose a person."
    return {"name": typed.get("name", ""), "timezone": typed.get("timezone") or "UTC", "layers": layers}, errors


def field_of(place: Sequence[str | int], typed: Mapping[str, str]) -> str:
    """The form's field for a place within the schedule, such as `layers.0.start`; the first field for none."""
    if len(place) < 2 or place[0] != "layers":
        return str(place[0]) if place else "name"
    # Layers without people were passed over, so that the second that was asked for may be the third that was typed.
    there = [number for number in range(_layers(typed)) if _people(typed, number)]
    number = there[int(place[1])] if int(place[1]) < len(there) else 0
    named = {"participants": "person-0", "restrictions": "hours", "handOver": "hand_over"}
    part = str(place[2]) if len(place) > 2 else "length"
    return f"{number}-{named.get(part, part)}"


def schedule_form_view(
    schedule: ScheduleShape | None,
    typed: Mapping[str, str],
    contacts: Sequence[Contact],
    errors: Errors,
    today: date,
    root: str,
) -> ScheduleFormView:
    """The form, with room for one more layer."""
    layers = [number for number in range(_layers(typed)) if _people(typed, number) or errors.of(f"{number}-person-0")]
    spare = max(layers, default=-1) + 1
    return ScheduleFormView(
        title=f"Edit {schedule.name}" if schedule else "Add a schedule",
        back=Link("On call", f"{root}/on-call"),
        action=f"{root}/on-call/{schedule.id}/edit" if schedule else f"{root}/on-call/new",
        submit="Save" if schedule else "Add the schedule",
        error=errors.form,
        fields=(
            Field("name", "Name", typed.get("name", ""), error=errors.of("name"), required=True, maxlength=100),
            Field(
                "timezone",
                "Time zone",
                typed.get("timezone", "UTC"),
                hint="Hand-overs keep to its clocks, like Europe/Berlin.",
                error=errors.of("timezone"),
                required=True,
                maxlength=100,
            ),
        ),
        layers=tuple(_layer(each, typed, contacts, errors, today) for each in (*layers, spare)),
    )


def _layer(
    number: int, typed: Mapping[str, str], contacts: Sequence[Contact], errors: Errors, today: date
) -> LayerFields:
    options = (Option("", "–"), *(Option(str(each.id), each.name) for each in contacts))
    people = _people(typed, number)
    values = {
        "name": "Rotation",
        "rotation": "weekly",
        "hand_over": "09:00",
        "weekday": "monday",
        "start": today.isoformat(),
    }
    values |= {name.partition("-")[2]: value for name, value in typed.items() if name.startswith(f"{number}-")}

    def made(name: str, label: str, kind: str = "text", hint: str = "", choices: tuple[Option, ...] = ()) -> Field:
        return Field(
            f"{number}-{name}",
            label,
            values.get(name, ""),
            kind,
            hint=hint,
            error=errors.of(f"{number}-{name}"),
            options=choices,
        )

    days = tuple(Option(each, each.capitalize()) for each in WEEKDAYS)
    title = "The first layer" if number == 0 else "A layer over it"
    words = "" if number == 0 else "Where it has somebody, that person counts instead. Without people it is left out."
    return LayerFields(
        title,
        words,
        tuple(
            Field(
                f"{number}-person-{at}",
                f"Person {at + 1}",
                people[at] if at < len(people) else "",
                "select",
                error=errors.of(f"{number}-person-{at}"),
                options=options,
            )
            for at in range(len(people) + SPARE_PEOPLE)
        ),
        (
            made("name", "Name"),
            made("rotation", "The next takes over", "select", choices=ROTATIONS),
            made("hand_over", "At", "time"),
            made("weekday", "On", "select", "In a weekly rotation.", days),
            made("length", "After", hint="In a rotation of its own: 12h, 3d."),
            made("start", "From", "date", "When the first person's turn begins."),
            made("hours", "Hours", "textarea", HOURS_HINT),
        ),
    )


def _layers(typed: Mapping[str, str]) -> int:
    numbers = [int(name.partition("-")[0]) for name in typed if re.fullmatch(r"\d{1,2}-person-\d{1,2}", name)]
    return max(numbers, default=-1) + 1


def _people(typed: Mapping[str, str], number: int) -> list[str]:
    places = sorted(
        int(name.rpartition("-")[2])
        for name in typed
        if re.fullmatch(rf"{number}-person-\d{{1,2}}", name) and typed[name]
    )
    return [typed[f"{number}-person-{place}"] for place in places]


def _restriction(line: str) -> dict[str, Any]:
    found = _HOURS.fullmatch(line.strip())
    if found is None:
        raise ValueError(f"“{line.strip()[:60]}” is no span: write it like mon-fri 09:00-17:00.")
    return {"days": _days(found[1] or ""), "start": found[2], "end": found[3]}


def _days(text: str) -> list[str]:
    days: list[str] = []
    for part in filter(None, re.split(r"[, ]+", text.lower().strip())):
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        days += [WEEKDAYS[(begin + step) % 7] for step in range((end - begin) % 7 + 1)]
    return list(dict.fromkeys(days))


def _day(text: str) -> int:
    for number, day in enumerate(WEEKDAYS):
        if len(text) >= 2 and day.startswith(text):
            return number
    raise ValueError(f"“{text[:20]}” is no weekday: write it like mon.")


def _written(restriction: Restriction) -> str:
    days = ",".join(each[:3] for each in restriction.days)
    return f"{days} {restriction.start}-{restriction.end}".strip()
