"""What a rule would have done over the last day: when it would have fired, for which series, and how that looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitors_contracts.alerts import AlertView, Severity
from monitors_contracts.base import Id
from monitors_contracts.rules import LeveledRule, RulePreview, RuleSpec, RuleTransition

from ..formats import Formats, When
from ..forms import Errors
from .lines import Drawn
from .marks import MARKS
from .parts import Badge, Tone
from .plot import Level, Plot, Span, plot
from .rule_typed import Typed
from .rule_words import watches

MOST_PERIODS = 25
_BEFORE = 0.03
_SHORTEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when one series would have fired; `end` is None while it would still."""

    series: str
    badge: Badge
    begin: When
    end: When | None
    lasted: str
    words: str


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What is told of a rule that is being made: in words, in numbers, as a drawing, and as a list. Or why nothing can be."""

    watches: str = ""
    missing: str = ""
    found: str = ""
    tone: Tone = "neutral"
    plot: Plot | None = None
    periods: tuple[Period, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class Fired:
    """One series that fired: how badly at worst, and from when to when."""

    labels: tuple[tuple[str, str], ...]
    severity: Severity
    begin: datetime
    end: datetime | None
    summary: str


_ORDER: tuple[Severity, ...] = ("info", "warning", "critical")


def fired(transitions: Iterable[RuleTransition]) -> list[Fired]:
    """The periods that these transitions, oldest first, begin and end; of one that got worse, the worst. Newest first."""
    open_ones: dict[tuple[tuple[str, str], ...], Fired] = {}
    ended: list[Fired] = []
    for each in transitions:
        labels = tuple(sorted(each.labels.items()))
        known = open_ones.pop(labels, None)
        if each.severity is None:
            if known:
                ended.append(Fired(labels, known.severity, known.begin, each.at, known.summary))
        elif known:
            worst = known.severity if _ORDER.index(known.severity) > _ORDER.index(each.severity) else each.severity
            open_ones[labels] = Fired(labels, worst, known.begin, None, known.summary)
        else:
            open_ones[labels] = Fired(labels, each.severity, each.at, None, each.summary)
    return sorted([*ended, *open_ones.values()], key=lambda period: period.begin, reverse=True)


def fired_of_alerts(alerts: Iterable[AlertView]) -> list[Fired]:
    """The same of what really fired."""
    return [
        Fired(tuple(sorted(each.labels.items())), each.severity, each.started_at, each.resolved_at, each.summary)
        for each in alerts
    ]


def missing(typed: Typed, errors: Errors) -> str:
    """What is to be filled in, or to be put right, before anything can be shown."""
    if typed.kind == "composite":
        return errors.form or "Choose the rules that belong together."
    if not typed.of("metric"):
        return "Choose a metric to see what the rule would have done."
    return next(iter(errors.fields.values()), "") or errors.form


def preview_view(
    spec: RuleSpec,
    tried: RulePreview,
    drawn: Drawn | None,
    formats: Formats,
    names: Mapping[Id, str] | None = None,
) -> PreviewView:
    """What the rule would have done. `drawn` is what it judges, over the same time; None when that can't be drawn.

    `names` are of the rules that a composite is made of.
    """
    periods = fired(tried.transitions)
    shown = tuple(_period(each, tried.until, formats) for each in periods[:MOST_PERIODS])
    return PreviewView(
        watches=watches(spec, formats, names),
        found=_found(tried, len(periods), formats),
        tone="bad" if periods else "good" if tried.series else "neutral",
        plot=drawing(spec, drawn, periods, tried.since, tried.until, formats) if drawn and drawn.lines else None,
        periods=shown,
        more=f"The newest {MOST_PERIODS} of {formats.number(len(periods))}." if len(periods) > len(shown) else "",
    )


def drawing(
    spec: RuleSpec, drawn: Drawn, periods: Sequence[Fired], since: datetime, until: datetime, formats: Formats
) -> Plot:
    """What is judged, its levels, and when it fired; from when on there is anything to see."""
    since = begun(drawn, periods, since, until)
    return plot(
        drawn,
        levels_of(spec, formats),
        spans_of(periods, since, formats),
        since,
        until,
        f"{watches(spec, formats)}, over the last day",
        formats,
    )


def begun(drawn: Drawn, periods: Sequence[Fired], since: datetime, until: datetime) -> datetime:
    """From when on to draw: a little before the first value, and for a quarter of an hour at least."""
    known = [
        time for line in drawn.lines for time, value in zip(drawn.times, line.values, strict=True) if value is not None
    ]
    first = min(
        [*(datetime.fromtimestamp(time, UTC) for time in known), *(each.begin for each in periods)], default=since
    )
    return max(since, min(first - (until - first) * _BEFORE, until - _SHORTEST))


def levels_of(spec: RuleSpec, formats: Formats) -> tuple[Level, ...]:
    """The levels of a rule that has any."""
    if not isinstance(spec, LeveledRule):
        return ()
    given: tuple[tuple[float | None, Tone, str], ...] = (
        (spec.critical, "bad", "critical"),
        (spec.warning, "warn", "warning"),
        (spec.recovery, "good", "over at"),
    )
    return tuple(
        Level(value, tone, f"{words} {formats.number(value)}") for value, tone, words in given if value is not None
    )


def spans_of(periods: Sequence[Fired], since: datetime, formats: Formats) -> tuple[Span, ...]:
    """When anything fired at all, by how bad it was: periods of several series that overlap are one."""
    spans: list[Span] = []
    for severity in _ORDER:
        merged: list[tuple[datetime, datetime | None]] = []
        for begin, end in sorted(
            ((each.begin, each.end) for each in periods if each.severity == severity), key=lambda span: span[0]
        ):
            if end is not None and end <= since:
                continue
            if merged and (merged[-1][1] is None or begin <= merged[-1][1]):
                last = merged[-1]
                merged[-1] = (last[0], None if last[1] is None or end is None else max(last[1], end))
            else:
                merged.append((begin, end))
        tone = MARKS[severity][1]
        spans += [Span(begin, end, tone, _when(severity, begin, end, formats)) for begin, end in merged]
    return tuple(spans)


def _when(severity: Severity, begin: datetime, end: datetime | None, formats: Formats) -> str:
    until = f"until {formats.exact(end)}" if end else "until now"
    return f"{severity.capitalize()} from {formats.exact(begin)} {until}"


def _found(tried: RulePreview, periods: int, formats: Formats) -> str:
    if not tried.series:
        return "No series was there to judge in the last day."
    series = "1 series was" if tried.series == 1 else f"{formats.number(tried.series)} series were"
    if not periods:
        return f"It would not have fired in the last day. {series} judged."
    times = "once" if periods == 1 else f"{formats.number(periods)} times"
    most = "at least " if tried.total > len(tried.transitions) else ""
    return f"It would have fired {most}{times} in the last day. {series} judged."


def _period(each: Fired, until: datetime, formats: Formats) -> Period:
    _, tone = MARKS[each.severity]
    lasted = formats.span(((each.end or until) - each.begin).total_seconds())
    return Period(
        series=series_words(dict(each.labels)),
        badge=Badge(each.severity.capitalize(), tone),
        begin=formats.when(each.begin),
        end=formats.maybe_when(each.end),
        lasted=f"for {lasted}" if each.end else f"for {lasted}, still",
        words=each.summary,
    )


def series_words(labels: dict[str, str]) -> str:
    """A series or group by its labels."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if value) or "all series"
