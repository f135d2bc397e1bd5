"""All settings of all services: the value in force, where it comes from, and what it means. Secrets are never shown."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import AliasChoices, BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from monitors_alerter.settings import AlerterSettings
from monitors_evaluator.providers.settings import AiSettings
from monitors_evaluator.rules.settings import RuleSettings
from monitors_gateway.settings import GatewaySettings
from monitors_metrics.settings import MetricsSettings
from monitors_notifier.settings import NotifierSettings
from monitors_runtime.settings import RuntimeSettings
from monitors_scraper.settings import ScraperSettings

from .bus import without_secret
from .platform import PlatformSettings

PREFIX = "MONITORS_"
GROUPS: dict[str, type[BaseSettings]] = {
    "all services": RuntimeSettings,
    "monitors up": PlatformSettings,
    "gateway": GatewaySettings,
    "scraper": ScraperSettings,
    "evaluator": AiSettings,
    "rules": RuleSettings,
    "alerter": AlerterSettings,
    "notifier": NotifierSettings,
    "metrics": MetricsSettings,
}
# Read by the command line itself.
OWN_NAMES = frozenset({"MONITORS_API", "MONITORS_TOKEN", "MONITORS_PASSWORD"})


@dataclass(frozen=True)
class Setting:
    """One setting as it would be in force; `source` is `environment` or `default`."""

    name: str
    value: str
    source: str
    description: str
    used_by: tuple[str, ...]


def every_setting(environ: Mapping[str, str]) -> tuple[list[Setting], list[str]]:
    """All settings, and what is wrong with those that the environment gives."""
    found: dict[str, Setting] = {}
    wrong: list[str] = []
    for group, kind in GROUPS.items():
        values, refused = _values(kind)
        wrong += [each for each in refused if each not in wrong]
        for field, info in kind.model_fields.items():
            names = _names(field, info)
            given = next((name for name in names if environ.get(name)), None)
            name = given or names[0]
            if known := found.get(name):
                joined = (*known.used_by, group)
                found[name] = Setting(
                    name, known.value, known.source, known.description or info.description or "", joined
                )
                continue
            value = _shown(values[field]) if field in values else (environ.get(name, "?") if given else "-")
            source = "environment" if given else "default"
            found[name] = Setting(name, value, source, info.description or "", (group,))
    return list(found.values()), wrong + _unknown(environ, found)


def refusals(error: ValidationError) -> list[str]:
    """Each refused setting with the reason, by its name in the environment. What was given is not repeated."""
    return [
        f"{_env_name(str(each['loc'][0]) if each['loc'] else '')}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors(include_url=False, include_input=False)
    ]


def _env_name(location: str) -> str:
    if not location:
        return "settings"
    return location if location.isupper() else PREFIX + location.upper()


def _values(kind: type[BaseSettings]) -> tuple[dict[str, Any], list[str]]:
    """The values in force by field, and refusals. A key that is made at the first start may be missing."""
    given: dict[str, Any] = {}
    refused: list[str] = []
    for _ in range(2):
        try:
            return dict(kind(**given)), refused
        except ValidationError as error:
            bad = {str(each["loc"][0]) if each["loc"] else "": each["type"] for each in error.errors()}
            if bad.get("secret_key") == "missing":
                given["secret_key"] = SecretStr("-" * 64)
                if len(bad) == 1:
                    continue
            refused = [line for line in refusals(error) if not line.startswith("MONITORS_SECRET_KEY: Field required")]
            break
    defaults = {name: info.get_default(call_default_factory=True) for name, info in kind.model_fields.items()}
    return {name: value for name, value in defaults.items() if _env_name(name) not in _mentioned(refused)}, refused


def _mentioned(refused: list[str]) -> set[str]:
    return {line.partition(":")[0] for line in refused}


def _names(field: str, info: FieldInfo) -> list[str]:
    alias = info.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [str(alias) if isinstance(alias, str) else PREFIX + field.upper()]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, SecretStr):
        return "********" if set(value.get_secret_value()) != {"-"} else "made at the first start"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | dict | set | BaseModel):
        return str(value) if value else "-"
    text = str(value)
    return without_secret(text) if "://" in text else text


def _unknown(environ: Mapping[str, str], known: Mapping[str, Setting]) -> list[str]:
    """Names with our prefix that nothing reads: typing errors, mostly."""
    lines: list[str] = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name not in OWN_NAMES:
            close = difflib.get_close_matches(name, known, 1)
            lines.append(f"{name}: no such setting" + (f"; {close[0]} is meant?" if close else ""))
    return lines
