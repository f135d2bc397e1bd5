"""Silences: alerts that nobody is told of for a while, because somebody knows."""

from enum import StrEnum
from typing import Annotated, Self, TypeAlias

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from .alerts import AlertView, HeldBack, Severity
from .base import Event, Id, Model, TenantRequest
from .durations import AS_DURATION
from .matchers import Selection
from .times import Plannable

YEAR_SECONDS = 366 * 86_400
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
SilenceName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Author = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Lasting = Annotated[float, Field(ge=60, le=YEAR_SECONDS, allow_inf_nan=False), AS_DURATION]
Ahead = Annotated[float, Field(ge=0, le=7 * 86_400, allow_inf_nan=False), AS_DURATION]
Holder: TypeAlias = HeldBack


class SilenceState(StrEnum):
    """Where a silence is: `pending` before it starts, `active`, `expired` when it ended."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


class SilenceSpec(Model):
    """Which alerts, from when to when, by whom and why. Says either when it ends or how long it lasts."""

    name: SilenceName = Field(default="", description="What files of configuration know it by; most have none")
    matchers: Selection
    starts_at: Plannable | None = Field(default=None, description="Now when absent")
    ends_at: Plannable | None = None
    for_: Lasting | None = Field(default=None, alias="for", description="Instead of `endsAt`: how long it lasts")
    comment: Comment = ""
    author: Author = Field(default="", description="Who silences, in words")
    remind: Ahead = Field(
        default=900, description="Its alerts' channels are reminded this long before it ends, if any fires; 0: never"
    )

    @model_validator(mode="after")
    def _ends_once(self) -> Self:
        if (self.ends_at is None) == (self.for_ is None):
            raise ValueError("a silence has either `endsAt` or `for`")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("a silence ends after it starts")
        return self


class Silence(Model):
    """A silence as it was made. Whether it is active follows from the time."""

    id: Id
    name: str = ""
    matchers: Selection
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    comment: str = ""
    author: str = ""
    remind: float = 900
    created_by: Id
    created_at: AwareDatetime
    updated_at: AwareDatetime
    expired_by: Id | None = Field(default=None, description="Who ended it before its time")
    reminded_at: AwareDatetime | None = Field(default=None, description="When it was reminded that it ends")
    version: int = 1


class SilenceView(Silence):
    """A silence, where it is now, and what it hid."""

    state: SilenceState
    held: int = Field(default=0, description="How many alerts it has held back so far")
    holding: int = Field(default=0, description="How many of those are open still")


class SilenceChanged(Event):
    """A silence was made, changed, ended, or reminded of; this is all of it."""

    aggregate, action, stream, entity_field = "silence", "changed", "ALERTS", "silence_id"
    silence_id: Id
    silence: Silence


class CreateSilence(TenantRequest[SilenceView]):
    """Silence alerts; the id makes asking twice harmless.

    Problems: `silence-too-broad` (unless confirmed; says how many firing alerts it would hide), `silence-over` (it would have
    ended already), `silence-limit`.
    """

    service = "alerter"
    silence_id: Id
    user_id: Id
    spec: SilenceSpec
    confirm: bool = Field(default=False, description="Do so however much it hides")


class UpdateSilence(TenantRequest[SilenceView]):
    """Make a silence what the spec says. Problems: as of CreateSilence, `silence-not-found`, `silence-expired`."""

    service = "alerter"
    silence_id: Id
    user_id: Id
    spec: SilenceSpec
    confirm: bool = False


class ExpireSilence(TenantRequest[SilenceView]):
    """End a silence now; one that has ended stays as it is. Problem: `silence-not-found`."""

    service = "alerter"
    silence_id: Id
    user_id: Id


class GetSilence(TenantRequest[SilenceView]):
    """One silence. Problem: `silence-not-found`."""

    service = "alerter"
    silence_id: Id


class SilenceList(Model):
    """A page of silences, newest first. `counts` is of all, by state."""

    silences: list[SilenceView]
    total: int
    counts: dict[SilenceState, int]
    next_cursor: str | None = None


class ListSilences(TenantRequest[SilenceList]):
    """The organization's silences, by state and by words in comment, author and matchers. Problem: `invalid-cursor`."""

    service = "alerter"
    states: list[SilenceState] = Field(default_factory=list[SilenceState], max_length=3, description="All when empty")
    text: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class Matched(Model):
    """Which of the firing alerts these matchers choose. `alerts` are the newest, at most as many as asked for."""

    open: int = Field(description="How many alerts are firing or acknowledged in all")
    matched: int
    by_severity: dict[Severity, int] = Field(default_factory=dict[Severity, int])
    alerts: list[AlertView]
    too_broad: str | None = Field(default=None, description="Why a silence of these asks for confirmation, in words")


class PreviewMatchers(TenantRequest[Matched]):
    """What a silence, a window or one side of an inhibition rule with these matchers would choose now. Saves nothing."""

    service = "alerter"
    matchers: Selection
    limit: int = Field(default=50, ge=0, le=500)


class HeldAlert(Model):
    """An alert that was held back, as it is now."""

    alert: AlertView
    since: AwareDatetime = Field(description="When it was held back first")
    last: AwareDatetime = Field(description="When it was held back last")
    times: int = Field(description="How many of its changes were not told")


class HeldAlerts(Model):
    """What something hid: open alerts first, then those held back last. `total` counts all."""

    held: list[HeldAlert]
    total: int


class ListHeld(TenantRequest[HeldAlerts]):
    """What a silence, a maintenance window or an inhibition rule held back. An id that is none has held back nothing."""

    service = "alerter"
    holder_id: Id
    limit: int = Field(default=100, ge=1, le=500)


class Holding(Model):
    """Something that holds an alert back now."""

    kind: Holder
    id: Id = Field(description="Of the silence, the window or the inhibition rule")
    words: str
    until: AwareDatetime | None = Field(default=None, description="Null while another alert lasts")
    inhibitor: Id | None = Field(default=None, description="The alert that holds it back")


class Holdings(Model):
    """What holds these alerts back now, by alert id; those that nothing holds are absent."""

    holdings: dict[Id, list[Holding]]


class ListHoldings(TenantRequest[Holdings]):
    """What holds these alerts back. Alerts that do not exist, or are over, are held back by nothing."""

    service = "alerter"
    alert_ids: list[Id] = Field(min_length=1, max_length=500)
