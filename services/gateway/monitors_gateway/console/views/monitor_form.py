"""Making and changing a monitor: a sentence, how it is understood, and every part of that to be corrected."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ...api.shapes import GivenInterpretation, Interpretation, Monitor
from ..formats import Formats
from ..forms import WORDS, Errors, message_of, number_of
from .parts import Field, Link, Option

Typed = Mapping[str, str]

# How people compare, and how a condition says it: operator, and whether equal is not enough.
COMPARISONS = {
    "below": ("is below", "le", True),
    "at-most": ("is at most", "le", False),
    "above": ("is above", "ge", True),
    "at-least": ("is at least", "ge", False),
    "is": ("is", "eq", False),
    "is-not": ("is not", "ne", False),
    "contains": ("says", "contains", False),
}
FACT_TYPES = (
    Option("number", "A number"),
    Option("string", "A text"),
    Option("boolean", "Yes or no"),
    Option("object", "A list or table"),
)
DIRECTIONS = (Option("any", "at all"), Option("increase", "upwards"), Option("decrease", "downwards"))
TRUTHS = {"yes": True, "true": True, "no": False, "false": False}
# Where the API's fields are on the form.
PLACES = {
    "prompt": "prompt",
    "name": "name",
    "interpretation.type": "type",
    "interpretation.extracted_fact": "fact",
    "interpretation.subject": "subject",
    "interpretation.fact_type": "fact_type",
    "interpretation.url": "url",
    "interpretation": "value",
    "interpretation.condition": "value",
    "interpretation.condition.op": "op",
    "interpretation.condition.value": "value",
    "interpretation.condition.unit": "unit",
    "interpretation.change.direction": "direction",
    "interpretation.change.at_least": "at_least",
    "interpretation.change.at_least_percent": "at_least_percent",
}


@dataclass(frozen=True, slots=True)
class Understood:
    """What the sentence means in words, and the fields to correct it by."""

    what: str
    where: str
    fires: str
    sure: str
    is_state: bool
    name: Field
    fact: Field
    subject: Field
    fact_type: Field
    url: Field
    op: Field
    value: Field
    unit: Field
    direction: Field
    at_least: Field
    at_least_percent: Field


@dataclass(frozen=True, slots=True)
class MonitorFormView:
    """The page: the sentence to read (again), then what it means. `understood` is None before there is a sentence."""

    title: str
    words: str
    back: Link
    read: str
    save: str
    submit: str
    prompt: Field
    reading: str
    error: str
    understood: Understood | None
    examples: tuple[Link, ...] = ()


# -- what was typed ---------------------------------------------------------------------------------------------------


def interpretation_of(typed: Typed) -> tuple[GivenInterpretation | None, Errors]:
    """What the form says that is to be watched, or what is wrong with it, field by field."""
    kind, fact_type = typed.get("type", ""), typed.get("fact_type", "")
    asked: dict[str, Any] = {
        "type": kind,
        "extractedFact": typed.get("fact", ""),
        "subject": typed.get("subject", ""),
        "factType": fact_type,
        "url": typed.get("url") or None,
    }
    wrong: dict[str, str] = {}
    if not typed.get("url"):
        wrong["url"] = "Name the page to watch, beginning with https://."
    if kind == "state":
        _, op, strict = COMPARISONS.get(typed.get("op", ""), ("", "", False))
        value = _value(typed.get("value", ""), fact_type)
        if value is None:
            wrong["value"] = "Say what to compare with."
        asked["condition"] = {"op": op, "value": value, "unit": typed.get("unit") or None, "strict": strict}
    else:
        change: dict[str, Any] = {"direction": typed.get("direction", "any")}
        for field, name in (("at_least", "atLeast"), ("at_least_percent", "atLeastPercent")):
            if text := typed.get(field):
                change[name] = _value(text, "number")
                if isinstance(change[name], str):
                    wrong[field] = WORDS["float_parsing"]
        asked["change"] = change
    try:
        given = GivenInterpretation.model_validate(asked)
    except ValidationError as invalid:
        return None, Errors(placed(invalid) | wrong)
    return (None, Errors(wrong)) if wrong else (given, Errors())


def placed(invalid: ValidationError) -> dict[str, str]:
    """pydantic's errors at the fields of the form."""
    found: dict[str, str] = {}
    for each in invalid.errors():
        parts = [_snake(str(part)) for part in each["loc"] if part not in ("float", "bool", "str")]
        found.setdefault(_place(".".join(["interpretation", *parts])), message_of(each))
    return found


def told(errors: Errors) -> Errors:
    """The API's errors at the fields of the form; what belongs to none is told above it."""
    fields = {_place(name): words for name, words in errors.fields.items()}
    lost = " ".join(words for name, words in errors.fields.items() if name not in PLACES)
    return Errors(fields, errors.form or lost)


def _place(name: str) -> str:
    return PLACES.get(name, name)


def _value(text: str, fact_type: str) -> float | bool | str | None:
    """The value as the fact has it. What is no number stays a text, for the API to refuse in its own words."""
    text = text.strip()
    if not text:
        return None
    if fact_type == "boolean":
        return TRUTHS.get(text.casefold(), text)
    if fact_type != "number":
        return text
    return number_of(text)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


# -- what is shown ----------------------------------------------------------------------------------------------------


def new_view(
    prompt: str,
    understood: Understood | None,
    errors: Errors,
    root: str,
    examples: tuple[Link, ...] = (),
) -> MonitorFormView:
    """A new monitor: the empty field first, then how its sentence is understood."""
    at = f"{root}/monitors/new"
    return MonitorFormView(
        title="New monitor",
        words="Say in one sentence what to watch, on which page, and when to tell you.",
        back=Link("Monitors", root or "/"),
        read=at,
        save=at,
        submit="Save and check now",
        prompt=_prompt(prompt, errors, autofocus=understood is None),
        reading="Read it again" if understood else "Continue",
        error=errors.form,
        understood=understood,
        examples=() if understood else examples,
    )


def edit_view(
    monitor: Monitor, prompt: str, understood: Understood | None, errors: Errors, root: str
) -> MonitorFormView:
    """A monitor that is there: its sentence and what it means now."""
    at = f"{root}/monitors/{monitor.id}"
    return MonitorFormView(
        title=f"Edit {monitor.name}",
        words="Another condition is judged with the next check. Another fact or page starts anew: what was read goes.",
        back=Link(monitor.name, at),
        read=f"{at}/edit",
        save=f"{at}/edit",
        submit="Save",
        prompt=_prompt(prompt, errors),
        reading="Read it again",
        error=errors.form,
        understood=understood,
    )


def understood_view(meaning: Interpretation, name: str, formats: Formats) -> Understood:
    """What was understood, before anybody corrected it."""
    return corrected_view(meaning, _typed(meaning, name), Errors(), formats)


def _typed(meaning: Interpretation, name: str) -> dict[str, str]:
    condition, change = meaning.condition, meaning.change
    typed = {
        "name": name or meaning.suggested_name,
        "type": meaning.type,
        "fact": meaning.extracted_fact,
        "subject": meaning.subject,
        "fact_type": meaning.fact_type,
        "url": meaning.url or "",
        "op": "below" if meaning.fact_type == "number" else "is",
        "direction": change.direction if change else "any",
        "at_least": f"{change.at_least:g}" if change and change.at_least else "",
        "at_least_percent": f"{change.at_least_percent:g}" if change and change.at_least_percent else "",
    }
    if condition:
        pairs = ((name, (op, strict)) for name, (_, op, strict) in COMPARISONS.items())
        typed["op"] = next((name for name, pair in pairs if pair == (condition.op, condition.strict)), "is")
        typed["value"] = _written(condition.value)
        typed["unit"] = condition.unit or ""
    return typed


def _written(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:.15g}"


def corrected_view(meaning: Interpretation | None, typed: Typed, errors: Errors, formats: Formats) -> Understood:
    """The fields as they were sent, with what is wrong; `meaning` is None when that can't be said."""

    def field(name: str, label: str, **more: Any) -> Field:
        return Field(name, label, typed.get(name, ""), error=errors.of(name), **more)

    subject = f" of {typed['subject']}" if typed.get("subject") else ""
    return Understood(
        what=f"{typed.get('fact', '')}{subject}",
        where=typed.get("url", ""),
        fires=meaning.trigger_condition if meaning else "",
        sure=_sure(meaning, formats),
        is_state=typed.get("type") != "change",
        name=field("name", "Name", maxlength=100, hint="How it is called in lists and messages."),
        fact=field("fact", "Fact", required=True, maxlength=500, placeholder="price"),
        subject=field("subject", "Of what", maxlength=500, placeholder="copper kettle"),
        fact_type=field("fact_type", "It is", kind="select", options=FACT_TYPES),
        url=field("url", "Page", kind="url", required=True, maxlength=4096, placeholder="https://"),
        op=field("op", "When it", kind="select", options=tuple(Option(n, w) for n, (w, *_) in COMPARISONS.items())),
        value=field("value", "Value", maxlength=500, placeholder="50"),
        unit=field("unit", "Unit", maxlength=50, placeholder="USD"),
        direction=field("direction", "When it changes", kind="select", options=DIRECTIONS),
        at_least=field("at_least", "By at least", maxlength=30, inputmode="decimal", placeholder="any amount"),
        at_least_percent=field("at_least_percent", "By at least, in %", maxlength=30, inputmode="decimal"),
    )


def _sure(meaning: Interpretation | None, formats: Formats) -> str:
    """Who read the sentence, and how sure they are."""
    if meaning is None:
        return ""
    if meaning.provider == "by-hand":
        return "Confirmed by you"
    reader = "by rules" if meaning.provider == "local" else f"by {meaning.provider}"
    return f"Read {reader}, {formats.percent(round(meaning.confidence, 2))} sure"


def _prompt(prompt: str, errors: Errors, *, autofocus: bool = False) -> Field:
    return Field(
        "prompt",
        "What should I watch?",
        prompt,
        kind="textarea",
        error=errors.of("prompt"),
        required=True,
        maxlength=500,
        autofocus=autofocus,
        placeholder="Tell me when the price at https://shop.example/kettle drops below $50",
    )
