"""The ground all messages stand on: one wire convention, one kind of id, one set of value types."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import uuid_utils.compat
from pydantic import UUID7, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic.alias_generators import to_camel

Id = UUID7
Url = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
ShortText = Annotated[str, StringConstraints(max_length=500)]
Value = float | bool | str | None
"""A fact's value: a number, a truth, a text, or nothing found."""


def is_web_address(text: str) -> bool:
    """Whether a person may be offered it to click: http and https alone, never `javascript:` or `data:`."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def new_id() -> Id:
    """A UUIDv7: unique, and ordered by the time it was made."""
    return uuid_utils.compat.uuid7()


def id_time(identifier: Id) -> datetime:
    """When an id was made (UTC, to the millisecond): its first 48 bits are Unix milliseconds (RFC 9562, 5.7)."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def id_floor(moment: datetime) -> Id:
    """The smallest id that can be made at this moment: whatever is older has a smaller id."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62))


class Model(BaseModel):
    """camelCase on the wire, snake_case in Python, frozen. Unknown fields are ignored, so that newer producers can add."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, frozen=True, extra="ignore"
    )


class Event(Model):
    """A fact, past tense, durable in a stream. Subclasses say where they belong.

    `organization_id` is the tenant; `entity_id` (by name in `entity_field`) is what the event is about.
    """

    aggregate: ClassVar[str]
    action: ClassVar[str]
    version: ClassVar[int] = 1
    stream: ClassVar[str]
    entity_field: ClassVar[str]
    compressed: ClassVar[bool] = False
    """Whether it travels compressed (`content-encoding: zstd`): for events that carry much."""

    organization_id: Id

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type, with the version: `monitors.alert.triggered.v1`."""
        return f"monitors.{cls.aggregate}.{cls.action}.v{cls.version}"

    @property
    def entity_id(self) -> Id:
        return getattr(self, self.entity_field)

    @property
    def subject(self) -> str:
        """`evt.<aggregate>.<event>.<organization>.<entity id>`: one permission fences a tenant, one filter an entity."""
        return f"evt.{self.aggregate}.{self.action}.{self.organization_id}.{self.entity_id}"


Reply = TypeVar("Reply", bound=BaseModel)


class Request(Model, Generic[Reply]):
    """A command or a query: NATS request/reply to the service that owns the answer.

    `class GetAlert(Request[AlertView])` says what is answered; anything else comes back as a `Problem`.
    """

    service: ClassVar[str]
    reply: ClassVar[type[BaseModel]]

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        for base in cls.__bases__:
            arguments = getattr(base, "__pydantic_generic_metadata__", {}).get("args", ())
            if arguments and isinstance(arguments[0], type):
                cls.reply = arguments[0]

    @classmethod
    def request_subject(cls) -> str:
        """`req.<service>.<name>`."""
        return f"req.{cls.service}.{cls.__name__}"


class TenantRequest(Request[Reply], Generic[Reply]):
    """A request on behalf of an organization: what belongs to another one is not found."""

    organization_id: Id


class Problem(Model):
    """RFC 9457 problem details: why a request could not be met. `type` is a stable short word of ours."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    errors: list[dict[str, JsonValue]] | None = None
    retry_at: AwareDatetime | None = None


class Done(Model):
    """Nothing to say but that it is done."""

    done: Literal[True] = True


Json = dict[str, Any]
__all__ = [
    "AwareDatetime",
    "Done",
    "Event",
    "Field",
    "Id",
    "Json",
    "JsonValue",
    "Model",
    "Problem",
    "Request",
    "ShortText",
    "TenantRequest",
    "Url",
    "Value",
    "id_floor",
    "id_time",
    "is_web_address",
    "new_id",
]
