"""What becomes of a silence, decided: made, changed, ended, reminded of; and when it is too broad to be made unasked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher, match_all
from monitors_contracts.silences import Silence, SilenceSpec, SilenceState

_ANY_NAME = "an alert that nobody has thought of"
_SEVERITIES = ("info", "warning", "critical")


class SilenceOver(ValueError):
    """A silence would end before it begins, or has ended."""


@dataclass(frozen=True, slots=True)
class Caution:
    """A silence asks first when it hides more than this share of the firing alerts, if there are so many of them."""

    share: float
    least: int


def state(silence: Silence, now: datetime) -> SilenceState:
    """Where a silence is at this time."""
    if now < silence.starts_at:
        return SilenceState.PENDING
    return SilenceState.ACTIVE if now < silence.ends_at else SilenceState.EXPIRED


def make(spec: SilenceSpec, silence_id: Id, by: Id, now: datetime) -> Silence:
    """The silence that is asked for. Raises SilenceOver."""
    starts_at, ends_at = _span(spec, spec.starts_at or now, now)
    return Silence(
        id=silence_id,
        name=spec.name,
        matchers=spec.matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        comment=spec.comment,
        author=spec.author,
        remind=spec.remind,
        created_by=by,
        created_at=now,
        updated_at=now,
    )


def change(silence: Silence, spec: SilenceSpec, now: datetime) -> Silence:
    """The silence as it is to be from now on. When it began stays, unless another start is asked for. Raises SilenceOver.

    With another end it is reminded of again.
    """
    if state(silence, now) is SilenceState.EXPIRED:
        raise SilenceOver("A silence that has ended stays as it is; make another one.")
    starts_at, ends_at = _span(spec, spec.starts_at or silence.starts_at, now)
    same_end = ends_at == silence.ends_at and spec.remind == silence.remind
    return silence.model_copy(
        update={
            "name": spec.name,
            "matchers": spec.matchers,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "comment": spec.comment,
            "author": spec.author or silence.author,
            "remind": spec.remind,
            "reminded_at": silence.reminded_at if same_end else None,
            "updated_at": now,
            "version": silence.version + 1,
        }
    )


def expire(silence: Silence, by: Id, now: datetime) -> Silence | None:
    """The silence, ended now; None when it has ended before. One that has not begun never does."""
    if state(silence, now) is SilenceState.EXPIRED:
        return None
    ended = {"starts_at": min(silence.starts_at, now), "ends_at": now, "expired_by": by}
    return silence.model_copy(update={**ended, "updated_at": now, "version": silence.version + 1})


def remind(silence: Silence, now: datetime) -> Silence:
    """The silence, after somebody was reminded that it ends."""
    return silence.model_copy(update={"reminded_at": now, "version": silence.version + 1})


def too_broad(matchers: Sequence[Matcher], matched: int, firing: int, caution: Caution) -> str | None:
    """Why a silence with these matchers asks first, for a person; None when it need not."""
    if _matches_everything(matchers):
        return f"It would hide every alert there is and will be: {matched} of {firing} firing now."
    if firing >= caution.least and matched > caution.share * firing:
        return f"It would hide {matched} of {firing} firing alerts."
    return None


def _matches_everything(matchers: Sequence[Matcher]) -> bool:
    """Whether an alert with the labels that all have, and none beside, is chosen whatever it is called."""
    return all(match_all(matchers, {"alertname": _ANY_NAME, "severity": severity}) for severity in _SEVERITIES)


def _span(spec: SilenceSpec, starts_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    # Without an end it lasts from its start on, or from now, when that has been.
    ends_at = spec.ends_at or max(starts_at, now) + timedelta(seconds=spec.for_ or 0)
    if ends_at <= max(starts_at, now):
        raise SilenceOver("The silence would have ended already.")
    return starts_at, ends_at
