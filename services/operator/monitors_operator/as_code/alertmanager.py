"""Alertmanager's configuration as channels, routes and inhibition rules of ours; and what has no equivalent.

https://prometheus.io/docs/alerting/latest/configuration/
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from monitors_contracts.base import new_id
from monitors_contracts.inhibition import InhibitionSpec
from monitors_contracts.matchers import InvalidMatcher, Matcher, parse_matchers
from monitors_contracts.routing import Routing
from monitors_gateway.incoming.reading import severity_of

from ..errors import BadInput
from ..wrong import first_of
from . import alertmanager_times
from .alertmanager_channels import channels_of
from .documents import Thing, normal

_WAITS = {"group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h"}
"""Alertmanager's own, where its configuration says nothing."""
_WORDS = re.compile(r"[A-Za-z0-9]+(\|[A-Za-z0-9]+)*")
_ELSEWHERE = {
    "templates": "messages have a form of their own: texts come from annotations",
    "tracing_config": "tracing is set by OTEL_EXPORTER_OTLP_ENDPOINT",
}
_TIMES = ("time_intervals", "mute_time_intervals")
_PARTS = {"global", "route", "receivers", "inhibit_rules", *_TIMES, *_ELSEWHERE}
_MATCHERS = ("matchers", "match", "match_re")
_OF_ROUTES = {
    *_MATCHERS,
    *("receiver", "continue", "group_by", "group_wait", "group_interval", "repeat_interval", "routes"),
    *("active_time_intervals", "mute_time_intervals"),
}
_OF_INHIBITIONS = {f"{side}_{key}" for side in ("source", "target") for key in _MATCHERS} | {"equal"}
_OF_RECEIVERS = {"slack_api_url", "opsgenie_api_key"}
"""Settings for all that receivers go by where they say nothing."""


@dataclass
class Imported:
    """What came over, what was left out and why, and what is not as it was."""

    channels: list[Thing] = field(default_factory=list[Thing])
    routing: Thing = field(default_factory=dict[str, Any])
    inhibitions: list[Thing] = field(default_factory=list[Thing])
    left_out: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def document(self) -> Thing:
        """As a file."""
        found = {"channels": self.channels, "routing": self.routing, "inhibitions": self.inhibitions}
        return {name: part for name, part in found.items() if part}


def convert(document: dict[str, Any]) -> Imported:
    """An Alertmanager configuration. Raises BadInput for what is none."""
    if not isinstance(document.get("route"), dict) or not isinstance(document.get("receivers"), list):
        raise BadInput("this is no Alertmanager configuration: it has no route and list of receivers")
    found = Imported()
    found.left_out += [(name, why) for name, why in _ELSEWHERE.items() if document.get(name)]
    _unknown(document, _PARTS, "", found)
    settings = document.get("global") or {}
    _of_settings(settings, found)
    channels: dict[str, list[str] | None] = {}
    for receiver in document["receivers"]:
        made = channels_of(
            receiver,
            settings,
            lambda about, why: found.left_out.append((about, why)),
            lambda about, why: found.notes.append((about, why)),
        )
        told = any(isinstance(configs, list) and configs for configs in receiver.values())
        channels[str(receiver.get("name"))] = [channel["name"] for channel in made] if made or not told else None
        found.channels += [normal("channels", channel) for channel in made]
    times = {str(each.get("name")): each for key in _TIMES for each in document.get(key) or ()}
    found.routing = _Routes(channels, times, found).root(document["route"])
    for number, rule in enumerate(document.get("inhibit_rules") or (), 1):
        _inhibition(rule, number, found)
    return found


def _of_settings(settings: dict[str, Any], found: Imported) -> None:
    if any(key.startswith("smtp_") for key in settings):
        found.left_out.append(("global: smtp_*", "the platform's operator sets how mail is sent (MONITORS_SMTP_URL)"))
    if settings.get("resolve_timeout"):
        found.left_out.append(
            ("global: resolve_timeout", "an alert without an end is over 5 minutes after it was last heard of")
        )
    if settings.get("http_config"):
        found.left_out.append(("global: http_config", "it has no equivalent"))
    others = {key: value for key, value in settings.items() if not key.startswith("smtp_")}
    _unknown(others, {"resolve_timeout", "http_config", *_OF_RECEIVERS}, "global: ", found)


def _unknown(part: dict[str, Any], known: Collection[str], about: str, found: Imported) -> None:
    """Lists what was said and nothing here goes by."""
    found.left_out += [(f"{about}{key}", "it has no equivalent") for key in part if key not in known]


class _Routes:
    """Turns routes over, with names that no other route has.

    `channels` are those that each receiver became; None where it told somebody, and nothing of it has an equivalent.
    """

    def __init__(self, channels: dict[str, list[str] | None], times: dict[str, Any], found: Imported) -> None:
        self._channels = channels
        self._times = times
        self._found = found
        self._names: set[str] = set()

    def root(self, route: dict[str, Any]) -> Thing:
        """The whole tree. Raises BadInput for one that could not be."""
        waits = {key: value for key, value in _WAITS.items() if not route.get(key)}
        for key in ("continue", *_MATCHERS):
            if route.get(key):
                self._found.left_out.append(
                    (f"route 'root': {key}", "all alerts begin at this route, and none goes past it")
                )
        narrowed = {key: value for key, value in route.items() if key not in ("continue", *_MATCHERS)}
        tree = self._route(narrowed | waits, None, "root") | {"groupBy": _group_by(route) or []}
        try:
            Routing.model_validate({"root": _with_ids(tree)})
        except ValidationError as wrong:
            place = ".".join(str(part) for part in wrong.errors()[0]["loc"])
            raise BadInput(f"route: {place}: {first_of(wrong)}") from None
        return tree

    def _route(self, route: dict[str, Any], above: list[str] | None, name: str = "") -> Thing:
        """A route and those below it; `above` are the channels of the route that it is in, None for all there are."""
        receiver = route.get("receiver")
        named = self._fresh(name or str(receiver or "route"))
        if receiver is not None and receiver not in self._channels:
            raise BadInput(f"route {named!r}: there is no receiver {receiver!r}")
        _unknown(route, _OF_ROUTES, f"route {named!r}: ", self._found)
        matchers = self._matchers(route, named)
        channels = self._channels[str(receiver)] if receiver is not None else None
        if receiver is not None and channels is None:
            self._inherits(named, matchers, str(receiver), above, is_root=bool(name))
        said: Thing = {
            "name": named,
            "matchers": [_plain(each) for each in matchers],
            "channels": channels,
            "continue": bool(route.get("continue")),
            "groupBy": _group_by(route),
            "groupWait": route.get("group_wait"),
            "groupInterval": route.get("group_interval"),
            "repeatInterval": route.get("repeat_interval"),
            "activeHours": self._hours(route, named),
            "routes": [
                self._route(child, above if channels is None else channels) for child in route.get("routes") or ()
            ],
        }
        return {key: value for key, value in said.items() if value or (key in ("channels", "groupBy") and value == [])}

    def _inherits(
        self, name: str, matchers: list[Matcher], receiver: str, above: list[str] | None, *, is_root: bool
    ) -> None:
        """Says whom a route tells whose receiver has no equivalent: those of the route above, rather than nobody."""
        takes = f" ({', '.join(map(str, matchers))})" if matchers else ""
        told = "all channels" if above is None else ", ".join(above) or "nobody"
        instead = f"it tells {told}" if is_root else f"like the route above, it tells {told}"
        why = f"it would tell nobody, for nothing of receiver {receiver!r} has an equivalent; {instead}"
        self._found.left_out.append((f"route {name!r}{takes}", why))

    def _fresh(self, wished: str) -> str:
        base = re.sub(r"[^a-zA-Z0-9_.-]+", "-", wished).strip("-._")[:56] or "route"
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base}-{number}"
        self._names.add(name)
        return name

    def _matchers(self, route: dict[str, Any], name: str) -> list[Matcher]:
        about = f"route {name!r}"
        return _matchers(route, _MATCHERS, about, self._found)

    def _hours(self, route: dict[str, Any], name: str) -> list[Thing]:
        active, mute = route.get("active_time_intervals") or (), route.get("mute_time_intervals") or ()
        if not active and not mute:
            return []
        if unknown := [each for each in (*active, *mute) if each not in self._times]:
            raise BadInput(f"route {name!r}: there is no time interval {unknown[0]!r}")
        about = f"route {name!r}"
        try:
            hours = alertmanager_times.active_hours(
                [self._times[each] for each in active], [self._times[each] for each in mute]
            )
        except alertmanager_times.NoEquivalent as why:
            self._found.left_out.append((f"{about}: time intervals", str(why)))
            return []
        self._found.notes.append((about, "what fires outside its hours is told when they begin, if it fires still"))
        return hours


def _matchers(part: dict[str, Any], keys: tuple[str, str, str], about: str, found: Imported) -> list[Matcher]:
    """Of all three notations. Raises BadInput."""
    written, equal, like = (part.get(key) or () for key in keys)
    try:
        matchers = [each for text in written for each in parse_matchers(str(text))]
        matchers += [Matcher(label=str(label), value=str(value)) for label, value in dict(equal).items()]
        matchers += [Matcher(label=str(label), op="=~", value=str(value)) for label, value in dict(like).items()]
    except ValidationError as wrong:
        raise BadInput(f"{about}: {first_of(wrong)}") from None
    except InvalidMatcher as wrong:
        raise BadInput(f"{about}: {wrong}") from None
    return [_in_our_words(each, about, found) for each in matchers]


def _in_our_words(matcher: Matcher, about: str, found: Imported) -> Matcher:
    """Severities have three words here."""
    if matcher.label != "severity" or not matcher.value:
        return matcher
    if not _WORDS.fullmatch(matcher.value):
        found.notes.append((about, f"{matcher}: severities are critical, warning and info here"))
        return matcher
    ours = "|".join(dict.fromkeys(severity_of(word) for word in matcher.value.split("|")))
    if ours != matcher.value:
        found.notes.append((about, f"severity {matcher.value!r} is {ours!r} here"))
    return matcher.model_copy(update={"value": ours})


def _inhibition(rule: dict[str, Any], number: int, found: Imported) -> None:
    about = f"inhibit_rules {number}"
    _unknown(rule, _OF_INHIBITIONS, f"{about}: ", found)
    source = _matchers(rule, ("source_matchers", "source_match", "source_match_re"), about, found)
    target = _matchers(rule, ("target_matchers", "target_match", "target_match_re"), about, found)
    said: Thing = {
        "name": f"{', '.join(map(str, source))} before {', '.join(map(str, target))}"[:200],
        "source": [_plain(each) for each in source],
        "target": [_plain(each) for each in target],
        "equal": [str(each) for each in rule.get("equal") or ()],
    }
    try:
        InhibitionSpec.model_validate(said)
    except ValidationError as wrong:
        found.left_out.append((about, first_of(wrong)))
        return
    found.inhibitions.append(said)


def _group_by(route: dict[str, Any]) -> list[str] | None:
    given = route.get("group_by")
    return None if given is None else [str(each) for each in given]


def _plain(matcher: Matcher) -> Thing:
    return matcher.model_dump(mode="json")


def _with_ids(route: Thing) -> Thing:
    """The route as the platform takes it, whatever its channels' ids may be."""
    channels = {"channels": [new_id() for _ in route["channels"]]} if "channels" in route else {}
    return route | channels | {"routes": [_with_ids(child) for child in route.get("routes", ())]}
