"""The style guide: every component with what it is given."""

from dataclasses import dataclass
from datetime import timedelta

from ..formats import Formats, When
from .parts import Action, Badge, Empty, Field, Flash, Link, Meter, Moment, Option, Spark, Tab, spark


@dataclass(frozen=True, slots=True)
class StyleguideView:
    """One of each."""

    badges: tuple[Badge, ...]
    actions: tuple[Action, ...]
    fields: tuple[Field, ...]
    tabs: tuple[Tab, ...]
    moments: tuple[Moment, ...]
    meters: tuple[Meter, ...]
    flashes: tuple[Flash, ...]
    empty: Empty
    spark: Spark | None
    past: When
    soon: When
    values: tuple[tuple[str, str], ...]
    colours: tuple[str, ...]


def styleguide_view(root: str, formats: Formats) -> StyleguideView:
    """What the style guide shows."""
    here = f"{root}/styleguide"
    now = formats.now
    undo = Action("Undo", here, "undo-2")
    return StyleguideView(
        badges=(
            Badge("Quiet", "good"),
            Badge("Triggered", "bad"),
            Badge("Uncertain", "warn"),
            Badge("Checking", "info"),
            Badge("Paused"),
        ),
        actions=(
            Action("Check now", here, "refresh-cw", "primary"),
            Action("Pause", here, "pause"),
            Action("Delete", here, "trash-2", "danger", confirm="Its facts go with it. You can undo this for an hour."),
        ),
        fields=(
            Field("name", "Name", "Copper kettle", hint="How it is called in lists and messages."),
            Field("url", "Page", "shop", "url", error="This must be an address that begins with https://."),
            Field("op", "Fires when", "le", "select", options=(Option("le", "at most"), Option("ge", "at least"))),
            Field("note", "Note", "", "textarea", placeholder="A word on why"),
        ),
        tabs=(Tab("Open", here, True, "3"), Tab("Acknowledged", here), Tab("Resolved", here)),
        moments=(
            Moment("Opened", formats.when(now - timedelta(minutes=42)), "bad", "price < 50 USD: 47.50 USD"),
            Moment("Mail delivered", formats.when(now - timedelta(minutes=41)), "info", by="E-mail"),
            Moment("Acknowledged", formats.when(now - timedelta(minutes=7)), "warn", "Ordered one.", by="Robin"),
            Moment("Resolved", formats.when(now - timedelta(seconds=3)), "good", "The condition is no longer met."),
        ),
        meters=(
            Meter("Monitors", 4, 10, "4 of 10"),
            Meter("Checks today", 46, 50, "46 of 50", "warn"),
            Meter("API calls", 1204, 0, "1,204, no limit"),
        ),
        flashes=(
            Flash("Monitor deleted.", "neutral", undo),
            Flash("Saved."),
            Flash("This monitor was checked a moment ago. Try again in 40 s.", "bad"),
        ),
        empty=Empty(
            "bell", "Nothing is wrong", "Alerts of your monitors will be here.", Link("To your monitors", root)
        ),
        spark=spark([64, 64, 62, 62.5, 58, 59, 51, 47.5], "From 64 to 47.50 in 8 checks"),
        past=formats.when(now - timedelta(minutes=3)),
        soon=formats.when(now + timedelta(seconds=48)),
        values=(
            ("Money", formats.value(1299.0, "EUR")),
            ("Cents", formats.value(47.5, "USD")),
            ("Unit", formats.value(21.5, "°C")),
            ("Big", formats.value(1_250_000.0)),
            ("Truth", formats.value(True)),
            ("Change", formats.change(-4.5, "USD")),
            ("Share", formats.percent(0.985)),
        ),
        colours=("ground", "surface", "sunken", "line", "muted", "ink", "accent", "good", "warn", "bad", "info"),
    )
