"""How values and times are written for the person who looks: their number format, English words, exact times beside."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from babel import Locale
from babel.core import UnknownLocaleError, parse_locale
from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, is_currency

from monitors_contracts.base import Value

WORDS = Locale("en")
FALLBACK = Locale("en", "US")
LONGEST_TEXT = 240
JUST_NOW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class When:
    """A moment: as a machine reads it, in words from now, and exactly (UTC; the browser shows its own zone)."""

    iso: str
    words: str
    exact: str


@dataclass(frozen=True, slots=True)
class Formats:
    """Writes for one request: `now` is its time, `locale` decides grouping, decimal sign and currency."""

    now: datetime
    locale: Locale = FALLBACK

    def when(self, moment: datetime) -> When:
        """A moment in words: `3 minutes ago`, `in 40 seconds`."""
        return When(moment.astimezone(UTC).isoformat(), self._words(moment), self.exact(moment))

    def maybe_when(self, moment: datetime | None) -> When | None:
        """A moment that may not be known."""
        return self.when(moment) if moment else None

    def exact(self, moment: datetime) -> str:
        """A moment to the second, UTC."""
        return format_datetime(moment.astimezone(UTC), "d MMM yyyy, HH:mm:ss 'UTC'", locale=WORDS)

    def day(self, moment: datetime) -> str:
        """A day: `21 Nov 2026`."""
        return format_datetime(moment.astimezone(UTC), "d MMM yyyy", locale=WORDS)

    def span(self, seconds: float) -> str:
        """A length of time: `420 ms`, `3 minutes`."""
        if seconds < 1:
            return f"{seconds * 1000:.0f} ms"
        if seconds < 10:
            return f"{self.number(round(seconds, 1))} s"
        return format_timedelta(timedelta(seconds=seconds), locale=WORDS, threshold=1.2)

    def number(self, number: float) -> str:
        """A number as this person writes numbers; up to ten digits that mean something."""
        rounded = float(f"{number:.10g}")
        return format_decimal(rounded, format="#,##0.##########", locale=self.locale)

    def value(self, value: Value, unit: str | None = None) -> str:
        """A fact's value with its unit: `$1,299.00`, `21.5 °C`, `yes`; `–` for none. Long texts end in an ellipsis."""
        if value is None:
            return "–"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            text = value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
            return f"{text} {unit}" if unit else text
        if unit and is_currency(unit):
            whole = float(value).is_integer()
            return format_currency(
                value, unit, locale=self.locale, format="¤#,##0" if whole else None, currency_digits=not whole
            )
        return f"{self.number(value)}\N{NARROW NO-BREAK SPACE}{unit}" if unit else self.number(value)

    def change(self, amount: float, unit: str | None = None) -> str:
        """A difference with its sign: `+$4.50`, `−2 °C`."""
        return ("+" if amount >= 0 else "−") + self.value(abs(amount), unit)

    def percent(self, share: float) -> str:
        """A share of one in percent: 0.985 is `98.5 %`."""
        return f"{self.number(round(share * 100, 1))}\N{NARROW NO-BREAK SPACE}%"

    def _words(self, moment: datetime) -> str:
        away = moment - self.now
        if abs(away) < JUST_NOW:
            return "just now"
        return format_timedelta(away, add_direction=True, locale=WORDS, threshold=1.2)


def formats_for(accept_language: str, now: datetime) -> Formats:
    """The formats of the first language asked for that is known (`Accept-Language`)."""
    for part in accept_language[:200].split(","):
        tag = part.split(";")[0].strip()
        try:
            parse_locale(tag, sep="-")
            locale = Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        return Formats(now, locale)
    return Formats(now)
