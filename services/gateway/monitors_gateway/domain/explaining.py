"""Why a check ended as it did, step by step and in plain words, from nothing but its evaluation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from monitors_contracts.base import Value
from monitors_contracts.monitors import Evaluation, Verdict

StepName = Literal["fetch", "find", "compare", "condition", "verdict", "alert"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done; `ok` is false where the check could not go on as it should."""

    step: StepName
    text: str
    ok: bool = True


WAYS = {
    "json_ld": "in the product data of the page",
    "microdata": "in the product data of the page",
    "meta": "in the description of the page",
    "rdfa": "in the product data of the page",
    "open_graph": "in the description of the page",
    "product": "as the page's product",
    "table_cell": "in a table",
    "json_path": "in the data",
    "embedded_json": "in data inside the page",
    "text": "in the text",
    "contains": "by the words looked for",
    "section": "as a section of the page",
    "newest": "in a list",
}
REASONS = {
    "condition-met": "The condition became true",
    "still-met": "Still true",
    "not-met": "Not true",
    "condition-cleared": "No longer true",
    "changed": "The value changed",
    "first-value": "The first value",
    "unchanged": "No change",
    "nothing-new": "Nothing new listed",
    "other-direction": "Changed the other way",
    "small-change": "Changed too little to tell",
    "fact-not-found": "The fact was not found",
    "low-confidence": "Not sure enough",
    "not-comparable": "The value can't be compared",
    "not-confirmed": "A second look showed another value",
    "dns": "The site's name was not found",
    "tls": "The site's certificate is not valid",
    "connection": "The site could not be reached",
    "timeout": "The site took too long",
    "blocked": "The site refused",
    "captcha": "The site asked for proof of being human",
    "not-found": "The page is gone",
    "client-error": "The site refused the request",
    "server": "The site had an error",
    "too-large": "The page is too large",
    "robots": "The site asks not to be read by programs",
    "refused-address": "Not a public address",
    "unsupported": "A kind of page that can't be read",
    "empty": "The page was empty",
    "redirects": "The site led in circles",
}
"""Why a check ended so, in a few words, by its reason."""
_DECIDES = frozenset((Verdict.TRIGGERED, Verdict.QUIET))
_TRUTHS = {"condition-met": "true", "still-met": "true", "not-met": "not true", "condition-cleared": "not true"}
_ALERTS = {
    "condition-met": "An alert was sent: the condition became true with this check.",
    "changed": "An alert was sent: the value changed.",
    "still-met": "No new alert: you were told when this became true, and are told again after it was false in between.",
    "condition-cleared": "The alert ended: its condition is no longer true.",
    "not-met": "No alert: the condition is not true.",
    "first-value": "No alert: there was nothing yet to compare with.",
    "unchanged": "No alert: nothing changed.",
    "nothing-new": "No alert: nothing new was listed.",
    "other-direction": "No alert: only a change the other way is told.",
    "small-change": "No alert: the change is smaller than the one asked for.",
}


def way_of(method: str) -> str:
    """How a fact was found: `in a table`."""
    return WAYS.get(method, f"by {method}")


def explain(evaluation: Evaluation) -> list[Step]:
    """The steps in the order they were done; empty while the check is under way."""
    return [] if evaluation.status == "pending" else list(_steps(evaluation))


def _steps(done: Evaluation) -> Iterator[Step]:
    if done.verdict is Verdict.FAILED:
        yield Step("fetch", done.detail or "The page could not be fetched.", ok=False)
        yield Step("verdict", f"No verdict: {_words(done)}. What was known before stays as it is.", ok=False)
        yield Step("alert", "No alert: a page that gives nothing to read never fires.")
        return
    yield Step("fetch", _fetch(done))
    if done.evidence is None:
        yield Step("find", done.detail or "The fact was not found on the page.", ok=False)
    else:
        yield Step("find", _find(done), ok=done.reason != "low-confidence")
        yield Step("compare", _compare(done))
    if done.condition and done.evidence is not None:
        yield Step("condition", _condition(done), ok=done.verdict in _DECIDES)
    yield Step("verdict", _verdict(done), ok=done.verdict in _DECIDES)
    told = _ALERTS.get(done.reason, "No alert: what is not sure never fires.")
    yield Step("alert", told)


def _fetch(done: Evaluation) -> str:
    if done.fetched is None:
        return "The page was fetched."
    fetched = done.fetched
    by = "in a browser" if fetched.rendered_by == "browser" else "over HTTP"
    same = ", the same as the time before" if fetched.unchanged else ""
    return f"The page was fetched {by} in {fetched.duration_ms:,.0f} ms (status {fetched.status}){same}."


def _find(done: Evaluation) -> str:
    assert done.evidence is not None
    found = f"Found {shown(done.value, done.unit)} {way_of(done.evidence.method)}, {done.confidence:.0%} sure"
    anew = " The place had to be searched anew." if done.new_plan else ""
    return f"{found}: “{_short(done.evidence.quote)}”.{anew}"


def _compare(done: Evaluation) -> str:
    if done.previous_value is None:
        return "There was no value before."
    before = shown(done.previous_value, done.unit)
    if done.change_amount:
        percent = f" ({done.change_percentage:+.1f} %)" if done.change_percentage is not None else ""
        return f"The value before was {before}: a change of {done.change_amount:+,.10g}{percent}."
    return f"The value before was {before}."


def _condition(done: Evaluation) -> str:
    truth = _TRUTHS.get(done.reason)
    if truth is None:
        return f"{done.condition}: {done.detail or _words(done)}"
    return f"{done.condition} is {truth} of {shown(done.value, done.unit)}."


def _verdict(done: Evaluation) -> str:
    seen = " A second look showed the same." if done.confirmed else ""
    match done.verdict:
        case Verdict.TRIGGERED:
            return f"Triggered: {_words(done)}.{seen}"
        case Verdict.QUIET:
            return f"Quiet: {_words(done)}.{seen}"
        case _:
            return f"Uncertain: {_words(done)}. Nothing is concluded, what was known before stays."


def _words(done: Evaluation) -> str:
    words = REASONS.get(done.reason, done.reason)
    return words[:1].lower() + words[1:]


def shown(value: Value, unit: str | None) -> str:
    """A value in a sentence."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return f"{value:,.10g}" + (f" {unit}" if unit else "")
    return f"“{_short(value)}”"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119].rstrip()}…"
