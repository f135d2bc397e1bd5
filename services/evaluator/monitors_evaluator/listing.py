"""One user's monitors, searched, filtered, sorted and paged, with their latest values: one query, whatever is asked."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from monitors_contracts.base import Id
from monitors_contracts.collection import ListMonitors, MonitorList, MonitorOrder, RecentValue
from monitors_contracts.monitors import MonitorView
from monitors_runtime.cursor import cursor_id
from monitors_runtime.database import Pool
from monitors_runtime.errors import problem

from .domain.searching import folded

# MonitorView.status, for the database.
STATUS = """
CASE
    WHEN NOT (document ->> 'isActive')::boolean THEN 'paused'
    WHEN document ->> 'lastVerdict' IS NULL THEN 'new'
    WHEN document ->> 'lastVerdict' = 'quiet' AND (document ->> 'conditionMet')::boolean THEN 'triggered'
    ELSE document ->> 'lastVerdict'
END
"""
_NAME = """left(split_part(search, E'\\n', 1), 60) COLLATE "C" """
_CHECKED = "coalesce((document ->> 'lastChecked')::timestamptz, '-infinity')"


@dataclass(frozen=True, slots=True)
class _Order:
    """What monitors are sorted by, `key` as text for the cursor, and which come after the one that a cursor names."""

    by: str
    key: str
    after: str


_ORDERS: dict[MonitorOrder, _Order] = {
    "newest": _Order("id DESC", "''", "id < $6 AND $7::text IS NOT NULL"),
    "name": _Order(f"{_NAME}, id", _NAME, f"({_NAME}, id) > ($7, $6)"),
    "lastChecked": _Order(
        f"{_CHECKED} DESC, id DESC", f"({_CHECKED})::text", f"({_CHECKED}, id) < ($7::text::timestamptz, $6)"
    ),
}

_OWNED = "FROM evaluator.monitors WHERE organization_id = $1 AND user_id = $2 AND document IS NOT NULL"
_MATCHING = f"{_OWNED} AND ($3::text IS NULL OR strpos(search, $3) > 0) AND ($4::text IS NULL OR {STATUS} = $4)"


def query(order: MonitorOrder) -> str:
    """Organization, user, text, status, limit, id and key of the last one seen (or nulls), latest values wanted."""
    sorting = _ORDERS[order]
    return f"""
SELECT totals.*, page.document::text, page.key, recent.known
FROM (SELECT (SELECT count(*) {_OWNED}) AS owned, (SELECT count(*) {_MATCHING}) AS total) AS totals
LEFT JOIN LATERAL (
    SELECT id, document, {sorting.key} AS key, row_number() OVER (ORDER BY {sorting.by}) AS place
    {_MATCHING} AND ($6::uuid IS NULL OR {sorting.after})
    ORDER BY {sorting.by} LIMIT $5
) AS page ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('at', at, 'value', value, 'verdict', verdict) ORDER BY id)::text AS known
    FROM (
        SELECT id, document -> 'evaluatedAt' AS at, document -> 'value' AS value, document -> 'verdict' AS verdict
        FROM evaluator.evaluations
        WHERE monitor_id = page.id AND organization_id = $1 AND status = 'done' ORDER BY id DESC LIMIT $8
    ) AS latest
) AS recent ON $8 > 0
ORDER BY place
"""  # noqa: S608 - of our own parts alone; whatever comes from outside is an argument


async def find(db: Pool, asked: ListMonitors) -> MonitorList:
    """The page of monitors that is asked for. ProblemError `invalid-cursor` for a cursor that is not of this order."""
    after, key = _position(asked)
    text = folded(asked.text or "") or None
    rows = await db.fetch(
        query(asked.sort),
        asked.organization_id,
        asked.user_id,
        text,
        asked.status,
        asked.limit,
        after,
        key,
        asked.recent,
    )
    found = [(MonitorView.model_validate_json(row["document"]), row) for row in rows if row["document"]]
    is_last = len(found) < asked.limit
    return MonitorList(
        monitors=[monitor for monitor, _ in found],
        total=rows[0]["total"],
        owned=rows[0]["owned"],
        next_cursor=None if is_last else _cursor(asked.sort, found[-1][0].id, found[-1][1]["key"]),
        recent_values={monitor.id: _recent(row["known"]) for monitor, row in found} if asked.recent else {},
    )


def _recent(known: str | None) -> list[RecentValue]:
    return [RecentValue.model_validate(each) for each in json.loads(known or "[]")]


def _cursor(order: MonitorOrder, last: Id, key: str) -> str:
    if order == "newest":
        return str(last)
    return base64.urlsafe_b64encode(json.dumps([order, str(last), key], ensure_ascii=False).encode()).decode()


def _position(asked: ListMonitors) -> tuple[Id | None, str | None]:
    """The id and key of the last monitor seen."""
    if asked.cursor is None:
        return None, None
    if asked.sort == "newest":
        return cursor_id(asked.cursor), ""
    try:
        found: Any = json.loads(base64.b64decode(asked.cursor, altchars=b"-_", validate=True))
        order, last, key = found
        if order != asked.sort or not isinstance(key, str) or "\x00" in key:
            raise ValueError("of another order")
        return UUID(last), key
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise problem(
            "invalid-cursor",
            "Invalid cursor",
            422,
            "Use `nextCursor` of the page before as it came, in the same order.",
        ) from None
