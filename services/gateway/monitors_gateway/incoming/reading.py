"""What all readers of foreign alerts share: one scale of severities, and texts within bounds."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from monitors_contracts.alerts import Severity
from monitors_contracts.base import is_web_address
from monitors_contracts.receiving import ReceivedAlert

MOST_CHARACTERS = 64_000
"""Of all labels and annotations of an alert: it travels with others in one message."""
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_LABEL, _LABELS = 2000, 100
_ANNOTATION, _ANNOTATIONS = 10_000, 50
_NAME, _SUMMARY, _ADDRESS = 200, 2000, 4096

_CRITICAL = frozenset(
    (
        *(
            "critical",
            "crit",
            "page",
            "fatal",
            "emergency",
            "emerg",
            "disaster",
            "error",
            "err",
            "major",
            "high",
            "down",
        ),
        *("p0", "p1", "sev0", "sev1"),
    )
)
_INFO = frozenset(
    ("info", "information", "informational", "notice", "none", "low", "debug", "ok", "p4", "p5", "sev4", "sev5")
)


class Unreadable(ValueError):
    """What came is no alert; the text says what is missing or wrong."""


def sane(moment: datetime | None) -> datetime | None:
    """The moment in UTC; none for one before 1970, as programs write a time that was not set, and no later than 2200."""
    if moment is None or moment <= _EARLIEST:
        return None
    return min(moment, _LATEST).astimezone(UTC)


def severity_of(text: str) -> Severity:
    """Other systems' words on our scale; a word that says nothing is a warning."""
    word = text.strip().lower()
    return "critical" if word in _CRITICAL else "info" if word in _INFO else "warning"


def cut(text: str, most: int) -> str:
    """At most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def address(text: str | None) -> str | None:
    """The address, when it is one that a person may be offered."""
    return text if text and len(text) <= _ADDRESS and is_web_address(text) else None


@lru_cache(1024)  # all alerts of a rule have the same
def expression(generator_url: str | None) -> str:
    """The query behind a link to Prometheus (`g0.expr`) or VictoriaMetrics (`expr`); empty for any other."""
    if not generator_url or "expr=" not in generator_url:
        return ""
    try:
        asked = parse_qs(urlsplit(generator_url).query, max_num_fields=50)
    except ValueError:
        return ""
    return (asked.get("g0.expr") or asked.get("expr") or [""])[0]


def fitting_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as they are kept: an empty one is none. Raises Unreadable, since a label that was cut would be another alert."""
    kept = {name: value for name, value in labels.items() if value}
    if not kept:
        raise Unreadable("at least one label pair required")
    if len(kept) > _LABELS:
        raise Unreadable(f"an alert has at most {_LABELS} labels, not {len(kept)}")
    for name, value in kept.items():
        if not name or len(name) > 200:
            raise Unreadable(f"a label's name has 1 to 200 characters, not {name[:50]!r}")
        if len(value) > _LABEL:
            raise Unreadable(f"the label {name!r} is longer than {_LABEL} characters")
    return kept


def fitting_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """Annotations within bounds; what is too long is cut."""
    said = [(name, cut(value, _ANNOTATION)) for name, value in annotations.items() if value and 0 < len(name) <= 200]
    return dict(said[:_ANNOTATIONS])


def bounded(alert: ReceivedAlert) -> ReceivedAlert:
    """The alert itself, when it is not too large. Raises Unreadable."""
    texts = (*alert.labels.items(), *alert.annotations.items())
    if sum(len(name) + len(value) for name, value in texts) > MOST_CHARACTERS:
        raise Unreadable(f"labels and annotations are longer than {MOST_CHARACTERS:,} characters together")
    return alert


def named(labels: Mapping[str, str]) -> str:
    """An alert's name by its labels."""
    return cut(labels.get("alertname") or next(iter(labels.values())), _NAME)


def said_in(annotations: Mapping[str, str]) -> str:
    """An alert in a line, as its sender says it; empty where nothing is said."""
    said = (annotations.get(key, "").strip() for key in ("summary", "title", "message", "description"))
    return cut(next(filter(None, said), ""), _SUMMARY)


def summarized(name: str, labels: Mapping[str, str]) -> str:
    """An alert in a line where its sender says nothing: its name and labels."""
    rest = ", ".join(
        f"{label}={value}" for label, value in sorted(labels.items()) if label not in ("alertname", "severity")
    )
    return cut(f"{name}: {rest}" if rest else name, _SUMMARY)
