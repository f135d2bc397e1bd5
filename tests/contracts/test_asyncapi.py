"""The committed AsyncAPI document is valid AsyncAPI 3.0, and tells the whole topology."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from monitors_contracts.asyncapi import document
from monitors_contracts.catalogue import EVENTS, REQUESTS
from monitors_contracts.streams import STREAMS
from monitors_contracts.topology import senders_of
from monitors_runtime.runtime import Runtime

# From the npm package @asyncapi/specs 6.11.1 (Apache-2.0), the AsyncAPI Initiative's own schema.
SPECIFICATION = Path(__file__).parent / "data" / "asyncapi-3.0.0.json"
COMMITTED = Path(__file__).parents[2] / "docs" / "api" / "asyncapi.json"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def specification() -> Any:
    return jsonschema_rs.validator_for(json.loads(SPECIFICATION.read_text()))


def test_the_committed_document_is_valid_and_that_of_the_contracts(specification: Any) -> None:
    committed = json.loads(COMMITTED.read_text("utf-8"))
    assert [error.message for error in specification.iter_errors(committed)] == []
    assert committed == document()


def _wrong_action(broken: Json) -> None:
    next(iter(broken["operations"].values()))["action"] = "shout"


def _unknown_field(broken: Json) -> None:
    next(iter(broken["channels"].values()))["subject"] = "evt.>"


@pytest.mark.parametrize("harm", [_wrong_action, _unknown_field])
def test_the_specification_refuses_what_is_wrong(specification: Any, harm: Any) -> None:
    broken = document()
    harm(broken)
    assert not specification.is_valid(broken)


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for each in node for found in _references(each)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for each in node.values() for found in _references(each)]


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    references = set(_references(whole))
    assert references
    for reference in references:
        node: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_examples_are_valid_under_the_payload_they_illustrate() -> None:
    whole = document()
    for kind in EVENTS:
        message = whole["components"]["messages"][kind.__name__]
        payload = {**message["payload"], "components": whole["components"]}
        validator = jsonschema_rs.validator_for(payload)
        assert len(message["examples"]) >= 2
        for example in message["examples"]:
            assert validator.is_valid(example["payload"]), example["summary"]


def test_operations_are_the_topology(runtime: Runtime) -> None:
    operations: dict[str, Json] = document()["operations"]
    sent = [each for each in operations.values() if each["action"] == "send"]
    assert len(sent) == sum(len(senders_of(kind)) for kind in EVENTS)
    durables = {each["x-jetstream"].get("durable") for each in operations.values() if "x-jetstream" in each} - {None}
    assert durables == {consumer.durable for service in runtime.services for consumer, _ in service.consumers}
    assert sum("reply" in each for each in operations.values()) == len(REQUESTS)


def test_streams_stand_with_their_retention() -> None:
    told = {stream["name"]: stream["maxAgeSeconds"] for stream in document()["x-jetstream"]["streams"]}
    assert told == {stream.name: stream.max_age.total_seconds() for stream in STREAMS}
