"""Whatever the OpenAPI document allows, and some of what it does not, is answered as it says and never with a 5xx."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]

# One never ends, and one would end the session that all the others use.
LEFT_OUT = {"/api/events", "/api/auth/logout"}
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
SECONDS = 15
SLOW_MACHINE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@schemathesis.serializer("application/x-protobuf")
def _as_it_is(_: Any, value: Any) -> bytes:
    """Bodies that are no text: bytes of any kind."""
    return value if isinstance(value, bytes) else str(value).encode()


async def test_generated_requests_are_answered_as_documented(gateway: SimpleNamespace, served: str, robin: Any) -> None:
    headers = {"Authorization": robin.headers["Authorization"]}
    found: list[Any] = list(schemathesis.openapi.from_dict(gateway.app.openapi()).get_all_operations())
    operations = [each.ok() for each in found if each.ok().path not in LEFT_OUT]
    assert len(operations) > 25

    def attack(operation: Any) -> int:
        asked = 0
        ends = time.monotonic() + SECONDS / len(operations)

        @settings(
            max_examples=4,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=SLOW_MACHINE,
        )
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            nonlocal asked
            if not asked or time.monotonic() < ends:
                case.call_and_validate(base_url=served, headers=headers, checks=CHECKS, timeout=10)
                asked += 1

        send()
        return asked

    asked = {operation.label: await asyncio.to_thread(attack, operation) for operation in operations}
    assert all(asked.values()), asked
