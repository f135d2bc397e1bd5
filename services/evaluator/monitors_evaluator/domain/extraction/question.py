"""What an interpretation asks of a page, in the terms that extraction works with."""

import re
from dataclasses import dataclass
from enum import StrEnum

from monitors_contracts.monitors import Interpretation, Operator

from .numbers import CURRENCY_CODES, unit_of
from .states import family_of
from .words import initials, listed, normalise, specific, terms


class Asked(StrEnum):
    """The kind of answer."""

    NUMBER = "number"
    STATE = "state"
    CONTAINS = "contains"
    NEWEST = "newest"
    DATE = "date"
    TEXT = "text"
    SECTION = "section"


@dataclass(frozen=True, slots=True)
class Question:
    """One fact of one subject: its words, the state or text wanted, the unit, and about how large it is."""

    asked: Asked
    fact: frozenset[str]
    subject: frozenset[str]
    wanted: str = ""
    unit: str | None = None
    near: float | None = None
    is_price: bool = False
    is_stock: bool = False
    boolean: bool = False
    subject_text: str = ""
    kind_of_subject: frozenset[str] = frozenset()
    initials: str = "-"

    @property
    def words(self) -> frozenset[str]:
        """All words that tell this fact from others on the page."""
        return self.fact | self.subject | self.kind_of_subject


_NEW = re.compile(r"\b(new|newest|latest|another|next)\b")
_ITEMS = listed(
    "post article item episode release version entry news story headline listing job vacancy position video "
    "paper announcement advisory comment review event tag commit notice bulletin edition issue chapter product "
    "update opening recall message podcast press report statement result incident"
)
_ITEM_TERMS = terms(" ".join(_ITEMS))
_DATE_FACT = re.compile(r"\b(date|deadline|day|appointment|when|departure|arrival|due|expiry|expiration)\b")
_SECTION_FACT = re.compile(
    r"\b(page|content|contents|text|terms|policy|wording|anything|section|conditions|agreement|rules|document|site|"
    r"website|"
    r"schedule|timetable|menu|notice|statement|list|programme|program|agenda|description|lineup|line-up)\b"
)
_PRICE = re.compile(r"\b(price|cost|fare|pricing)s?\b")
_NUMBER_FACT = re.compile(
    r"\b(number|count|rate|temperature|level|score|rating|percentage|total|balance|speed|humidity|rank|index|amount|"
    r"votes|"
    r"stars|followers|subscribers|members|price|cost|fee|rent|salary|population|size|height|depth|wait|queue|spaces|"
    r"seats)s?\b"
)
_AVAILABILITY_FACT = re.compile(r"\b(availability|stock)\b")


def question_of(interpretation: Interpretation) -> Question:
    """Read the interpretation's fields, and nothing of the sentence it came from."""
    fact_text, subject_text = normalise(interpretation.fact), normalise(interpretation.subject)
    condition = interpretation.condition
    is_price = bool(_PRICE.search(fact_text))
    is_stock = bool(_AVAILABILITY_FACT.search(fact_text)) and not re.search(
        r"\b(price|market|level|share)\b", fact_text
    )
    subject = specific(terms(subject_text))
    # A name is looked for by what is written like one: of `ACME shares`, `ACME` must be there and `shares` may be.
    proper = terms(" ".join(re.findall(r"\b(?:[A-Z][\w-]*|\w*\d[\w-]*)", interpretation.subject))) & subject
    kind_of_subject = subject - proper if proper else frozenset[str]()
    subject = subject - kind_of_subject
    fact = frozenset[str]() if is_stock else specific(terms(fact_text)) - subject
    wanted, unit, near, boolean = "", None, None, False
    if condition is not None:
        unit = unit_of(condition.unit) or condition.unit
        value = condition.value
        if isinstance(value, bool):
            wanted, boolean = _wanted_of_fact(fact_text), True
        elif isinstance(value, str):
            wanted = squeeze_state(value)
        else:
            near = float(value)
    asked = _asked(interpretation, fact_text, is_stock)
    if asked is Asked.STATE:
        fact = fact - terms(wanted) or fact
    return Question(
        asked,
        fact,
        subject,
        wanted=wanted,
        unit=unit,
        near=near,
        is_price=is_price or (unit in CURRENCY_CODES and asked is Asked.NUMBER),
        is_stock=is_stock,
        boolean=boolean,
        subject_text=subject_text,
        kind_of_subject=kind_of_subject,
        initials=initials(fact_text) or "-",
    )


def squeeze_state(text: str) -> str:
    """A wanted state without quotes around it."""
    return " ".join(text.split()).strip("'\"“”‘’ ")


def _wanted_of_fact(fact: str) -> str:
    """The state a yes/no fact is about: the `open` of `registration open`; `yes` when it names none."""
    words = fact.removeprefix("is ").split()
    for size in (3, 2, 1):
        for start in range(len(words) - size, -1, -1):
            candidate = " ".join(words[start : start + size])
            if family_of(candidate) is not None:
                return candidate
    return "yes"


def _asked(interpretation: Interpretation, fact: str, is_stock: bool) -> Asked:
    condition = interpretation.condition
    if condition is not None:
        if condition.op is Operator.CONTAINS:
            return Asked.CONTAINS
        if isinstance(condition.value, bool):
            return Asked.STATE
        if isinstance(condition.value, str):
            if condition.op in (Operator.LE, Operator.GE):
                return Asked.DATE
            whole_page = re.fullmatch(r"(the )?(page|visible )?(text|content|contents|wording)( of the page)?", fact)
            return Asked.CONTAINS if whole_page else Asked.STATE
        return Asked.NUMBER
    if interpretation.fact_type == "number":
        return Asked.NUMBER
    if is_stock:
        return Asked.STATE
    if _NEW.search(fact) and (terms(fact) & _ITEM_TERMS or interpretation.fact_type == "object"):
        return Asked.NEWEST
    if _PRICE.search(fact):
        return Asked.NUMBER
    if _DATE_FACT.search(fact):
        return Asked.DATE
    if interpretation.fact_type == "boolean" or re.search(r"\b(status|state)\b", fact):
        return Asked.STATE
    if _SECTION_FACT.search(fact):
        return Asked.SECTION
    if _NUMBER_FACT.search(fact):
        return Asked.NUMBER
    return Asked.TEXT
