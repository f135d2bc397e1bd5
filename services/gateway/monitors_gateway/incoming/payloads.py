"""Walking through JSON of others, which may be anything: what is missing is named, what is of another kind is no text."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import from_json

from monitors_contracts.alerts import Severity
from monitors_contracts.nul import without_nul
from monitors_contracts.receiving import ReceivedAlert

from .reading import (
    Unreadable,
    address,
    bounded,
    cut,
    fitting_annotations,
    fitting_labels,
    named,
    said_in,
    sane,
    summarized,
)

_TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object; deeply nested ones are refused. Raises Unreadable."""
    try:
        found = from_json(without_nul(body), allow_inf_nan=False)
    except ValueError as wrong:
        raise Unreadable(f"the body is no JSON: {wrong}"[:300]) from wrong
    if not isinstance(found, dict):
        raise Unreadable("the body is no JSON object")
    return cast(dict[str, Any], found)


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to; None when there is nothing."""
    for part in pointer.split("/")[1:] if pointer else ():
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = cast(dict[str, Any], document).get(name)
        elif isinstance(document, list):
            items = cast(list[Any], document)
            document = items[int(name)] if name.isdecimal() and len(name) < 7 and int(name) < len(items) else None
        else:
            return None
    return document


def text_at(document: Any, pointer: str) -> str:
    """The text, number or truth there, as a text; empty when there is none."""
    return written(pointed(document, pointer))


def written(value: Any) -> str:
    """A scalar as text; empty for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() if isinstance(value, str | int | float) else ""


def needed(document: Any, pointer: str) -> str:
    """The same, which must be there. Raises Unreadable."""
    found = text_at(document, pointer)
    if not found:
        raise Unreadable(f"nothing at {pointer}")
    return found


def list_at(document: Any, pointer: str) -> list[Any]:
    """The list there. Raises Unreadable."""
    found = pointed(document, pointer)
    if not isinstance(found, list):
        raise Unreadable(f"no list at {pointer}")
    return cast(list[Any], found)


def texts_at(document: Any, pointer: str) -> dict[str, str]:
    """The object there as texts, without what has no value."""
    found = pointed(document, pointer)
    if not isinstance(found, dict):
        return {}
    pairs = cast(dict[str, Any], found).items()
    return {name: said for name, value in pairs if (said := written(value))}


def moment_at(document: Any, pointer: str) -> datetime | None:
    """The time there, as RFC 3339 or Unix time (seconds or milliseconds); None for what is no time, or one long ago."""
    found = pointed(document, pointer)
    try:
        moment = _TIME.validate_python(int(found) if isinstance(found, str) and found.isdecimal() else found)
    except ValidationError:
        return None
    return sane(moment)


def alert(
    labels: Mapping[str, str],
    *,
    severity: Severity,
    name: str = "",
    summary: str = "",
    annotations: Mapping[str, str] | None = None,
    starts_at: datetime | None = None,
    over_at: datetime | None = None,
    link: str = "",
    runbook: str = "",
    condition: str = "",
    value: float | str | None = None,
    about: str = "",
) -> ReceivedAlert:
    """An alert of what was read, within bounds. Raises Unreadable."""
    kept, noted = fitting_labels(labels), fitting_annotations(annotations or {})
    called, said = cut(name, 200) or named(kept), cut(summary, 2000) or said_in(noted)
    starts_at = starts_at if starts_at is None or over_at is None or starts_at <= over_at else None
    return bounded(
        ReceivedAlert(
            labels=kept,
            annotations=noted,
            name=called,
            summary=said or summarized(called, kept),
            is_summarized=not said,
            severity=severity,
            starts_at=starts_at,
            ends_at=over_at,
            generator_url=address(link),
            runbook_url=address(runbook),
            condition=cut(condition, 2000),
            value=value if not isinstance(value, str) else cut(value, 500),
            url=address(about),
        )
    )
