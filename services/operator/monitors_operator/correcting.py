"""What a sentence means, corrected on the command line: `--below 40`, `--page URL`."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from .errors import BadInput

Fact = Annotated[str | None, typer.Option(help="What is watched, in a few words: price.")]
Subject = Annotated[str | None, typer.Option(help="Whose fact it is: copper kettle.")]
Page = Annotated[str | None, typer.Option(metavar="URL", help="The page to look at.")]
Below = Annotated[float | None, typer.Option(metavar="NUMBER", help="Fires when it is less.")]
AtMost = Annotated[float | None, typer.Option(metavar="NUMBER", help="Fires when it is not more.")]
Above = Annotated[float | None, typer.Option(metavar="NUMBER", help="Fires when it is more.")]
AtLeast = Annotated[float | None, typer.Option(metavar="NUMBER", help="Fires when it is not less.")]
Equals = Annotated[str | None, typer.Option(metavar="VALUE", help="Fires when it is this number, text, yes or no.")]
Contains = Annotated[str | None, typer.Option(metavar="TEXT", help="Fires when the page says this there.")]
Changes = Annotated[str | None, typer.Option(metavar="HOW", help="Fires when it changes: any, increase or decrease.")]
Unit = Annotated[str | None, typer.Option(help="The unit of the number: USD, °C, %.")]

_COMPARISONS = {
    "below": ("le", True),
    "at_most": ("le", False),
    "above": ("ge", True),
    "at_least": ("ge", False),
    "equals": ("eq", False),
    "contains": ("contains", False),
}
_FIELDS = {"fact": "extractedFact", "subject": "subject", "page": "url"}
_TRUTHS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Correction:
    """What the options above say. Raises BadInput when they contradict each other."""

    fact: str | None = None
    subject: str | None = None
    page: str | None = None
    below: float | None = None
    at_most: float | None = None
    above: float | None = None
    at_least: float | None = None
    equals: str | None = None
    contains: str | None = None
    changes: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        when = [f"--{name.replace('_', '-')}" for name in (*_COMPARISONS, "changes") if getattr(self, name) is not None]
        if len(when) > 1:
            raise BadInput(f"{when[0]} and {when[1]} contradict each other")
        if self.changes not in (None, "any", "increase", "decrease"):
            raise BadInput(f"--changes is any, increase or decrease, not {self.changes!r}")

    @property
    def says_something(self) -> bool:
        """Whether any option was given."""
        return self != Correction()

    def applied_to(self, interpretation: dict[str, Any]) -> dict[str, Any]:
        """The API's interpretation, corrected; its suggested name goes, for a new one."""
        meaning = {**interpretation, "suggestedName": ""}
        meaning |= {field: value for name, field in _FIELDS.items() if (value := getattr(self, name)) is not None}
        if self.changes is not None:
            return meaning | {"type": "change", "condition": None, "change": {"direction": self.changes}}
        condition = dict(interpretation.get("condition") or {})
        for name, (op, strict) in _COMPARISONS.items():
            if (given := getattr(self, name)) is not None:
                value = _value(given) if name == "equals" else given
                condition |= {"op": op, "value": value, "strict": strict}
                meaning |= {"type": "state", "change": None, "factType": _type_of(value)}
        if self.unit is not None:
            condition["unit"] = self.unit
        return meaning | {"condition": condition or None}


def _value(text: str) -> float | bool | str:
    if text.casefold() in _TRUTHS:
        return _TRUTHS[text.casefold()]
    try:
        return float(text)
    except ValueError:
        return text


def _type_of(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
