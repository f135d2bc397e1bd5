"""The newest of a feed or a list: what is new is told by an item's own title, never by a build time or a counter."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from pydantic import JsonValue

from .blocks import BODY, Outline
from .documents import leaves
from .numbers import read_dates
from .observations import header_of
from .question import Question
from .words import coverage, normalise, squeeze, terms

_TITLES = ("title", "name", "headline", "subject", "tag_name", "summary", "text", "id")
_DATES = ("pubDate", "published", "date_published", "published_at", "date", "updated", "created_at", "created", "publishedAt",
          "createdAt", "timestamp", "time", "released")  # fmt: skip
_MAX_ITEMS, _MAX_TITLE = 30, 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Items of a list on an HTML page, first to last, and what finds the list again."""

    titles: tuple[str, ...]
    shape: str
    heading: str


def newest_item(data: JsonValue, question: Question) -> str | None:
    """The title of a feed's newest item (by date where all items have one, else the first); None without items."""
    items = _items(data, question)
    if not items:
        return None
    dated = [_date(item) for item in items]
    newest = 0
    if all(dated):
        newest = max(range(len(items)), key=lambda at: (dated[at] or datetime.min.replace(tzinfo=UTC), -at))
    return _title(items[newest])


def _items(data: JsonValue, question: Question) -> list[dict[str, JsonValue]]:
    """The items of RSS, RDF, Atom or JSON Feed; else the list of titled objects whose key is nearest to the fact."""
    best: tuple[float, list[dict[str, JsonValue]]] = (-1.0, [])
    stack: list[tuple[JsonValue, str, int]] = [(data, "", 0)]
    seen = 0
    while stack and seen < 2_000:
        value, key, depth = stack.pop()
        seen += 1
        if isinstance(value, dict):
            if key in ("item", "entry") and _title(value):
                value = [value]
            elif depth < 8:
                stack.extend((child, name, depth + 1) for name, child in value.items())
        if isinstance(value, list):
            titled = [item for item in value if isinstance(item, dict) and _title(item)]
            if titled and len(titled) * 2 > len(value):
                fits = coverage(question.words, terms(key)) + (
                    1.0 if key in ("item", "entry", "items", "entries") else 0.0
                )
                if (score := fits - 0.1 * depth) > best[0]:
                    best = (score, titled)
    return best[1]


def _plain(value: JsonValue) -> str:
    if isinstance(value, dict):
        value = value.get("text") or value.get("rendered") or ""
    return squeeze(re.sub(r"<[^>]{1,200}>", " ", value)) if isinstance(value, str) else ""


def _title(item: dict[str, JsonValue]) -> str | None:
    for key in _TITLES:
        value = item.get(key)
        if text := _plain(value) or (str(value) if isinstance(value, int) and key == "id" else ""):
            return text[:200]
    return None


def _date(item: dict[str, JsonValue]) -> datetime | None:
    for key in _DATES:
        value = item.get(key)
        if not isinstance(value, str):
            continue
        for parse in (datetime.fromisoformat, parsedate_to_datetime):
            try:
                moment = parse(value.strip())
            except (ValueError, TypeError, IndexError):
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def listings(outline: Outline, question: Question) -> list[Listing]:
    """The page's lists, the one most likely meant first."""
    groups: dict[tuple[str, str], list[str]] = {}
    fits: dict[tuple[str, str], float] = {}
    for block in outline.blocks:
        if block.weight < BODY * 0.6 or not re.search(r"[^\W\d_]{3}", block.text):
            continue
        tag = block.element.shape.partition(".")[0]
        linked = any(run.shape.partition(".")[0] == "a" for run in block.runs)
        if tag not in ("h2", "h3", "h4", "li", "article") and not linked:
            continue
        above = [
            head for head in block.heads if not (tag.startswith("h") and head.element.shape == block.element.shape)
        ]
        key = (block.shape, normalise(above[-1].label) if above else "")
        groups.setdefault(key, []).append(_item_title(block.label if tag == "li" or linked else block.text))
        named = terms(" ".join((key[1], block.shape, outline.title)))
        fits[key] = (
            coverage(question.words, named)
            + (0.5 if tag in ("h2", "h3", "h4") else 0.0)
            + (0.2 if linked else 0.0)
            + block.weight
            - 1
        )
    found = [
        (fits[key] + min(len(titles), 10) * 0.03, Listing(tuple(titles[:_MAX_ITEMS]), *key))
        for key, titles in groups.items()
    ]
    for grid in outline.grids:
        header = header_of(grid)
        rows = grid.rows[1 if header else 0 :]
        heading = normalise(grid.titles[0]) if grid.titles else ""
        titles = tuple(_item_title(row[0].text) for row in rows[:_MAX_ITEMS] if row[0].text)
        fit = coverage(question.words, terms(" ".join((heading, *header, outline.title)))) + grid.weight - 1
        if titles:
            found.append((fit + 0.2, Listing(titles, "table", heading)))
    return [listing for fit, listing in sorted(found, key=lambda pair: -pair[0]) if fit >= 0.3]


def _item_title(text: str) -> str:
    """An item's title without what counts up by itself beside it: ages, dates, comments."""
    return squeeze(re.sub(r"\(?\b\d+ (?:comments?|views?|likes?|replies|\w+ ago)\b\)?", "", text))[:_MAX_TITLE]


def added(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """What is listed now and was not before."""
    known = {normalise(item) for item in before}
    return [item for item in after if normalise(item) not in known]


def newest_listed(listing: Listing) -> str:
    """All titles of the list, one a line: dated items newest first, the others in the page's order."""
    days = [next((day for _, _, day in read_dates(title) if day), None) for title in listing.titles]
    titles = list(listing.titles)
    if len(titles) > 1 and all(days):
        order = sorted(range(len(titles)), key=lambda at: (-(days[at] or date.min).toordinal(), at))
        titles = [titles[at] for at in order]
    return "\n".join(dict.fromkeys(titles))


def texts_of(data: JsonValue) -> str:
    """All texts of nested data, one a line."""
    return "\n".join(str(leaf.value) for leaf in leaves(data))
