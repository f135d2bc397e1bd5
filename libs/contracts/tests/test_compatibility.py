"""A breaking change is found and named, whichever it is; what is called compatible is."""

import copy
import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field, JsonValue, ValidationError, create_model

from monitors_contracts.alerts import AlertTriggered
from monitors_contracts.base import Id, Model, Value
from monitors_contracts.compatibility import breaking_changes
from monitors_contracts.metrics import MetricCollected
from monitors_contracts.schemas import event_schema, request_schema

Schema = dict[str, Any]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
STORED, CONSUMERS = "stored events", "older consumers"


def _schema() -> Schema:
    schema = copy.deepcopy(event_schema(AlertTriggered))
    alert = schema["$defs"]["AlertView"]["properties"]
    alert["name"] |= {"minLength": 2, "maxLength": 80, "pattern": "^[A-Z]"}
    alert["occurrences"] |= {"minimum": 1, "maximum": 1000, "multipleOf": 1}
    alert["steps"] = {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 9}
    alert["pair"] = {"type": "array", "prefixItems": [{"$ref": "#/$defs/AlertState"}], "minItems": 1, "maxItems": 1}
    return schema


def _alert(schema: Schema) -> Schema:
    return schema["$defs"]["AlertView"]


def _set(name: str, **keywords: Any) -> Callable[[Schema], None]:
    return lambda schema: _alert(schema)["properties"][name].update(keywords)


def _replace(name: str, value: Schema) -> Callable[[Schema], None]:
    return lambda schema: _alert(schema)["properties"].update({name: value})


def _remove(name: str) -> Callable[[Schema], None]:
    def change(schema: Schema) -> None:
        del _alert(schema)["properties"][name]
        _alert(schema)["required"] = [each for each in _alert(schema)["required"] if each != name]

    return change


def _require(name: str) -> Callable[[Schema], None]:
    return lambda schema: _alert(schema)["required"].append(name)


def _relax(name: str) -> Callable[[Schema], None]:
    return lambda schema: _alert(schema)["required"].remove(name)


def _add_required(schema: Schema) -> None:
    _alert(schema)["properties"]["team"] = {"type": "string"}
    _alert(schema)["required"].append("team")


def _states(*values: str) -> Callable[[Schema], None]:
    return lambda schema: schema["$defs"]["AlertState"].update(enum=list(values))


BREAKING: list[tuple[str, Callable[[Schema], None], str, set[str]]] = [
    ("a new required field", _add_required, "alert.team", {STORED}),
    ("an optional field made required", _require("note"), "alert.note", {STORED}),
    ("a required field removed", _remove("summary"), "alert.summary", {CONSUMERS}),
    ("a required field made optional", _relax("summary"), "alert.summary", {CONSUMERS}),
    ("another type", _replace("summary", {"type": "integer"}), "alert.summary", {STORED, CONSUMERS}),
    ("a narrowed number", _replace("changeAmount", {"type": "integer"}), "alert.changeAmount", {STORED}),
    ("a widened integer", _set("version", type="number"), "alert.version", {CONSUMERS}),
    ("an optional field no longer nullable", _replace("unit", {"type": "string"}), "alert.unit", {STORED}),
    (
        "a field that may become null",
        _replace("fingerprint", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "alert.fingerprint",
        {CONSUMERS},
    ),
    ("an enum value removed", _states("firing", "resolved"), "alert.state", {STORED}),
    ("an enum value added", _states("firing", "acknowledged", "resolved", "muted"), "alert.state", {CONSUMERS}),
    ("a text made an enum", _set("fingerprint", enum=["a", "b"]), "alert.fingerprint", {STORED}),
    ("an enum made a text", _replace("severity", {"type": "string"}), "alert.severity", {CONSUMERS}),
    ("a constant", _set("severity", const="info"), "alert.severity", {STORED}),
    ("a shorter text", _set("name", maxLength=40), "alert.name", {STORED}),
    ("a longer text", _set("name", maxLength=200), "alert.name", {CONSUMERS}),
    ("a longest text where there was none", _set("summary", maxLength=500), "alert.summary", {STORED}),
    ("a least length raised", _set("name", minLength=3), "alert.name", {STORED}),
    ("a least length lowered", _set("name", minLength=1), "alert.name", {CONSUMERS}),
    ("another pattern", _set("name", pattern="^[a-z]"), "alert.name", {STORED, CONSUMERS}),
    ("a pattern where there was none", _set("summary", pattern="^x"), "alert.summary", {STORED}),
    ("a higher minimum", _set("occurrences", minimum=2), "alert.occurrences", {STORED}),
    ("a lower minimum", _set("occurrences", minimum=0), "alert.occurrences", {CONSUMERS}),
    ("a lower maximum", _set("occurrences", maximum=10), "alert.occurrences", {STORED}),
    ("a higher maximum", _set("occurrences", maximum=10_000), "alert.occurrences", {CONSUMERS}),
    ("an exclusive bound", _set("version", exclusiveMinimum=0), "alert.version", {STORED}),
    ("another step", _set("occurrences", multipleOf=2), "alert.occurrences", {STORED, CONSUMERS}),
    ("another format", _set("startedAt", format="date"), "alert.startedAt", {STORED, CONSUMERS}),
    ("a format where there was none", _set("summary", format="uri"), "alert.summary", {STORED}),
    ("a format dropped", _replace("id", {"type": "string"}), "alert.id", {CONSUMERS}),
    ("fewer items", _set("steps", maxItems=3), "alert.steps", {STORED}),
    ("no least number of items", _set("steps", minItems=0), "alert.steps", {CONSUMERS}),
    ("other items", _set("steps", items={"type": "number"}), "alert.steps[]", {CONSUMERS}),
    ("other values of a map", _set("labels", additionalProperties={"type": "integer"}), "alert.labels{}", {STORED}),
    ("a map made an object", _replace("labels", {"type": "object", "required": ["a"]}), "alert.labels.a", {STORED}),
    ("a keyword nobody foresaw", _set("labels", propertyNames={"maxLength": 3}), "alert.labels", {STORED}),
    ("what a tuple refers to", _states("firing", "acknowledged"), "alert.pair[0]", {STORED}),
    ("one of several types dropped", _replace("value", {"type": "number"}), "alert.value", {STORED}),
]


@pytest.mark.parametrize(
    ("change", "path", "harmed"), [each[1:] for each in BREAKING], ids=[each[0] for each in BREAKING]
)
def test_a_breaking_change_is_named_with_its_place_and_whom_it_harms(
    change: Callable[[Schema], None], path: str, harmed: set[str]
) -> None:
    old, new = _schema(), _schema()
    change(new)
    found = [each for each in breaking_changes(old, new) if each.path == path]
    assert {each.harms for each in found} >= harmed
    assert all(path in str(each) and each.what for each in found)
    back = {each.harms for each in breaking_changes(new, old) if each.path == path}
    assert {STORED if each == CONSUMERS else CONSUMERS for each in harmed} <= back  # seen from the other end


def _add_optional(schema: Schema) -> None:
    _alert(schema)["properties"]["team"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def _describe(schema: Schema) -> None:
    schema["description"] = "Said better"
    _alert(schema)["properties"]["note"] |= {"description": "Said better", "title": "Note", "examples": ["x"]}


def _rename_definition(schema: Schema) -> None:
    schema["$defs"]["Proof"] = schema["$defs"].pop("Evidence")
    _alert(schema)["properties"]["evidence"]["anyOf"][0]["$ref"] = "#/$defs/Proof"


def _reorder(schema: Schema) -> None:
    schema["$defs"]["AlertState"]["enum"].reverse()
    _alert(schema)["required"].reverse()
    _alert(schema)["properties"]["value"]["anyOf"].reverse()


COMPATIBLE = [_add_optional, _remove("note"), _describe, _reorder]


@pytest.mark.parametrize("change", COMPATIBLE)
def test_a_harmless_change_breaks_nothing(change: Callable[[Schema], None]) -> None:
    old, new = _schema(), _schema()
    change(new)
    assert breaking_changes(old, new) == []


def test_a_renamed_definition_breaks_nothing() -> None:
    old = event_schema(AlertTriggered)
    new = copy.deepcopy(old)
    _rename_definition(new)
    assert breaking_changes(old, new) == []


def test_unchanged_schemas_are_compatible() -> None:
    for kind in (AlertTriggered, MetricCollected):
        assert breaking_changes(event_schema(kind), event_schema(kind)) == []


def test_recursive_definitions_are_compared() -> None:
    class Tree(BaseModel):
        label: str
        children: list["Tree"] = []

    old = Tree.model_json_schema()
    new = copy.deepcopy(old)
    assert breaking_changes(old, new) == []
    new["$defs"]["Tree"]["properties"]["label"]["maxLength"] = 3
    assert "label" in {each.path for each in breaking_changes(old, new)}


def test_requests_have_two_schemas() -> None:
    from monitors_contracts.alerts import GetAlert

    assert set(request_schema(GetAlert)) == {"request", "reply"}


# -- what is called compatible is -----------------------------------------------------------------------------------


class Small(Model):
    a: str
    b: int = 1


class Grown(Model):
    a: str
    b: int = 1
    c: str | None = None


class Strict(Model):
    a: str
    b: int


KINDS: list[Any] = [
    str,
    int,
    float,
    bool,
    Id,
    AwareDatetime,
    Value,
    JsonValue,
    str | None,
    int | None,
    float | None,
    int | str,
    Literal["a"],
    Literal["a", "b"],
    Literal["a", "b", "c"],
    Literal["a", "b"] | None,
    Literal[1, 2],
    Literal[1, "a"],
    Annotated[str, Field(max_length=5)],
    Annotated[str, Field(max_length=9)],
    Annotated[str, Field(min_length=1)],
    Annotated[int, Field(ge=0)],
    Annotated[int, Field(ge=0, le=10)],
    Annotated[float, Field(ge=0, le=1)],
    list[str],
    list[int],
    list[float],
    Annotated[list[int], Field(min_length=1)],
    dict[str, int],
    dict[str, float],
    dict[str, JsonValue],
    tuple[str, float],
    tuple[str, int],
    Small,
    Grown,
    Strict,
    Small | None,
    list[Small],
    list[Grown],
    dict[str, Grown],
]
FIELD = st.none() | st.tuples(st.sampled_from(KINDS), st.booleans())


def _model(fields: list[tuple[Any, bool] | None]) -> type[Model]:
    given: dict[str, Any] = {
        f"field_{number}": (
            kind if required else kind | None if kind is not JsonValue else kind,
            ... if required else None,
        )
        for number, (kind, required) in ((number, field) for number, field in enumerate(fields) if field)
    }
    return create_model("Thing", __base__=Model, **given)


def _readable(model: type[Model], payload: Any) -> bool:
    try:
        model.model_validate_json(json.dumps(payload))
    except ValidationError:
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(
    before=st.lists(FIELD, min_size=3, max_size=3),
    changes=st.lists(st.none() | FIELD.map(lambda field: (field,)), min_size=3, max_size=3),
    data=st.data(),
)
def test_what_is_compatible_is_read_by_the_other_side(
    before: Any, changes: Any, data: st.DataObject, payloads: Any
) -> None:
    after = [change[0] if change else field for field, change in zip(before, changes, strict=True)]
    old, new = _model(before), _model(after)
    old_schema, new_schema = old.model_json_schema(), new.model_json_schema()
    harmed = {each.harms for each in breaking_changes(old_schema, new_schema)}
    assume(len(harmed) < 2)
    event(f"changed: {old_schema != new_schema}, harmed: {sorted(harmed)}")
    if STORED not in harmed:
        assert _readable(new, data.draw(payloads(old_schema)))
    if CONSUMERS not in harmed:
        assert _readable(old, data.draw(payloads(new_schema)))


SINGLE = [_model([(kind, True)]) for kind in KINDS]
SCHEMAS = [model.model_json_schema() for model in SINGLE]
READABLE = [
    (old, new)
    for old in range(len(KINDS))
    for new in range(len(KINDS))
    if STORED not in {each.harms for each in breaking_changes(SCHEMAS[old], SCHEMAS[new])}
]


def test_the_pairs_called_readable_are_more_than_each_with_itself() -> None:
    assert 2 * len(KINDS) < len(READABLE) < len(KINDS) ** 2 / 2


@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
@given(pair=st.sampled_from(READABLE), data=st.data())
def test_a_field_of_another_kind_is_read_when_nothing_breaks(
    pair: tuple[int, int], data: st.DataObject, payloads: Any
) -> None:
    old, new = pair
    assert _readable(SINGLE[new], data.draw(payloads(SCHEMAS[old])))
