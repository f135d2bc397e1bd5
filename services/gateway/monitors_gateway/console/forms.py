"""Forms: what was typed, and what is wrong with it, field by field."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitors_runtime.errors import ProblemError, problem

from ..domain import wording

M = TypeVar("M", bound=BaseModel)

# pydantic's words are for programmers; these are for people, by the kind of error.
WORDS = {
    "missing": "Please fill this in.",
    "string_too_short": "This is too short: at least {min_length} characters.",
    "string_too_long": "This is too long: at most {max_length} characters.",
    "float_parsing": "This must be a number.",
    "int_parsing": "This must be a whole number.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than_equal": "This must be at most {le}.",
}


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong with a form: by field (names in snake_case), and as a whole."""

    fields: dict[str, str] = field(default_factory=dict[str, str])
    form: str = ""

    def of(self, name: str) -> str:
        """What is wrong with this field, or nothing."""
        return self.fields.get(name, "")


@dataclass(frozen=True, slots=True)
class Parsed(Generic[M]):
    """A form that was read: the model, or why there is none."""

    model: M | None
    errors: Errors


async def read(request: Request) -> dict[str, str]:
    """The text fields of a form; of several with the same name the last. Blanks around are cut, but not of passwords.

    A NUL, which no keyboard types and no table holds, is left out.
    """
    form = await request.form()
    texts = {name: value.replace("\0", "") for name, value in form.items() if isinstance(value, str)}
    return {name: value if "password" in name else value.strip() for name, value in texts.items()}


async def read_list(request: Request, name: str) -> list[str]:
    """All values of a field that may come several times, such as checkboxes."""
    return [value for value in (await request.form()).getlist(name) if isinstance(value, str)]


def parse(model: type[M], fields: Mapping[str, object]) -> Parsed[M]:
    """The model made of these fields. An empty text counts as not given."""
    given = {name: value for name, value in fields.items() if value not in ("", None)}
    try:
        return Parsed(model.model_validate(given), Errors())
    except ValidationError as invalid:
        return Parsed(None, _errors(model, invalid))


def refused(error: ProblemError, fields: Mapping[str, str] | None = None) -> Errors:
    """What a problem of the API says, at the fields it names or at the whole form. `fields` has fields by problem type."""
    problem = error.problem
    named = {_snake(str(each["field"])): str(each["message"]) for each in problem.errors or []}
    if at := (fields or {}).get(problem.type):
        named[at] = problem.detail or problem.title
    # What passes by itself is said with its name: "Too many failed sign-ins. The next try is allowed at ..."
    words = f"{problem.title}. {problem.detail}" if problem.retry_at else problem.detail or problem.title
    return Errors(named, "" if named else words)


def made_of(request: Request, known: object) -> None:
    """Have the form that is shown say what it was made of, for `unchanged` when it comes back."""
    request.state.made_of = hashlib.sha256(repr(known).encode()).hexdigest()[:16]


async def unchanged(request: Request, known: object) -> None:
    """Raises a problem when the form was made of something else than is there now; when sent again, it goes through."""
    sent = await made_of_before(request)
    made_of(request, known)
    if sent not in ("", request.state.made_of):
        words = "This was changed meanwhile in another place. Save again to put yours in its place."
        raise problem("changed-meanwhile", "Changed meanwhile", 409, words)


async def made_of_before(request: Request) -> str:
    """What the form that was sent was made of; empty when it does not say."""
    return (await read(request)).get("made_of", "")


def number_of(text: str) -> float | str:
    """The number that people write so: `1,299.50`, `1 299,5`, `$50`. What is none stays a text, to be refused by its model."""
    plain = re.sub(r"[\s\u00a0\u202f']", "", text).lstrip("$€£¥")
    # One comma before one or two digits at the end is a decimal sign; others group thousands.
    plain = plain.replace(",", ".") if re.fullmatch(r"[-+]?\d+,\d{1,2}", plain) else plain.replace(",", "")
    try:
        return float(plain)
    except ValueError:
        return text


def message_of(error: ErrorDetails) -> str:
    """One of pydantic's errors in words for a person."""
    words = WORDS.get(error["type"])
    return words.format_map(error.get("ctx") or {}) if words else wording.message_of(error)


def _errors(model: type[BaseModel], invalid: ValidationError) -> Errors:
    aliases = {each.alias or name: name for name, each in model.model_fields.items()}
    found: dict[str, str] = {}
    whole = ""
    for each in invalid.errors():
        message = message_of(each)
        if each["loc"]:
            first = str(each["loc"][0])
            found.setdefault(aliases.get(first, first), message[:1].upper() + message[1:])
        else:
            whole = message
    return Errors(found, whole)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
