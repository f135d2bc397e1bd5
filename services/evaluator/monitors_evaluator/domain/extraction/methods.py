"""The ways to find a fact on a page. Each answers readings, and finds the same thing again by what names it."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from ..products.reader import read_product
from .blocks import BODY, Block
from .documents import find, leaves
from .lists import listings, newest_item, newest_listed
from .numbers import unit_of
from .observations import Observation, table_observations, text_observations
from .page import Page
from .question import Asked, Question
from .readings import Reading, of_leaf, read_all
from .sections import main_lines, says, section_of
from .states import family_of
from .words import coverage, normalise, terms

Locator = Mapping[str, JsonValue]
STRUCTURED = ("json_path", "embedded_json")

_DATA_METHODS = ("json_ld", "microdata", "meta", "rdfa", "open_graph")
_PRICE_TERMS = terms("price cost fare rate offer fee amount pricing ticket sale current regular")


def named_readings(page: Page, question: Question) -> dict[str, list[Reading]]:
    """All readings of a page by the method that found them, best first; only for what is asked of one place."""
    if page.data is not None:
        return {"json_path": read_all(question, _leaves(page.data))}
    if page.form not in ("html", "text"):
        return {}
    found = {
        "table_cell": read_all(question, table_observations(page.outline)),
        "text": read_all(question, text_observations(page.outline)),
        "product": product_readings(page, question),
    }
    if page.form == "html" and not any(readings and readings[0].score >= 1.5 for readings in found.values()):
        observations = [
            Observation(o.text, o.names, o.context, 0.8, {**o.locator, "document": str(number)}, o.group)
            for number, data in enumerate(page.embedded)
            for o in _leaves(data)
        ]
        found["embedded_json"] = read_all(question, observations)
    return found


def is_named_on(page: Page, question: Question) -> bool:
    """True when the page speaks of the subject at all; a page that never does may still be all about it."""
    if page.data is not None:
        known = frozenset[str]().union(*(terms(" ".join((*leaf.keys, *leaf.siblings))) for leaf in leaves(page.data)))
    else:
        outline = page.outline
        known = terms(outline.title).union(
            *(terms(block.text) for block in outline.blocks if block.element.weight >= BODY / 2)
        )
        known = known.union(*(terms(cell.text) for grid in outline.grids for row in grid.rows for cell in row))
    return not question.subject or coverage(question.subject, known) >= 0.5


def _leaves(data: JsonValue) -> Iterator[Observation]:
    return (of_leaf(leaf) for leaf in leaves(data))


def product_readings(page: Page, question: Question) -> list[Reading]:
    """The price or the availability of the one product that the page sells, when that is what is asked for."""
    if page.form != "html" or not (question.is_price or question.is_stock):
        return []
    strange = [word for word in question.fact if not coverage(frozenset((word,)), _PRICE_TERMS)]
    if question.is_price and strange and question.asked is Asked.NUMBER:
        return []
    facts = read_product(page.content, page.url or None)
    title, heading = page.title, page.heading
    named = coverage(question.subject, terms(f"{title} {heading}"))
    score = 2.3 + 1.2 * named
    if question.asked is Asked.NUMBER and facts.price is not None:
        price = facts.price
        written = facts.currency.value if facts.currency else None
        currency = unit_of(written) or written  # `$` is taken for US dollars, as in a sentence
        source = Observation(
            price.evidence.quote, (heading,), (title,), 1.0, {"place": price.evidence.locator}, "product"
        )
        return [
            Reading(
                float(price.value), score * price.confidence, source, price.evidence.quote, currency, subject_fit=named
            )
        ]
    if question.asked is Asked.STATE and question.is_stock and facts.availability is not None:
        stock = facts.availability
        state = "in stock" if stock.value == "InStock" else "out of stock"
        source = Observation(
            stock.evidence.quote, (heading,), (title,), 1.0, {"place": stock.evidence.locator}, "product"
        )
        value = (state == "in stock") if question.boolean else _as_wanted(state, question)
        trust = 1.0 if stock.evidence.method in _DATA_METHODS else 0.6
        return [Reading(value, score * stock.confidence * trust, source, stock.evidence.quote, subject_fit=named)]
    return []


def _as_wanted(state: str, question: Question) -> str:
    found = family_of(question.wanted) if question.wanted else None
    if found is None:
        return state
    family, is_yes = found
    return question.wanted if (state == family.yes) == is_yes else (family.no if is_yes else family.yes)


# -- finding the same thing again ------------------------------------------------------------------------------------


def again(method: str, page: Page, question: Question, locator: Locator) -> list[Reading]:
    """The readings of the very thing that a plan speaks of, best first; none when it is not there any more."""
    match method:
        case "table_cell":
            cells = table_observations(page.outline, _text(locator, "row"))
            cells = [cell for cell in cells if cell.locator["column"] == _text(locator, "column")]
            return _hinted(read_all(question, cells), locator)
        case "text":
            likely = [block for block in page.outline.blocks if _may_hold(block, locator)]
            kept = [o for o in text_observations(page.outline, likely) if _same_statement(o, locator)]
            return _hinted(read_all(question, kept), locator)
        case "json_path":
            return read_all(question, _same_leaf(page.data, locator))
        case "embedded_json":
            number = locator.get("document")
            documents = page.embedded
            at = int(number) if isinstance(number, str) and number.isdigit() else -1
            return read_all(question, _same_leaf(documents[at], locator)) if 0 <= at < len(documents) else []
        case "product":
            return product_readings(page, question)
        case _:
            return []


def _text(locator: Locator, key: str) -> str:
    value = locator.get(key)
    return value if isinstance(value, str) else ""


def _same_leaf(data: JsonValue, locator: Locator) -> Iterable[Observation]:
    path = _text(locator, "path")
    value = find(data, path)
    if value is None or isinstance(value, (dict, list)):
        return
    for leaf in leaves(data):
        if leaf.path == path:
            yield of_leaf(leaf)
            return


def template(text: str) -> frozenset[str]:
    """The words of a sentence that stay when its fact changes."""
    return frozenset(word for word in terms(re.sub(r"\S*\d\S*", " ", text)) if len(word) > 2)


def _may_hold(block: Block, locator: Locator) -> bool:
    """A cheap first look: the same shape, or some of the same words."""
    if _text(locator, "shape").startswith(block.shape):
        return True
    text = normalise(block.text)
    label = _text(locator, "label")
    return (bool(label) and text.startswith(label)) or any(word in text for word in _text(locator, "template").split())


def _same_statement(source: Observation, locator: Locator) -> bool:
    label = _text(locator, "label")
    if source.weight < 0.5 and not locator.get("margin"):
        return False
    if not _same_label(source.locator["label"], label):
        return False
    if source.locator["heading"] != _text(locator, "heading") and not label:
        return False
    if source.locator["shape"] == _text(locator, "shape"):
        return True
    before = frozenset(_text(locator, "template").split())
    now = template(source.text)
    return bool(before & now) and 2 * len(before & now) >= min(len(before), len(now))


def _same_label(now: str, before: str) -> bool:
    return re.sub(r"[\d\W]+", " ", now).strip() == re.sub(r"[\d\W]+", " ", before).strip()


def _hinted(readings: list[Reading], locator: Locator) -> list[Reading]:
    """Of several values in one statement, the one between the same words comes first."""

    def rank(reading: Reading) -> float:
        before, after = _text(locator, "before"), _text(locator, "after")
        same_before = bool(before) and reading.hints.get("before") == before
        same_after = bool(after) and reading.hints.get("after") == after
        return reading.score + 0.6 * same_before + 0.3 * same_after

    return sorted(readings, key=lambda reading: -rank(reading))


# -- facts of the whole page -----------------------------------------------------------------------------------------


def newest(page: Page, question: Question, locator: Locator | None = None) -> tuple[str, dict[str, JsonValue]] | None:
    """The newest item of a feed or a list, and what finds that list again; None without one."""
    if page.data is not None:
        title = newest_item(page.data, question)
        return (title, {"list": "feed"}) if title else None
    for listing in listings(page.outline, question):
        where: dict[str, JsonValue] = {"list": listing.shape, "heading": listing.heading}
        if locator is None or all(where[key] == locator.get(key) for key in where):
            return newest_listed(listing), where
    return None


def contains(
    page: Page, question: Question, locator: Locator | None = None
) -> tuple[bool, str, dict[str, JsonValue]] | None:
    """Whether the page's text (or the named row's) says the wanted words; None on a page that is not the one known."""
    lines = main_lines(page)
    if not lines:
        return None
    anchor = " ".join(sorted(terms(page.outline.title))) if page.form in ("html", "text") else ""
    if locator is not None and anchor and (known := frozenset(_text(locator, "title").split())):
        first = terms(" ".join(lines[:3]))
        if not known & (terms(page.outline.title) | first):
            return None
    rows = _named_rows(page, question)
    line = says(page, question.wanted, rows or None)
    quote = line if line is not None else next(iter(rows or lines))
    return line is not None, quote[:300], {"title": anchor, "rows": bool(rows)}


def _named_rows(page: Page, question: Question) -> tuple[str, ...]:
    """The table rows and labelled values of the subject, when the page keeps several apart."""
    if not question.subject or page.form not in ("html", "text"):
        return ()
    rows = (row for grid in page.outline.grids for row in grid.rows if len(row) > 1)
    named = (row for row in rows if coverage(question.subject, terms(row[0].text)) >= 0.9)
    return tuple(" | ".join(cell.text for cell in row) for row in named)


def section(
    page: Page, question: Question, locator: Locator | None = None
) -> tuple[str, str, dict[str, JsonValue]] | None:
    """The text of the section asked about, as a digest with its beginning; None when it is gone."""
    heading = _text(locator, "heading") if locator is not None else None
    found = section_of(page, question, heading)
    if found is None:
        return None
    title = normalise(page.outline.title)
    if locator is not None and title != _text(locator, "title") and not terms(title) & terms(_text(locator, "title")):
        return None
    return found.value, " ".join(found.lines)[:300], {"heading": found.heading, "title": title}
