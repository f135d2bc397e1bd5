"""Routes in the words of Alertmanager's configuration, as far as it has words for them."""

from collections.abc import Mapping
from typing import Any

import yaml

from monitors_contracts.base import Id
from monitors_contracts.matchers import Matcher
from monitors_contracts.routing import Route

ALL = "all channels"


def written(root: Route, channels: Mapping[Id, str]) -> str:
    """The tree as YAML that amtool can read; `channels` are the names of channels. Waits of no length are left out."""
    receivers: dict[str, None] = {}
    route = _route(root, ALL, channels, receivers)
    document = {"route": route, "receivers": [{"name": name} for name in receivers]}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _route(route: Route, above: str, channels: Mapping[Id, str], receivers: dict[str, None]) -> dict[str, Any]:
    receiver = _receiver(route, above, channels)
    receivers[receiver] = None
    matchers = [str(matcher) for matcher in route.matchers]
    if route.severities:
        matchers.append(str(Matcher(label="severity", op="=~", value="|".join(route.severities))))
    said: dict[str, Any] = {
        "receiver": receiver,
        "matchers": matchers,
        "group_by": route.group_by,
        "group_wait": _seconds(route.group_wait),
        "group_interval": _seconds(route.group_interval),
        "repeat_interval": _seconds(route.repeat_interval),
        "continue": route.continue_,
        "routes": [_route(child, receiver, channels, receivers) for child in route.routes],
    }
    return {name: value for name, value in said.items() if value}


def _receiver(route: Route, above: str, channels: Mapping[Id, str]) -> str:
    if route.channels:
        return ", ".join(channels.get(each, str(each)) for each in route.channels)
    return f"policy of {route.name}" if route.policy_id else above


def _seconds(span: float | None) -> str | None:
    return f"{round(span * 1000)}ms" if span else None
