"""Silences: the list, one with what it hid, and the form with what it would hide."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from monitors_contracts.alerts import AlertView
from monitors_contracts.matchers import Matcher
from monitors_contracts.silences import HeldAlerts, Matched, SilenceList, SilenceState, SilenceView

from ..formats import Formats, When
from ..forms import Errors
from .alerts import STATES as ALERT_STATES
from .alerts import mark_of
from .marks import Mark
from .parts import Action, Badge, Empty, Field, Link, Option, Tab

STATES: dict[SilenceState, Badge] = {
    SilenceState.ACTIVE: Badge("Active", "good"),
    SilenceState.PENDING: Badge("Pending", "info"),
    SilenceState.EXPIRED: Badge("Expired"),
}
LENGTHS = ("30m", "1h", "2h", "4h", "8h", "1d", "3d", "1w")
REMINDERS = (
    Option("0", "Never"),
    Option("300", "5 minutes before"),
    Option("900", "15 minutes before"),
    Option("3600", "1 hour before"),
    Option("86400", "1 day before"),
)
MOST_SHOWN = 20
"""Alerts that a preview lists."""
MOST_CHARACTERS = 1000
"""Of a matcher's pattern."""


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """One silence of the list."""

    id: str
    href: str
    matchers: str
    state: Badge
    begins: When
    ends: When
    by: str
    held: str
    expire: Action | None


@dataclass(frozen=True, slots=True)
class SilencesView:
    """The list."""

    tabs: tuple[Tab, ...]
    states: tuple[Tab, ...]
    state: SilenceState
    query: str
    here: str
    add: Link
    rows: tuple[SilenceRow, ...]
    older: str
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class HeldRow:
    """An alert that was held back."""

    href: str
    name: str
    mark: Mark
    state: Badge
    since: When
    last: When
    times: str


@dataclass(frozen=True, slots=True)
class HeldView:
    """What something hid."""

    rows: tuple[HeldRow, ...]
    words: str
    more: str


@dataclass(frozen=True, slots=True)
class SilencePageView:
    """One silence."""

    id: str
    back: Link
    matchers: str
    state: Badge
    begins: When
    ends: When
    by: str
    comment: str
    reminder: str
    actions: tuple[Action, ...]
    edit: Link | None
    again: Link
    held: HeldView


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """An alert that matchers choose."""

    href: str
    name: str
    mark: Mark
    summary: str


@dataclass(frozen=True, slots=True)
class MatchedView:
    """What matchers would hide now; or what is missing to say so."""

    missing: str = ""
    found: str = ""
    too_broad: str = ""
    rows: tuple[MatchedRow, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class SilenceFormView:
    """The form, and what the silence would hide."""

    title: str
    back: Link
    save: str
    submit: str
    error: str
    fields: tuple[Field, ...]
    lengths: tuple[str, ...]
    confirmed: bool
    matched: MatchedView


def silence_tabs(root: str, current: str) -> tuple[Tab, ...]:
    """The pages that belong together."""
    places = (("Silences", "/silences"), ("Maintenance", "/maintenance"), ("Inhibition", "/inhibitions"))
    return tuple(Tab(words, root + at, at == current) for words, at in places)


def written(matchers: Sequence[Matcher]) -> str:
    """Matchers as they are typed."""
    return ", ".join(str(each) for each in matchers)


def silences_view(found: SilenceList, state: SilenceState, query: str, root: str, formats: Formats) -> SilencesView:
    """The list of silences in one state."""
    here, add = f"{root}/silences", Link("Silence alerts", f"{root}/silences/new", "plus")

    def address(each: SilenceState, cursor: str | None = None) -> str:
        asked = {"state": each.value, "q": query, "cursor": cursor}
        return f"{here}?{urlencode({name: value for name, value in asked.items() if value})}"

    return SilencesView(
        tabs=silence_tabs(root, "/silences"),
        states=tuple(
            Tab(badge.words, address(each), each is state, formats.number(found.counts.get(each, 0)))
            for each, badge in STATES.items()
        ),
        state=state,
        query=query,
        here=here,
        add=add,
        rows=tuple(_row(each, root, formats) for each in found.silences),
        older=address(state, found.next_cursor) if found.next_cursor else "",
        empty=None if found.silences else _nothing(state, query, address(state), here, add),
    )


def _nothing(state: SilenceState, query: str, here: str, start: str, add: Link) -> Empty:
    if query:
        return Empty("filter", "No silence matches", "Try other words, or another tab.", Link("All of them", start))
    return {
        SilenceState.ACTIVE: Empty(
            "moon",
            "Nothing is silenced",
            "A silence keeps what it matches from being told, for a while. What fires still is told when it ends.",
            add,
        ),
        SilenceState.PENDING: Empty("hourglass", "No silence is to begin", "Those that start later wait here.", add),
        SilenceState.EXPIRED: Empty("history", "No silence has ended", "They stay here, with what they hid."),
    }[state]


def _row(silence: SilenceView, root: str, formats: Formats) -> SilenceRow:
    at = f"{root}/silences/{silence.id}"
    return SilenceRow(
        id=str(silence.id),
        href=at,
        matchers=written(silence.matchers),
        state=STATES[silence.state],
        begins=formats.when(silence.starts_at),
        ends=formats.when(silence.ends_at),
        by=_by(silence),
        held=_held_words(silence.held, silence.holding, formats),
        expire=None if silence.state is SilenceState.EXPIRED else Action("End now", f"{at}/expire", "x"),
    )


def _by(silence: SilenceView) -> str:
    return ": ".join(part for part in (silence.author, silence.comment) if part)


def _held_words(held: int, holding: int, formats: Formats) -> str:
    if not held:
        return "nothing so far"
    words = "1 alert" if held == 1 else f"{formats.number(held)} alerts"
    return f"{words}, {formats.number(holding)} open" if holding else words


def silence_view(silence: SilenceView, held: HeldAlerts, root: str, formats: Formats) -> SilencePageView:
    """One silence and what it hid."""
    at = f"{root}/silences/{silence.id}"
    over = silence.state is SilenceState.EXPIRED
    matchers = written(silence.matchers)
    reminded = silence.reminded_at and f"given {formats.exact(silence.reminded_at)}"
    before = f"{formats.span(silence.remind)} before its end, if anything it hides fires" if silence.remind else "none"
    actions = (
        Action("One hour more", f"{at}/prolong", "clock", fields={"hours": "1"}),
        Action("End now", f"{at}/expire", "x", "primary"),
    )
    return SilencePageView(
        id=str(silence.id),
        back=Link("Silences", f"{root}/silences?state={silence.state.value}"),
        matchers=matchers,
        state=STATES[silence.state],
        begins=formats.when(silence.starts_at),
        ends=formats.when(silence.ends_at),
        by=silence.author,
        comment=silence.comment,
        reminder=reminded or before,
        actions=() if over else actions,
        edit=None if over else Link("Edit", f"{at}/edit", "pencil"),
        again=Link("Silence again", f"{root}/silences/new?{urlencode({'matchers': matchers})}", "plus"),
        held=held_view(held, root, formats),
    )


def held_view(held: HeldAlerts, root: str, formats: Formats) -> HeldView:
    """What something hid."""
    rows = tuple(
        HeldRow(
            href=f"{root}/alerts/{each.alert.id}",
            name=each.alert.name,
            mark=mark_of(each.alert.severity, each.alert.state),
            state=ALERT_STATES[each.alert.state],
            since=formats.when(each.since),
            last=formats.when(each.last),
            times=f"{formats.number(each.times)} of its changes" if each.times != 1 else "1 change",
        )
        for each in held.held
    )
    more = held.total - len(rows)
    return HeldView(
        rows,
        "" if rows else "It has held back nothing so far: nothing that it matches had anything to tell.",
        f"And {formats.number(more)} more." if more > 0 else "",
    )


def silence_form(
    silence: SilenceView | None,
    typed: Mapping[str, str],
    errors: Errors,
    matched: MatchedView,
    root: str,
) -> SilenceFormView:
    """The form: of a new silence, or of one that is there."""
    here = f"{root}/silences"
    values = {**(_typed(silence) if silence else {"lasts": "2h", "remind": "900"}), **typed}
    fields = (
        Field(
            "matchers",
            "Alerts with these labels",
            hint='Commas between them: host="db-1", service=~"pay|cart", severity!="critical". Patterns match the whole value.',
            required=True,
            placeholder='host="db-1"',
            maxlength=4000,
        ),
        Field(
            "lasts",
            "For how long" if silence is None else "How long from now on",
            hint="Like 30m, 2h, 3d." if silence is None else "Like 30m, 2h, 3d. Its end stays when this is empty.",
            required=silence is None,
            offers="lengths",
            maxlength=20,
        ),
        Field("starts_at", "Begins, by UTC", kind="datetime-local", hint="At once when empty."),
        Field("comment", "Why", placeholder="The disk is being replaced", maxlength=2000),
        Field(
            "remind",
            "Remind of its end",
            kind="select",
            hint="The channels of what it hides, if anything fires by then.",
            options=REMINDERS,
        ),
    )
    if silence is not None:
        fields = tuple(each for each in fields if each.name != "starts_at")
    return SilenceFormView(
        title="Silence alerts" if silence is None else "Edit the silence",
        back=Link("Silences", here) if silence is None else Link("The silence", f"{here}/{silence.id}"),
        save=f"{here}/new" if silence is None else f"{here}/{silence.id}/edit",
        submit="Silence" if silence is None else "Save",
        error=errors.form,
        fields=tuple(replace(each, value=values.get(each.name, ""), error=errors.of(each.name)) for each in fields),
        lengths=LENGTHS,
        confirmed=bool(typed.get("confirm")),
        matched=matched,
    )


def _typed(silence: SilenceView) -> dict[str, str]:
    remind = f"{silence.remind:.0f}"
    known = {option.value for option in REMINDERS}
    return {
        "matchers": written(silence.matchers),
        "comment": silence.comment,
        "remind": remind if remind in known else "900",
    }


def spec_of(typed: Mapping[str, str], silence: SilenceView | None) -> dict[str, object]:
    """What a form says of a silence, as the API takes it."""
    lasts, starts = typed.get("lasts", ""), typed.get("starts_at", "")
    fields: dict[str, object] = {
        "matchers": typed.get("matchers", ""),
        "comment": typed.get("comment", ""),
        "remind": typed.get("remind", "") or "900",
        "for": lasts,
    }
    if silence is not None:
        kept = {"name": silence.name, "author": silence.author, "starts_at": silence.starts_at}
        return fields | kept | ({} if lasts else {"ends_at": silence.ends_at})
    return fields | ({"starts_at": f"{starts}Z" if "T" in starts else starts} if starts else {})


def form_errors(errors: Errors) -> Errors:
    """What is wrong, at the field that a person sees."""
    renamed = {"for_": "lasts", "for": "lasts", "ends_at": "lasts"}
    fields = {renamed.get(name, name): words for name, words in errors.fields.items()}
    if "`for`" in errors.form:
        return Errors(fields | {"lasts": "Say for how long."})
    return Errors(fields, errors.form)


def matched_view(found: Matched, root: str, formats: Formats) -> MatchedView:
    """What matchers choose now."""
    return MatchedView(
        found=f"{formats.number(found.matched)} of {formats.number(found.open)} alerts that are open now",
        too_broad=found.too_broad or "",
        rows=tuple(_matched(each, root) for each in found.alerts),
        more=f"And {formats.number(found.matched - len(found.alerts))} more."
        if found.matched > len(found.alerts)
        else "",
    )


def _matched(alert: AlertView, root: str) -> MatchedRow:
    return MatchedRow(f"{root}/alerts/{alert.id}", alert.name, mark_of(alert.severity, alert.state), alert.summary)


def matchers_for(alert: AlertView) -> str:
    """Matchers that choose an alert and those like it: its name and its own labels."""
    labels = {"alertname": alert.name, **alert.labels}
    return written([Matcher(label=name, value=value) for name, value in labels.items() if value])


def matchers_for_all(alerts: Sequence[AlertView]) -> str:
    """Matchers that choose these alerts: what each label, that all of them have, is like in one of them."""
    labelled = [{"alertname": alert.name, **alert.labels} for alert in alerts]
    matchers: list[Matcher] = []
    for name in labelled[0] if labelled else ():
        values = list(dict.fromkeys(labels.get(name, "") for labels in labelled))
        either = "|".join(re.escape(value) for value in values)
        if all(values) and len(values) == 1:
            matchers.append(Matcher(label=name, value=values[0]))
        elif all(values) and len(either) <= MOST_CHARACTERS:
            matchers.append(Matcher(label=name, op="=~", value=either))
    return written(matchers)


def prolonged(silence: SilenceView, hours: int) -> dict[str, object]:
    """The patch that lets a silence last longer."""
    return {"endsAt": (silence.ends_at + timedelta(hours=hours)).isoformat()}
