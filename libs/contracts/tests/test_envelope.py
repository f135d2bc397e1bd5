"""From event to message and back, and what is said of messages that nobody can read."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from monitors_contracts.alerts import AlertTriggered
from monitors_contracts.base import Event, new_id
from monitors_contracts.catalogue import EVENTS, EVENTS_BY_TYPE
from monitors_contracts.envelope import Envelope, UndecodableMessage, decode
from monitors_contracts.examples import examples
from monitors_contracts.metrics import MetricBatchCollected, Sample
from monitors_contracts.schemas import event_schema

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
NO_EXPLAINING = [phase for phase in Phase if phase is not Phase.explain]  # of a whole event: takes minutes
EXAMPLE = examples(AlertTriggered)[0]
HUGE = "a whole number of five thousand digits"
NAMES = ["ce-type", "ce-id", "ce-time", "ce-source", "ce-correlationid", "ce-causationid", "traceparent", "ce-replay"]


# Rules that a schema can't tell, as that a state monitor needs a condition.
BEYOND_THE_SCHEMA = {"value_error"}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, suppress_health_check=SLOW, phases=NO_EXPLAINING)
@given(data=st.data())
def test_what_is_written_is_read_back_the_same(kind: type[Event], payloads: Any, data: st.DataObject) -> None:
    payload = data.draw(payloads(event_schema(kind)))
    try:
        event = kind.model_validate_json(json.dumps(payload))
    except ValidationError as refused:
        if any(error["type"] not in BEYOND_THE_SCHEMA for error in refused.errors()):
            raise
        return
    sent = Envelope(event, new_id(), "/monitors/evaluator", datetime.now(UTC), new_id(), causation_id=new_id())
    assert decode(sent.headers(), sent.data(), EVENTS_BY_TYPE) == sent


def _with(**headers: str | None) -> dict[str, str]:
    changed = {**EXAMPLE.headers, **{f"ce-{name}": value for name, value in headers.items()}}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (None, "missing header 'ce-type'"),
        (_with(type=None), "missing header 'ce-type'"),
        (_with(type="monitors.alert.triggered.v99"), "unknown ce-type 'monitors.alert.triggered.v99'"),
        (_with(id=None), "missing header 'ce-id'"),
        (_with(id="not-an-id"), "bad header"),
        (_with(id="\x00"), "bad header"),
        (_with(time=None), "missing header 'ce-time'"),
        (_with(time="yesterday"), "bad header"),
        (_with(time="2026-11-21T08:00:03"), "no time zone"),
        (_with(correlationid="1"), "bad header"),
        (_with(causationid=""), "bad header"),
    ],
)
def test_headers_nobody_can_read_are_named(headers: dict[str, str] | None, said: str) -> None:
    with pytest.raises(UndecodableMessage, match=said):
        decode(headers, EXAMPLE.body, EVENTS_BY_TYPE)


def _data(**changes: Any) -> bytes:
    return json.dumps({**EXAMPLE.data, **changes}).encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "body"),
        (b"\x00" * 40, "body"),
        (EXAMPLE.body[:-20], "body"),
        (b"\xff" + EXAMPLE.body, "body"),
        (b"[]", "body"),
        (_data(alertId="42"), "alertId"),
        (_data(alertId=None), "alertId"),
        (_data(alertId="6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "alertId"),
        (
            _data(alert={**EXAMPLE.data["alert"], "occurrences": HUGE}).replace(f'"{HUGE}"'.encode(), b"9" * 5000),
            "body",
        ),
        (b'{"alert":' + b"[" * 100_000, "body"),
        (_data(alert=json.loads("[" * 150 + "]" * 150)), "alert"),
        (b'{"organizationId": "\\ud800"}', "body"),
    ],
    ids=range(12),
)
def test_data_nobody_can_read_names_the_place(data: bytes, said: str) -> None:
    with pytest.raises(UndecodableMessage, match=f"data refused by schema: {said}"):
        decode(EXAMPLE.headers, data, EVENTS_BY_TYPE)


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(HUGE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def _wire(value: Any) -> bytes:
    return json.dumps(value).encode().replace(f'"{HUGE}"'.encode(), b"9" * 5000)


@settings(max_examples=150, deadline=None)
@given(
    headers=st.none()
    | st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=10),
        st.sampled_from([*EVENTS_BY_TYPE, *EXAMPLE.headers.values()]) | st.text(max_size=40),
        max_size=10,
    ),
    data=st.binary(max_size=200) | JSON_LIKE.map(_wire),
    complete=st.booleans(),
)
def test_any_message_is_read_or_undecodable_and_nothing_else(
    headers: dict[str, str] | None, data: bytes, complete: bool
) -> None:
    if complete:
        headers = {**EXAMPLE.headers, **(headers or {})}
    with contextlib.suppress(UndecodableMessage):
        assert isinstance(decode(headers, data, EVENTS_BY_TYPE), Envelope)


@settings(max_examples=100, deadline=None)
@given(
    where=st.sampled_from(sorted(EXAMPLE.data) + [f"alert.{name}" for name in sorted(EXAMPLE.data["alert"])]),
    value=JSON_LIKE,
)
def test_any_value_in_any_field_is_read_or_undecodable(where: str, value: Any) -> None:
    name, _, inner = where.partition(".")
    changed = {**EXAMPLE.data, name: {**EXAMPLE.data[name], inner: value} if inner else value}
    try:
        read = decode(EXAMPLE.headers, _wire(changed), EVENTS_BY_TYPE)
    except UndecodableMessage:
        return
    assert isinstance(read.event, AlertTriggered)
    assert read.event.subject.count(".") == 4


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_sample_that_json_cannot_say_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ValidationError):
        Sample(name="queue_depth", value=value, timestamp=datetime.now(UTC))


def test_a_kind_that_carries_much_travels_compressed_and_what_does_not_unpack_is_undecodable() -> None:
    example = examples(MetricBatchCollected)[0]
    assert len(example.body) < len(json.dumps(example.data))
    assert decode(example.headers, example.body, EVENTS_BY_TYPE) == example.envelope()
    bomb = zstandard.compress(bytes(65 * 1024 * 1024))
    for body, encoding, said in [
        (b"{}", "zstd", "not zstd"),
        (example.body[:-9], "zstd", "not zstd"),
        (bomb, "zstd", "more than a message holds"),
        (b"{}", "br", "unknown content-encoding 'br'"),
    ]:
        with pytest.raises(UndecodableMessage, match=said):
            decode({**example.headers, "content-encoding": encoding}, body, EVENTS_BY_TYPE)
