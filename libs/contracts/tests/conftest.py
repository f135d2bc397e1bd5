"""Payloads by schema: whatever a writer of a JSON schema might put on the wire."""

import re
from collections.abc import Callable
from datetime import UTC
from functools import cache
from math import ceil, floor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st

Schema = dict[str, Any]
Payloads = Callable[[Schema], st.SearchStrategy[Any]]

TEXT = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"))
NAMES = st.text(TEXT, min_size=1, max_size=8)
SCALARS = (
    st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(TEXT)
)
# A null in a free-form dictionary is left out on the wire, so none is written there.
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


def _uuid7(number: int) -> str:
    return str(UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 7 << 76 | 2 << 62))


FORMATS: dict[str, st.SearchStrategy[str]] = {
    "uuid7": st.integers(0, 2**128 - 1).map(_uuid7),
    "date": st.dates().map(lambda day: day.isoformat()),
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    "base64url": st.sampled_from(["", "AQAAAA==", "AAAAAAAA8D8=", "no base64"]),
    "duration-text": st.sampled_from(["1d", "24h", "1440m", "86400"]),  # within the bounds of all of them
    "email": st.sampled_from(["owner@example.com", "a.b+c@mail.example.com"]),
}


@cache
def _texts(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text(TEXT, min_size=least, max_size=most)


class Definitions:
    """A schema's definitions as strategies, each made once: what is made anew at every mention takes minutes."""

    def __init__(self, schemas: Schema) -> None:
        self._schemas = schemas
        self._made: dict[str, st.SearchStrategy[Any]] = {}

    def of(self, reference: str) -> st.SearchStrategy[Any]:
        name = reference.rpartition("/")[2]
        if name not in self._made:
            self._made[name] = st.deferred(lambda: _strategy(self._schemas[name], self))
        return self._made[name]


def _strategy(schema: Schema | bool, definitions: Definitions) -> st.SearchStrategy[Any]:
    if isinstance(schema, bool):
        return ANYTHING
    if "$ref" in schema:
        return definitions.of(schema["$ref"])
    if "anyOf" in schema:
        return st.one_of([_strategy(each, definitions) for each in schema["anyOf"]])
    if "oneOf" in schema:
        kinds = schema["discriminator"]["mapping"]
        field = schema["discriminator"]["propertyName"]
        return st.one_of([_tagged(definitions, reference, field, kind) for kind, reference in kinds.items()])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case None:
            return ANYTHING
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "string" if "format" in schema:
            return FORMATS[schema["format"]]
        case "string" if "pattern" in schema:
            return st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
        case "string":
            least = schema.get("minLength", 0)
            return _texts(least, min(schema.get("maxLength", 1000), least + 20))
        case "integer":
            return st.integers(schema.get("minimum", -(2**53)), schema.get("maximum", 2**53))
        case "number":
            least, most = schema.get("minimum"), schema.get("maximum")
            above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
            numbers = st.floats(
                least if above is None else above,
                most if below is None else below,
                allow_nan=False,
                allow_infinity=False,
                exclude_min=above is not None,
                exclude_max=below is not None,
            )
            if step := schema.get("multipleOf"):
                return st.integers(ceil(least / step), floor(most / step)).map(lambda times: times * step)
            return numbers
        case "array" if "prefixItems" in schema:
            return st.tuples(*(_strategy(each, definitions) for each in schema["prefixItems"])).map(list)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_strategy(schema.get("items", True), definitions), min_size=least, max_size=least + 2)
        case "object" if "properties" in schema:
            fields = {name: _strategy(each, definitions) for name, each in schema["properties"].items()}
            required = {name: fields.pop(name) for name in schema.get("required", [])}
            return st.fixed_dictionaries(required, optional=fields)
        case "object":
            others = schema.get("additionalProperties", True)
            named = schema.get("propertyNames", {})
            names = _strategy(named, definitions) if {"$ref", "enum"} & named.keys() else NAMES
            return st.dictionaries(names, _strategy(others, definitions), max_size=3)
        case other:
            raise NotImplementedError(f"no payloads for type {other}")


def _tagged(definitions: Definitions, reference: str, field: str, kind: str) -> st.SearchStrategy[Any]:
    """A value of one of several kinds, which says which it is."""
    return definitions.of(reference).map(lambda value: value | {field: kind})


@pytest.fixture(scope="session")
def payloads() -> Payloads:
    """`payloads(schema)`: a hypothesis strategy of JSON values that are valid under the schema."""
    return lambda schema: _strategy(schema, Definitions(schema.get("$defs", {})))
