"""Alerts of other systems on their way to the alerter: in pieces that fit, and all of them kept before the answer."""

from collections.abc import Iterator, Sequence

from prometheus_client import Counter

from monitors_contracts.base import Id
from monitors_contracts.receiving import AlertsReceived, ReceiveAlerts, ReceivedAlert

from .gateway import Gateway

RECEIVED = Counter("monitors_alerts_received_total", "Alerts of other systems taken in, by origin", ("origin",))
_MOST, _CHARACTERS = 1000, 300_000


async def receive(
    gateway: Gateway, organization_id: Id, origin: str, alerts: Sequence[ReceivedAlert], resolve_after: float = 300
) -> AlertsReceived:
    """Take these in. When this returns they are kept; when it raises ProblemError, telling them again does no harm."""
    opened = resolved = 0
    for piece in _pieces(alerts):
        reply = await gateway.runtime.ask(
            ReceiveAlerts(organization_id=organization_id, origin=origin, alerts=piece, resolve_after=resolve_after)
        )
        RECEIVED.labels(origin).inc(len(piece))
        opened, resolved = opened + reply.opened, resolved + reply.resolved
    return AlertsReceived(received=len(alerts), opened=opened, resolved=resolved)


def _pieces(alerts: Sequence[ReceivedAlert]) -> Iterator[list[ReceivedAlert]]:
    """Each small enough for one message, however its characters are written."""
    piece: list[ReceivedAlert] = []
    weight = 0
    for alert in alerts:
        texts = (*alert.labels.items(), *alert.annotations.items())
        more = 500 + len(alert.summary) + sum(len(name) + len(value) for name, value in texts)
        if piece and (len(piece) == _MOST or weight + more > _CHARACTERS):
            yield piece
            piece, weight = [], 0
        piece.append(alert)
        weight += more
    if piece:
        yield piece
