"""One line of `monitors extract`."""

import gzip
import zlib
from pathlib import Path
from typing import Any

from monitors_contracts.monitors import Change, Interpretation
from monitors_evaluator.domain.extraction import Page, derive_plan, run_plan
from monitors_evaluator.domain.products import product_record, read_product
from monitors_scraper.domain.text import decode

from .errors import BadInput

PRODUCT_FACTS = ("price", "currency", "availability", "sku")
MOST_BYTES = 64 * 1024 * 1024
"""A larger page, unpacked, is refused."""


def facts_of(identifier: str, record: dict[str, Any]) -> dict[str, Any]:
    """The facts asked for on the page of `file`. Raises BadInput."""
    file, url, facts = record.get("file"), record.get("url"), record.get("facts", list(PRODUCT_FACTS))
    if not isinstance(file, str) or not file:
        raise BadInput("no file: it must be a path")
    if url is not None and not isinstance(url, str):
        raise BadInput("url must be a text")
    if not isinstance(facts, list) or not all(isinstance(fact, str) and fact.strip() for fact in facts):
        raise BadInput("facts must be a list of names")
    content = _content(Path(file))
    found: dict[str, Any] = {"id": identifier}
    evidence: dict[str, Any] = {}
    if any(fact in PRODUCT_FACTS for fact in facts):
        product = product_record(identifier, read_product(content, url))
        told = product.pop("evidence")
        # A price without its currency says little, so the two go together.
        asked = {*facts, "currency"} if "price" in facts else set(facts)
        found |= {name: value for name, value in product.items() if name in asked}
        evidence |= {name: value for name, value in told.items() if name in asked}
    page = Page(content, "text/html", url or "")
    for fact in facts:
        if fact not in PRODUCT_FACTS:
            found[fact], where = _read(page, fact)
            if where:
                evidence[fact] = where
    return found | {"evidence": evidence}


def _read(page: Page, fact: str) -> tuple[Any, dict[str, Any] | None]:
    """Any fact by its name, as a monitor of its changes would read it."""
    wanted = Interpretation(
        kind="change", fact=fact[:500], fact_type="string", change=Change(), name=fact[:100], confidence=1
    )
    plan = derive_plan(page, wanted)
    read = run_plan(plan, page, wanted) if plan else None
    if read is None:
        return None, None
    return read.value, {
        "quote": read.evidence.quote,
        "method": read.evidence.method,
        "locator": read.evidence.locator,
        "unit": read.unit,
        "confidence": round(read.confidence, 3),
    }


def _content(file: Path) -> str:
    try:
        if file.suffix == ".gz":
            with gzip.open(file) as packed:
                content = packed.read(MOST_BYTES + 1)
        else:
            with file.open("rb") as plain:
                content = plain.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as wrong:
        reason = getattr(wrong, "strerror", None) or wrong
        raise BadInput(f"can't read {file}: {reason}") from None
    if len(content) > MOST_BYTES:
        raise BadInput(f"{file} is larger than {MOST_BYTES // 1024**2} MiB")
    return decode(content, None, "text/html")
