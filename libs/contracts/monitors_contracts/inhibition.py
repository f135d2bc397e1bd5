"""Inhibition: while one alert lasts, nobody is told of others that follow from it."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from .base import Done, Event, Id, Model, TenantRequest
from .matchers import Selection
from .metrics import LabelName
from .silences import Comment

InhibitionName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class InhibitionSpec(Model):
    """While an alert that `source` matches is open, those that `target` matches are not told, where `equal` labels agree.

    A label that neither has is equal. An alert that both sides match is not held back by another such one, so that no alert
    holds itself back. Where rules would make alerts hold one another back in a ring, the most severe of them, or else the
    oldest, is told.
    """

    name: InhibitionName
    source: Selection
    target: Selection
    equal: list[LabelName] = Field(default_factory=list[LabelName], max_length=20)
    comment: Comment = ""
    is_active: bool = True


class InhibitionRule(Model):
    """An inhibition rule, as it was made."""

    id: Id
    spec: InhibitionSpec
    created_by: Id
    created_at: AwareDatetime
    updated_at: AwareDatetime
    version: int = 1


class InhibitionView(InhibitionRule):
    """An inhibition rule and what it did."""

    sources: int = Field(default=0, description="How many open alerts may hold others back by it")
    held: int = Field(default=0, description="How many alerts it has held back so far")
    holding: int = Field(default=0, description="How many of those are open still")


class InhibitionChanged(Event):
    """A rule was made or changed; this is all of it."""

    aggregate, action, stream, entity_field = "inhibition", "changed", "ALERTS", "inhibition_id"
    inhibition_id: Id
    rule: InhibitionRule


class InhibitionDeleted(Event):
    """A rule is gone."""

    aggregate, action, stream, entity_field = "inhibition", "deleted", "ALERTS", "inhibition_id"
    inhibition_id: Id


class CreateInhibition(TenantRequest[InhibitionView]):
    """Make a rule; the id makes asking twice harmless. Problem: `inhibition-limit`."""

    service = "alerter"
    inhibition_id: Id
    user_id: Id
    spec: InhibitionSpec


class UpdateInhibition(TenantRequest[InhibitionView]):
    """Make a rule what the spec says. Problem: `inhibition-not-found`."""

    service = "alerter"
    inhibition_id: Id
    user_id: Id
    spec: InhibitionSpec


class DeleteInhibition(TenantRequest[Done]):
    """Take a rule away; what it holds back now is told, if it fires still. Problem: `inhibition-not-found`."""

    service = "alerter"
    inhibition_id: Id


class GetInhibition(TenantRequest[InhibitionView]):
    """One rule. Problem: `inhibition-not-found`."""

    service = "alerter"
    inhibition_id: Id


class InhibitionList(Model):
    """An organization's rules, by name."""

    rules: list[InhibitionView]


class ListInhibitions(TenantRequest[InhibitionList]):
    """All rules."""

    service = "alerter"
