"""Escalation policies: the cards and the form."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from monitors_contracts.policies import Policy, PolicySpec
from monitors_runtime.errors import ProblemError

from ...api import channels, contacts, schedules
from ...api import policies as api
from ...http.pages import PathId
from ..forms import Errors, made_of, message_of, read, refused, unchanged
from ..render import formats, page, redirect, root_of
from ..session import Visit, VisitDep
from ..views.parts import Flash
from ..views.policies import Names, asked_of, field_of, policies_view, policy_form_view, typed_of

router = APIRouter(prefix="/policies")
BY_PROBLEM = {"name-taken": "name"} | dict.fromkeys(
    ("unknown-channel", "unknown-contact", "unknown-schedule"), "0-target-0"
)


@router.get("")
async def list_policies(request: Request, visit: VisitDep) -> Response:
    """All policies, with whom each step would tell now."""
    found, names = await asyncio.gather(api.preview_policies(visit.caller, visit.gateway), _names(request, visit))
    view = policies_view(found.previews, names, root_of(request), formats(request))
    return await page(request, "pages/on_call/policies.html", view)


@router.get("/new")
async def new(request: Request, visit: VisitDep) -> Response:
    """The form to add one."""
    return await _form(request, visit, None, {}, Errors(), 200)


@router.post("/new")
async def create(request: Request, visit: VisitDep) -> Response:
    """Add one."""
    return await _save(request, visit, None)


@router.get("/{id}/edit")
async def edit(request: Request, policy_id: PathId, visit: VisitDep) -> Response:
    """The form of one that is there."""
    found = (await api.get_policy(policy_id, visit.caller, visit.gateway)).policy
    made_of(request, typed_of(found))
    return await _form(request, visit, found, typed_of(found), Errors(), 200)


@router.post("/{id}/edit")
async def update(request: Request, policy_id: PathId, visit: VisitDep) -> Response:
    """Save what was changed."""
    return await _save(request, visit, (await api.get_policy(policy_id, visit.caller, visit.gateway)).policy)


@router.post("/{id}/delete")
async def delete(request: Request, policy_id: PathId, visit: VisitDep) -> Response:
    """Remove one."""
    await api.delete_policy(policy_id, visit.caller, visit.gateway)
    return redirect(request, f"{root_of(request)}/policies", Flash("The policy is deleted."))


async def _save(request: Request, visit: Visit, known: Policy | None) -> Response:
    typed = await read(request)
    spec, errors = _parsed(typed)
    if spec:
        try:
            if known:
                await unchanged(request, typed_of(known))
                await api.replace_policy(known.id, spec, visit.caller, visit.gateway)
            else:
                await api.create_policy(spec, request, Response(), visit.caller, visit.gateway)
        except ProblemError as problem:
            errors = refused(problem, BY_PROBLEM)
        else:
            words = "Saved." if known else f"“{spec.name}” is added. Routes can lead to it."
            return redirect(request, f"{root_of(request)}/policies", Flash(words))
    return await _form(request, visit, known, typed, errors, 422)


def _parsed(typed: dict[str, str]) -> tuple[PolicySpec | None, Errors]:
    """The policy that was typed, or what is wrong with it, each at its field."""
    asked, wrong = asked_of(typed)
    try:
        spec = PolicySpec.model_validate(asked)
    except ValidationError as invalid:
        told = {field_of(each["loc"], typed): message_of(each) for each in invalid.errors()}
        return None, Errors(told | wrong)
    return (None, Errors(wrong)) if wrong else (spec, Errors())


async def _names(request: Request, visit: Visit) -> Names:
    caller, gateway = visit.caller, visit.gateway
    turns, people, ways = await asyncio.gather(
        schedules.list_schedules(request, caller, gateway),
        contacts.list_contacts(caller, gateway),
        channels.list_channels(caller, gateway),
    )
    return Names(turns.schedules, people.contacts, ways.channels)


async def _form(
    request: Request, visit: Visit, policy: Policy | None, typed: dict[str, str], errors: Errors, status: int
) -> Response:
    view = policy_form_view(policy, typed, await _names(request, visit), errors, root_of(request))
    return await page(request, "pages/on_call/policy.html", view, status)
