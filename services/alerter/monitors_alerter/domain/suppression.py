"""What keeps an alert from being told: a silence, a maintenance window, or another alert."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from monitors_contracts.base import Id

Kind: TypeAlias = Literal["silenced", "maintenance", "inhibited"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """One thing that holds an alert back, in words for a person.

    `id` is the silence's, the window's or the inhibition rule's; `inhibitor` the alert's that holds this one back.
    """

    kind: Kind
    id: Id
    words: str
    until: datetime | None = None
    """When it ends by itself; None while another alert lasts."""
    inhibitor: Id | None = None
