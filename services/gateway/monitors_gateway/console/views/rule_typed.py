"""What is on the form of a rule, and the rule that it means: each read as the other."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError

from monitors_contracts.durations import written
from monitors_contracts.rules import RuleSpec

from ..forms import Errors, message_of, number_of
from .rule_words import KINDS
from .selecting import Match, Op

LEVELS = ("warning", "critical")
LASTING = ("for", "recover_for", "stale_after", "window", "offset")
NUMBERS = ("warning", "critical", "recovery", "n", "m")
# What each kind asks for, beside what all have.
_TOGETHER_BY = ("grouping", "by", "across")
GROUPING = {
    **dict.fromkeys(("threshold", "window", "rate", "ratio", "nOfM"), _TOGETHER_BY),
    "absence": ("grouping", "by"),
    "composite": ("by",),
}
WHEN = {
    "threshold": ("op", *LEVELS, "for"),
    "window": ("function", "window", "op", *LEVELS, "for"),
    "rate": ("function", "window", "op", *LEVELS, "for"),
    "ratio": ("window", "offset", "op", *LEVELS, "for"),
    "nOfM": ("n", "m", "op", *LEVELS, "for"),
    "absence": ("for", "severity"),
    "composite": ("operator", "severity"),
}
FINE = ("recovery", "recover_for", "stale_after")
TOLD = ("summary", "description", "runbook_url", "labels", "group")
# What the form has of its own words for, and pydantic's messages that belong to a field.
_PLACES = {"hold": "for", "url": "runbook_url"}
_TOGETHER = {
    "a level is needed: warning, critical or both": ("warning", "Give a level to warn at, a critical one, or both."),
    "eq and ne have one level and no recovery": ("warning", "“Is” and “is not” have one level, and none to end at."),
    "levels go recovery, warning, critical in the direction of op": (
        "critical",
        "The levels must go on in one direction: where it is over, then warning, then critical.",
    ),
    "n can't be more than m": ("n", "This can't be more than the samples that are looked at."),
    "absence needs a `for` of a second or more": ("for", "Say how long a silence is too long: a second or more."),
}
_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)
DEFAULTS = {
    "op": "gt",
    "for": "5m",
    "window": "5m",
    "offset": "1d",
    "recover_for": "0s",
    "stale_after": "5m",
    "n": "3",
    "m": "5",
    "grouping": "alone",
    "across": "sum",
    "severity": "warning",
    "operator": "and",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """What is on the form: a kind, texts by field, labels to narrow by, and rules to put together."""

    kind: str
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    matchers: tuple[Match, ...] = ()
    rules: tuple[str, ...] = ()

    def of(self, name: str) -> str:
        """The text of a field."""
        return self.texts.get(name, "")


def typed_of(spec: RuleSpec) -> Typed:
    """The form of a rule that is there."""
    known: dict[str, Any] = spec.model_dump(mode="json", by_alias=False, exclude_none=True)
    texts = {name: f"{known[name]:.15g}" for name in NUMBERS if name in known}
    lasting = {name: known.get("hold" if name == "for" else name) for name in LASTING}
    texts |= {name: written(seconds) for name, seconds in lasting.items() if seconds is not None}
    texts |= {
        name: str(known[name])
        for name in ("name", "metric", "op", "function", "severity", "operator", "across", "runbook_url", "group")
        if name in known
    }
    by: list[str] | None = known.get("by")
    texts["grouping"] = "alone" if by is None else "by" if by else "all"
    texts["by"] = ", ".join(by or ())
    texts["labels"] = "\n".join(f"{name}={value}" for name, value in spec.labels.items())
    texts |= {name: spec.annotations[name] for name in ("summary", "description") if name in spec.annotations}
    matchers = tuple(Match(each["label"], each["op"], each["value"]) for each in known.get("matchers", ()))
    return Typed(known["kind"], texts, matchers, tuple(known.get("rules", ())))


def prefilled(pairs: Sequence[tuple[str, str]]) -> Typed:
    """The form as a page's address fills it: `kind`, any field, and `matchers` as JSON or as rows of label, match, value."""
    given = [(name, value.replace("\0", "").strip()) for name, value in pairs]
    texts = {
        name: value for name, value in given if name not in ("kind", "label", "match", "value", "matchers", "csrf")
    }
    kind = next((value for name, value in given if name == "kind" and value in KINDS), "threshold")
    rows = rows_of(*([value for name, value in given if name == part] for part in ("label", "match", "value")))
    listed = next((value for name, value in given if name == "matchers"), "")
    rules = tuple(value for name, value in given if name == "rule")
    return Typed(kind, DEFAULTS | texts, rows or _matchers(listed), rules)


def rows_of(labels: Sequence[str], ops: Sequence[str], values: Sequence[str]) -> tuple[Match, ...]:
    """The rows of labels that say something."""
    rows = zip(labels, ops, values, strict=False)
    return tuple(
        Match(label.strip(), cast(Op, op) if op in get_args(Op) else "=", value)
        for label, op, value in rows
        if label.strip()
    )


def _matchers(text: str) -> tuple[Match, ...]:
    try:
        listed = [(str(each["label"]), str(each["op"]), str(each["value"])) for each in json.loads(text)]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()
    return rows_of(*zip(*listed, strict=True)) if listed else ()


def rule_of(typed: Typed, known: RuleSpec | None = None) -> tuple[RuleSpec | None, Errors]:
    """The rule that was typed, or what is wrong with it, field by field. What the form doesn't show stays as it is `known`."""
    asked = _asked(typed, known)
    labels, wrong = _labels(typed.of("labels"))
    asked["labels"] = labels
    try:
        spec = _SPEC.validate_python(asked)
    except ValidationError as invalid:
        return None, _errors(invalid, wrong)
    return (None, Errors({"labels": wrong})) if wrong else (spec, Errors())


def _asked(typed: Typed, known: RuleSpec | None) -> dict[str, Any]:
    shown = (*GROUPING.get(typed.kind, ()), *WHEN[typed.kind], "name", "runbook_url", "group")
    if typed.kind not in ("absence", "composite"):
        shown += FINE
    texts = {name: typed.of(name) for name in shown if typed.of(name)}
    asked: dict[str, Any] = {
        name: number_of(text) if name in NUMBERS else text
        for name, text in texts.items()
        if name not in ("by", "grouping")
    }
    by = list(dict.fromkeys(each.strip() for each in typed.of("by").split(",") if each.strip()))
    if typed.kind == "composite":
        asked |= {"rules": list(typed.rules), "by": by}
    else:
        asked |= {
            "metric": typed.of("metric"),
            "matchers": [{"label": each.label, "op": each.op, "value": each.value} for each in typed.matchers],
        }
        if "grouping" in GROUPING.get(typed.kind, ()):
            asked["by"] = {"all": [], "by": by}.get(typed.of("grouping"))
    said = {name: typed.of(name) for name in ("summary", "description") if typed.of(name)}
    others = {name: text for name, text in known.annotations.items() if name not in said} if known else {}
    others = {name: text for name, text in others.items() if name not in ("summary", "description")}
    # Without levels a rule says its severity; with them the level tells, and what was said stays.
    kept = {"severity": known.severity} if known and "severity" not in shown else {}
    active = {"is_active": known.is_active} if known else {}
    return asked | kept | active | {"kind": typed.kind, "annotations": others | said}


def _labels(text: str) -> tuple[dict[str, str], str]:
    """Labels, a line each: `team=storage`. And what is wrong with them."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [line.partition("=") for line in lines]
    wrong = next((line for line, (name, sign, _) in zip(lines, pairs, strict=True) if not (name.strip() and sign)), "")
    labels = {name.strip(): value.strip() for name, _, value in pairs}
    return labels, f"“{wrong[:50]}” is no label: write one a line, as team=storage." if wrong else ""


def _errors(invalid: ValidationError, labels: str) -> Errors:
    found = {"labels": labels} if labels else {}
    form = ""
    for each in invalid.errors():
        words = message_of(each)
        place = [str(part) for part in each["loc"]][1:]
        if together := _TOGETHER.get(words):
            found.setdefault(*together)
        elif place:
            name = _snake(place[0])
            found.setdefault(_PLACES.get(name, name), words[:1].upper() + words[1:])
        else:
            form = words[:1].upper() + words[1:]
    return Errors(found, form)


def told(errors: Errors) -> Errors:
    """The API's errors at the fields of the form; what belongs to none is told above it."""
    fields: dict[str, str] = {}
    for name, words in errors.fields.items():
        first, _, rest = name.partition(".")
        fields[rest if first == "annotations" else _PLACES.get(first, first)] = words
    placed = {"metric", "matchers", "rules", "name", *TOLD, *FINE, *(each for shown in WHEN.values() for each in shown)}
    lost = " ".join(words for name, words in fields.items() if name not in placed)
    return Errors(fields, errors.form or lost)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
