"""What measures and judges, on a real platform: no answer is a 5xx, whatever is asked, once or one step after another."""

import math
import time
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

PLACES = r"^(/api/(metrics|rules|heartbeats|uptime|targets|v1)|/v1/metrics)(/|$)"
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
SECONDS = 40
ANY_MACHINE: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}
Asked = tuple[Any, dict[str, str]]


@schemathesis.serializer("application/x-protobuf")
def _as_it_is(_: Any, value: Any) -> bytes:
    """Bodies that are no text: bytes of any kind."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture
def asked(platform: Any) -> Asked:
    """The part of the API, and somebody with samples, a rule, a heartbeat, a check and a target who asks."""
    user = platform.user()
    now = time.time()
    samples = [
        {"name": "m", "value": math.sin(at), "tags": {"i": str(at % 3)}, "timestamp": now - at} for at in range(90)
    ]
    user.call("POST", "/api/metrics", {"metrics": samples}).raise_for_status()
    rule = {"name": "r", "kind": "threshold", "metric": "m", "op": "gt", "critical": 0.5}
    user.call("POST", "/api/rules", rule).raise_for_status()
    user.call("POST", "/api/heartbeats", {"name": "h", "period": "5m"}).raise_for_status()
    user.call("POST", "/api/uptime", {"name": "u", "kind": "tcp", "host": "127.0.0.1", "port": 9}).raise_for_status()
    user.call("POST", "/api/targets", {"url": "http://127.0.0.1:9/metrics"}).raise_for_status()
    schema = schemathesis.openapi.from_url(f"{platform.api}/openapi.json").include(path_regex=PLACES)
    return schema, {"Authorization": f"Bearer {user.token}"}


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_each_operation_answers_what_it_is_asked(asked: Asked, mode: GenerationMode) -> None:
    schema, headers = asked
    schema.config.generation.update(modes=[mode])
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        _ask(operation.as_strategy(generation_mode=mode), headers, time.monotonic() + SECONDS / len(operations))


def _ask(cases: Any, headers: dict[str, str], ends: float) -> None:
    """Send requests and judge their answers, until then."""

    @settings(max_examples=10, phases=[Phase.explicit, Phase.generate], **ANY_MACHINE)
    @given(case=cases)
    def send(case: Any) -> None:
        if time.monotonic() < ends:
            _judged(case, headers)

    send()


def _judged(case: Any, headers: dict[str, str]) -> Any:
    """The answer, judged, unless the address was longer than HTTP servers take."""
    answer = case.call(headers=headers, timeout=20)
    if answer.content != b"Invalid HTTP request received.":
        case.validate_response(answer, checks=CHECKS)
    return answer


PIECES = (
    *(
        "m",
        '{i="1"}',
        "[5m]",
        "[1h:1m]",
        "[30d]",
        "offset",
        "@ 0",
        "1e308",
        "NaN",
        "'x'",
        ",",
        "(",
        ")",
        "+",
        "/",
        "^",
        "-",
    ),
    *(
        "== bool",
        "rate(",
        "avg_over_time(",
        "absent(",
        "topk(2,",
        "quantile(2,",
        "histogram_quantile(0.9,",
        "sum by (i) (",
    ),
)


def test_whatever_is_put_together_of_promql_is_answered_or_refused(asked: Asked) -> None:
    schema, headers = asked
    with httpx.Client(base_url=schema.get_base_url(), headers=headers, timeout=30) as client:

        @settings(max_examples=200, **ANY_MACHINE)
        @given(
            query=st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join),
            span=st.sampled_from([0, 60, 86_400, 40 * 86_400, 10**11, -5]),
            step=st.sampled_from(["15", "3600", "1d", "0", "-1", "NaN", "1e300", "0.001"]),
        )
        def ask(query: str, span: int, step: str) -> None:
            now = time.time()
            asked = {"query": query, "start": now - span, "end": now, "step": step}
            found = client.get("/api/v1/query_range", params=asked)
            assert found.status_code in (200, 400, 422), found.text
            assert found.json()["status"] == ("success" if found.status_code == 200 else "error")

        ask()


@pytest.mark.parametrize("kind", ["rules", "heartbeats", "uptime", "targets"])
def test_what_is_made_is_read_changed_and_deleted_in_any_order(asked: Asked, kind: str) -> None:
    schema, headers = asked
    ends = time.monotonic() + SECONDS / 4
    operations = [each.ok() for each in schema.get_all_operations()]
    cases = {(each.path, each.method): each.as_strategy(generation_mode=GenerationMode.POSITIVE) for each in operations}
    later = [case for (path, _), case in cases.items() if path.startswith(f"/api/{kind}/{{id}}")]
    assert len(later) > 2

    @settings(max_examples=15, phases=[Phase.generate], **ANY_MACHINE)
    @given(made=cases[f"/api/{kind}", "post"], steps=st.lists(st.one_of(*later), min_size=1, max_size=6))
    def walk(made: Any, steps: list[Any]) -> None:
        if time.monotonic() > ends:
            return
        answer = _judged(made, headers)
        found = next((each["id"] for each in answer.json().values() if isinstance(each, dict) and "id" in each), None)
        for step in steps if found else ():
            step.path_parameters = {"id": found}
            _judged(step, headers)

    walk()
