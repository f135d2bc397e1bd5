"""What a request makes, or changes (merge patches, RFC 7396), and the fields of it that are wrong or misspelt."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, TypeAdapter, ValidationError

from monitors_runtime.errors import ProblemError, problem

from ..domain.wording import message_of
from .callers import CallerDep

T = TypeVar("T")
TOLD = frozenset(("id", "organizationId", "userId", "version", "createdAt", "updatedAt"))
"""What answers say of a thing beside what was given: whoever sends an answer back means no field by it."""


def merged(known: BaseModel, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of what is known with these changes; null takes a field, or a member of one, away."""
    aliases = {name: field.alias or name for name, field in type(known).model_fields.items()}
    given = {aliases.get(name, name): value for name, value in changes.items()}
    fields: dict[str, Any] = _patched(known.model_dump(mode="json", exclude_none=True), given)
    return fields


def _patched(target: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return patch
    fields: dict[str, Any] = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = _patched(fields.get(name), value)
    return fields


def made(
    shape: TypeAdapter[T],
    fields: Mapping[str, Any],
    why: str,
    *,
    kinds: bool = False,
    given: Iterable[str] = (),
    told: Iterable[str] = TOLD,
) -> T:
    """What these fields make. Problem: `invalid-request`, with the fields that are wrong.

    `kinds` says that the shape is one of several, by kind: errors then begin with the kind, which is no field. Of what was
    `given`, a name that is like a field's and is none is refused, but for what is `told` in answers.
    """
    try:
        found = shape.validate_python(fields)
    except ValidationError as wrong:
        nowhere = "kind" if kinds else "body"
        errors = [
            {
                "field": ".".join(str(part) for part in error["loc"][int(kinds) :]) or nowhere,
                "message": message_of(error),
            }
            for error in wrong.errors(include_url=False, include_input=False)
        ]
        raise _refused(why, errors) from wrong
    if misspelt := _misspelt(type(found), given, told):
        raise _refused(why, misspelt)
    return found


def spelled(shape: TypeAdapter[Any], why: str, *, kinds: bool = False, told: Iterable[str] = TOLD) -> Any:
    """A dependency of a route whose body is of this shape: refuses what `made` refuses, so also misspelt fields.

    Messages ignore unknown fields, so that newer producers can add; people who misspell one would get another thing than meant.
    """

    async def check(request: Request, _: CallerDep) -> None:
        try:
            body = await request.json()
        except ValueError:
            return
        if isinstance(body, dict):
            made(shape, body, why, kinds=kinds, given=body, told=told)

    return Depends(check)


def _misspelt(shape: type[Any], given: Iterable[str], told: Iterable[str]) -> list[dict[str, Any]]:
    fields = shape.model_fields if issubclass(shape, BaseModel) else {}
    known = [field.alias or name for name, field in fields.items()]
    unknown = [name for name in given if name not in fields and name not in known and name not in told]
    return [
        {"field": name, "message": f"there is no such field; did you mean {close[0]!r}?"}
        for name in unknown
        if (close := get_close_matches(name, known, 1))
    ]


def _refused(why: str, errors: list[dict[str, Any]]) -> ProblemError:
    told = "; ".join(f"{each['field']}: {each['message']}" for each in errors)
    refused = problem("invalid-request", "Invalid request", 422, f"{why} {told}"[:1000]).problem
    return ProblemError(refused.model_copy(update={"errors": errors}))
