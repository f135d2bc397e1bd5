"""What holds for every message there is."""

import types
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from monitors_contracts.base import Event, Request
from monitors_contracts.catalogue import EVENTS, EVENTS_BY_TYPE, REQUESTS
from monitors_contracts.streams import STREAMS
from monitors_contracts.texts import meaning_of
from monitors_contracts.topology import CONSUMERS, FEEDS, OWNERS

each_event = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
each_request = pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)


@each_event
def test_an_event_has_a_meaning_a_stream_that_captures_it_and_an_entity(kind: type[Event]) -> None:
    assert meaning_of(kind).endswith(".")
    [stream] = [stream for stream in STREAMS if f"evt.{kind.aggregate}.>" in stream.subjects]
    assert stream.name == kind.stream
    assert kind.model_fields[kind.entity_field].is_required()


@each_event
def test_an_event_has_one_owner(kind: type[Event]) -> None:
    assert kind in OWNERS


def test_no_two_events_share_a_type() -> None:
    assert len(EVENTS_BY_TYPE) == len(EVENTS)


def test_a_durable_hears_one_aggregate_in_one_stream_and_has_a_name_of_its_own() -> None:
    for durable in CONSUMERS:
        assert len({(event.aggregate, event.stream) for event in durable.events}) == 1
        assert set(durable.events) <= set(EVENTS)
    assert len({durable.name for durable in CONSUMERS}) == len(CONSUMERS)


def test_feeds_name_streams_that_exist() -> None:
    assert {name for streams in FEEDS.values() for name in streams} <= {stream.name for stream in STREAMS}


@each_request
def test_a_request_has_a_meaning_and_a_typed_reply(kind: type[Request[Any]]) -> None:
    assert meaning_of(kind).endswith(".")
    assert issubclass(kind.reply, BaseModel)


def _nullable_without_default(model: type[BaseModel], seen: set[type[BaseModel]]) -> list[str]:
    """Fields that the wire leaves out when null and the reader then misses."""
    if model in seen:
        return []
    seen.add(model)
    found: list[str] = []
    for name, field in model.model_fields.items():
        if field.is_required() and type(None) in _parts(field.annotation):
            found.append(f"{model.__name__}.{name}")
        for part in _parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                found += _nullable_without_default(part, seen)
    return found


def _parts(annotation: Any) -> list[Any]:
    """The members of unions, and all that stands in the brackets of generics (where a null is written)."""
    inner = [part for each in get_args(annotation) for part in _parts(each)]
    if get_origin(annotation) in (Union, types.UnionType):
        return inner
    return [annotation, *(part for part in inner if part is not type(None))]


@pytest.mark.parametrize(
    "model", [*EVENTS, *REQUESTS, *dict.fromkeys(kind.reply for kind in REQUESTS)], ids=lambda m: m.__name__
)
def test_what_may_be_null_has_a_default_because_nulls_are_not_written(model: type[BaseModel]) -> None:
    assert _nullable_without_default(model, set()) == []


def test_a_nullable_field_without_default_is_found_however_deep() -> None:
    class Inner(BaseModel):
        value: str | None

    class Outer(BaseModel):
        inner: dict[str, list[Inner]] | None = None

    assert _nullable_without_default(Outer, set()) == ["Inner.value"]
