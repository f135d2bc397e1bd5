"""What the documents say about a message, taken from its class."""

import inspect
from typing import Any

from pydantic import BaseModel

from .base import Event


def meaning_of(model: type[BaseModel]) -> str:
    """The docstring, as one paragraph. Empty for a class without one of its own."""
    return " ".join(inspect.cleandoc(model.__dict__.get("__doc__") or "").split())


def summary_of(model: type[BaseModel]) -> str:
    """The docstring's first sentence."""
    first, stop, _ = meaning_of(model).partition(". ")
    return first + stop.strip()


def address_of(kind: type[Event]) -> str:
    """The subject with its variable parts in braces."""
    return f"evt.{kind.aggregate}.{kind.action}.{{organizationId}}.{{entityId}}"


def type_text(schema: Any) -> str:
    """A field's type for a reader: `string (date-time)`, `list of Sample`, `"info" or "warning"`."""
    if schema is True or not schema:
        return "anything"
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(text for each in schema["anyOf"] if (text := type_text(each)) != "null")
    if "const" in schema:
        return _quoted(schema["const"])
    if "enum" in schema:
        return " or ".join(map(_quoted, schema["enum"]))
    kind: str = schema.get("type", "anything")
    if kind == "array":
        members: list[Any] = schema.get("prefixItems", [])
        return (
            f"[{', '.join(map(type_text, members))}]" if members else f"list of {type_text(schema.get('items', True))}"
        )
    if kind == "object":
        return f"map of {type_text(schema.get('additionalProperties', True))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
