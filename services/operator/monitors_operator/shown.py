"""Monitors, interpretations and verdicts as lines for a person, from the API's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

from .render import clean, shortened, shown_time, shown_value

Shape = dict[str, Any]


def interpretation_lines(found: Shape) -> Iterator[str]:
    """What a sentence was understood to mean."""
    subject = f" of {clean(found['subject'])}" if found.get("subject") else ""
    by_hand = found["provider"] == "by-hand"
    yield f"  what      {clean(found['extractedFact'])}{subject}"
    yield f"  where     {clean(found.get('url') or '-')}"
    yield f"  fires     when {clean(found['triggerCondition'])}"
    yield "  said by   hand" if by_hand else f"  read by   {found['provider']}, {found['confidence']:.0%} sure"


def evaluation_lines(found: Shape) -> Iterator[str]:
    """One check: the fact, where it stood, and what was decided."""
    before = found.get("previousValue")
    was = f"  (was {shown_value(before, found.get('unit'))})" if before not in (None, found.get("value")) else ""
    yield f"  fact      {shown_value(found.get('value'), found.get('unit'))}{was}"
    evidence = found.get("evidence")
    if evidence:
        where = f", {shortened(evidence['locator'], 80)}" if evidence.get("locator") else ""
        yield f"  evidence  “{shortened(evidence['quote'], 160)}” ({evidence['method']}{where})"
    yield f"  verdict   {verdict_line(found)}"


def verdict_line(found: Shape) -> str:
    """What was decided, and why: `quiet (not-met): The price is 60 USD, not below 50 USD.`"""
    if found["status"] == "pending":
        return "pending"
    detail = f": {clean(found['detail'])}" if found.get("detail") else ""
    return f"{found.get('verdict') or '-'} ({found.get('reason') or '-'}){detail}"


def verdict_failed(found: Shape) -> bool:
    """Whether a check came to no decision: the page could not be fetched, or the fact not be read."""
    return found.get("verdict") in ("failed", "uncertain")


def monitor_row(found: Shape) -> tuple[str, ...]:
    """A monitor as a row of a table."""
    return (
        found["id"],
        shortened(found["name"], 40),
        shown_value(found.get("currentValue"), found.get("unit")),
        shortened(found["triggerCondition"], 50),
        found["status"],
        shown_time(found.get("lastChecked")),
    )


MONITOR_COLUMNS = ("ID", "NAME", "VALUE", "FIRES WHEN", "STATUS", "CHECKED (UTC)")


def recent_values(found: Shape) -> str:
    """A monitor's latest values, oldest first; `!` for one that fired, `-` for a check that read none."""
    return ", ".join(
        shown_value(each.get("value")) + "!" * (each.get("verdict") == "triggered") for each in found["recentValues"]
    )


def timeline_row(entry: Shape) -> tuple[str, ...]:
    """A step of an alert's timeline as a row of a table: when, what, who, and what was said, read or sent."""
    told = entry.get("notification")
    if told:
        said = f"{told['channelName']}: {told['state']}" + (f" - {told['error']}" if told.get("error") else "")
    else:
        read = shown_value(entry["value"], entry.get("unit")) if entry.get("value") is not None else ""
        given = (entry.get("assignee") or "nobody") if entry["kind"] == "assigned" else ""
        said = "  ".join(part for part in (entry.get("why"), read, given, entry.get("note")) if part)
    return (
        shown_time(entry["at"]),
        entry["kind"],
        clean(entry.get("userName") or entry.get("via") or ""),
        shortened(said, 200),
    )


def state_words(alert: Shape) -> str:
    """Where an alert is, and since when: `resolved since 2026-11-21 10:00:42 UTC`."""
    since = {"acknowledged": "acknowledgedAt", "resolved": "resolvedAt"}.get(alert["state"], "startedAt")
    return f"{alert['state']} since {shown_time(alert.get(since) or alert['startedAt'])} UTC"


def leads_words(destination: Shape, names: Mapping[str, str]) -> str:
    """To whom a branch of the routes leads, by names: `Ops, policy Urgent`."""
    leads = [names.get(each, each) for each in destination["channels"]]
    if policy := destination.get("policyId"):
        leads.append(f"policy {names.get(policy, policy)}")
    return clean(", ".join(leads) or "nobody")


def explanation_lines(found: Shape, told: Shape | None, names: Mapping[str, str]) -> Iterator[str]:
    """Whether somebody was told, and how it is now.

    `told` is the alert's explanation, none where there is no alert; `names` are of channels and policies, by id.
    """
    yield clean(found["answer"])
    for each in found.get("others") or ():
        yield f"  also      {each['id']}  {state_words(each)}"
    for each in found.get("pending") or ():
        yield f"  pending   {pending_line(each)}"
    if told:
        alert = told["alert"]
        yield f"  alert     {clean(alert['name'])}  ({alert['id']}, {state_words(alert)})"
        yield f"  labels    {clean(labels_words(told['labels']))}"
        for each in told["heldBy"]:
            yield f"  held by   {clean(each['words'])}" + _until(each)
        if told.get("rule"):
            clocks = told["rule"]
            yield f"  clocks    fires after {clocks['firesAfter']:g} s, is over after {clocks['endsAfter']:g} s back to normal"
    else:
        for words in found["heldBy"]:
            yield f"  held by   {clean(words)}"
    for each in (told or found)["destinations"]:
        yield f"  goes to   {'/'.join(each['path'])}: {leads_words(each, names)}" + (
            f", from {shown_time(each['openAt'])} UTC" if each.get("openAt") else ""
        )


def pending_line(found: Shape) -> str:
    """A condition that holds and has not fired yet: what, since when, and when it fires."""
    series = f" ({clean(labels_words(found['labels']))})" if found["labels"] else ""
    holds = f"holds since {shown_time(found['since'])} UTC, fires at {shown_time(found['firesAt'])} UTC if it goes on"
    return f"{clean(found['name'])}{series}: {holds}"


def labels_words(labels: Shape) -> str:
    """Labels on one line: `host=db-1, team=web`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def trace_row(line: Shape) -> tuple[str, ...]:
    """A line of an alert's explanation as a row of a table: when, the word that was decided by, where or who, and why."""
    said = "  ".join((line["text"], *line["more"]))
    return (
        shown_time(line["at"]),
        line["word"],
        clean(line["channel"] or line.get("userName") or ""),
        shortened(said, 200) + _until(line),
    )


def _until(found: Shape) -> str:
    return f" (until {shown_time(found['until'])} UTC)" if found.get("until") else ""


def mail_lines(message: Shape) -> Iterator[str]:
    """A message of the local channel: its head, its text, and the file that holds it."""
    yield f"To:      {clean(message['to'])}"
    yield f"Subject: {clean(message['subject'])}"
    yield f"Date:    {shown_time(message['createdAt'])} UTC"
    yield f"File:    {clean(message['file'])}"
    yield ""
    for line in message["text"].rstrip().splitlines():
        yield clean(line)
