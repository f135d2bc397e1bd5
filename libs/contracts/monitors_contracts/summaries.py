"""One line on what an event says, from its JSON. What is missing or of another shape is left out, never an error."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]


def clean(text: object) -> str:
    """Text from outside on one line, without what would steer a terminal."""
    return " ".join("".join(char if unicodedata.category(char)[0] != "C" else " " for char in str(text)).split())


def shortened(text: object, most: int = 100) -> str:
    """Clean text of at most so many characters."""
    line = clean(text)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def shown_value(value: Any, unit: str | None = None) -> str:
    """A fact's value for a person: `1,299.5 USD`, `yes`, `Out of stock`, `-` for none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,.10g}" + (f" {unit}" if unit else "")
    return shortened(value)


def short_type(ce_type: str) -> str:
    """`alert.triggered` of `monitors.alert.triggered.v1`."""
    parts = ce_type.split(".")
    return ".".join(parts[1:-1]) if len(parts) > 3 else ce_type


def summary(ce_type: str, data: Any) -> str:
    """What this event says, in one line; empty for a type without words of its own."""
    tell = _SUMMARIES.get(short_type(ce_type))
    if tell is None or not isinstance(data, Mapping):
        return ""
    return shortened(" ".join(part for part in tell(data) if part), 140)


def _part(data: Data, name: str) -> Data:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _value(data: Data) -> str:
    return shown_value(data.get("value"), data.get("unit"))


def _text(data: Data, name: str) -> str:
    found = data.get(name)
    return "" if found is None else str(found)


def _monitor(data: Data) -> list[str]:
    monitor = _part(data, "monitor")
    return [f"“{_text(monitor, 'prompt')}”", "" if monitor.get("isActive", True) else "(paused)"]


def _requested(data: Data) -> list[str]:
    urls = data.get("urls")
    return [_text(data, "cause"), "check of", str(urls[0]) if isinstance(urls, list) and urls else "-"]


def _fetched(data: Data) -> list[str]:
    size = "unchanged" if data.get("unchanged") else ""
    took = f"in {data['durationMs']:.0f} ms" if isinstance(data.get("durationMs"), int | float) else ""
    return [_text(data, "status"), _text(data, "contentType"), f"by {_text(data, 'renderedBy')}", size, took]


def _fetch_failed(data: Data) -> list[str]:
    return [f"{_text(data, 'failure')}:", _text(data, "detail")]


def _evaluated(data: Data) -> list[str]:
    found = _part(data, "evaluation")
    plan = _part(data, "plan")
    return [
        f"{_text(found, 'verdict')} ({_text(found, 'reason')}),",
        f"value {_value(found)}",
        f"- new plan: {_text(plan, 'method')}" if plan else "",
    ]


def _crossed(data: Data) -> list[str]:
    return [f"{_text(data, 'condition')}:", _value(data)]


def _alert(data: Data) -> list[str]:
    alert = _part(data, "alert")
    return [f"{_text(alert, 'state')} ({_text(data, 'reason')}):", _text(alert, "summary")]


def _notification(data: Data) -> list[str]:
    found = _part(data, "notification")
    error = _text(found, "error")
    return [f"{_text(found, 'channelName')}: {_text(found, 'state')},", f"“{_text(found, 'subject')}”", error]


_SUMMARIES: dict[str, Callable[[Data], list[str]]] = {
    "monitor.created": _monitor,
    "monitor.updated": _monitor,
    "monitor.refresh-requested": _requested,
    "monitor.evaluated": _evaluated,
    "page.fetched": _fetched,
    "page.fetch-failed": _fetch_failed,
    "threshold.exceeded": _crossed,
    "threshold.cleared": _crossed,
    "alert.triggered": _alert,
    "alert.acknowledged": _alert,
    "alert.resolved": _alert,
    "alert.commented": lambda data: [f"“{_text(data, 'text')}”"],
    "notification.requested": _notification,
    "notification.sent": _notification,
    "notification.delayed": _notification,
    "notification.failed": _notification,
    "notification.tracked": _notification,
    "user.registered": lambda data: [_text(data, "name"), f"<{_text(data, 'email')}>"],
    "audit.recorded": lambda data: [_text(data, "what"), _text(data, "target")],
    "ai-usage.recorded": lambda data: [_text(data, "provider"), _text(data, "purpose"), _text(data, "outcome")],
    "metric.collected": lambda data: [f"{len(data.get('samples') or ())} samples"],
}
