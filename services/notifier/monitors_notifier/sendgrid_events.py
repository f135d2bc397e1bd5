"""SendGrid's event webhook: is it theirs, and what does it say.

Source: "Getting Started with the Event Webhook Security Features": ECDSA over P-256 and SHA-256, of the timestamp header
followed by the body as it came; key and signature in base64 DER.
"""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from monitors_contracts.base import Id
from monitors_contracts.notifications import DeliveryState

from .domain.wording import plain

TOLERANCE = timedelta(minutes=10)
"""How old or new a signed timestamp may be, against replays."""

STATES: Mapping[str, DeliveryState] = {
    "delivered": DeliveryState.DELIVERED,
    "open": DeliveryState.OPENED,
    "click": DeliveryState.CLICKED,
    "bounce": DeliveryState.BOUNCED,
    "dropped": DeliveryState.FAILED,
    "spamreport": DeliveryState.SPAM,
    "unsubscribe": DeliveryState.UNSUBSCRIBED,
    "group_unsubscribe": DeliveryState.UNSUBSCRIBED,
}


class InvalidSignature(ValueError):
    """The body is not signed by the key's owner, or too long ago."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What became of one delivery, by the provider's word. `detail`: why it bounced or was dropped."""

    organization_id: Id
    delivery_id: Id
    state: DeliveryState
    at: datetime
    detail: str | None = None


def verify(
    body: str,
    *,
    signature: str,
    timestamp: str,
    public_key: str,
    now: datetime,
    tolerance: timedelta | None = TOLERANCE,
) -> None:
    """Raises InvalidSignature. With `tolerance` None the timestamp may be of any age.

    Raises ValueError for a public key that is none: that is the operator's mistake.
    """
    key = _public_key(public_key)
    try:
        key.verify(b64decode(signature, validate=True), (timestamp + body).encode(), ECDSA(SHA256()))
    except (WrongSignature, NotBase64, UnicodeEncodeError, ValueError) as error:
        raise InvalidSignature("wrong signature") from error
    if tolerance is not None:
        try:
            signed_at = datetime.fromtimestamp(int(timestamp), UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise InvalidSignature("no time") from error
        if abs(now - signed_at) > tolerance:
            raise InvalidSignature("too old or too new")


def parse(body: str) -> list[ProviderEvent]:
    """The events that concern deliveries of ours, in order; others, and what cannot be read, are left out."""
    try:
        events: Any = json.loads(body)
    except ValueError:
        return []
    return [event for raw in events if (event := _event(raw))] if isinstance(events, list) else []


def _public_key(text: str) -> EllipticCurvePublicKey:
    key = load_der_public_key(b64decode(text))
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not an ECDSA P-256 public key")
    return key


def _event(raw: Any) -> ProviderEvent | None:
    try:
        reason = raw.get("reason")
        return ProviderEvent(
            organization_id=UUID(raw["organization_id"]),
            delivery_id=UUID(raw["delivery_id"]),
            state=STATES[raw["event"]],
            at=datetime.fromtimestamp(int(raw["timestamp"]), UTC),
            detail=plain(reason, 500) if isinstance(reason, str) else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, OSError):
        return None
