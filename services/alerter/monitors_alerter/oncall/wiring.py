"""What the alerter answers about on-call settings, and what they are made of."""

from monitors_contracts.oncall import (
    AddOverride,
    DeleteContact,
    DeleteSchedule,
    GetOnCall,
    GetSchedule,
    GetShifts,
    LinkCalendar,
    ListContacts,
    ListOverrides,
    ListSchedules,
    RemoveOverride,
    SaveContact,
    SaveSchedule,
)
from monitors_contracts.policies import DeletePolicy, ListPolicies, PreviewPolicies, SavePolicy
from monitors_contracts.routing import GetChannelUsers
from monitors_runtime.runtime import Service

from . import store
from .handlers import OnCallHandlers
from .questions import OnCallQuestions


def wire(service: Service) -> None:
    """Let the service answer and rebuild on-call settings; what it erases is in `store.ERASE`."""
    handlers, questions = OnCallHandlers(service), OnCallQuestions(service)
    service.answer(SaveContact, handlers.save_contact)
    service.answer(DeleteContact, handlers.delete_contact)
    service.answer(ListContacts, questions.list_contacts)
    service.answer(SaveSchedule, handlers.save_schedule)
    service.answer(DeleteSchedule, handlers.delete_schedule)
    service.answer(LinkCalendar, handlers.link_calendar)
    service.answer(GetSchedule, questions.get_schedule)
    service.answer(ListSchedules, questions.list_schedules)
    service.answer(AddOverride, handlers.add_override)
    service.answer(RemoveOverride, handlers.remove_override)
    service.answer(ListOverrides, questions.list_overrides)
    service.answer(GetOnCall, questions.get_on_call)
    service.answer(GetShifts, questions.get_shifts)
    service.answer(SavePolicy, handlers.save_policy)
    service.answer(DeletePolicy, handlers.delete_policy)
    service.answer(ListPolicies, questions.list_policies)
    service.answer(PreviewPolicies, questions.preview_policies)
    service.answer(GetChannelUsers, questions.channel_users)
    service.project(*store.EVENTS, apply=store.apply, tables=store.TABLES)
    service.expire(store.EXPIRE)
