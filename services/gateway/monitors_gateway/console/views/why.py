"""Why somebody was told of an alert, or was not, as the alert's page shows it."""

from dataclasses import dataclass

from ...api.explanations import Explanation, TraceLine
from ...domain.paging import TAKEN
from ..formats import Formats
from .deliveries import error_words
from .parts import Moment, Tone


@dataclass(frozen=True, slots=True)
class WhyView:
    """The answer in a sentence or two, everything that led to it, and how it is now."""

    answer: str
    is_told: bool
    moments: tuple[Moment, ...]
    now: tuple[tuple[str, str], ...]
    more: str
    unavailable: bool


def why_view(found: Explanation, root: str, formats: Formats) -> WhyView:
    """The trace, oldest first."""
    decided = sum(line.kind == "decision" for line in found.trace)
    return WhyView(
        answer=found.answer,
        is_told=any(line.kind == "message" and line.word in TAKEN for line in found.trace),
        moments=tuple(_moment(line, root, formats) for line in found.trace),
        now=tuple(_now(found, formats)),
        more=f"The newest {decided} of {formats.number(found.decided)} decisions." if found.decided > decided else "",
        unavailable=bool(found.unavailable),
    )


def _moment(line: TraceLine, root: str, formats: Formats) -> Moment:
    until = [f"until {formats.exact(line.until)}"] if line.until else []
    more = [error_words(each) if line.kind == "message" else each for each in line.more]
    somebody = "Somebody who has left" if line.user_id else ""
    return Moment(
        title=line.text,
        when=formats.when(line.at),
        tone=_tone(line),
        words="\n".join([*more, *until]),
        by=line.channel or line.user_name or somebody,
        href=f"{root}/channels/{line.channel_id}" if line.channel_id and line.kind == "message" else "",
    )


def _tone(line: TraceLine) -> Tone:
    if line.kind == "alert":
        return "neutral"
    if line.kind == "message":
        return "good" if line.ok else "bad"
    return "info" if line.ok else "warn"


def _now(found: Explanation, formats: Formats) -> list[tuple[str, str]]:
    """What holds now: names and words."""
    rows: list[tuple[str, str]] = [("Held back", each.words) for each in found.held_by]
    for each in found.destinations:
        count = f"{formats.number(len(each.channels))} {'channel' if len(each.channels) == 1 else 'channels'}"
        opens = f", from {formats.exact(each.open_at)}" if each.open_at else ""
        policy = " and an escalation policy" if each.policy_id else ""
        rows.append(("Route", f"{' / '.join(each.path)}: {count}{policy}{opens}"))
    for group in found.groups:
        if group.due_at:
            rows.append(("Looked at next", formats.exact(group.due_at)))
        if group.next_step_at:
            rows.append(("Next step of the policy", formats.exact(group.next_step_at)))
    if found.rule:
        fires, ends = formats.span(found.rule.fires_after), formats.span(found.rule.ends_after)
        rows.append(("The rule's clocks", f"fires after {fires}, is over after {ends} back to normal"))
    rows.append(("Labels", ", ".join(f"{name}={value}" for name, value in sorted(found.labels.items()))))
    return rows
