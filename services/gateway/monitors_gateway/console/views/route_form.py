"""The form of one route: what was typed, and the route that it makes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from monitors_contracts.durations import seconds_of, written
from monitors_contracts.matchers import InvalidMatcher, check, parse_matchers
from monitors_contracts.routing import EVERY_ALERT, Route, Weekday

from ..forms import Errors
from .parts import Field, Link, Option
from .routes import Names, hours_words

SEVERITIES = ("critical", "warning", "info")
_SPAN = re.compile(r"(?:(\S*[a-zA-Z]\S*)\s+)?(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)(?:\s+(\S+))?")
_DAYS: tuple[str, ...] = get_args(Weekday)
_GROUPED = {"": "As above", "alone": "Each alert alone", "all": "All together", "by": "By these labels"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several that may be chosen."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class RouteFormView:
    """The form. What is left empty is as above the route."""

    title: str
    back: Link
    action: str
    submit: str
    version: int
    error: str
    name: Field
    asks: Field | None
    severities: tuple[Choice, ...]
    goes_on: Choice | None
    tells: Field
    channels: tuple[Choice, ...]
    policy: Field
    fallback: tuple[Choice, ...]
    grouping: tuple[Field, ...]
    timing: tuple[Field, ...]
    limits: tuple[Field, ...]


@dataclass(frozen=True)
class Typed:
    """What was typed: texts, and what was chosen of lists."""

    texts: Mapping[str, str]
    chosen: Mapping[str, Sequence[str]]

    def of(self, name: str) -> str:
        """A text, empty when it was not sent."""
        return self.texts.get(name, "")


LISTS = ("severities", "channels", "fallback")


def typed_of(route: Route) -> Typed:
    """What a person would have typed to make this route."""
    grouping = "" if route.group_by is None else "alone" if EVERY_ALERT in route.group_by else "by"
    texts = {
        "name": route.name,
        "matchers": ", ".join(str(each) for each in route.matchers),
        "continue": "on" if route.continue_ else "",
        "tells": "above" if route.channels is None and route.policy_id is None else "these",
        "policy": str(route.policy_id or ""),
        "grouping": "all" if route.group_by == [] else grouping,
        "labels": ", ".join(route.group_by or ()) if grouping == "by" else "",
        "group_wait": _written(route.group_wait),
        "group_interval": _written(route.group_interval),
        "repeat_interval": _written(route.repeat_interval),
        "limit": str(route.limit.notices) if route.limit else "",
        "per": _written(route.limit.per if route.limit else None),
        "hours": "\n".join(map(hours_words, route.active_hours or ()))
        or ("always" if route.active_hours == [] else ""),
    }
    lists = {
        "severities": list(route.severities),
        "channels": [str(each) for each in route.channels or ()],
        "fallback": [str(each) for each in route.fallback or ()],
    }
    return Typed(texts, lists)


def asked_of(typed: Typed) -> tuple[dict[str, Any], dict[str, str]]:
    """The route that was typed, without those below it, and what is wrong with it by field."""
    errors: dict[str, str] = {}

    def seconds(name: str) -> Any:
        try:
            return seconds_of(typed.of(name)) if typed.of(name) else None
        except ValueError:
            errors[name] = "A time like 30s, 5m or 1h30m."
            return None

    asked: dict[str, Any] = {
        "name": typed.of("name"),
        "severities": list(typed.chosen.get("severities", ())),
        "continue": bool(typed.of("continue")),
        "group_wait": seconds("group_wait"),
        "group_interval": seconds("group_interval"),
        "repeat_interval": seconds("repeat_interval"),
        "fallback": list(typed.chosen.get("fallback", ())) or None,
    }
    try:
        asked["matchers"] = parse_matchers(typed.of("matchers"))
        check(asked["matchers"])
    except (InvalidMatcher, ValueError) as wrong:
        told = isinstance(wrong, InvalidMatcher)
        errors["matchers"] = str(wrong) if told else 'Write label="value", with =, !=, =~ or !~ between them.'
    if typed.of("tells") == "these":
        asked["channels"] = list(typed.chosen.get("channels", ()))
        asked["policy_id"] = typed.of("policy") or None
    match typed.of("grouping"):
        case "alone":
            asked["group_by"] = [EVERY_ALERT]
        case "all":
            asked["group_by"] = []
        case "by":
            asked["group_by"] = [each.strip() for each in typed.of("labels").split(",") if each.strip()]
        case _:
            pass
    if typed.of("limit"):
        asked["limit"] = {"notices": typed.of("limit"), "per": seconds("per") or 60}
    if typed.of("hours"):
        asked["active_hours"] = _hours(typed.of("hours"), errors)
    return asked, errors


def field_of(place: Sequence[str | int]) -> str:
    """The form's field for a place within the route, such as `limit.notices`; the name for none."""
    first = str(place[0]) if place else "name"
    by_place = {"limit": "limit", "activeHours": "hours", "groupBy": "labels", "policyId": "policy"}
    return by_place.get(first, re.sub(r"([A-Z])", lambda letter: "_" + letter[1].lower(), first))


def _hours(text: str, errors: dict[str, str]) -> list[dict[str, Any]]:
    if text.strip() == "always":
        return []
    spans: list[dict[str, Any]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        part = _SPAN.fullmatch(line)
        days = [_day(each) for each in part[1].split(",") if each] if part and part[1] else []
        if part is None or None in days:
            errors["hours"] = "One span a line: monday,tuesday 09:00-18:00 Europe/Berlin"
            return []
        spans.append(
            {"days": days, "start": part[2].zfill(5), "end": part[3].zfill(5)}
            | ({"timezone": part[4]} if part[4] else {})
        )
    return spans


def _day(text: str) -> str | None:
    """A weekday, of its first letters (at least two)."""
    found = [each for each in _DAYS if len(text) > 1 and each.startswith(text.lower())]
    return found[0] if len(found) == 1 else None


def route_form_view(
    typed: Typed, names: Names, errors: Errors, *, name: str, under: str, version: int, is_root: bool, root: str
) -> RouteFormView:
    """The form of the route of this name, or of a new one under another."""
    at = f"{root}/routes"

    def field(of: str, label: str, hint: str = "", **more: Any) -> Field:
        return Field(of, label, typed.of(of), hint=hint, error=errors.of(of), **more)

    def choices(of: str, options: Sequence[tuple[str, str]]) -> tuple[Choice, ...]:
        return tuple(Choice(value, words, value in typed.chosen.get(of, ())) for value, words in options)

    channels = [(str(each.id), names.channel(each.id)) for each in names.channels]
    policies = (Option("", "None"), *(Option(str(each.id), each.name) for each in names.policies))
    as_above = "All channels" if is_root else "Whom the route above tells"
    empty = "Empty: at once" if is_root else "Empty: as above"
    return RouteFormView(
        title=f"Edit {name}" if name else "Add a route",
        back=Link("Routes", at),
        action=f"{at}/{name}/edit" if name else f"{at}/new?under={under}",
        submit="Save" if name else "Add the route",
        version=version,
        error=errors.form,
        name=field("name", "Name", "Letters, digits and . _ -", required=True, maxlength=64),
        asks=None
        if is_root
        else field("matchers", "Labels", 'host=~"db-.*", env!="dev"; empty for any', maxlength=4000),
        severities=() if is_root else choices("severities", [(each, each) for each in SEVERITIES]),
        goes_on=None if is_root else Choice("on", "Ask the routes after this one, too", bool(typed.of("continue"))),
        tells=field(
            "tells", "Tells", kind="select", options=(Option("above", as_above), Option("these", "Those chosen here"))
        ),
        channels=choices("channels", channels),
        policy=field("policy", "Escalation policy", kind="select", options=policies),
        fallback=choices("fallback", channels),
        grouping=(
            field(
                "grouping",
                "Told together",
                kind="select",
                options=tuple(Option(value, words) for value, words in _GROUPED.items()),
            ),
            field("labels", "Labels to group by", "service, cluster"),
        ),
        timing=(
            field("group_wait", "A new group gathers for", empty, placeholder="30s"),
            field("group_interval", "Its changes are told every", empty, placeholder="5m"),
            field("repeat_interval", "Told again every", "Until somebody takes it; 0 for never", placeholder="4h"),
        ),
        limits=(
            field(
                "limit", "Messages at most", "To each channel; what is beyond comes as a digest", inputmode="numeric"
            ),
            field("per", "In", placeholder="1m"),
            field(
                "hours",
                "Only at these hours",
                "One span a line: monday,tuesday 09:00-18:00 Europe/Berlin. “always” for all; it waits otherwise.",
                kind="textarea",
            ),
        ),
    )


def _written(seconds: float | None) -> str:
    return "" if seconds is None else written(seconds)
