"""The page that lists every message: docs/api/messages.md, for people who subscribe."""

import json
from collections.abc import Iterator
from typing import Any

from .alerts import AlertTriggered
from .base import Event, Request
from .catalogue import EVENTS, REQUESTS
from .examples import Example, examples
from .schemas import component_schemas
from .streams import STREAMS
from .texts import address_of, meaning_of, type_text
from .topology import FEEDS, consumers_of, senders_of

PIPE = "\\|"
_HEAD = """\
<!-- Written by `python -m monitors_contracts.documents --write`; change the models, not this page. -->
# Messages

Everything that happens in Monitors! is an event on NATS JetStream. This is one, as it stands on the wire - headers, then
data:

```
"""

_HOW_TO_READ = """\
```

The headers are CloudEvents 1.0 in binary mode. `ce-correlationid` is shared by all that one check caused, `ce-causationid`
is the event just before, `traceparent` leads to the trace; `ce-replay` is present on replayed events only. Null fields are
left out. Ignore fields you do not know: new optional ones may come within a version; anything else is a new type (`.v2`),
published beside the old one for a release.

## Subscribe

The subject is `evt.<aggregate>.<event>.<organization>.<entity id>`, so a filter picks a kind, a tenant or one thing.
As it happens, with the [`nats`](https://github.com/nats-io/natscli) command.
`--server` takes what `MONITORS_NATS_URL` holds; the embedded server of `monitors up` is at
`nats://<token>@127.0.0.1:<port>`, with the token in `nats/token` of the data folder:

```sh
nats subscribe 'evt.alert.triggered.>'                          # every alert
nats subscribe 'evt.*.*.01a15d79-6800-719a-8965-a1b6ff8988ef.>' # everything of one organization
nats subscribe --stream ALERTS --all 'evt.alert.>'              # the past year first, then as it happens
```

In Python, with a durable consumer that goes on where it stopped (`nats-py`, and this repository's `libs/contracts`):

```python
import asyncio
import os

import nats
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import decode


async def main() -> None:
    connection = await nats.connect(os.environ.get("MONITORS_NATS_URL", "nats://127.0.0.1:4222"))
    alerts = await connection.jetstream().pull_subscribe("evt.alert.>", durable="my-alerts", stream="ALERTS")
    while True:
        for message in await alerts.fetch(10, timeout=None):
            envelope = decode(message.headers, message.data, EVENTS_BY_TYPE)
            print(envelope.time, type(envelope.event).__name__, envelope.event.alert.summary)
            await message.ack()  # a message may come twice: `envelope.id` tells


asyncio.run(main())
```

Without access to NATS, the API's event feed (`GET /api/events`, server-sent events) carries the same data of your own
organization. The machine-readable forms are [asyncapi.json](asyncapi.json) and the schemas in
[libs/contracts/schemas](../../libs/contracts/schemas).
"""


def page() -> str:
    """The whole page, in Markdown."""
    references, schemas = component_schemas([*EVENTS, *REQUESTS, *(kind.reply for kind in REQUESTS)])
    named = {name for name in schemas if name not in {kind.__name__ for kind in (*EVENTS, *REQUESTS)}}
    parts = [
        _HEAD + _wire(AlertTriggered, examples(AlertTriggered)[0]) + _HOW_TO_READ,
        "## Streams\n\n" + _streams(),
        "## Events\n",
        *(_event(kind, schemas[_name(references[kind])], named) for kind in EVENTS),
        "## Commands and queries\n\nNATS requests, with JSON both ways. A refusal is a [problem]"
        "(https://www.rfc-editor.org/rfc/rfc9457) and carries the header `reply: problem`.\n",
        *(_request(kind, schemas[_name(references[kind])], named) for kind in REQUESTS),
        "## Types\n",
        *(_type(name, schemas[name], named) for name in sorted(named)),
    ]
    return "\n".join(parts)


def _wire(kind: type[Event], example: Example) -> str:
    entity = example.data[kind.model_fields[kind.entity_field].alias or kind.entity_field]
    subject = f"evt.{kind.aggregate}.{kind.action}.{example.data['organizationId']}.{entity}"
    headers = "".join(f"{name}: {value}\n" for name, value in example.headers.items())
    return f"subject: {subject}\n{headers}\n{json.dumps(example.data, indent=2, ensure_ascii=False)}\n"


def _streams() -> str:
    rows = [
        [f"`{stream.name}`", stream.description, _code(stream.subjects), f"{stream.max_age.days} days"]
        for stream in STREAMS
    ]
    return _table(["stream", "holds", "subjects", "kept for"], rows)


def _event(kind: type[Event], schema: dict[str, Any], named: set[str]) -> str:
    durables = _code([durable.name for durable in consumers_of(kind)])
    feeds = [service for service, streams in FEEDS.items() if kind.stream in streams]
    heard = ", ".join([*([durables] if durables else []), *(f"the {service}'s event feed" for service in feeds)])
    about = _table(
        [f"`{kind.type_name()}`", ""],
        [
            ["stream", f"`{kind.stream}`"],
            ["subject", f"`{address_of(kind)}`"],
            ["sent by", ", ".join(senders_of(kind))],
            ["heard by", heard or "nobody here: kept for audit and for integrations"],
        ],
    )
    return f"### {kind.__name__}\n\n{meaning_of(kind)}\n\n{about}\n{_fields(schema, named)}"


def _request(kind: type[Request[Any]], schema: dict[str, Any], named: set[str]) -> str:
    head = f"### {kind.__name__}\n\n{meaning_of(kind)}\n\n"
    return f"{head}`{kind.request_subject()}` → {_linked(kind.reply.__name__, named)}\n\n{_fields(schema, named)}"


def _type(name: str, schema: dict[str, Any], named: set[str]) -> str:
    meaning = " ".join(schema.get("description", "").split())
    body = _fields(schema, named) if "properties" in schema else f"{type_text(schema)}\n"
    return f"### {name}\n\n{meaning}\n\n{body}"


def _fields(schema: dict[str, Any], named: set[str]) -> str:
    required = set(schema.get("required", []))
    rows = [
        [f"`{name}`", _linked(type_text(field), named), "yes" if name in required else "", _notes(field)]
        for name, field in schema.get("properties", {}).items()
    ]
    return _table(["field", "type", "always there", "meaning"], rows) if rows else ""


def _notes(field: dict[str, Any]) -> str:
    meaning = [field["description"]] if "description" in field else []
    default = field.get("default")
    told = [f"`{json.dumps(default, ensure_ascii=False)}` when left out"] if default not in (None, "", {}, []) else []
    return "; ".join(meaning + told)


def _linked(text: str, named: set[str]) -> str:
    return " ".join(f"[{word}](#{word.lower()})" if word in named else word for word in text.split(" "))


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def _code(words: Any) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "".join(_lines(head, rows))


def _lines(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n"
    yield f"|{'---|' * len(head)}\n"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', PIPE) for cell in row)} |\n"
