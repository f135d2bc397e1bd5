"""The part of the Prometheus HTTP API that Grafana's data source asks. Answers and errors have Prometheus's form.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl

import zstandard
from fastapi import APIRouter, Path, Request, Response, Security
from pydantic import ValidationError

from monitors_contracts.base import Id
from monitors_contracts.metrics import DescribeMetrics, ListLabels, ListSeries, QueryProm
from monitors_runtime.errors import ProblemError

from ..domain.scopes import Scope
from ..domain.wording import message_of
from ..http.callers import Caller, GatewayDep, with_scopes

ReaderDep = Annotated[Caller, Security(with_scopes, scopes=[Scope.READ])]
router = APIRouter(prefix="/api/v1", tags=["prometheus"])

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer, unpacked."""
MOST = 10_000
VERSION = "3.0.0"
"""Whose semantics queries have: windows are open to the left, and their patterns' `.` matches newlines."""
_DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?")
_UNITS = (31_536_000, 604_800, 86_400, 3600, 60, 1, 0.001)
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "string", "enum": ["success", "error"]},
        "data": {},
        "errorType": {"type": "string"},
        "error": {"type": "string"},
    },
}
_CONTENT = {"content": {"application/json": {"schema": _ANSWER}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The data", **_CONTENT},
    **{status: {"description": "Why not, in Prometheus's form", **_CONTENT} for status in (400, 503, 504)},
}


_MEANINGS = {
    "query": "An expression in PromQL",
    "time": "When: Unix seconds or RFC 3339; now when left out",
    "start": "From when: Unix seconds or RFC 3339",
    "end": "To when",
    "step": "Seconds, or a duration (1m30s)",
    "match[]": "A selector; several times for series that match any of them",
    "limit": "Most entries",
    "metric": "One metric; all when left out",
}


def _documented(*names: str, needed: Collection[str] = ()) -> dict[str, Any]:
    """What may be asked, for the OpenAPI document: in the address."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in needed,
                "description": _MEANINGS[name],
                "schema": {"type": "array", "items": {"type": "string"}} if name == "match[]" else {"type": "string"},
            }
            for name in names
        ]
    }


def _form(*names: str, needed: Collection[str] = ()) -> dict[str, Any]:
    """The same in a form."""
    schema = {
        "type": "object",
        "required": list(needed),
        "properties": {name: {"type": "string", "description": _MEANINGS[name]} for name in names},
    }
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


class BadData(ValueError):
    """A parameter that makes no sense."""


class Parameters:
    """What was asked, from the query string and, with POST, a form."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @classmethod
    async def of(cls, request: Request) -> "Parameters":
        """Of a request. Raises BadData."""
        pairs = list(request.query_params.multi_items())
        if request.method == "POST":
            try:
                pairs += parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=1000)
            except ValueError as wrong:
                raise BadData("error parsing form values") from wrong
        return cls(pairs)

    def every(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [value for key, value in self._pairs if key == name]

    def one(self, name: str) -> str | None:
        """Its first value, if there is any."""
        return next(iter(self.every(name)), None) or None

    def time(self, name: str, default: datetime | None = None) -> datetime | None:
        """A time: Unix seconds or RFC 3339."""
        text = self.one(name)
        if text is None:
            return default
        try:
            return moment(text)
        except (ValueError, OverflowError) as wrong:
            raise BadData(f'invalid parameter "{name}": cannot parse "{text[:100]}" to a valid timestamp') from wrong

    def needed_time(self, name: str) -> datetime:
        """As `time`, but not to be left out."""
        found = self.time(name)
        if found is None:
            raise BadData(f'invalid parameter "{name}": cannot parse "" to a valid timestamp')
        return found

    def limit(self) -> int:
        """Most entries of the answer."""
        text = self.one("limit") or "0"
        if not text.isdecimal():
            raise BadData('invalid parameter "limit": must be a whole number')
        return min(int(text) or MOST, MOST)


def moment(text: str) -> datetime:
    """A time from Unix seconds or RFC 3339, in UTC. Raises ValueError or OverflowError."""
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(float(text) * 1000))
    except ValueError:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def seconds(text: str) -> float:
    """A step from seconds (`15`, `0.5`) or a duration (`1m30s`). Raises BadData."""
    try:
        found = float(text)
    except ValueError:
        match = _DURATION.fullmatch(text)
        parts = match.groups() if match else ()
        if not any(parts):
            raise BadData(f'invalid parameter "step": cannot parse "{text[:100]}" to a valid duration') from None
        found = sum(int(part) * unit for part, unit in zip(parts, _UNITS, strict=True) if part)
    if not 0 < found < math.inf:
        raise BadData('invalid parameter "step": zero or negative query resolution step widths are not accepted')
    return found


def _success(data: bytes) -> Response:
    return Response(b'{"status":"success","data":' + data + b"}", media_type="application/json")


def _said(data: object) -> Response:
    return _success(json.dumps(data, ensure_ascii=False).encode())


def _error(status: int, kind: str, text: str) -> Response:
    body = {"status": "error", "errorType": kind, "error": text}
    return Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")


def _refused(failure: Exception) -> Response:
    """What Prometheus would say of it."""
    if isinstance(failure, ValidationError):
        first = failure.errors(include_url=False, include_input=False)[0]
        return _error(400, "bad_data", f'invalid parameter "{first["loc"][0]}": {message_of(first)}')
    if isinstance(failure, ProblemError):
        problem = failure.problem
        text = problem.detail or problem.title
        if problem.status >= 500:
            return _error(503, "timeout" if problem.status == 504 else "unavailable", text)
        return _error(400, "bad_data", text)
    return _error(400, "bad_data", str(failure))


REFUSALS = (BadData, ValidationError, ProblemError)


async def _query(gateway: GatewayDep, asked: Mapping[str, Any], organization_id: Id) -> Response:
    found = await gateway.runtime.ask(QueryProm(organization_id=organization_id, **asked), patience=60)
    return _success(zstandard.decompress(found.data, LARGEST))


@router.get(
    "/query",
    openapi_extra=_documented("query", "time", needed=("query",)),
    responses=_RESPONSES,
    response_class=Response,
)
@router.post(
    "/query", openapi_extra=_form("query", "time", needed=("query",)), responses=_RESPONSES, response_class=Response
)
async def query(request: Request, caller: ReaderDep, gateway: GatewayDep) -> Response:
    """Evaluate PromQL (`query`) at one `time`."""
    try:
        given = await Parameters.of(request)
        at = given.time("time", datetime.now(UTC))
        return await _query(gateway, {"query": given.one("query") or "", "since": at}, caller.organization_id)
    except REFUSALS as failure:
        return _refused(failure)


@router.get(
    "/query_range",
    openapi_extra=_documented("query", "start", "end", "step", needed=("query", "start", "end", "step")),
    responses=_RESPONSES,
    response_class=Response,
)
@router.post(
    "/query_range",
    openapi_extra=_form("query", "start", "end", "step", needed=("query", "start", "end", "step")),
    responses=_RESPONSES,
    response_class=Response,
)
async def query_range(request: Request, caller: ReaderDep, gateway: GatewayDep) -> Response:
    """Evaluate PromQL (`query`) every `step` from `start` to `end`."""
    try:
        given = await Parameters.of(request)
        asked = {
            "query": given.one("query") or "",
            "since": given.needed_time("start"),
            "until": given.needed_time("end"),
            "step_seconds": seconds(given.one("step") or ""),
        }
        return await _query(gateway, asked, caller.organization_id)
    except REFUSALS as failure:
        return _refused(failure)


@router.get(
    "/series",
    openapi_extra=_documented("match[]", "start", "end", "limit", needed=("match[]",)),
    responses=_RESPONSES,
    response_class=Response,
)
@router.post(
    "/series",
    openapi_extra=_form("match[]", "start", "end", "limit", needed=("match[]",)),
    responses=_RESPONSES,
    response_class=Response,
)
async def series(request: Request, caller: ReaderDep, gateway: GatewayDep) -> Response:
    """The series that match any `match[]`."""
    try:
        given = await Parameters.of(request)
        selectors = given.every("match[]")
        if not selectors:
            raise BadData("no match[] parameter provided")
        asked = ListSeries(
            organization_id=caller.organization_id,
            selectors=selectors,
            since=given.time("start"),
            until=given.time("end"),
            limit=given.limit(),
        )
        found = await gateway.runtime.ask(asked, patience=60)
        return _said([{"__name__": each.name, **each.labels} for each in found.series])
    except REFUSALS as failure:
        return _refused(failure)


@router.get(
    "/labels",
    openapi_extra=_documented("match[]", "start", "end", "limit"),
    responses=_RESPONSES,
    response_class=Response,
)
@router.post(
    "/labels", openapi_extra=_form("match[]", "start", "end", "limit"), responses=_RESPONSES, response_class=Response
)
async def labels(request: Request, caller: ReaderDep, gateway: GatewayDep) -> Response:
    """The names of labels."""
    return await _names(request, caller, gateway, None)


@router.get(
    "/label/{name:path}/values",
    openapi_extra=_documented("match[]", "start", "end", "limit"),
    responses=_RESPONSES,
    response_class=Response,
)
async def label_values(
    name: Annotated[str, Path(max_length=200)], request: Request, caller: ReaderDep, gateway: GatewayDep
) -> Response:
    """The values of a label."""
    return await _names(request, caller, gateway, name)


async def _names(request: Request, caller: Caller, gateway: GatewayDep, label: str | None) -> Response:
    try:
        given = await Parameters.of(request)
        asked = ListLabels(
            organization_id=caller.organization_id,
            label=label,
            selectors=given.every("match[]"),
            since=given.time("start"),
            until=given.time("end"),
            limit=given.limit(),
        )
        return _said((await gateway.runtime.ask(asked, patience=60)).names)
    except REFUSALS as failure:
        return _refused(failure)


@router.get("/metadata", openapi_extra=_documented("metric", "limit"), responses=_RESPONSES, response_class=Response)
async def metadata(request: Request, caller: ReaderDep, gateway: GatewayDep) -> Response:
    """Type, help and unit of metrics."""
    try:
        given = await Parameters.of(request)
        asked = DescribeMetrics(organization_id=caller.organization_id, name=given.one("metric"), limit=given.limit())
        found = (await gateway.runtime.ask(asked)).metrics
        return _said({name: [each.model_dump(include={"type", "help", "unit"})] for name, each in found.items()})
    except REFUSALS as failure:
        return _refused(failure)


@router.get("/status/buildinfo", responses=_RESPONSES, response_class=Response)
async def build_info(_: ReaderDep) -> Response:
    """What Grafana asks to know which queries it may ask."""
    unknown = dict.fromkeys(("revision", "branch", "buildUser", "buildDate", "goVersion"), "")
    return _said({"version": VERSION, **unknown})
