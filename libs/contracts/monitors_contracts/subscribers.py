"""Subscribers of status pages: asked for by anybody, confirmed by whoever owns the address, and ended with one click."""

from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, EmailStr, Field, model_validator

from .base import Done, Event, Id, Model, Request, TenantRequest, Url
from .status_pages import PageName

SubscriberKind: TypeAlias = Literal["email", "webhook"]
SubscriberAddress = Annotated[EmailStr, AfterValidator(str.lower)]


class SubscriberState(StrEnum):
    """`pending` until the owner of the address confirms; a pending one is told nothing and forgotten after three days."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class SubscriberView(Model):
    """A subscriber as the page's organization sees it."""

    id: Id
    page_id: Id
    kind: SubscriberKind
    target: str = Field(description="The mail address, or the webhook's URL without its secrets")
    state: SubscriberState
    created_at: AwareDatetime
    confirmed_at: AwareDatetime | None = None
    last_failure: str | None = Field(default=None, description="Why the last message to it did not arrive")


class SubscriberChanged(Event):
    """A subscriber asked, confirmed, or left. Nothing of who it is."""

    aggregate, action, stream, entity_field = "subscriber", "changed", "ALERTS", "subscriber_id"
    subscriber_id: Id
    page_id: Id
    kind: SubscriberKind
    state: SubscriberState


class Subscribed(Model):
    """What becomes of asking: the same words for an address that is subscribed already."""

    secret: str | None = Field(
        default=None, description="A webhook's, shown this once: what its messages are signed with"
    )


class Subscribe(TenantRequest[Subscribed]):
    """Ask for a page's updates. The address is sent a link to confirm with, and nothing else before that.

    Problems: `invalid-subscription`, `refused-address`, `subscription-limit` (of the page, or of the address today).
    """

    service = "notifier"
    page_id: Id
    page_name: PageName
    page_path: str = Field(max_length=300, description="Where the page is on this installation: `/status/acme`")
    kind: SubscriberKind
    address: SubscriberAddress | None = None
    url: Url | None = None

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.kind == "email") != (self.address is not None) or (self.kind == "webhook") != (self.url is not None):
            raise ValueError("a subscription by mail has an `address`, one by webhook a `url`")
        return self


class Subscription(Model):
    """What the link of a message is about."""

    page_name: str
    page_path: str
    kind: SubscriberKind
    target: str
    state: SubscriberState


class ReadSubscription(Request[Subscription]):
    """What the signed token of a confirming message is about. Problem: `invalid-token`. The tenant is in the token."""

    service = "notifier"
    token: str = Field(max_length=2000)


class ConfirmSubscription(Request[Subscription]):
    """The owner of the address wants it. Problem: `invalid-token`. The tenant is in the token. Twice is harmless."""

    service = "notifier"
    token: str = Field(max_length=2000)


class SubscriberList(Model):
    """A page's subscribers, newest first; `counts` is of all, by state."""

    subscribers: list[SubscriberView]
    counts: dict[SubscriberState, int]
    next_cursor: str | None = None


class ListSubscribers(TenantRequest[SubscriberList]):
    """The subscribers of a page that asked or confirmed. Problem: `invalid-cursor`."""

    service = "notifier"
    page_id: Id
    limit: int = Field(default=50, ge=1, le=500)
    cursor: str | None = None


class RemoveSubscriber(TenantRequest[Done]):
    """End a subscription. Problem: `subscriber-not-found`."""

    service = "notifier"
    page_id: Id
    subscriber_id: Id
