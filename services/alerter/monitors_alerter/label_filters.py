"""Matchers as conditions of SQL: lists narrowed by labels, as routes and silences see them."""

from collections.abc import Sequence
from typing import Any

from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher, pattern
from monitors_runtime.database import Pool

from .domain.labels import DERIVED

# A label that is absent is as an empty one. What every alert has, its own label overrides; but for the severity.
_OWN = "coalesce(document->'labels'->>(${0}::text[])[1], '')"
_DERIVED = {
    "alertname": "coalesce(document->'labels'->>'alertname', document->>'name', '')",
    "origin": "coalesce(document->'labels'->>'origin', document->>'origin', '')",
    "group": "coalesce(document->'labels'->>'group', document->>'group', '')",
    "severity": "severity",
}

# The index of labels serves this one.
CONTAINED = "document->'labels' @> ${}"

# One pass for a pattern: which of the label's values it matches is not for the database to say, whose patterns are others.
VALUES = "SELECT DISTINCT {} AS value FROM alerter.alerts WHERE organization_id = $1 AND $2::text[] IS NOT NULL"


async def conditions(db: Pool, organization_id: Id, matchers: Sequence[Matcher]) -> list[tuple[str, Any]]:
    """Conditions on `alerter.alerts` and the value of each, for `narrowed`."""
    return [await _condition(db, organization_id, matcher) for matcher in matchers]


async def _condition(db: Pool, organization_id: Id, matcher: Matcher) -> tuple[str, Any]:
    label = matcher.label
    if matcher.op == "=" and matcher.value and label not in DERIVED:
        return CONTAINED, {label: matcher.value}
    expression = _DERIVED.get(label, _OWN)
    is_wanted = matcher.op in ("=", "=~")
    values = [matcher.value] if matcher.op in ("=", "!=") else await _matched(db, organization_id, expression, matcher)
    return f"{expression} {'= ANY' if is_wanted else '<> ALL'} ((${{0}}::text[])[2:])", [label, *values]


async def _matched(db: Pool, organization_id: Id, expression: str, matcher: Matcher) -> list[str]:
    """The values of the label that the pattern matches, of all alerts that are kept."""
    rows = await db.fetch(VALUES.format(expression.format(2)), organization_id, [matcher.label])
    wanted = pattern(matcher.value)
    return [row["value"] for row in rows if wanted.fullmatch(row["value"])]
