"""What a change of a JSON schema would break, as a pure comparison of the old one with the new one.

Both ways count: events of the old schema lie in the streams for a year, and consumers of the old schema still run while the
new producer starts. So nothing may be written under either schema that the other refuses, and within one version of a
message only optional fields come and go. What a schema cannot say (a validator in Python) is not seen here; the examples
and the released schemas' payloads are parsed by the models for that.

Readers ignore fields they do not know; writers write none but their own.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Schema = dict[str, Any]
Harmed = Literal["stored events", "older consumers"]

_ANNOTATIONS = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated"}
)
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_COMPARED = frozenset(
    {
        "$ref",
        "type",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "prefixItems",
    }
    | set(_LOWER_BOUNDS)
    | set(_UPPER_BOUNDS)
)


@dataclass(frozen=True, order=True)
class Break:
    """One breaking change: where (`alert.state`, `samples[]`), what, and who could no longer read what."""

    path: str
    what: str
    harms: Harmed

    def __str__(self) -> str:
        return f"{self.path or 'the message'}: {self.what} (breaks {self.harms})"


def breaking_changes(old: Schema, new: Schema) -> list[Break]:
    """Every way in which payloads of one of the two schemas could not be read with the other; empty when none."""
    stored = {Break(path, what, "stored events") for path, what in _refusals(_Side(old), _Side(new))}
    consumers = {Break(path, what, "older consumers") for path, what in _refusals(_Side(new), _Side(old))}
    return sorted(stored | consumers)


class _Side:
    """One of the two documents, with its definitions at hand."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._definitions: dict[str, Schema] = root.get("$defs", {})

    def resolve(self, schema: Schema | bool) -> Schema:
        """The schema with its reference followed; `true` is the schema that allows everything."""
        if isinstance(schema, bool):
            return {} if schema else {"enum": []}
        if "$ref" not in schema:
            return schema
        target = self.resolve(self._definitions[schema["$ref"].removeprefix("#/$defs/")])
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}

    def choices(self, schema: Schema | bool) -> list[Schema]:
        """The alternatives a value may follow, each with at most one type."""
        schema = self.resolve(schema)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                rest = {key: value for key, value in schema.items() if key not in (union, *_ANNOTATIONS)}
                return [each for one in schema[union] for each in self.choices({**self.resolve(one), **rest})]
        if isinstance(schema.get("type"), list):
            return [{**schema, "type": each} for each in schema["type"]]
        return [schema]

    def meaning(self, value: Any) -> str:
        """A keyword's value as text, with the definitions it may refer to."""
        text = _text(value)
        return text + _text(self._definitions) if "$ref" in text else text


_Refusal = tuple[str, str]


def _refusals(writer: _Side, reader: _Side) -> list[_Refusal]:
    return list(_Comparison(writer, reader).value("", writer.root, reader.root))


class _Comparison:
    """Whether all that one side may write is read by the other."""

    def __init__(self, writer: _Side, reader: _Side) -> None:
        self._writer = writer
        self._reader = reader
        self._comparing: set[tuple[str, str]] = set()

    def value(self, path: str, written: Schema | bool, read: Schema | bool) -> Iterator[_Refusal]:
        """Why the reader might refuse a value, each reason with its path. Recursive definitions are compared once."""
        pair = (_text(written), _text(read))
        if pair in self._comparing:
            return
        self._comparing.add(pair)
        choices = self._reader.choices(read)
        for one in self._writer.choices(written):
            attempts = [list(self._alternative(path, one, choice)) for choice in choices]
            if all(attempts):
                same_type = [
                    attempt
                    for attempt, choice in zip(attempts, choices, strict=True)
                    if choice.get("type") == one.get("type")
                ]
                if len(choices) > 1 and not same_type:
                    yield path, f"{_kind(one)} is not among {', '.join(map(_kind, choices))}"
                else:
                    yield from min(same_type or attempts, key=len)
        self._comparing.discard(pair)

    def _alternative(self, path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
        kinds = (written.get("type"), read.get("type"))
        if read.get("type") and kinds[0] != kinds[1] and kinds != ("integer", "number"):
            yield path, f"type {_kind(written)} is not {_kind(read)}"
            return
        yield from _values(path, written, read)
        yield from _bounds(path, written, read)
        yield from self._other_keywords(path, written, read)
        if read.get("type") == "object":
            yield from self._fields(path, written, read)
        if read.get("type") == "array":
            yield from self._items(path, written, read)

    def _items(self, path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
        others: Schema | bool = written.get("items", True)
        members: list[Schema | bool] = written.get("prefixItems", [])
        for number, member in enumerate(read.get("prefixItems", [])):
            yield from self.value(f"{path}[{number}]", members[number] if number < len(members) else others, member)
        if "items" in read:
            yield from self.value(f"{path}[]", others, read["items"])

    def _fields(self, path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
        known: Schema = written.get("properties", {})
        extra: Schema | bool = written.get("additionalProperties", False)
        asked: Schema = read.get("properties", {})
        for name in read.get("required", []):
            if name not in written.get("required", []):
                yield _join(path, name), "required, but may be absent"
        for name, schema in asked.items():
            if name in known or extra is not False:
                yield from self.value(_join(path, name), known.get(name, extra), schema)
        others: Schema | bool = read.get("additionalProperties", True)
        for name in known.keys() - asked.keys():
            if others is False:
                yield _join(path, name), "no longer a field" if extra is False else "not allowed"
            elif others is not True:
                yield from self.value(_join(path, name), known[name], others)
        if extra is not False and others is not True:
            yield from self.value(f"{path}{{}}", extra, others)

    def _other_keywords(self, path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
        """Pattern, format, multipleOf and whatever else restricts: what the reader asks, the writer must promise alike."""
        for keyword in sorted(read.keys() - _ANNOTATIONS - _COMPARED):
            promised, demanded = self._writer.meaning(written.get(keyword)), self._reader.meaning(read[keyword])
            if promised != demanded:
                yield path, f"{keyword} {_text(written.get(keyword))} is not {_text(read[keyword])}"


def _values(path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
    allowed = _enumerated(read)
    if allowed is None:
        return
    given = _enumerated(written)
    if given is None:
        yield path, f"any value is not one of {', '.join(sorted(allowed))}"
    elif missing := given - allowed:
        yield path, f"{', '.join(sorted(missing))} is not among the values"


def _enumerated(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {_text(schema["const"])}
    return {_text(each) for each in schema["enum"]} if "enum" in schema else None


def _bounds(path: str, written: Schema, read: Schema) -> Iterator[_Refusal]:
    for keyword in _LOWER_BOUNDS:
        if keyword in read and written.get(keyword, float("-inf")) < read[keyword]:
            yield path, f"{keyword} {written.get(keyword, 'none')} is below {read[keyword]}"
    for keyword in _UPPER_BOUNDS:
        if keyword in read and written.get(keyword, float("inf")) > read[keyword]:
            yield path, f"{keyword} {written.get(keyword, 'none')} is above {read[keyword]}"


def _kind(schema: Schema) -> str:
    return schema.get("type") or ("an enumeration" if _enumerated(schema) is not None else "anything")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
