"""How checks ended, in a few words."""

from monitors_contracts.monitors import Verdict

from ...domain.explaining import REASONS
from .monitors import VERDICTS
from .parts import Badge


def verdict_badge(verdict: Verdict | None) -> Badge:
    """How a check ended; None while it is under way."""
    if verdict is None:
        return Badge("Under way")
    words, tone = VERDICTS[verdict]
    return Badge(words.capitalize(), tone)


def reason_words(reason: str) -> str:
    """Why a check ended so, in a few words."""
    return REASONS.get(reason, reason.replace("-", " ").capitalize())
