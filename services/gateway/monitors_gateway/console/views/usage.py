"""What is used of each limit, and what AI providers cost."""

from dataclasses import dataclass
from datetime import date

from monitors_contracts.platform import ProviderUsage, UsageReply

from ...api.usage import Limited, LimitsReply
from ..formats import Formats, When
from .account import account_tabs
from .parts import Link, Meter, Tab, Tone

NEARLY = 0.8
CENT = 0.01


@dataclass(frozen=True, slots=True)
class Limit:
    """A meter, and what follows from it."""

    meter: Meter
    words: str
    resets: When | None = None
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider's month."""

    provider: str
    requests: str
    tokens: str
    cost: str


@dataclass(frozen=True, slots=True)
class UsageView:
    """The page."""

    tabs: tuple[Tab, ...]
    limits: tuple[Limit, ...]
    month: str
    budget: Meter | None
    cost: str
    budget_words: str
    providers: tuple[ProviderRow, ...]


def usage_view(root: str, usage: LimitsReply, formats: Formats) -> UsageView:
    """What is used, nearly used up or gone, and what to do about it."""
    per_minute = usage.refreshes_per_minute
    spacing = f" One monitor can be checked {_times(per_minute)} a minute." if per_minute else ""
    today = usage.refreshes_today
    return UsageView(
        account_tabs(root, "/usage"),
        (
            Limit(
                _meter("Monitors", usage.monitors, formats),
                _monitors_words(usage.monitors),
                link=Link("To your monitors", root or "/") if _is_full(usage.monitors) else None,
            ),
            Limit(
                _meter("Checks by hand today", today, formats),
                ("Nothing left for today." if _is_full(today) else "Counted by the day in UTC.") + spacing,
                resets=formats.when(today.resets_at) if today.limit else None,
            ),
        ),
        date.fromisoformat(f"{usage.ai.month}-01").strftime("%B %Y"),
        _budget(usage.ai, formats),
        _money(_cost(usage.ai), formats),
        _budget_words(usage.ai),
        tuple(_provider(each, formats) for each in usage.ai.providers),
    )


def _meter(label: str, limited: Limited, formats: Formats) -> Meter:
    used, limit = limited.used, limited.limit or 0
    words = f"{formats.number(used)} of {formats.number(limit)}" if limit else f"{formats.number(used)}, no limit"
    return Meter(label, used, limit, words, _tone(used, limit))


def _tone(used: float, limit: float) -> Tone:
    if not limit or used < limit * NEARLY:
        return "neutral"
    return "bad" if used >= limit else "warn"


def _is_full(limited: Limited) -> bool:
    return limited.limit is not None and limited.used >= limited.limit


def _monitors_words(monitors: Limited) -> str:
    if monitors.limit is None:
        return "You may have as many as you like."
    if _is_full(monitors):
        return "Delete one to make room for another."
    return f"Room for {monitors.left} more."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _cost(ai: UsageReply) -> float:
    return sum(each.cost_usd for each in ai.providers)


def _money(amount: float, formats: Formats) -> str:
    """Dollars and cents."""
    return (
        formats.value(round(amount, 2), "USD") if not 0 < amount < CENT else f"less than {formats.value(CENT, 'USD')}"
    )


def _budget(ai: UsageReply, formats: Formats) -> Meter | None:
    if not ai.budget_usd:
        return None
    cost = _cost(ai)
    words = f"{_money(cost, formats)} of {_money(ai.budget_usd, formats)}"
    return Meter("Budget", round(cost / CENT), round(ai.budget_usd / CENT), words, _tone(cost, ai.budget_usd))


def _budget_words(ai: UsageReply) -> str:
    if not ai.providers:
        return "No AI provider was asked this month. Sentences and pages are read on this platform, without cost."
    if ai.budget_usd and _cost(ai) >= ai.budget_usd:
        return "The budget is used up: until next month sentences and pages are read on this platform, without cost."
    return "Providers are asked only where reading on this platform does not suffice."


def _provider(usage: ProviderUsage, formats: Formats) -> ProviderRow:
    tokens = f"{formats.number(usage.input_tokens)} in, {formats.number(usage.output_tokens)} out"
    return ProviderRow(usage.provider, formats.number(usage.requests), tokens, _money(usage.cost_usd, formats))
