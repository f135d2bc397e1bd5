"""Webhooks of other systems: what comes to the address of an integration becomes alerts."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from monitors_contracts.base import Model
from monitors_contracts.receiving import ReceivedAlert
from monitors_runtime.errors import ProblemError, problem

from ..auth.tokens import token_hash
from ..domain.sns import NotOfSns
from ..gateway import Gateway
from ..http.callers import GatewayDep
from ..http.problems import KNOWN as PROBLEMS
from ..incoming import cloudwatch, generic, sentry
from ..incoming.kinds import READERS, Kind
from ..incoming.payloads import parsed
from ..incoming.reading import Unreadable
from ..ingest.unpacking import TooLarge, gunzipped
from ..ingest.unpacking import Unreadable as Unpackable
from ..reception import receive
from ..sns import AWAY
from ..store import integrations as store
from ..store.integrations import Integration
from .integrations import RESOLVE_AFTER

router = APIRouter(prefix="/api/hooks", tags=["integrations"])

PATHS = "/api/hooks/"
LARGEST = 1024 * 1024
"""Bytes of a body, packed or unpacked."""
_SCHEMA = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}


class HookReply(Model):
    """How many alerts were told, and what became of them: kept for good."""

    success: bool = True
    received: int
    opened: int
    resolved: int


@router.post("/{kind}/{key}", openapi_extra={"requestBody": _SCHEMA})
async def take_alerts(
    kind: Kind, key: Annotated[str, Path(max_length=100)], request: Request, gateway: GatewayDep
) -> HookReply:
    """Take alerts from another system, in its own form. The address is the key to it: `POST /api/integrations` makes one.

    The body may be compressed (`Content-Encoding: gzip`). What holds no alert, such as a test message, is taken all the same.
    Problems: `integration-not-found`, `integration-paused`, `unreadable-payload`, `invalid-signature`, `body-too-large`.
    """
    pool = gateway.runtime.pool
    integration = await store.by_key(pool, token_hash(key))
    if integration is None or integration.kind != kind:
        raise problem("integration-not-found", "No such integration", 404, "The address is none that was made here.")
    if not integration.is_active:
        raise problem(
            "integration-paused", "The integration is paused", 403, "Nothing is taken by it until it is resumed."
        )
    try:
        alerts = await _read(integration, await _body(request), request, gateway)
    except ProblemError as wrong:
        await store.refused(pool, integration.id, wrong.problem.detail or wrong.problem.title)
        raise
    reply = HookReply(received=0, opened=0, resolved=0)
    if alerts:
        labelled = [_with_defaults(each, integration.labels) for each in alerts]
        after = integration.resolve_after or RESOLVE_AFTER
        origin = "webhook" if kind == "generic" else kind
        taken = await receive(gateway, integration.organization_id, origin, labelled, after)
        reply = HookReply(received=taken.received, opened=taken.opened, resolved=taken.resolved)
    await store.sent(pool, integration.id, len(alerts))
    return reply


async def _body(request: Request) -> bytes:
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        kind, title = PROBLEMS[415]
        raise problem(kind, title, 415, "The body may be in the content encoding gzip, or in none.")
    try:
        return gunzipped(body, LARGEST) if encoding == "gzip" else body
    except TooLarge as large:
        kind, title = PROBLEMS[413]
        raise problem(kind, title, 413, f"The body: {large}.") from large
    except Unpackable as broken:
        raise _unreadable(str(broken)) from broken


async def _read(integration: Integration, body: bytes, request: Request, gateway: Gateway) -> list[ReceivedAlert]:
    """The alerts in a body. Problems: `unreadable-payload`, `invalid-signature`, `sns-away`."""
    now = datetime.now(UTC)
    if integration.secret and not sentry.is_signed(body, request.headers, integration.secret):
        raise _unsigned("The header Sentry-Hook-Signature does not fit the body and the client secret.")
    try:
        payload = parsed(body)
        if integration.kind == "cloudwatch":
            return await _of_sns(payload, gateway, now)
        if integration.kind == "generic":
            return generic.read(payload, now, generic.Mapping.model_validate(integration.mapping or {}))
        kind: Any = integration.kind
        return READERS[kind](payload, now)
    except Unreadable as wrong:
        raise _unreadable(str(wrong)) from wrong


async def _of_sns(message: dict[str, Any], gateway: Gateway, now: datetime) -> list[ReceivedAlert]:
    try:
        await gateway.sns.check(message)
        if message["Type"] == "SubscriptionConfirmation":
            await gateway.sns.confirm(message)
    except NotOfSns as wrong:
        raise _unsigned(f"The message is not of SNS: {wrong}.") from wrong
    except AWAY as away:
        raise problem("sns-away", "SNS can't be reached", 503, "Its certificate can't be had right now.") from away
    return cloudwatch.read(str(message.get("Message")), now) if message["Type"] == "Notification" else []


def _with_defaults(alert: ReceivedAlert, defaults: dict[str, str]) -> ReceivedAlert:
    return alert.model_copy(update={"labels": defaults | alert.labels}) if defaults else alert


def _unreadable(why: str) -> ProblemError:
    return problem("unreadable-payload", "The payload is not what this integration sends", 422, why[:1000])


def _unsigned(why: str) -> ProblemError:
    return problem("invalid-signature", "The signature is wrong", 401, why)
