"""OTLP/HTTP metrics: protobuf and JSON, plain or gzip. Answers and errors come in the encoding of the request.

Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP Response": errors are a google.rpc.Status, and 429 and 503 are tried again.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from monitors_runtime.errors import ProblemError

from ..http import problems
from ..http.callers import GatewayDep
from ..http.idempotency import Handler
from ..ingest.incoming import Incoming
from ..ingest.otlp import decode
from ..ingest.unpacking import gunzipped
from .metrics_ingest import SenderDep, content_encoding, take, told, unsupported

PATH = "/v1/metrics"
LARGEST = 4 * 1024 * 1024
"""Bytes, unpacked: what collectors take from each other by default, and messages in memory are many times their size."""

_KEPT_HEADERS = ("retry-after", "www-authenticate")
_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_EITHER = {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}, _JSON: {"schema": {}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": _EITHER},
    "default": {"description": "A google.rpc.Status, or problem details (RFC 9457)", "content": dict(_EITHER)},
}
_BODY = {
    "content": {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}, _JSON: {"schema": {"type": "object"}}}
}


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _OtlpRoute(APIRoute):
    """A route whose problems are told as the protocol has it."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except ProblemError as refused:
                as_problem = problems.of(refused)
                if (content_type := _content_type(request)) not in (_JSON, _PROTOBUF):
                    return as_problem
                told = refused.problem
                status = Status(message=f"{told.title}: {told.detail}" if told.detail else told.title)
                kept = {name: value for name, value in as_problem.headers.items() if name in _KEPT_HEADERS}
                body = _encoded(status, as_json=content_type == _JSON)
                return Response(body, as_problem.status_code, kept, content_type)

        return answer


router = APIRouter(tags=["measurements"], route_class=_OtlpRoute)


@router.post(
    PATH, response_class=Response, responses=_ANSWERS, openapi_extra={"requestBody": _BODY | {"required": True}}
)
async def send_otlp_metrics(request: Request, caller: SenderDep, gateway: GatewayDep) -> Response:
    """Take an OpenTelemetry SDK's or collector's metrics: the address for its OTLP/HTTP exporter.

    Needs the scope `metrics:write`. Data points that are not kept are counted in `partialSuccess`, with the reasons.
    """
    content_type = _content_type(request)
    if content_type not in (_JSON, _PROTOBUF):
        raise unsupported(f"The body is {_PROTOBUF} or {_JSON}.")
    as_json, zipped, now = content_type == _JSON, content_encoding(request, "gzip"), datetime.now(UTC)
    limit = min(LARGEST, gateway.intake.largest)

    def read(body: bytes) -> Incoming:
        return decode(gunzipped(body, limit) if zipped else body, now, as_json=as_json)

    taken = await take(caller, gateway, "otlp", await request.body(), read)
    answer = ExportMetricsServiceResponse()
    if taken.refusals.total:
        answer.partial_success.rejected_data_points = taken.refusals.total
        answer.partial_success.error_message = told(taken.refusals)
    return Response(_encoded(answer, as_json=as_json), media_type=content_type)


def _encoded(message: Message, *, as_json: bool) -> bytes:
    return MessageToJson(message, indent=None).encode() if as_json else message.SerializeToString()
