"""Measurements as JSON."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Security
from pydantic import Field

from monitors_contracts.base import Model, Problem
from monitors_contracts.measuring import Reason

from ..domain.scopes import Scope
from ..gateway import Gateway
from ..http.callers import Caller, GatewayDep, with_scopes
from ..http.problems import Refused
from ..ingest.incoming import Incoming, Refusal, Refusals
from ..ingest.measurements import Measurements, decode
from ..ingest.unpacking import gunzipped
from ..intake import Taken

router = APIRouter(prefix="/api", tags=["measurements"])
PATH = "/api/metrics"
LARGEST = 4 * 1024 * 1024
"""Bytes, unpacked: what JSON says is many times as large in memory."""

SenderDep = Annotated[Caller, Security(with_scopes, scopes=[Scope.METRICS_WRITE])]


class RefusedSample(Model):
    """A sample that was not kept."""

    index: int | None = Field(description="Its place in the request, from 0")
    name: str | None
    reason: Reason
    detail: str


class MeasurementsReply(Model):
    """What became of the samples. Those accepted are on disk."""

    success: bool = True
    accepted: int = Field(examples=[998])
    refused: int = Field(examples=[2])
    reasons: dict[Reason, int] = Field(description="Refused samples by reason", examples=[{"not-a-number": 2}])
    refusals: list[RefusedSample] = Field(description="The first hundred of those refused")


def _schema() -> dict[str, Any]:
    schema = Measurements.model_json_schema()
    item = schema.pop("$defs")["Measurement"]
    schema["properties"]["metrics"]["items"] = item
    return schema


@router.post(
    "/metrics",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _schema()}}}},
)
async def send_metrics(request: Request, caller: SenderDep, gateway: GatewayDep) -> MeasurementsReply:
    """Send samples. The answer comes when those accepted are durable; the others are told, and why.

    Needs the scope `metrics:write`. The body may be compressed (`Content-Encoding: gzip`). When none is accepted, the answer
    is a problem, `measurements-refused`, with the same members.
    """
    intake, now = gateway.intake, datetime.now(UTC)
    zipped, limit = content_encoding(request, "gzip"), min(LARGEST, intake.largest)

    def read(body: bytes) -> Incoming:
        return decode(gunzipped(body, limit) if zipped else body, now)

    taken = await take(caller, gateway, "json", await request.body(), read)
    reply = _reply(taken)
    if taken.refusals.total and not taken.accepted:
        raise refused(taken.refusals, 422, reply.model_dump(mode="json", exclude={"success"}))
    return reply


async def take(caller: Caller, gateway: Gateway, way: str, body: bytes, read: Callable[[bytes], Incoming]) -> Taken:
    """Keep what may be kept of this body, and that the caller sent it. Problems: those of `Intake.take`."""
    taken = await gateway.intake.take(caller.organization_id, way, body, read)
    sender = caller.token.session.id if caller.token else caller.user_id
    gateway.senders.note(caller.organization_id, sender, way, taken.accepted, taken.refusals)
    return taken


def content_encoding(request: Request, known: str) -> bool:
    """Whether the body is in this encoding; False for one in none. Problem: `unsupported-media-type`."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", known):
        raise unsupported(f"The body may be in the content encoding {known}, not {encoding[:50]!r}.")
    return encoding == known


def unsupported(detail: str) -> Refused:
    """The problem of a body in a form that is not read here."""
    problem = Problem(type="unsupported-media-type", title="Unsupported media type", status=415, detail=detail)
    return Refused(problem)


def refused(
    refusals: Refusals, status: int, members: dict[str, Any] | None = None, headers: dict[str, str] | None = None
) -> Refused:
    """The problem of samples that were not kept: how many, why, and the first of them by name."""
    problem = Problem(type="measurements-refused", title="Samples were refused", status=status, detail=told(refusals))
    return Refused(problem, headers, members)


def told(refusals: Refusals) -> str:
    """What was refused, in a line: `3 samples refused: too-old 2 (up{job="a"}: its time is too long ago), ...`."""
    first: dict[Reason, Refusal] = {}
    for each in refusals.examples:
        first.setdefault(each.reason, each)
    reasons = [
        f"{reason} {count}"
        + (f" ({first[reason].series or 'item'}: {first[reason].detail})" if reason in first else "")
        for reason, count in refusals.counts.items()
    ]
    return f"{refusals.total} refused: {', '.join(reasons)}"[:2000]


def _reply(taken: Taken) -> MeasurementsReply:
    refusals = taken.refusals
    return MeasurementsReply(
        accepted=taken.accepted,
        refused=refusals.total,
        reasons=dict(refusals.counts),
        refusals=[
            RefusedSample(index=each.index, name=each.series, reason=each.reason, detail=each.detail)
            for each in refusals.examples
        ],
    )
