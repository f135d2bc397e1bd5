"""The list of monitors: what each watches, how it stands, and what can be done."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus, urlencode

from monitors_contracts.collection import RecentValue
from monitors_contracts.monitors import MonitorStatus, Verdict

from ...api.monitors import MonitorsReply
from ...api.shapes import Monitor
from ...api.usage import LimitsReply
from ..formats import Formats, When
from .parts import Action, Badge, Empty, Link, Meter, Option, Spark, Tone, spark

STATUSES: dict[MonitorStatus, Badge] = {
    MonitorStatus.NEW: Badge("New", "info"),
    MonitorStatus.PAUSED: Badge("Paused"),
    MonitorStatus.QUIET: Badge("Quiet", "good"),
    MonitorStatus.TRIGGERED: Badge("Triggered", "bad"),
    MonitorStatus.UNCERTAIN: Badge("Uncertain", "warn"),
    MonitorStatus.FAILED: Badge("Failed", "warn"),
}
STATUS_OPTIONS = (
    Option("", "Any status"),
    Option("triggered", "Triggered"),
    Option("quiet", "Quiet"),
    Option("failed", "Failed"),
    Option("uncertain", "Uncertain"),
    Option("new", "New"),
    Option("paused", "Paused"),
)
SORT_OPTIONS = (
    Option("newest", "Newest first"),
    Option("name", "By name"),
    Option("lastChecked", "Last checked first"),
)
VERDICTS: dict[Verdict, tuple[str, Tone]] = {
    Verdict.TRIGGERED: ("triggered", "bad"),
    Verdict.QUIET: ("quiet", "good"),
    Verdict.UNCERTAIN: ("uncertain", "warn"),
    Verdict.FAILED: ("failed", "warn"),
}
NEARLY_ALL = 0.8
"""From this share of a limit on it is shown as a warning."""

EXAMPLES = (
    "Tell me when the price at https://shop.example/kettle drops below $50",
    "Let me know when https://uni.example/apply says registration is open",
    "Tell me whenever the opening hours on https://museum.example/visit change",
)
SITE_EXAMPLES = (
    "Tell me when the price of the copper kettle at {site}/kettle drops below $50",
    "Let me know when {site}/course says registration is open",
    "Tell me whenever the course fee at {site}/course changes",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One past check of a fact that is no number: how it ended, in a colour and in words."""

    tone: Tone
    words: str


@dataclass(frozen=True, slots=True)
class Card:
    """One monitor of the list."""

    id: str
    name: str
    href: str
    edit: str
    badge: Badge
    value: str
    is_number: bool
    was: str
    nothing: str
    asks: str
    url: str
    page: str
    spark: Spark | None
    checks: tuple[Check, ...]
    checks_words: str
    checked: When | None
    allowed: When | None
    can_check: bool
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class MonitorsView:
    """The list, narrowed by what was asked for; `empty` when nothing is like that, `welcome` when there is none at all."""

    here: str
    new: str
    check: str
    query: str
    status: str
    sort: str
    statuses: tuple[Option, ...]
    sorts: tuple[Option, ...]
    cards: tuple[Card, ...]
    count: str
    meters: tuple[Meter, ...]
    full: str
    more: str
    empty: Empty | None
    welcome: "Welcome | None"


@dataclass(frozen=True, slots=True)
class Welcome:
    """The first thing to do: say what to watch. `examples` lead to how they are understood."""

    action: str
    examples: tuple[Link, ...]


def monitors_view(
    found: MonitorsReply,
    usage: LimitsReply,
    asked: Mapping[str, str],
    root: str,
    example_site: str,
    formats: Formats,
) -> MonitorsView:
    """The list as it was asked for by `asked`: q, status, sort."""
    filters = {name: value for name, value in asked.items() if value and (name, value) != ("sort", "newest")}
    narrowed = bool(filters.keys() - {"sort"})
    here = root or "/"
    return MonitorsView(
        here=here,
        new=f"{root}/monitors/new",
        check=f"{root}/monitors/check",
        query=asked.get("q", ""),
        status=asked.get("status", ""),
        sort=asked.get("sort", "newest"),
        statuses=STATUS_OPTIONS,
        sorts=SORT_OPTIONS,
        cards=tuple(_card(each, root, formats) for each in found.monitors),
        count=_count(found.total, found.owned, narrowed, formats),
        meters=_meters(usage, formats),
        full=_full(found.owned, found.limit),
        more=f"{here}?{urlencode(filters | {'cursor': found.next_cursor})}" if found.next_cursor else "",
        empty=None if found.monitors or not found.owned else _nothing(here),
        welcome=None if found.owned else welcome(root, example_site),
    )


def welcome(root: str, example_site: str) -> Welcome:
    """Examples that work, where there is a site to try them on; sensible ones else."""
    action = f"{root}/monitors/new"
    sentences = [each.format(site=example_site) for each in SITE_EXAMPLES] if example_site else EXAMPLES
    return Welcome(action, tuple(Link(each, f"{action}?prompt={quote_plus(each)}") for each in sentences))


def _card(monitor: Monitor, root: str, formats: Formats) -> Card:
    at = f"{root}/monitors/{monitor.id}"
    numbers = [value for each in monitor.recent_values if (value := _number(each)) is not None]
    is_number = _is_number(monitor.current_value)
    return Card(
        id=str(monitor.id),
        name=monitor.name,
        href=at,
        edit=f"{at}/edit",
        badge=STATUSES[monitor.status],
        value="" if monitor.current_value is None else formats.value(monitor.current_value, monitor.unit),
        nothing=_nothing_read(monitor),
        is_number=is_number,
        was=_was(monitor, formats),
        asks=monitor.trigger_condition,
        url=monitor.url or "",
        page=_page(monitor.url),
        spark=_line(numbers, monitor.unit, formats) if is_number else None,
        checks=tuple(_check(each, monitor.unit, formats) for each in monitor.recent_values),
        checks_words=_summed(monitor.recent_values),
        checked=formats.maybe_when(monitor.last_checked),
        allowed=_later(monitor.next_allowed_refresh, formats),
        can_check=monitor.is_active,
        actions=_actions(monitor, at),
    )


def _actions(monitor: Monitor, at: str) -> tuple[Action, ...]:
    rest = Action("Pause", f"{at}/pause", "pause") if monitor.is_active else Action("Resume", f"{at}/resume", "play")
    return (
        rest,
        Action("Duplicate", f"{at}/duplicate", "copy"),
        Action("Delete", f"{at}/delete", "trash-2", "danger", fields={"name": monitor.name}),
    )


def _was(monitor: Monitor, formats: Formats) -> str:
    """The value before, when it was another."""
    if monitor.previous_value is None or monitor.previous_value == monitor.current_value:
        return ""
    return f"was {formats.value(monitor.previous_value, monitor.unit)}"


def _line(numbers: Sequence[float], unit: str | None, formats: Formats) -> Spark | None:
    if len(numbers) < 2:
        return None
    first, last = (formats.value(each, unit) for each in (numbers[0], numbers[-1]))
    return spark(list(numbers), f"From {first} to {last} in the last {len(numbers)} checks")


def _check(recent: RecentValue, unit: str | None, formats: Formats) -> Check:
    words, tone = VERDICTS[recent.verdict] if recent.verdict else ("pending", "neutral")
    read = f", read {formats.value(recent.value, unit)}" if recent.value is not None else ""
    return Check(tone, f"{formats.exact(recent.at)}: {words}{read}")


def _summed(recent: Sequence[RecentValue]) -> str:
    """The latest checks in words: `The last 8 checks: 6 quiet, 2 triggered`."""
    counts = Counter(VERDICTS[each.verdict][0] for each in recent if each.verdict)
    told = ", ".join(f"{count} {words}" for words, count in counts.most_common())
    return f"The last {len(recent)} {'check' if len(recent) == 1 else 'checks'}: {told}" if told else ""


def _number(recent: RecentValue) -> float | None:
    good = recent.verdict in (Verdict.QUIET, Verdict.TRIGGERED)
    return float(recent.value) if good and _is_number(recent.value) and recent.value is not None else None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _page(url: str | None) -> str:
    """An address as people say it: without the scheme."""
    return re.sub(r"^https?://(www\.)?|/$", "", url or "")


def _nothing_read(monitor: Monitor) -> str:
    """Why there is no value."""
    if monitor.current_value is not None:
        return ""
    if monitor.last_checked is None:
        return "Not checked yet."
    return "Nothing was read yet: look at the last check to see why."


def _later(moment: datetime | None, formats: Formats) -> When | None:
    return formats.when(moment) if moment and moment > formats.now else None


def _count(total: int, owned: int, narrowed: bool, formats: Formats) -> str:
    words = f"{formats.number(total)} {'monitor' if total == 1 else 'monitors'}"
    return f"{words} of {formats.number(owned)}" if narrowed else words


def _meters(usage: LimitsReply, formats: Formats) -> tuple[Meter, ...]:
    def meter(label: str, used: int, limit: int | None) -> Meter:
        words = f"{formats.number(used)} of {formats.number(limit)}" if limit else f"{formats.number(used)}, no limit"
        tone: Tone = "neutral"
        if limit and used >= NEARLY_ALL * limit:
            tone = "bad" if used >= limit else "warn"
        return Meter(label, used, limit or 0, words, tone)

    today = usage.refreshes_today
    return (
        meter("Monitors", usage.monitors.used, usage.monitors.limit),
        meter("Checks today", today.used, today.limit),
    )


def _full(owned: int, limit: int) -> str:
    """What to do when there is no room for another monitor; nothing while there is."""
    if not limit or owned < limit:
        return ""
    return f"You have {owned} of {limit} monitors. Delete one to make room for another."


def _nothing(here: str) -> Empty:
    words = "Search looks at names, sentences, addresses and facts. Try fewer words or another status."
    return Empty("search", "No monitor is like that", words, Link("Show all monitors", here))
