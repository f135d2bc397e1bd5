"""Status pages: the list, one with what it shows and who hears of it, and the forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from monitors_contracts.maintenance import WindowView
from monitors_contracts.status_pages import (
    DEFAULT_IMPACT,
    Component,
    ComponentStatus,
    Degraded,
    PublicStatus,
    Stage,
    StatusPageSpec,
    StatusUpdate,
)
from monitors_contracts.subscribers import SubscriberList, SubscriberState

from ...api.status_pages import StatusPageShape
from ...status.views import STAGES, STATUS_WORDS, TONES, BoardView, board
from ..formats import Formats, When
from ..forms import Errors
from .parts import Action, Badge, Empty, Field, FormPage, Link, Option
from .silences import MatchedView, written

_SEVERITIES = ("critical", "warning", "info")
_VISIBLE = (Option("public", "Anybody"), Option("private", "Who has its link"))
_INCIDENTS = (
    Option("matching", "Of incidents with an alert that a component matches"),
    Option("all", "Of all incidents"),
    Option("none", "Of none"),
)
_STAGE_OPTIONS = tuple(Option(each, STAGES[each].words) for each in get_args(Stage))
_STATUS_OPTIONS = tuple(Option(each.value, STATUS_WORDS[each]) for each in ComponentStatus)
_NOTHING = "nothing"
_IMPACTS = (
    Option(_NOTHING, "Nothing"),
    *(Option(each, STATUS_WORDS[ComponentStatus(each)]) for each in get_args(Degraded)),
)


@dataclass(frozen=True, slots=True)
class PageCard:
    """One page of the list."""

    id: str
    name: str
    href: str
    badge: Badge
    url: str
    words: str


@dataclass(frozen=True, slots=True)
class StatusPagesView:
    """The list; `empty` while there is none."""

    add: Link
    cards: tuple[PageCard, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class Choice:
    """A box to tick."""

    value: str
    words: str
    is_ticked: bool = False


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """A component: how it does, by what, and what can be done."""

    key: str
    name: str
    href: str
    badge: Badge
    by: str
    since: When
    override: str
    fields: tuple[Field, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """Something that was said."""

    title: str
    text: str
    stage: Badge
    when: When
    remove: Action


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """Somebody who hears of updates, or asked for it."""

    target: str
    state: Badge
    since: When
    failure: str
    remove: Action


@dataclass(frozen=True, slots=True)
class StatusPageView:
    """One page."""

    name: str
    words: str
    back: Link
    url: str
    edit: Link
    add: Link
    actions: tuple[Action, ...]
    rows: tuple[ComponentRow, ...]
    board: BoardView
    post: str
    fields: tuple[Field, ...]
    concerned: tuple[Choice, ...]
    error: str
    updates: tuple[UpdateRow, ...]
    subscribers: tuple[SubscriberRow, ...]
    subscribers_words: str


@dataclass(frozen=True, slots=True)
class ComponentFormView:
    """The form of a component, what its matchers choose now, and how it would be shown."""

    title: str
    back: Link
    save: str
    error: str
    fields: tuple[Field, ...]
    windows: tuple[Choice, ...]
    matched: MatchedView
    board: BoardView | None


def status_pages_view(pages: Sequence[StatusPageShape], root: str) -> StatusPagesView:
    """The list."""
    add = Link("Add a status page", f"{root}/status-pages/new", "plus")
    words = "A status page tells those who depend on you how things do: its components follow your alerts."
    return StatusPagesView(
        add=add,
        cards=tuple(_card(each, root) for each in pages),
        empty=None if pages else Empty("globe", "No status page yet", words, add),
    )


def _card(page: StatusPageShape, root: str) -> PageCard:
    count = len(page.spec.components)
    who = "for anybody" if page.spec.visibility == "public" else "for who has its link"
    words = f"{count} component{'' if count == 1 else 's'}, {who}"
    href = f"{root}/status-pages/{page.id}"
    return PageCard(str(page.id), page.spec.name, href, _badge(page.status), page.url, words)


def _badge(status: ComponentStatus) -> Badge:
    return Badge(STATUS_WORDS[status], TONES[status])


def status_page_view(
    page: StatusPageShape,
    shown: PublicStatus,
    updates: Sequence[StatusUpdate],
    subscribers: SubscriberList,
    typed: Mapping[str, str],
    errors: Errors,
    root: str,
    formats: Formats,
) -> StatusPageView:
    """One page. `typed` is what its form of updates holds."""
    at, spec = f"{root}/status-pages/{page.id}", page.spec
    renew = Action(
        "New link", f"{at}/link", "refresh-cw", confirm="Who has the present link can't open the page any more."
    )
    gone = "Its history, its updates and its subscribers go with it."
    delete = Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=gone)
    counts = subscribers.counts
    confirmed, pending = counts.get(SubscriberState.CONFIRMED, 0), counts.get(SubscriberState.PENDING, 0)
    return StatusPageView(
        name=spec.name,
        words="For anybody." if spec.visibility == "public" else "For who has its link.",
        back=Link("Status pages", f"{root}/status-pages"),
        url=page.url,
        edit=Link("Edit", f"{at}/edit", "pencil"),
        add=Link("Add a component", f"{at}/new-component", "plus"),
        actions=(renew, delete) if spec.visibility == "private" else (delete,),
        rows=tuple(_row(page, each, at, formats) for each in spec.components),
        board=board(shown),
        post=f"{at}/updates",
        fields=_update_fields(shown, typed, errors),
        concerned=tuple(Choice(each.key, each.name) for each in spec.components),
        error=errors.form,
        updates=tuple(_update(each, at, formats) for each in updates),
        subscribers=tuple(
            SubscriberRow(
                target=each.target,
                state=Badge("Confirmed", "good") if each.state is SubscriberState.CONFIRMED else Badge("Asked"),
                since=formats.when(each.confirmed_at or each.created_at),
                failure=each.last_failure or "",
                remove=Action("Remove", f"{at}/subscribers/{each.id}/remove", "trash-2", "danger"),
            )
            for each in subscribers.subscribers
        ),
        subscribers_words=f"{confirmed} confirmed, {pending} asked and have not confirmed."
        if counts
        else "Nobody yet.",
    )


def _row(page: StatusPageShape, component: Component, at: str, formats: Formats) -> ComponentRow:
    standing = page.standing(component.key)
    assert standing
    here = f"{at}/components/{component.key}"
    said = standing.override
    by = "by hand" if said else f"by alerts: {written(component.matchers)}" if component.matchers else "by nothing yet"
    back = (Action("As alerts say", f"{here}/override/end", "undo-2"),) if said else ()
    gone = Action("Remove", f"{here}/remove", "trash-2", "danger", confirm="Its history is not shown any more.")
    return ComponentRow(
        key=component.key,
        name=component.name,
        href=here,
        badge=_badge(standing.status),
        by=by,
        since=formats.when(standing.since),
        override=f"{here}/override",
        fields=(
            Field("status", "It is", standing.status.value, kind="select", options=_STATUS_OPTIONS),
            Field("note", "Note for everybody", said.note if said else "", maxlength=500),
        ),
        actions=(*back, gone),
    )


def _update(update: StatusUpdate, at: str, formats: Formats) -> UpdateRow:
    sure = "It goes from the page; who was told of it stays told."
    remove = Action("Remove", f"{at}/updates/{update.id}/remove", "trash-2", "danger", confirm=sure)
    return UpdateRow(update.title, update.text, STAGES[update.stage], formats.when(update.posted_at), remove)


def _update_fields(shown: PublicStatus, typed: Mapping[str, str], errors: Errors) -> tuple[Field, ...]:
    going_on = [Option(str(each.id), f"Goes on with: {each.title}"[:100]) for each in shown.threads[:20]]
    fields = (
        Field("thread_id", "About", kind="select", options=(Option("", "Something new"), *going_on)),
        Field("title", "Title", maxlength=200, hint="Not needed where it goes on with something."),
        Field("stage", "How far it is", kind="select", options=_STAGE_OPTIONS),
        Field("text", "What is said", kind="textarea", required=True, maxlength=4000),
    )
    return tuple(replace(each, value=typed.get(each.name, ""), error=errors.of(each.name)) for each in fields)


def page_form(page: StatusPageShape | None, typed: Mapping[str, str], errors: Errors, root: str) -> FormPage:
    """The form of a page itself; its components have theirs."""
    here = f"{root}/status-pages"
    fields = (
        Field("name", "Name", required=True, maxlength=100, autofocus=page is None),
        Field(
            "slug", "Address", required=True, maxlength=60, placeholder="acme", hint="The page is at /status/address."
        ),
        Field("visibility", "Who may see it", kind="select", options=_VISIBLE),
        Field("description", "What stands below the name", maxlength=500),
        Field("timezone", "Time zone", placeholder="Europe/Berlin", maxlength=100, hint="Its days and times are so."),
        Field("incidents", "Public updates are shown", kind="select", options=_INCIDENTS),
    )
    return FormPage(
        title="Add a status page" if page is None else f"Edit {page.spec.name}",
        words="",
        back=Link("Status pages", here) if page is None else Link(page.spec.name, f"{here}/{page.id}"),
        save=f"{here}/new" if page is None else f"{here}/{page.id}/edit",
        submit="Add" if page is None else "Save",
        error=errors.form or errors.of("components"),
        fields=tuple(replace(each, value=typed.get(each.name, ""), error=errors.of(each.name)) for each in fields),
    )


def typed_page(spec: StatusPageSpec) -> dict[str, str]:
    """A page as its form shows it."""
    names = ("name", "slug", "visibility", "description", "timezone", "incidents")
    return {name: getattr(spec, name) for name in names}


def component_form(
    page: StatusPageShape,
    key: str,
    typed: Mapping[str, str],
    ticked: Sequence[str],
    errors: Errors,
    windows: Sequence[WindowView],
    matched: MatchedView,
    shown: PublicStatus | None,
    root: str,
) -> ComponentFormView:
    """The form of a component; `key` is empty for a new one."""
    at = f"{root}/status-pages/{page.id}"
    new = (
        Field(
            "key", "Key", required=True, placeholder="api", maxlength=60, hint="Its history is kept under it for good."
        ),
    )
    fields = (
        Field("name", "Name", required=True, maxlength=100),
        *(() if key else new),
        Field(
            "matchers",
            "Alerts that degrade it",
            placeholder='service="api"',
            maxlength=4000,
            hint="None: by hand alone.",
        ),
        *(
            Field(f"impact_{each}", f"An alert that is {each} makes it", kind="select", options=_IMPACTS)
            for each in _SEVERITIES
        ),
        Field("description", "What stands below the name", maxlength=500),
        Field("group", "Shown together under", maxlength=100),
    )
    found = next((each for each in page.spec.components if each.key == key), None)
    return ComponentFormView(
        title="Add a component" if found is None else f"Edit {found.name}",
        back=Link(page.spec.name, at),
        save=f"{at}/components/{key}" if key else f"{at}/new-component",
        error=errors.form,
        fields=tuple(replace(each, value=typed.get(each.name, ""), error=errors.of(each.name)) for each in fields),
        windows=tuple(Choice(str(each.id), each.spec.name, str(each.id) in ticked) for each in windows),
        matched=matched,
        board=board(shown) if shown else None,
    )


def typed_component(component: Component | None) -> dict[str, str]:
    """A component as its form shows it."""
    impact = component.impact if component else DEFAULT_IMPACT
    impacts = {f"impact_{each}": impact.get(each, _NOTHING) for each in _SEVERITIES}
    if component is None:
        return impacts
    return impacts | {
        "name": component.name,
        "matchers": written(component.matchers) if component.matchers else "",
        "description": component.description,
        "group": component.group,
    }


def component_of(key: str, typed: Mapping[str, str], windows: Sequence[str]) -> dict[str, Any]:
    """What a form says of a component, as the API takes it."""
    impact = {each: typed.get(f"impact_{each}", _NOTHING) for each in _SEVERITIES}
    return {
        "key": key or typed.get("key", ""),
        "name": typed.get("name", ""),
        "matchers": typed.get("matchers") or None,
        "description": typed.get("description", ""),
        "group": typed.get("group", ""),
        "impact": {each: made for each, made in impact.items() if made != _NOTHING},
        "windows": list(windows),
    }
