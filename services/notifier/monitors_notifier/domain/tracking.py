"""How far a message has come: reports arrive late, twice and out of order, and the outcome must not depend on it."""

from monitors_contracts.notifications import DeliveryState

ORDER = (
    DeliveryState.PENDING,
    DeliveryState.SUPERSEDED,
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.DELIVERED,
    DeliveryState.BOUNCED,
    DeliveryState.OPENED,
    DeliveryState.CLICKED,
    DeliveryState.UNSUBSCRIBED,
    DeliveryState.SPAM,
)
"""From what is known least to what is known best: a mail may bounce after its server took it, but what was opened has
arrived, and whoever complains has seen it."""

_RANK = {state: rank for rank, state in enumerate(ORDER)}


def advance(old: DeliveryState, reported: DeliveryState) -> DeliveryState | None:
    """The new state after a report, or None when it tells nothing new (a late `delivered` never undoes `opened`)."""
    return reported if _RANK[reported] > _RANK[old] else None
