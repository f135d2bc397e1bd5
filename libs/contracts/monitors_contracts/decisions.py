"""Why an alert was told, or was not: the words that the alerter decides by, and what they say to a person."""

from pydantic import AwareDatetime, Field

from .alerts import AlertStep, AlertView
from .base import Id, Model, TenantRequest
from .policies import PASSED_OVER
from .routing import Destination
from .silences import Holder

DECISIONS = {
    "told": "It was decided to tell the channel that it fires.",
    "told-worse": "It was decided to tell the channel that it got worse.",
    "told-flapping": "It was decided to tell the channel that it comes and goes, and of nothing more until it is steady.",
    "told-over": "It was decided to tell the channel that it is over.",
    "told-fired-and-over": "It was over before it could be told: it was decided to tell the channel both at once.",
    "told-again": "Nobody had taken it, so it was decided to tell the channel again.",
    "told-by-step": "Nobody had taken it, so a step of the escalation policy decided to tell the channel.",
    "group-wait": "A new group gathers before it is told.",
    "group-interval": "The group was told a short while ago; its changes are told together.",
    "outside-hours": "The route is outside its hours and waits for them.",
    "limited": "The channel has had as much as its limit allows; this comes with its next digest.",
    "silenced": "A silence holds it back.",
    "maintenance": "A maintenance window holds it back.",
    "inhibited": "Another alert that fires holds it back.",
    "over-while-held-back": "It was held back from its beginning to its end, so nobody was told.",
    "no-channel": "The route leads to no channel that is there and switched on.",
    "channel-off": "The channel knows that it fires, and is switched off: the end is told when it is on again.",
    "channel-gone": "The channel knew that it fires, and is gone: there is nowhere to tell the end.",
    "no-end-to-tell": "It was a change, told once: it has no end to tell.",
    "over-before-a-step": "It was over before a step of the escalation policy was due.",
} | {
    f"passed-{word}": f"A step of the escalation policy passed somebody over. {words}"
    for word, words in PASSED_OVER.items()
}
"""Decision word -> sentence. In `GET /api/alerts/{id}/explain` each comes with its time, channel, route and details."""


class AlertDecision(Model):
    """Why a channel was told of an alert at one moment, or why nobody was."""

    at: AwareDatetime
    word: str = Field(description="A word of DECISIONS")
    channel_id: Id | None = None
    channel: str = Field(default="", description="The channel's name, as long as the channel is there")
    route: str = Field(default="", description="Names of the routes from the root on: `root/databases`")
    reason: str = Field(default="", description="Why the channel was told then, as in Notice")
    step: int | None = Field(default=None, description="The step of the policy, 1 for the first")
    person: str | None = Field(default=None, description="Who was on call")
    until: AwareDatetime | None = Field(default=None, description="When what it waits for ends by itself")
    held_by: Id | None = Field(default=None, description="The silence, window or inhibition rule")
    held_words: str = Field(default="", description="What holds it back, in words")
    inhibitor: Id | None = Field(default=None, description="The alert that holds this one back")


class HeldBy(Model):
    """What holds an alert back now."""

    kind: Holder
    id: Id = Field(description="The silence, window or inhibition rule")
    words: str
    until: AwareDatetime | None = None
    inhibitor: Id | None = Field(default=None, description="The alert that holds this one back")


class AlertPlace(Model):
    """A group that an alert is in now: it is told together with the others of it."""

    route: str
    labels: dict[str, str] = Field(description="What the group's alerts have in common")
    word: str = Field(description="Why the alert waits, a word of DECISIONS; empty when nothing waits")
    told_at: AwareDatetime | None = Field(default=None, description="When the group was told last")
    due_at: AwareDatetime | None = Field(default=None, description="When it is looked at next")
    step: int = Field(default=0, description="The step of the policy that was reached; 0 before the first")
    next_step_at: AwareDatetime | None = None
    digest_of: Id | None = Field(default=None, description="The channel whose digest this is")


class AlertDecisions(Model):
    """An alert, what happened to it, what was decided about telling it (oldest first), and how it stands now.

    Of very many decisions the newest; `decided` says how many there are.
    """

    alert: AlertView
    labels: dict[str, str] = Field(description="As routes and silences see them")
    steps: list[AlertStep]
    decisions: list[AlertDecision]
    decided: int
    places: list[AlertPlace]
    held_by: list[HeldBy]
    destinations: list[Destination] = Field(description="Where the routes lead it now")


class ExplainAlert(TenantRequest[AlertDecisions]):
    """Why was I told, or not? Problem: `alert-not-found`."""

    service = "alerter"
    alert_id: Id
    limit: int = Field(default=300, ge=1, le=1000)
