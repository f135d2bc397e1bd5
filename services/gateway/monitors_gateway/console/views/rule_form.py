"""Making and changing a rule: the fields of each kind, and what the rule would have done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from monitors_contracts.base import Id
from monitors_contracts.metrics import MetricDescription
from monitors_contracts.rules import SIGNS

from ...api.rules import Rule
from ..forms import Errors
from .alerts import SEVERITIES
from .explore import OPS, MatcherRow
from .parts import Field, Link, Option
from .rule_preview import PreviewView
from .rule_typed import DEFAULTS, FINE, GROUPING, TOLD, WHEN, Typed
from .rule_words import KINDS
from .selecting import Match

BLANK_ROWS = 2
_COMPARED = {"gt": "is above", "ge": "is at least", "lt": "is below", "le": "is at most", "eq": "is", "ne": "is not"}
_OPERATORS = tuple(Option(op, f"{_COMPARED[op]} ({sign})") for op, sign in SIGNS.items())
_FUNCTIONS = {
    "window": (
        Option("avg", "The average"),
        Option("max", "The highest"),
        Option("min", "The lowest"),
        Option("sum", "The sum"),
        Option("count", "The number of samples"),
    ),
    "rate": (Option("rate", "A counter: how fast it grows"), Option("delta", "A gauge: how fast it changes")),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule to choose."""

    name: str
    words: str
    icon: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A rule that may be one of several together."""

    id: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be chosen from: metrics with what is known of them, their labels, and other rules."""

    metrics: Sequence[str] = ()
    about: Mapping[str, MetricDescription] = field(default_factory=dict[str, MetricDescription])
    labels: Sequence[str] = ()
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, slots=True)
class RuleFormView:
    """The page: the kinds, the fields of the chosen one, and what the rule would have done."""

    title: str
    back: Link
    save: str
    submit: str
    error: str
    kinds: tuple[Kind, ...]
    kind: str
    about: str
    name: Field
    metric: Field | None
    metrics: tuple[Option, ...]
    labels: tuple[str, ...]
    rows: tuple[MatcherRow, ...]
    rows_error: str
    ops: tuple[Option, ...]
    parts: tuple[Part, ...] | None
    parts_error: str
    grouping: tuple[Field, ...]
    when: tuple[Field, ...]
    fine: tuple[Field, ...]
    told: tuple[Field, ...]
    fine_open: bool
    told_open: bool
    preview: PreviewView


def rule_form_view(
    typed: Typed,
    offers: Offers,
    errors: Errors,
    preview: PreviewView,
    root: str,
    rule: Rule | None = None,
) -> RuleFormView:
    """The form for a new rule, or for the rule that is there."""
    at = f"{root}/rules/{rule.id}" if rule else f"{root}/rules"
    here = f"{at}/edit" if rule else f"{at}/new"
    fields = _Fields(typed, errors)
    leveled = typed.kind not in ("absence", "composite")
    composite = typed.kind == "composite"
    about = offers.about.get(typed.of("metric"))
    return RuleFormView(
        title=f"Edit {rule.name}" if rule else "New rule",
        back=Link(rule.name, at) if rule else Link("Rules", at),
        save=here,
        submit="Save" if rule else "Save rule",
        error=errors.form,
        kinds=tuple(
            Kind(name, words, icon, f"{here}?{_carried(replace(typed, kind=kind))}", kind == typed.kind)
            for kind, (name, icon, words) in KINDS.items()
        ),
        kind=typed.kind,
        about=KINDS[typed.kind][2],
        name=fields.make("name", "Name", required=True, maxlength=200, placeholder="CPU busy", hint=_NAME),
        metric=None if composite else fields.metric(about),
        metrics=tuple(Option(each, offers.about[each].help if each in offers.about else "") for each in offers.metrics),
        labels=tuple(offers.labels),
        rows=_rows(typed.matchers),
        rows_error=errors.of("matchers"),
        ops=OPS,
        parts=_parts(offers.rules, typed.rules, rule) if composite else None,
        parts_error=errors.of("rules"),
        grouping=tuple(fields.known(name) for name in GROUPING.get(typed.kind, ())),
        when=tuple(fields.known(name) for name in WHEN[typed.kind]),
        fine=tuple(fields.known(name) for name in FINE) if leveled else (),
        told=tuple(fields.known(name) for name in TOLD),
        fine_open=bool(typed.of("recovery")) or any(errors.of(name) for name in FINE),
        told_open=any(typed.of(name) or errors.of(name) for name in TOLD),
        preview=preview,
    )


def _rows(matchers: Sequence[Match]) -> tuple[MatcherRow, ...]:
    blank = Match("", "=", "")
    rows = [*matchers, *([blank] * BLANK_ROWS)]
    return tuple(MatcherRow(number, each.label, each.op, each.value, ()) for number, each in enumerate(rows))


def _parts(rules: Sequence[Rule], chosen: Sequence[str], rule: Rule | None) -> tuple[Part, ...]:
    """Rules over measurements: a composite is made of no other."""
    own: Id | None = rule.id if rule else None
    fit = [each for each in rules if each.spec.kind != "composite" and each.id != own]
    return tuple(Part(str(each.id), each.name, str(each.id) in chosen) for each in fit)


def _carried(typed: Typed) -> str:
    """What another kind of rule is begun with: all that was given so far."""
    pairs = [("kind", typed.kind), *((name, text) for name, text in typed.texts.items() if DEFAULTS.get(name) != text)]
    for each in typed.matchers:
        pairs += [("label", each.label), ("match", each.op), ("value", each.value)]
    pairs += [("rule", each) for each in typed.rules]
    return urlencode([(name, text) for name, text in pairs if text or name == "value"])


_NAME = "How it is called in lists and messages."
_PLACES_HINT = "{{ value }}, {{ threshold }}, {{ labels.host }} and the like stand for what is known then."


@dataclass(frozen=True, slots=True)
class _Fields:
    """Makes the inputs of the form, with what was typed and what is wrong."""

    typed: Typed
    errors: Errors

    def make(self, name: str, label: str, **more: Any) -> Field:
        return Field(name, label, self.typed.of(name), error=self.errors.of(name), **more)

    def metric(self, about: MetricDescription | None) -> Field:
        words = (
            " ".join(each for each in (about.help, f"({about.unit})" if about.unit else "") if each) if about else ""
        )
        return self.make("metric", "Metric", required=True, maxlength=200, offers="metrics", hint=words)

    def known(self, name: str) -> Field:
        """A field that is the same wherever it is shown, or nearly."""
        kind = self.typed.kind
        match name:
            case "grouping":
                each = "Each series alone"
                alone = Option("alone", each)
                options = (alone, Option("by", "Together, for each value of labels"), Option("all", "All together"))
                return self.make(name, "Judge", kind="select", options=options)
            case "by":
                hint = "Labels, with commas: the rules must fire for the same values." if kind == "composite" else ""
                label = "For each" if kind == "composite" else "Labels to group by"
                return self.make(name, label, maxlength=1000, placeholder="host, region", hint=hint)
            case "across":
                words = {"sum": "their sum", "avg": "their average", "min": "the lowest", "max": "the highest"}
                options = tuple(Option(*each) for each in {**words, "count": "how many there are"}.items())
                return self.make(name, "Of a group, take", kind="select", options=options)
            case "function":
                return self.make(name, "Judge", kind="select", options=_FUNCTIONS[kind])
            case "operator":
                options = (Option("and", "all of them fire"), Option("or", "any of them fires"))
                return self.make(name, "Fire when", kind="select", options=options)
            case "op":
                return self.make(name, "When it", kind="select", options=_OPERATORS)
            case "severity":
                return self.make(name, "Severity", kind="select", options=SEVERITIES[1:])
            case "for":
                label = "Silent for" if kind == "absence" else "For at least"
                return self.make(name, label, maxlength=30, placeholder="5m", hint="As 30s, 5m or 1h30m.")
            case "labels" | "description" | "summary":
                return self.make(name, **_TEXTS[name])
            case _:
                return self.make(name, **_PLAIN[name])


_PLAIN: dict[str, dict[str, Any]] = {
    "warning": {"label": "Warning at", "inputmode": "decimal", "maxlength": 40, "placeholder": "80"},
    "critical": {"label": "Critical at", "inputmode": "decimal", "maxlength": 40, "placeholder": "95"},
    "recovery": {
        "label": "Over at",
        "inputmode": "decimal",
        "maxlength": 40,
        "hint": "Where a firing one ends. Left empty: behind the lowest level.",
    },
    "recover_for": {"label": "And stays so for", "maxlength": 30, "placeholder": "0s"},
    "stale_after": {
        "label": "Silent after",
        "maxlength": 30,
        "placeholder": "5m",
        "hint": "After a longer silence the time it must last begins anew. What fires goes on firing.",
    },
    "window": {"label": "Over the last", "maxlength": 30, "placeholder": "5m", "hint": "As 30s, 5m or 1h30m."},
    "offset": {"label": "Against the same time", "maxlength": 30, "placeholder": "1d", "hint": "Before: 1d, 1w."},
    "n": {"label": "How many", "inputmode": "numeric", "maxlength": 2},
    "m": {"label": "Of the last", "inputmode": "numeric", "maxlength": 2, "hint": "Samples, 64 at most."},
    "runbook_url": {"label": "Runbook", "kind": "url", "maxlength": 4096, "placeholder": "https://"},
    "group": {"label": "Group", "maxlength": 200, "hint": "Rules of one group are listed together."},
}
_TEXTS: dict[str, dict[str, Any]] = {
    "summary": {"label": "What the alert says", "maxlength": 2000, "hint": _PLACES_HINT},
    "description": {"label": "Description", "kind": "textarea", "maxlength": 2000},
    "labels": {
        "label": "Labels on its alerts",
        "kind": "textarea",
        "maxlength": 10_000,
        "placeholder": "team=storage",
        "hint": "One a line.",
    },
}
