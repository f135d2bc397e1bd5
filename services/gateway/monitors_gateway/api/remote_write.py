"""Prometheus remote write, 1.0 and 2.0.

Senders try again after 5xx and 429 and drop what got any other 4xx; so samples that can never be kept answer 400, after all
others of the request were kept (Prometheus Remote-Write 2.0, "Partial Write").
"""

from email.message import Message

from fastapi import APIRouter, Request, Response

from ..http.callers import GatewayDep
from ..ingest.incoming import Incoming
from ..ingest.remote_write import decode_v1, decode_v2
from ..ingest.unpacking import unsnappied
from .metrics_ingest import SenderDep, content_encoding, refused, take, unsupported

router = APIRouter(tags=["measurements"])
PATH = "/api/v1/write"

_DECODERS = {"prometheus.WriteRequest": decode_v1, "io.prometheus.write.v2.Request": decode_v2}
_BODY = {"content": {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}}}


@router.post(PATH, status_code=204, openapi_extra={"requestBody": _BODY | {"required": True}})
async def remote_write(request: Request, caller: SenderDep, gateway: GatewayDep) -> Response:
    """Take Prometheus's samples: the address for its `remote_write`, with an API token of scope `metrics:write`.

    1.0 (`application/x-protobuf`) and 2.0 (`application/x-protobuf;proto=io.prometheus.write.v2.Request`), in snappy's block
    format. Native histograms are refused, exemplars are passed over.
    """
    decode = _DECODERS.get(_protocol(request.headers.get("content-type", "")))
    if decode is None:
        raise unsupported("The body is a prometheus.WriteRequest or an io.prometheus.write.v2.Request.")
    if not content_encoding(request, "snappy"):
        raise unsupported("The body is compressed in snappy's block format: Content-Encoding: snappy.")
    intake = gateway.intake

    def read(body: bytes) -> Incoming:
        return decode(unsnappied(body, intake.largest), intake.known)

    taken = await take(caller, gateway, "remote-write", await request.body(), read)
    written = {
        "X-Prometheus-Remote-Write-Samples-Written": str(taken.accepted),
        "X-Prometheus-Remote-Write-Histograms-Written": "0",
        "X-Prometheus-Remote-Write-Exemplars-Written": "0",
    }
    if taken.refusals.total:
        raise refused(taken.refusals, 400, headers=written)
    return Response(status_code=204, headers=written)


def _protocol(content_type: str) -> str:
    """The message's name. Without one it is that of 1.0."""
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != "application/x-protobuf":
        return ""
    named = header.get_param("proto", "prometheus.WriteRequest")
    return named if isinstance(named, str) else ""
