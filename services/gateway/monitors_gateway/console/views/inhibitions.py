"""Inhibition rules: the list, one with what it hid, and the form with what each side chooses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from monitors_contracts.inhibition import InhibitionSpec, InhibitionView
from monitors_contracts.silences import HeldAlerts

from ..formats import Formats
from ..forms import Errors
from .parts import Action, Badge, Empty, Field, Link, Tab
from .silences import HeldView, MatchedView, held_view, silence_tabs, written


@dataclass(frozen=True, slots=True)
class InhibitionRow:
    """One rule of the list."""

    id: str
    href: str
    name: str
    words: str
    state: Badge
    held: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class InhibitionsView:
    """The list."""

    tabs: tuple[Tab, ...]
    add: Link
    rows: tuple[InhibitionRow, ...]
    empty: Empty | None


@dataclass(frozen=True, slots=True)
class InhibitionPageView:
    """One rule."""

    row: InhibitionRow
    back: Link
    comment: str
    sources: str
    edit: Link
    held: HeldView


@dataclass(frozen=True, slots=True)
class InhibitionFormView:
    """The form, and what each side chooses now."""

    title: str
    back: Link
    save: str
    submit: str
    error: str
    fields: tuple[Field, ...]
    source: MatchedView
    target: MatchedView


def inhibitions_view(rules: Sequence[InhibitionView], root: str, formats: Formats) -> InhibitionsView:
    """The list of rules."""
    add = Link("Add a rule", f"{root}/inhibitions/new", "plus")
    words = "While a host is down, nobody needs to be told that what runs there does not answer: that is such a rule."
    return InhibitionsView(
        tabs=silence_tabs(root, "/inhibitions"),
        add=add,
        rows=tuple(_row(each, root, formats) for each in rules),
        empty=None if rules else Empty("filter", "No alert holds another back", words, add),
    )


def _row(rule: InhibitionView, root: str, formats: Formats) -> InhibitionRow:
    at, spec = f"{root}/inhibitions/{rule.id}", rule.spec
    equal = f", where {', '.join(spec.equal)} agree{'s' if len(spec.equal) == 1 else ''}" if spec.equal else ""
    switch = Action("Pause", f"{at}/pause", "pause") if spec.is_active else Action("Resume", f"{at}/resume", "play")
    gone = f"“{spec.name}” holds back nothing more; what fires still is told."
    holding = f", {formats.number(rule.holding)} open" if rule.holding else ""
    return InhibitionRow(
        id=str(rule.id),
        href=at,
        name=spec.name,
        words=f"While {written(spec.source)} lasts, {written(spec.target)} is held back{equal}.",
        state=Badge("On", "good") if spec.is_active else Badge("Paused"),
        held=f"{formats.number(rule.held)} alerts{holding}" if rule.held else "nothing so far",
        actions=(switch, Action("Delete", f"{at}/delete", "trash-2", "danger", confirm=gone)),
    )


def inhibition_view(rule: InhibitionView, held: HeldAlerts, root: str, formats: Formats) -> InhibitionPageView:
    """The page of one rule."""
    row = _row(rule, root, formats)
    return InhibitionPageView(
        row=row,
        back=Link("Inhibition", f"{root}/inhibitions"),
        comment=rule.spec.comment,
        sources=f"{formats.number(rule.sources)} open alerts may hold others back by it",
        edit=Link("Edit", f"{row.href}/edit", "pencil"),
        held=held_view(held, root, formats),
    )


def inhibition_form(
    rule: InhibitionView | None,
    typed: Mapping[str, str],
    errors: Errors,
    source: MatchedView,
    target: MatchedView,
    root: str,
) -> InhibitionFormView:
    """The form: of a new rule, or of one that is there."""
    here = f"{root}/inhibitions"
    fields = (
        Field("name", "Name", required=True, placeholder="A host that is down explains the rest", maxlength=200),
        Field(
            "source",
            "While an alert with these labels lasts",
            hint='Commas between them: alertname="HostDown".',
            required=True,
            placeholder='alertname="HostDown"',
            maxlength=4000,
        ),
        Field(
            "target",
            "these are not told",
            hint='host!="" is every alert that has a host.',
            required=True,
            placeholder='host!=""',
            maxlength=4000,
        ),
        Field(
            "equal",
            "where these labels agree",
            hint="Names with commas between them; a label that neither has agrees.",
            placeholder="host, cluster",
            maxlength=1000,
        ),
        Field("comment", "Why", maxlength=2000),
    )
    return InhibitionFormView(
        title="Add an inhibition rule" if rule is None else f"Edit {rule.spec.name}",
        back=Link("Inhibition", here) if rule is None else Link(rule.spec.name, f"{here}/{rule.id}"),
        save=f"{here}/new" if rule is None else f"{here}/{rule.id}/edit",
        submit="Add" if rule is None else "Save",
        error=errors.form,
        fields=tuple(replace(each, value=typed.get(each.name, ""), error=errors.of(each.name)) for each in fields),
        source=source,
        target=target,
    )


def typed_of(spec: InhibitionSpec) -> dict[str, str]:
    """A rule as its form shows it."""
    return {
        "name": spec.name,
        "source": written(spec.source),
        "target": written(spec.target),
        "equal": ", ".join(spec.equal),
        "comment": spec.comment,
    }


def spec_of(typed: Mapping[str, str], known: InhibitionSpec | None) -> dict[str, object]:
    """What a form says of a rule, as the API takes it."""
    fields: dict[str, object] = {name: typed.get(name, "") for name in ("name", "source", "target", "comment")}
    equal = [name for each in typed.get("equal", "").split(",") if (name := each.strip())]
    return fields | {"equal": equal, "is_active": known.is_active if known else True}
