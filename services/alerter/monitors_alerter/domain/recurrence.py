"""When a maintenance window is open: its recurrence rule by the clocks of its time zone, as moments in time.

Recurrence rules and times that clocks leave out or show twice: RFC 5545, 3.3.10 and 3.3.5.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from monitors_contracts.maintenance import Occurrence, WindowSpec

LOOKAHEAD = timedelta(days=5 * 366)
"""How far ahead a rule is asked for its next time; one that does not come again until then never does."""
_FREQUENCY = re.compile(r"(?:^|;)FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)", re.IGNORECASE)
_STANDING_STILL = re.compile(r"INTERVAL=0*(?:;|$)", re.IGNORECASE)
_OFTEN = re.compile(r"BY(?:MINUTE|SECOND)=[^;]*,", re.IGNORECASE)
_UNTIL_UTC = re.compile(r"(UNTIL=)(\d{8}T\d{6})Z", re.IGNORECASE)


class InvalidRecurrence(ValueError):
    """A rule that nobody can follow, or that never comes; the text says why."""


def check(spec: WindowSpec) -> None:
    """Raises InvalidRecurrence. A rule that never comes (a 30th of February) takes seconds to be sure of."""
    if not 2000 <= spec.starts_at.year < 2200:
        raise InvalidRecurrence("The first window starts between the years 2000 and 2199.")
    first = spec.starts_at.replace(tzinfo=ZoneInfo(spec.timezone)).astimezone(UTC)
    if not occurrences(spec, first, first + LOOKAHEAD, most=1):
        raise InvalidRecurrence(f"{spec.rrule} never comes within five years of {spec.starts_at:%Y-%m-%d}.")


def occurrences(spec: WindowSpec, since: datetime, until: datetime, most: int = 1000) -> list[Occurrence]:
    """Each time it is open between two moments (those that began before and last still, too), oldest first."""
    lasts = timedelta(seconds=spec.duration)
    begins = takewhile(lambda at: at < until, _begins(spec, since - lasts))
    within = (Occurrence(starts_at=at, ends_at=at + lasts) for at in begins if at + lasts > since)
    return list(islice(within, most))


def upcoming(spec: WindowSpec, now: datetime, most: int = 5) -> list[Occurrence]:
    """The one that is open now, and those that come next."""
    return occurrences(spec, now, now + LOOKAHEAD, most)


def is_open(spec: WindowSpec, now: datetime) -> bool:
    """Whether it is in force and open now."""
    spans = occurrences(spec, now, now + timedelta(seconds=1)) if spec.is_active else ()
    return any(span.starts_at <= now for span in spans)


def open_until(spans: Iterable[Occurrence], now: datetime) -> datetime | None:
    """When the time that is open now ends, those that begin before it is over included; None when none is open."""
    end: datetime | None = None
    for span in spans:
        if span.starts_at <= (end or now) < span.ends_at:
            end = span.ends_at
    return end


def _begins(spec: WindowSpec, since: datetime) -> Iterator[datetime]:
    """Moments at which it opens, from about `since` on."""
    zone = ZoneInfo(spec.timezone)
    # Clocks are a day apart from UTC at most; what is too early is left out by the caller.
    locally = since.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
    rule = _rule(spec, zone)
    for local in [spec.starts_at] if rule is None else rule.xafter(locally, inc=True):
        # `fold=0` is the first of two equal times, and of a time that is left out the offset from before the gap.
        yield local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _rule(spec: WindowSpec, zone: ZoneInfo) -> rrule | None:
    """The rule in local times. Raises InvalidRecurrence."""
    if not spec.rrule:
        return None
    text = spec.rrule.strip().removeprefix("RRULE:")
    if not _FREQUENCY.search(text) or _STANDING_STILL.search(text):
        raise InvalidRecurrence("A window comes again DAILY, WEEKLY, MONTHLY or YEARLY: write FREQ=WEEKLY;BYDAY=SU.")
    if _OFTEN.search(text):
        raise InvalidRecurrence("A window comes again once a day at most, or at some hours of a day: BYHOUR=6,18.")
    try:
        parsed = rrulestr(_UNTIL_UTC.sub(lambda found: found[1] + _local(found[2], zone), text), dtstart=spec.starts_at)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as wrong:
        raise InvalidRecurrence(f"{spec.rrule!r} is no recurrence rule: {wrong}") from wrong
    if not isinstance(parsed, rrule):
        raise InvalidRecurrence("A window has one rule, of one line.")
    return parsed


def _local(text: str, zone: ZoneInfo) -> str:
    moment = datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    return f"{moment.astimezone(zone):%Y%m%dT%H%M%S}"
