"""JSON schemas of everything on the wire, as they are committed and compared."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from .base import Event, Request
from .catalogue import EVENTS, REQUESTS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class _Untitled(GenerateJsonSchema):
    """Without a title at every field, which only repeats the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def event_schema(kind: type[Event]) -> Schema:
    """The schema of an event's data."""
    return {"$schema": DIALECT, **_schema_of(kind)}


def request_schema(kind: type[Request[Any]]) -> Schema:
    """The schemas of a command or query and of its answer: `{"request": ..., "reply": ...}`."""
    return {"request": _schema_of(kind), "reply": _schema_of(kind.reply)}


def all_schemas() -> dict[str, Schema]:
    """Every schema by the file that keeps it: `<ce-type>.json`, `requests/<Name>.json`."""
    events = {f"{kind.type_name()}.json": event_schema(kind) for kind in EVENTS}
    requests = {f"requests/{kind.__name__}.json": request_schema(kind) for kind in REQUESTS}
    return events | requests


def component_schemas(models: Sequence[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """The schemas of many models in one document: a reference to each, and all that they refer to, by name."""
    wanted = dict.fromkeys(models)
    references, document = models_json_schema(
        [(model, "validation") for model in wanted],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    return {model: references[model, "validation"] for model in wanted}, document["$defs"]


def _schema_of(model: type[BaseModel]) -> Schema:
    return model.model_json_schema(schema_generator=_Untitled)
