"""Numbers in a sentence, in every usual writing, with their units: `$1,500`, `1.500,00 €`, `100k`, `fifty`, `20%`, `-5 °C`.

Dates, times of day, ordinals, version numbers and numbers inside names (`PS5`) are no quantities.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .units import (
    CENTS,
    CURRENCIES,
    CURRENCY_CODES,
    MEASURES,
    MONEY_MULTIPLIERS,
    MULTIPLIERS,
    NUMBER_WORDS,
    SCALE_WORDS,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit, and where in the text they stand (unit included). `bare` is a lone word such as `one`."""

    value: float
    unit: str | None
    start: int
    end: int
    bare: bool = False

    @property
    def is_money(self) -> bool:
        return self.unit in CURRENCY_CODES


def alternatives(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first, as whole words, with any white space between words."""
    ordered = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    worded = "|".join(_spaced(phrase) for phrase in ordered if phrase[0].isalnum() and phrase[-1].isalnum())
    signs = [_spaced(phrase) for phrase in ordered if not (phrase[0].isalnum() and phrase[-1].isalnum())]
    return "(?:" + "|".join([rf"(?<![\w'-])(?:{worded})(?![\w-])", *signs] if worded else signs) + ")"


def _spaced(phrase: str) -> str:
    return r"\s+".join(re.escape(word) for word in phrase.split())


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?\.?"
_NOT_QUANTITIES = re.compile(
    rf"\b\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:\s*[ap]\.?m\b)?|\b\d{{1,2}}\s*[ap]\.?m\b\.?|\b\d{{1,2}}\s+o'clock"
    rf"|\b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b"
    rf"|\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b|\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\b(?:\s+\d{{4}}\b)?"
    rf"|\b\d+(?:st|nd|rd|th)\b|\bv?\d+(?:\.\d+){{2,}}(?![\d,])(?!\.?\d)|\bv\d+(?:\.\d+)*\b|\b\d+-[a-z]+|\b24/7\b",
    re.IGNORECASE,
)
_GROUPED_THOUSANDS = re.compile(r"\d{1,3}(?:[.]\d{3}){2,}")

_SIGN_BEFORE = sorted((unit for unit in CURRENCIES if not unit.isalpha() or len(unit) == 3), key=len, reverse=True)
_NUMBER = re.compile(
    r"(?<![\w.,])(?:(?<![\w)]\s)(?P<minus>[-−–]|\bminus\s)\s?)?(?:(?P<before>"
    + "|".join(re.escape(sign) for sign in _SIGN_BEFORE)
    + r")\s?)?(?P<inner>[-−])?(?P<digits>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,'’]\d+)*|\.\d+)"
    r"(?:\s?(?P<times>" + "|".join(sorted(map(re.escape, MULTIPLIERS), key=len, reverse=True)) + r")(?![\w]))?"
    r"(?:(?P<letter>[mMbBtT])(?![\w/]))?(?![a-zA-Z]*\d)",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\s?(?:/\s?)?("
    + "|".join(
        re.escape(unit) + (r"(?![\w/])" if unit[-1].isalnum() else "")
        for unit in sorted({*CURRENCIES, *CENTS, *MEASURES}, key=len, reverse=True)
        if unit not in {"in"}
    )
    + ")",
    re.IGNORECASE,
)
_FREEZING = re.compile(r"(?<![\w-])(?:the\s+)?freezing(?:\s+point)?\b(?!\s+(?!again)[a-z])", re.IGNORECASE)
_WORDS = re.compile(
    r"(?<![\w-])(?:(?:half\s+)?an?\s+(?=" + "|".join(SCALE_WORDS) + r")|(?:minus\s+)?(?="
    + "|".join((*NUMBER_WORDS, *SCALE_WORDS)) + r"))(?:(?:"
    + "|".join(sorted((*NUMBER_WORDS, *SCALE_WORDS), key=len, reverse=True))
    + r")(?:s?\b)(?:\s+and\s+(?=" + "|".join(NUMBER_WORDS)
    + r")|[\s-]+(?=" + "|".join((*NUMBER_WORDS, *SCALE_WORDS)) + r"))?)+",
    re.IGNORECASE,
)  # fmt: skip


def find_quantities(text: str) -> tuple[Quantity, ...]:
    """All quantities of a text, in their order."""
    masked = _NOT_QUANTITIES.sub(_blank_unless_thousands, text)
    digits = tuple(_written_in_digits(masked))
    words = (word for word in _written_in_words(masked) if not any(q.start <= word.start < q.end for q in digits))
    return tuple(sorted((*digits, *words), key=lambda quantity: quantity.start))


def _blank_unless_thousands(match: re.Match[str]) -> str:
    return match[0] if _GROUPED_THOUSANDS.fullmatch(match[0]) else "_" * len(match[0])


def _written_in_digits(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        end = match.end()
        before = (match["before"] or "").lower()
        unit = CURRENCIES.get(before)
        factor = MULTIPLIERS.get((match["times"] or "").lower(), 1.0)
        letter = (match["letter"] or "").lower()
        after = _UNIT_AFTER.match(text, end)
        name = " ".join(after[1].lower().split()) if after else ""
        if letter and (unit or name in CURRENCIES):
            factor = MONEY_MULTIPLIERS[letter]
        elif letter:
            end -= 1
            after = _UNIT_AFTER.match(text, end)
            name = after[1].lower() if after else ""
            if not after:
                continue
        if unit is None and after:
            unit, end = CURRENCIES.get(name) or CENTS.get(name) or MEASURES[name], after.end()
            if name in CENTS:
                factor /= 100
        elif unit and after and (name in CURRENCIES):
            unit, end = CURRENCIES[name] if before == "$" else unit, after.end()
        value = read_number(match["digits"], european=unit in {"EUR", "CHF", "TRY", "BRL"} and not match["times"])
        if value is not None:
            negative = match["minus"] or match["inner"]
            exact = float(f"{value * factor:.15g}")
            yield Quantity(-exact if negative else exact, unit, match.start(), end)


def read_number(digits: str, *, european: bool = False) -> float | None:
    """The value of digits with separators; None when there are too many of them to be a number.

    A lone dot is a decimal point, unless `european` and three digits follow; a lone comma groups only threes of digits.
    """
    plain = re.sub(r"[\s'’]", "", digits)
    if len(plain) > 20:
        return None
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        grouping, decimal = (",", ".") if dot > comma else (".", ",")
    elif comma >= 0:
        threes = re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+|\d{1,3}(?:,\d{2,3})+,\d{3}", plain)
        grouping, decimal = (",", ".") if threes else (".", ",")
    else:
        threes = re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", plain)
        grouped = threes and (european or plain.count(".") > 1)
        grouping, decimal = (".", ",") if grouped else (",", ".")
    try:
        return float(plain.replace(grouping, "").replace(decimal, "."))
    except ValueError:
        return None


def _written_in_words(text: str) -> Iterator[Quantity]:
    for match in _FREEZING.finditer(text):
        yield Quantity(0.0, "°C", match.start(), match.end(), bare=True)
    for match in _WORDS.finditer(text):
        words = re.findall(r"[a-z]+", match[0].lower())
        total, current = 0, 0
        for word in words:
            singular = word if word in NUMBER_WORDS else word.removesuffix("s")
            if singular in NUMBER_WORDS:
                current += NUMBER_WORDS[singular]
            elif singular in SCALE_WORDS:
                scaled = max(current, 1) * SCALE_WORDS[singular]
                total, current = (total + scaled, 0) if SCALE_WORDS[singular] >= 1000 else (total, scaled)
        value = float(total + current) * (0.5 if words[0] == "half" else 1) * (-1 if words[0] == "minus" else 1)
        after = _UNIT_AFTER.match(text, match.end())
        name = " ".join(after[1].lower().split()) if after else ""
        unit = CURRENCIES.get(name) or CENTS.get(name) or MEASURES.get(name)
        end = after.end() if after else match.end()
        yield Quantity(
            value / 100 if name in CENTS else value, unit, match.start(), end, bare=unit is None and words == ["one"]
        )
