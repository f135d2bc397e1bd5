"""Alertmanager's receivers as channels of ours, where there is an equivalent.

https://prometheus.io/docs/alerting/latest/configuration/#receiver
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from .documents import Thing

Report: TypeAlias = Callable[[str, str], None]
"""What it is about, and what to know of it."""

_SLACK = re.compile(r"https://hooks\.slack\.com/services/([^/]+)/([^/]+)/([^/?]+)")
_DISCORD = re.compile(r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/([^/]+)/([^/?]+)")


class NoEquivalent(Exception):
    """Why there is no channel for it."""


def channels_of(receiver: dict[str, Any], settings: dict[str, Any], left_out: Report, note: Report) -> list[Thing]:
    """The channels that a receiver becomes, each with a name of its own; `settings` are Alertmanager's global ones."""
    name = str(receiver.get("name", ""))
    found: list[Thing] = []
    for kind, configs in receiver.items():
        if kind == "name":
            continue
        if not isinstance(configs, list):
            if configs is not None:
                left_out(f"receiver {name!r}: {kind}", "it has no equivalent")
            continue
        for config in configs:
            about = f"receiver {name!r}: {kind}"
            try:
                made = list(_made(kind, config or {}, settings))
            except NoEquivalent as why:
                left_out(about, str(why))
                continue
            found += made
            if (config or {}).get("send_resolved") is False:
                note(about, "send_resolved: the end of what was told is always told")
            if (config or {}).get("http_config"):
                note(about, "http_config has no equivalent")
            if kind == "webhook_configs":
                note(about, "the body is as Standard Webhooks have it, signed, and not Alertmanager's")
    return [channel | {"name": _name(name, place, len(found))} for place, channel in enumerate(found, 1)]


def _name(receiver: str, place: int, of: int) -> str:
    return receiver if of == 1 else f"{receiver} {place}"


def _made(kind: str, config: dict[str, Any], settings: dict[str, Any]) -> Iterator[Thing]:
    if from_file := next((key for key in config if key.endswith("_file")), None):
        raise NoEquivalent(f"{from_file} keeps its secret in a file: add the channel by hand")
    match kind:
        case "webhook_configs":
            yield {"kind": "webhook", "url": _text(config, "url")}
        case "email_configs":
            for address in _text(config, "to").split(","):
                yield {"kind": "email", "address": address.strip()}
        case "slack_configs":
            url = str(config.get("api_url") or settings.get("slack_api_url") or "")
            parts = _SLACK.match(url)
            if parts is None:
                raise NoEquivalent("its api_url is no webhook of Slack")
            channel = str(config.get("channel", "")).lstrip("#")
            yield _apprise(f"slack://{parts[1]}/{parts[2]}/{parts[3]}" + (f"/#{channel}" if channel else ""))
        case "discord_configs":
            parts = _DISCORD.match(_text(config, "webhook_url"))
            if parts is None:
                raise NoEquivalent("its webhook_url is no webhook of Discord")
            yield _apprise(f"discord://{parts[1]}/{parts[2]}")
        case "telegram_configs":
            yield _apprise(f"tgram://{_text(config, 'bot_token')}/{_text(config, 'chat_id')}")
        case "opsgenie_configs":
            yield _apprise(f"opsgenie://{config.get('api_key') or _text(settings, 'opsgenie_api_key')}")
        case "pushover_configs":
            yield _apprise(f"pover://{_text(config, 'user_key')}@{_text(config, 'token')}")
        case "pagerduty_configs":
            raise NoEquivalent(
                "PagerDuty is told by pagerduty://INTEGRATION_KEY@API_KEY, and the API key is not known here"
            )
        case _:
            raise NoEquivalent("there is no such channel; see `monitors channels add apprise`")


def _apprise(url: str) -> Thing:
    return {"kind": "apprise", "url": url}


def _text(config: dict[str, Any], key: str) -> str:
    found = config.get(key)
    if not isinstance(found, str | int) or not str(found).strip() or str(found) == "<secret>":
        raise NoEquivalent(f"it has no {key}")
    return str(found)
