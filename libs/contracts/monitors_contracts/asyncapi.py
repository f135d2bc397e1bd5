"""The AsyncAPI 3.0 document of the bus, drawn from catalogue, topology and streams.

Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0. What JetStream adds (streams, retention, durables)
stands in `x-jetstream` extensions.
"""

from datetime import timedelta
from importlib.metadata import version
from typing import Any

from .base import Event, Problem, Request
from .catalogue import EVENTS, REQUESTS
from .examples import examples
from .schemas import component_schemas
from .streams import STREAMS, Stream
from .texts import address_of, meaning_of, summary_of
from .topology import CONSUMERS, FEEDS, OWNERS, Durable, consumers_of, senders_of

Json = dict[str, Any]

DESCRIPTION = """\
Events are facts in the past tense, durable in JetStream, in CloudEvents 1.0 binary mode: attributes in the headers, data as
JSON. Commands and queries are NATS requests to the service that owns the answer; anything but the typed reply comes back as
a problem (RFC 9457), told by the header `reply: problem`. Null fields are left out; readers ignore fields they don't know.
"""


def document() -> Json:
    """The whole document."""
    references, schemas = component_schemas([*EVENTS, *REQUESTS, *(kind.reply for kind in REQUESTS), Problem])
    messages = {kind.__name__: _event_message(kind, references[kind]) for kind in EVENTS}
    for kind in REQUESTS:
        messages[kind.__name__] = _message(kind.__name__, meaning_of(kind), references[kind])
        messages[f"{kind.__name__}Reply"] = _message(
            f"{kind.__name__}Reply", f"The answer to {kind.__name__}: {meaning_of(kind.reply)}", references[kind.reply]
        )
    messages["Problem"] = _message("Problem", meaning_of(Problem), references[Problem])
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Monitors! on the bus",
            "version": version("monitors-contracts"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": service} for service in sorted({*OWNERS.values(), *_listeners()})],
        },
        "defaultContentType": "application/json",
        "servers": {
            "nats": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": "As MONITORS_NATS_URL names it; the embedded server takes a free port and has a token.",
            }
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": messages,
            "messageTraits": {"cloudEvent": {"headers": _cloud_event_headers()}},
            "schemas": _named_discriminators(schemas),
        },
        "x-jetstream": {
            "streams": [_stream(stream) for stream in STREAMS],
            "consumers": [_durable(durable) for durable in CONSUMERS],
            "feeds": [{"service": service, "streams": list(streams)} for service, streams in FEEDS.items()],
        },
    }


def _listeners() -> set[str]:
    return {durable.service for durable in CONSUMERS} | FEEDS.keys() | {kind.service for kind in REQUESTS}


# -- messages -------------------------------------------------------------------------------------------------------


def _message(name: str, meaning: str, payload: Json) -> Json:
    return {"name": name, "summary": meaning, "contentType": "application/json", "payload": payload}


def _event_message(kind: type[Event], payload: Json) -> Json:
    return {
        **_message(kind.__name__, meaning_of(kind), payload),
        "title": kind.type_name(),
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "headers": {"type": "object", "properties": {"ce-type": {"type": "string", "const": kind.type_name()}}},
        "examples": [
            {"name": f"{kind.__name__}{number}", "summary": each.title, "headers": each.headers, "payload": each.data}
            for number, each in enumerate(examples(kind), 1)
        ],
    }


def _cloud_event_headers() -> Json:
    identifier: Json = {"type": "string", "format": "uuid"}
    return {
        "type": "object",
        "required": ["Nats-Msg-Id", "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-correlationid"],
        "properties": {
            "Nats-Msg-Id": {**identifier, "description": "The event's id: JetStream drops a second copy"},
            "content-type": {"type": "string", "const": "application/json"},
            "content-encoding": {
                "type": "string",
                "const": "zstd",
                "description": "Present where the data is compressed",
            },
            "ce-specversion": {"type": "string", "const": "1.0"},
            "ce-id": {**identifier, "description": "The event's id, a UUIDv7"},
            "ce-type": {"type": "string", "description": "`monitors.<aggregate>.<event>.v<version>`"},
            "ce-source": {"type": "string", "description": "`/monitors/<service>`"},
            "ce-time": {"type": "string", "format": "date-time"},
            "ce-subject": {**identifier, "description": "What the event is about"},
            "ce-correlationid": {**identifier, "description": "Shared by all that one refresh or request caused"},
            "ce-causationid": {**identifier, "description": "The event this one follows from"},
            "traceparent": {"type": "string", "description": "W3C Trace Context"},
            "ce-replay": {"type": "string", "description": "Present on a replayed event: rebuild state, tell nobody"},
        },
    }


# -- channels -------------------------------------------------------------------------------------------------------


def _named_discriminators(node: Any) -> Any:
    """Schemas as AsyncAPI has them: a discriminator is the name of a property, not OpenAPI's object."""
    if isinstance(node, list):
        return [_named_discriminators(each) for each in node]
    if not isinstance(node, dict):
        return node
    changed = {name: _named_discriminators(each) for name, each in node.items()}
    if isinstance(found := changed.get("discriminator"), dict) and "propertyName" in found:
        changed["discriminator"] = found["propertyName"]
    return changed


def _channels() -> Json:
    channels: Json = {_channel_name(kind): _event_channel(kind) for kind in EVENTS}
    for kind in REQUESTS:
        channels[_request_name(kind)] = {
            "address": kind.request_subject(),
            "messages": _references(kind.__name__),
        }
        channels[f"{_request_name(kind)}.reply"] = {
            "address": None,
            "description": "The inbox that the request named.",
            "messages": _references(f"{kind.__name__}Reply", "Problem"),
        }
    return channels


def _event_channel(kind: type[Event]) -> Json:
    return {
        "address": address_of(kind),
        "description": f"Stored in the stream {kind.stream}.",
        "messages": _references(kind.__name__),
        "parameters": {
            "organizationId": {"description": "The tenant: `evt.*.*.<organizationId>.>` fences it"},
            "entityId": {"description": f"What the event is about: its `{_wire_name(kind, kind.entity_field)}`"},
        },
        "x-jetstream": {"stream": kind.stream},
    }


def _wire_name(kind: type[Event], field: str) -> str:
    return kind.model_fields[field].serialization_alias or field


def _references(*names: str) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _channel_name(kind: type[Event]) -> str:
    return f"{kind.aggregate}.{kind.action}"


def _request_name(kind: type[Request[Any]]) -> str:
    return f"{kind.service}.{kind.__name__}"


# -- operations -----------------------------------------------------------------------------------------------------


def _operations() -> Json:
    operations: Json = {}
    for kind in EVENTS:
        name = f"{kind.aggregate}-{kind.action}"
        for sender in senders_of(kind):
            operations[f"{sender}-sends-{name}"] = _operation("send", sender, _channel_name(kind), summary_of(kind))
        for durable in consumers_of(kind):
            summary = f"{summary_of(kind)} (durable `{durable.name}`)"
            operations[f"{durable.service}-receives-{name}"] = {
                **_operation("receive", durable.service, _channel_name(kind), summary),
                "x-jetstream": _durable(durable),
            }
    for service, streams in FEEDS.items():
        for kind in EVENTS:
            if kind.stream in streams:
                operations[f"{service}-passes-on-{kind.aggregate}-{kind.action}"] = {
                    **_operation("receive", service, _channel_name(kind), "Passed on to the organization's event feed"),
                    "x-jetstream": {"stream": kind.stream},
                }
    for kind in REQUESTS:
        operations[f"{kind.service}-answers-{kind.__name__}"] = {
            **_operation("receive", kind.service, _request_name(kind), summary_of(kind)),
            "reply": {"channel": {"$ref": f"#/channels/{_request_name(kind)}.reply"}},
        }
    return operations


def _operation(action: str, service: str, channel: str, summary: str) -> Json:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "tags": [{"name": service}],
    }


# -- JetStream ------------------------------------------------------------------------------------------------------


def _stream(stream: Stream) -> Json:
    return {
        "name": stream.name,
        "description": stream.description,
        "subjects": list(stream.subjects),
        "maxAgeSeconds": _seconds(stream.max_age),
        "maxBytes": stream.max_bytes,
        "maxMessageBytes": stream.max_message_bytes,
        "duplicateWindowSeconds": _seconds(stream.duplicate_window),
    }


def _durable(durable: Durable) -> Json:
    return {
        "durable": durable.name,
        "service": durable.service,
        "stream": durable.stream,
        "filterSubjects": durable.subjects,
    }


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
