"""What keeps an alert from being told now, as a badge and in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitors_contracts.silences import Holder, Holding

from ..formats import Formats, When
from .parts import Badge

PLACES: dict[Holder, tuple[str, str]] = {
    "silenced": ("Silenced", "/silences"),
    "maintenance": ("Maintenance", "/maintenance"),
    "inhibited": ("Inhibited", "/inhibitions"),
}


@dataclass(frozen=True, slots=True)
class HeldBy:
    """One thing that holds an alert back; `href` leads to it, or to the alert that does."""

    badge: Badge
    words: str
    href: str
    until: When | None


def held_by(holdings: Sequence[Holding], root: str, formats: Formats) -> tuple[HeldBy, ...]:
    """All that hold an alert back."""
    return tuple(_held_by(each, root, formats) for each in holdings)


def _held_by(holding: Holding, root: str, formats: Formats) -> HeldBy:
    word, place = PLACES[holding.kind]
    href = f"{root}/alerts/{holding.inhibitor}" if holding.inhibitor else f"{root}{place}/{holding.id}"
    words = holding.words[:1].upper() + holding.words[1:]
    return HeldBy(Badge(word, "info"), words, href, formats.maybe_when(holding.until))
