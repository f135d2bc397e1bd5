"""Who has sent measurements, and when they last did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors_contracts.base import Id
from monitors_runtime.database import Pool

# An organization may have been deleted since it sent; its rows go with it.
SAVE = """
INSERT INTO gateway.senders AS known
SELECT seen.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $4::timestamptz[], $5::bigint[], $6::bigint[],
    $7::text[]) AS seen (organization_id, sender_id, way, first_at, last_at, accepted, refused, last_refusal)
JOIN gateway.organizations o ON o.id = seen.organization_id
ON CONFLICT (organization_id, sender_id, way) DO UPDATE SET
    last_at = greatest(known.last_at, excluded.last_at),
    accepted = known.accepted + excluded.accepted,
    refused = known.refused + excluded.refused,
    last_refusal = coalesce(excluded.last_refusal, known.last_refusal)
"""
LIST = """
SELECT s.sender_id, coalesce(t.name, u.name) AS name, t.id IS NOT NULL AS is_token, s.way, s.first_at, s.last_at,
    s.accepted, s.refused, s.last_refusal
FROM gateway.senders s
LEFT JOIN gateway.api_tokens t ON t.id = s.sender_id
LEFT JOIN gateway.users u ON u.id = s.sender_id
WHERE s.organization_id = $1
ORDER BY s.last_at DESC
LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent by one way, since it was last written down."""

    organization_id: Id
    sender_id: Id
    way: str
    last_at: datetime
    accepted: int
    refused: int
    last_refusal: str | None


@dataclass(frozen=True, slots=True)
class KnownSender:
    """Somebody who sends by one way. `name` is None for a token that was revoked."""

    sender_id: Id
    name: str | None
    is_token: bool
    way: str
    first_at: datetime
    last_at: datetime
    accepted: int
    refused: int
    last_refusal: str | None


async def save(pool: Pool, sent: Sequence[Sent]) -> None:
    """Add this to what is known. Each sender and way comes once."""
    columns = zip(
        *(
            (
                each.organization_id,
                each.sender_id,
                each.way,
                each.last_at,
                each.accepted,
                each.refused,
                each.last_refusal,
            )
            for each in sent
        ),
        strict=True,
    )
    await pool.execute(SAVE, *(list(column) for column in columns))


async def find(pool: Pool, organization_id: Id, limit: int) -> list[KnownSender]:
    """The organization's senders, the latest first."""
    return [KnownSender(**dict(row)) for row in await pool.fetch(LIST, organization_id, limit)]
