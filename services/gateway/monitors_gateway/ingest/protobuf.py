"""Protobuf messages declared in place: `messages("p", {"Label": {"name": (1, "string"), "value": (2, "string")}})`.

A field that is a message on the wire may be declared `bytes`, and is then left as it is: both look the same there.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError, Message

from .unpacking import Unreadable

_Field = descriptor_pb2.FieldDescriptorProto


def messages(package: str, declared: Mapping[str, Mapping[str, tuple[int, str]]]) -> dict[str, type[Any]]:
    """Message classes by name. A field is its number and its type, with `repeated` before it where it is."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in declared.items():
        message = file.message_type.add(name=name)
        for field_name, (number, kind) in fields.items():
            repeated, kind = kind.startswith("repeated "), kind.removeprefix("repeated ")
            field = message.field.add(name=field_name, number=number)
            field.label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            if kind in declared:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = _Field.Type.Value(f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in declared}


def parsed(kind: type[Message], data: bytes) -> Any:
    """The message. Raises Unreadable."""
    try:
        return kind.FromString(data)
    except DecodeError as broken:
        raise Unreadable(f"it is not a {kind.DESCRIPTOR.name} message") from broken
