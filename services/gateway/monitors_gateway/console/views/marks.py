"""How bad something is, by an icon and in words."""

from dataclasses import dataclass

from monitors_contracts.alerts import Severity

from .parts import Tone

MARKS: dict[Severity, tuple[str, Tone]] = {
    "critical": ("zap", "bad"),
    "warning": ("triangle-alert", "warn"),
    "info": ("info", "info"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How bad it is, by an icon and in words."""

    icon: str
    words: str
    tone: Tone


def marked(severity: Severity, *, is_over: bool = False) -> Mark:
    """The mark of a severity; calm once it is over."""
    icon, tone = MARKS[severity]
    return Mark(icon, severity.capitalize(), "neutral" if is_over else tone)
