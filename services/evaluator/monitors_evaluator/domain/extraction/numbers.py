"""Numbers and dates as people write them, with units: `$1,299.00`, `1.299,00 €`, `-3 °C`, `48.2M`, `3 May 2027`."""

import re
from dataclasses import dataclass
from datetime import date

from .words import listed

_CURRENCIES = {
    "us$": "USD", "a$": "AUD", "c$": "CAD", "ca$": "CAD", "hk$": "HKD", "nz$": "NZD", "r$": "BRL",
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₿": "BTC",
    "dollar": "USD", "dollars": "USD", "usd": "USD", "eur": "EUR", "euro": "EUR", "euros": "EUR", "gbp": "GBP",
    "pound": "GBP", "pounds": "GBP", "jpy": "JPY", "yen": "JPY", "chf": "CHF", "cad": "CAD", "aud": "AUD",
    "nzd": "NZD", "inr": "INR", "rupees": "INR", "sek": "SEK", "nok": "NOK", "dkk": "DKK", "pln": "PLN", "zł": "PLN",
    "czk": "CZK", "kč": "CZK", "kr": "SEK", "cny": "CNY", "hkd": "HKD", "sgd": "SGD", "zar": "ZAR", "brl": "BRL",
    "mxn": "MXN", "try": "TRY", "krw": "KRW", "btc": "BTC", "eth": "ETH", "huf": "HUF", "ft": "HUF",
}  # fmt: skip
CURRENCY_CODES = frozenset(_CURRENCIES.values())

_UNITS = {
    "%": "%", "percent": "%", "pct": "%", "per cent": "%", "°c": "°C", "ºc": "°C", "℃": "°C", "celsius": "°C",
    "°f": "°F", "℉": "°F", "fahrenheit": "°F", "°": "°", "degrees": "°", "km/h": "km/h", "kmh": "km/h", "kph": "km/h",
    "kmph": "km/h", "mph": "mph", "m/s": "m/s", "knots": "kn", "kn": "kn", "kt": "kn", "km": "km", "cm": "cm",
    "mm": "mm", "m": "m", "metres": "m", "meters": "m", "ft": "ft", "feet": "ft", "in": "in", "inches": "in",
    "miles": "mi", "mi": "mi", "kg": "kg", "g": "g", "lb": "lb", "lbs": "lb", "hpa": "hPa", "mbar": "hPa",
    "µg/m³": "µg/m³", "μg/m³": "µg/m³", "ppm": "ppm", "ms": "ms", "s": "s", "sec": "s", "seconds": "s", "min": "min",
    "mins": "min", "minutes": "min", "minute": "min", "h": "h", "hrs": "h", "hr": "h", "hours": "h", "hour": "h",
    "days": "d", "day": "d", "weeks": "wk", "months": "mo", "years": "y", "gb": "GB", "mb": "MB", "tb": "TB",
    "kw": "kW", "kwh": "kWh", "mw": "MW", "db": "dB", "l": "l", "litres": "l", "liters": "l", "bpm": "bpm",
    "stars": "stars", "points": "points", "pts": "points",
}  # fmt: skip

_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "billion": 1e9, "trillion": 1e12,
}  # fmt: skip
_SPELLED = {
    word: float(value)
    for value, word in enumerate(listed("zero one two three four five six seven eight nine ten eleven twelve"))
}

_SIGNS = "|".join(
    re.escape(sign) for sign in sorted((k for k in _CURRENCIES if not k.isalpha()), key=len, reverse=True)
)
_DIGITS = (
    r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,3}(?:['’]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)*|[.,]\d+"
)
_NUMBER = re.compile(
    rf"(?P<lead>[-−–+])?\s?(?P<before>{_SIGNS}|\b(?:usd|eur|gbp|chf|jpy|cad|aud|inr|sek|nok|dkk|"
    rf"pln)\b)?\s?(?P<sign>[-−+])?"
    rf"(?<![\w.,])(?P<digits>{_DIGITS})"
    rf"(?:\s?(?P<scale>thousand|million|billion|trillion|mio|mn|bn|(?-i:[kKMB])(?![\w/²³]))\b)?"
    rf"\s?(?P<after>{_SIGNS}|%|°\s?[CFcf]\b|º[CFcf]\b|℃|℉|°|[^\W\d_]{{1,10}}(?:/[^\W\d_]{{1,2}}[³²]?)?)?",
    re.IGNORECASE,
)
_SPELLED_NUMBER = re.compile(rf"\b({'|'.join(_SPELLED)})\b", re.IGNORECASE)

_MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_MONTH_STARTS = listed("jan feb mar apr may jun jul aug sep oct nov dec")
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})(?:[T ]\d{{2}}:\d{{2}}\S*)?"
    rf"|\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\.?(?: of)?[ -](?P<m1>{_MONTHS})\b\.?,?(?:[ -](?P<y1>\d{{4}}))?"
    rf"|\b(?P<m2>{_MONTHS})\.? (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y2>\d{{4}}))?"
    rf"|\b\d{{1,2}}(?:{_MONTHS})\d{{2,4}}\b"
    r"|\b(?P<numeric>\d{1,2}[./]\d{1,2}[./]\d{4})\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
# Digits that are no quantity: times of day, versions, phone numbers and codes.
_NOT_A_QUANTITY = re.compile(
    r"\b\d{1,2}[:h]\d{2}(?::\d{2})?\s?(?:am|pm|uhr)?\b|\b\d{1,2}\s?(?:am|pm)\b|"
    r"\bv?(?!\d{1,3}(?:\.\d{3})+\b)\d+\.\d+\.\d+(?:[.\-+]\w+)*"
    r"|(?:tel|phone|fax|call)\b[.: ]*\+?[\d ()/-]{6,}|\+\d[\d ()-]{7,}|\b[A-Za-z]+-?\d+[\w-]*|#\d+|©\s?\d{4}|"
    r"\d+[A-Za-z]{3,}\d\w*"
    r"|\b\d+(?:st|nd|rd|th)\b|\b\d+(?:-\d+){2,}|\b\d+[-–]?(?:week|day|month|year|hour|h|d|w|yr)s?\b(?=\s(?:range|"
    r"high|low|change|average))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: its value in `unit` (a currency code or unit sign, None when bare) and where it stands."""

    value: float
    start: int
    end: int
    unit: str | None = None


def unit_of(text: str | None) -> str | None:
    """A unit in one spelling: `$`, `dollars` and `usd` are USD; None when it is no unit known here."""
    if not text:
        return None
    key = text.casefold().replace(" ", "")
    return _CURRENCIES.get(key) or _UNITS.get(key)


def _amount(digits: str) -> float | None:
    text = re.sub(r"[\s'’]", "", digits)
    commas, dots = text.count(","), text.count(".")
    if commas and dots:
        decimal = max(text.rfind(","), text.rfind("."))
        text = re.sub(r"[.,]", "", text[:decimal]) + "." + text[decimal + 1 :]
    elif commas > 1 or dots > 1:
        if not re.fullmatch(r"\d{1,3}(?:[.,]\d{2,3})+", text):
            return None
        text = re.sub(r"[.,]", "", text)
    elif commas:
        whole, _, fraction = text.partition(",")
        text = whole + fraction if len(fraction) == 3 and whole.strip("0") else f"{whole}.{fraction}"
    try:
        return float(text)
    except ValueError:
        return None


def read_numbers(text: str) -> list[Number]:
    """All quantities of a text, in order; dates, times, versions, phone numbers and codes are no quantities."""
    return (_in_digits(text) if _DIGIT.search(text) else []) or [
        Number(_SPELLED[match[1].casefold()], match.start(), match.end()) for match in _SPELLED_NUMBER.finditer(text)
    ]


def _in_digits(text: str) -> list[Number]:
    taken = [match.span() for match in _NOT_A_QUANTITY.finditer(text)] + [
        match.span() for match in _DATE.finditer(text)
    ]
    found: list[Number] = []
    for match in _NUMBER.finditer(text):
        start, end = match.span("digits")
        if any(first < end and start < last for first, last in taken):
            continue
        value = _amount(match["digits"])
        if value is None:
            continue
        after = match["after"]
        unit = unit_of(match["before"]) or unit_of(after)
        scale = match["scale"]
        if scale:
            value *= _SCALES[scale.casefold()]
            end = match.end("scale")
        if match["sign"] in {"-", "−"} or _is_minus(text, match):
            value = -value
        if match["before"]:
            start = match.start("before")
        if after and unit is not None and unit_of(after) == unit:
            end = match.end("after")
        found.append(Number(value, start, end, unit))
    return found


def _is_minus(text: str, match: re.Match[str]) -> bool:
    """A dash before a number is a minus at the start or after a space or bracket, unless it parts two numbers."""
    if match["lead"] not in {"-", "−", "–"}:
        return False
    before = text[: match.start("lead")]
    if match["lead"] == "–" and before.strip():
        return False
    spaced = text[match.end("lead") : match.end("lead") + 1].isspace()
    return not before or before[-1] in "([:;|/" or (before[-1].isspace() and not (spaced and before.strip()))


def read_dates(text: str) -> list[tuple[int, int, date | None]]:
    """Dates written in a text as (start, end, day); the day is None without a year. Day comes first in `3/5/2027`."""
    return [(*match.span(), _day(match)) for match in _DATE.finditer(text)]


def _day(match: re.Match[str]) -> date | None:
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        if match["numeric"]:
            day, month, year = (int(part) for part in re.split(r"[./]", match["numeric"]))
            return date(year, month, day) if month <= 12 else date(year, day, month)
        if not match["d1"] and not match["d2"]:
            return None
        order = "1" if match["d1"] else "2"
        day, name, year = match["d" + order], match["m" + order], match["y" + order]
        month = _MONTH_STARTS.index(name[:3].casefold()) + 1
        return date(int(year), month, int(day)) if year else None
    except ValueError:
        return None
