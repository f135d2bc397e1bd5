"""OTLP/HTTP metrics: protobuf and JSON, plain or gzip. The answer comes in the encoding of the request."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from ..http.callers import GatewayDep
from ..ingest.incoming import Incoming
from ..ingest.otlp import decode
from ..ingest.unpacking import gunzipped
from .metrics_ingest import SenderDep, content_encoding, told, unsupported

router = APIRouter(tags=["measurements"])
PATH = "/v1/metrics"
LARGEST = 4 * 1024 * 1024
"""Bytes, unpacked: what collectors take from each other by default, and messages in memory are many times their size."""

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}, _JSON: {"schema": {}}}}
}
_BODY = {
    "content": {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}, _JSON: {"schema": {"type": "object"}}}
}


@router.post(
    PATH, response_class=Response, responses=_ANSWERS, openapi_extra={"requestBody": _BODY | {"required": True}}
)
async def send_otlp_metrics(request: Request, caller: SenderDep, gateway: GatewayDep) -> Response:
    """Take an OpenTelemetry SDK's or collector's metrics: the address for its OTLP/HTTP exporter.

    Needs the scope `metrics:write`. Data points that are not kept are counted in `partialSuccess`, with the reasons.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (_JSON, _PROTOBUF):
        raise unsupported(f"The body is {_PROTOBUF} or {_JSON}.")
    as_json, zipped, now = content_type == _JSON, content_encoding(request, "gzip"), datetime.now(UTC)
    limit = min(LARGEST, gateway.intake.largest)

    def read(body: bytes) -> Incoming:
        return decode(gunzipped(body, limit) if zipped else body, now, as_json=as_json)

    taken = await gateway.intake.take(caller.organization_id, "otlp", await request.body(), read)
    answer = ExportMetricsServiceResponse()
    if taken.refusals.total:
        answer.partial_success.rejected_data_points = taken.refusals.total
        answer.partial_success.error_message = told(taken.refusals)
    return Response(_encoded(answer, as_json=as_json), media_type=content_type)


def _encoded(message: Message, *, as_json: bool) -> bytes:
    return MessageToJson(message, indent=None).encode() if as_json else message.SerializeToString()
