"""The view models of the components: what a badge, a field or a timeline needs to know, and no more."""

from dataclasses import dataclass, field
from typing import Literal

from ..formats import When

Tone = Literal["neutral", "good", "bad", "warn", "info"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word or two. Never by colour alone: the words say it."""

    words: str
    tone: Tone = "neutral"


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to go."""

    words: str
    href: str
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """A form of one button. `confirm` asks first, in words; `fields` go along hidden."""

    words: str
    path: str
    icon: str = ""
    tone: Literal["plain", "primary", "danger"] = "plain"
    confirm: str = ""
    fields: dict[str, str] = field(default_factory=dict[str, str])
    key: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select."""

    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a new password needs. `pattern` is for the browser, which ticks it off while it is typed."""

    words: str
    pattern: str


PASSWORD_RULES = (
    Rule("8 characters or more", "^.{8,256}$"),
    Rule("a lower-case letter", r"\p{Ll}"),
    Rule("an upper-case letter", r"\p{Lu}"),
    Rule("a digit", r"\p{Nd}"),
)
"""`domain.passwords.weakness`, in steps."""


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form, with what was typed and what is wrong. `offers` is the id of a list of what could be typed."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    hint: str = ""
    error: str = ""
    required: bool = False
    autocomplete: str = "off"
    placeholder: str = ""
    options: tuple[Option, ...] = ()
    maxlength: int | None = None
    autofocus: bool = False
    inputmode: str = ""
    offers: str = ""
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """Fields that are sent together; `error` is what is wrong with them as a whole."""

    action: str
    fields: tuple[Field, ...]
    submit: str
    error: str = ""
    tone: Literal["plain", "primary", "danger"] = "primary"


@dataclass(frozen=True, slots=True)
class FormPage:
    """A page that is one form. `save` is where it is sent, `error` what is wrong with it as a whole."""

    title: str
    words: str
    back: Link
    save: str
    submit: str
    error: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Flash:
    """Said once, on the next page: what was done or went wrong, and perhaps a way back."""

    words: str
    tone: Tone = "good"
    undo: Action | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """One of a row of views of the same thing."""

    words: str
    href: str
    current: bool = False
    count: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing here: why, and what to do next."""

    icon: str
    title: str
    words: str
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline."""

    title: str
    when: When
    tone: Tone = "neutral"
    words: str = ""
    by: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Spark:
    """A line of values in a 100 x 28 box: SVG points, where it ends, and what it shows in words."""

    points: str
    end_x: float
    end_y: float
    words: str


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used; `limit` 0 means there is none."""

    label: str
    used: int
    limit: int
    words: str
    tone: Tone = "neutral"


def spark(values: list[float], words: str) -> Spark | None:
    """The line through these values, oldest first; None when there are too few for a line."""
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    step = 96 / (len(values) - 1)
    flat = high == low
    places = [
        (round(2 + step * i, 1), 14.0 if flat else round(25 - 22 * (value - low) / spread, 1))
        for i, value in enumerate(values)
    ]
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return Spark(points, places[-1][0], places[-1][1], words)
