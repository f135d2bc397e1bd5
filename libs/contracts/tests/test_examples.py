"""Every event type has its examples, every consumer can read them, and so could those of the last release."""

import json
from dataclasses import replace

import jsonschema_rs
import pytest

from monitors_contracts.base import Event, id_time
from monitors_contracts.catalogue import EVENTS, EVENTS_BY_TYPE
from monitors_contracts.envelope import decode, plain_data
from monitors_contracts.examples import examples
from monitors_contracts.released import read_released
from monitors_contracts.schemas import event_schema
from monitors_contracts.topology import CONSUMERS

each_event = pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)


@each_event
def test_every_event_has_two_examples_that_show_different_things(kind: type[Event]) -> None:
    titles = [each.title for each in examples(kind)]
    assert len(titles) >= 2
    assert len(set(titles)) == len(titles)


@each_event
def test_an_example_stands_as_it_would_on_the_wire(kind: type[Event]) -> None:
    for example in examples(kind):
        envelope = example.envelope()
        assert type(envelope.event) is kind
        assert envelope.headers() == example.headers
        assert (
            json.loads(plain_data(envelope.headers(), envelope.data())) == example.data
        )  # nothing unknown, nothing forgotten
        assert id_time(envelope.id) == envelope.time
        assert example.data[kind.model_fields[kind.entity_field].alias or ""] == example.headers["ce-subject"]


@each_event
def test_an_example_is_valid_under_the_schema_of_now_and_of_the_last_release(kind: type[Event]) -> None:
    released = read_released().get(f"{kind.type_name()}.json")
    for schema in (event_schema(kind), *([released] if released else [])):
        validator = jsonschema_rs.validator_for(schema, validate_formats=True)
        for example in examples(kind):
            assert [error.message for error in validator.iter_errors(example.data)] == []


@pytest.mark.parametrize("durable", CONSUMERS, ids=lambda durable: durable.name)
def test_every_consumer_reads_every_example_it_is_sent(durable) -> None:  # pyright: ignore
    for kind in durable.events:
        for example in examples(kind):
            newer = {**example.data, "fieldOfALaterRelease": {"a": [1, None]}}
            read = decode(example.headers, replace(example, data=newer).body, EVENTS_BY_TYPE)
            assert read == example.envelope()
            assert any(read.event.subject.startswith(subject.removesuffix(">")) for subject in durable.subjects)


def test_no_example_without_its_event() -> None:
    from importlib.resources import files

    named = {file.name for file in files("monitors_contracts.examples").iterdir() if file.name.endswith(".json")}
    assert named == {f"{kind.type_name()}.json" for kind in EVENTS}
