"""Merge patches (RFC 7396): what a request changes of something that is there already."""

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from monitors_runtime.errors import ProblemError, problem

from ..domain.wording import message_of

T = TypeVar("T")


def merged(known: BaseModel, changes: dict[str, Any]) -> dict[str, Any]:
    """The fields of what is known with these changes; null takes a field away."""
    fields = known.model_dump(mode="json", exclude_none=True) | changes
    return {name: value for name, value in fields.items() if value is not None}


def made(shape: TypeAdapter[T], fields: dict[str, Any], why: str, *, kinds: bool = False) -> T:
    """What these fields make. Problem: `invalid-request`, with the fields that are wrong.

    `kinds` says that the shape is one of several, by kind: errors then begin with the kind, which is no field.
    """
    try:
        return shape.validate_python(fields)
    except ValidationError as wrong:
        refused = problem("invalid-request", "Invalid request", 422, why).problem
        errors = [
            {"field": ".".join(str(part) for part in error["loc"][int(kinds) :]), "message": message_of(error)}
            for error in wrong.errors(include_url=False, include_input=False)
        ]
        raise ProblemError(refused.model_copy(update={"errors": errors})) from wrong
