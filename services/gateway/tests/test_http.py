"""Problems, headers, pages without sign-in, and the documents."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace

from monitors_contracts.base import new_id
from monitors_contracts.collection import ListMonitors

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.integration]


async def assert_problem(reply: Any, status: int, kind: str) -> None:
    assert (reply.status_code, reply.json()["type"]) == (status, kind), reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status"} <= set(reply.json())
    assert reply.json()["status"] == status


async def test_every_kind_of_error_is_a_problem_document(robin: Any) -> None:
    await assert_problem(await robin.get("/api/nothing"), 404, "not-found")
    await assert_problem(await robin.get("/nothing"), 404, "not-found")
    await assert_problem(await robin.patch("/api/monitors"), 405, "method-not-allowed")
    await assert_problem(await robin.get("/api/monitors/not-an-id"), 404, "not-found")
    await assert_problem(await robin.get("/api/monitors?limit=0"), 422, "invalid-request")
    broken = await robin.post("/api/monitors", content=b"{", headers={"Content-Type": "application/json"})
    await assert_problem(broken, 400, "malformed-json")
    unsaid = await robin.post(
        "/api/monitors", content=b'{"prompt": "x"}', headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    await assert_problem(unsaid, 415, "unsupported-media-type")
    assert "Content-Type: application/json" in unsaid.json()["detail"]
    large = await robin.post("/api/monitors", json={"prompt": "x" * 300_000})
    await assert_problem(large, 413, "body-too-large")
    key = await robin.post("/api/monitors", json={}, headers={"Idempotency-Key": "x" * 300})
    await assert_problem(key, 400, "invalid-idempotency-key")


async def test_chunked_bodies_are_limited_too(robin: Any) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b" " * 10_000

    reply = await robin.post("/api/monitors", content=endless(), headers={"Content-Type": "application/json"})
    await assert_problem(reply, 413, "body-too-large")


async def test_unexpected_failure_is_500_without_a_trace(robin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("monitors_gateway.api.monitors.ListMonitors", explode)
    reply = await robin.get("/api/monitors")
    await assert_problem(reply, 500, "internal-error")
    assert "secret" not in reply.text
    assert reply.headers["X-Request-Id"] in reply.json()["detail"]


async def test_what_our_own_checks_refuse_is_said_in_their_words(robin: Any) -> None:
    reply = await robin.post("/api/silences", json={"matchers": "host=db-1"})
    await assert_problem(reply, 422, "invalid-request")
    assert reply.json()["errors"][0]["message"] == "a silence has either `endsAt` or `for`"
    silence = {"matchers": [{"label": "host", "op": "=~", "value": "a(b"}], "for": "1h"}
    reply = await robin.post("/api/silences", json=silence)
    assert reply.json()["errors"][0]["message"] == "'a(b' is no pattern: missing ): a(b"
    made = await robin.post("/api/silences", json={"matchers": "host=db-1", "for": "1h"})
    patch = {"startsAt": "2190-01-01T00:00:00Z", "endsAt": "2189-01-01T00:00:00Z"}
    reply = await robin.patch(f"/api/silences/{made.json()['silence']['id']}", json=patch)
    assert reply.json()["errors"][0]["message"] == "a silence ends after it starts"
    # So does what speaks as Alertmanager and Prometheus do.
    assert "Value error" not in (await robin.get("/api/v1/query", params={"query": "up", "limit": "-1"})).text


async def test_a_service_that_is_away_is_503(robin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(ListMonitors):
        service = "nobody"

    monkeypatch.setattr("monitors_gateway.api.monitors.ListMonitors", Elsewhere)
    reply = await robin.get("/api/monitors")
    await assert_problem(reply, 503, "service-unavailable")
    assert reply.headers["Retry-After"]


async def test_every_answer_has_security_headers_and_a_request_id(robin: Any) -> None:
    for path in ("/api/monitors", "/api/nothing", "/health/ready", "/u/x"):
        reply = await robin.get(path, headers={"X-Request-Id": "abc-1"})
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Request-Id"] == "abc-1"
    strange = await robin.get("/api/health", headers={"X-Request-Id": "a b\tc" * 60})
    assert "a b" not in strange.headers["X-Request-Id"]


async def test_cors_is_off_by_default_and_on_by_setting(
    visitor: Any, start_gateway: Callable[..., Any], open_browser: Callable[..., Any]
) -> None:
    origin = {"Origin": "https://app.example"}
    assert "Access-Control-Allow-Origin" not in (await visitor.get("/api/health", headers=origin)).headers
    opened = await start_gateway(cors_origins="https://app.example, https://other.example")
    async with open_browser(opened.app) as browser:
        reply = await browser.get("/api/health", headers=origin)
        assert reply.headers["Access-Control-Allow-Origin"] == "https://app.example"
        foreign = await browser.get("/api/health", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in foreign.headers


async def test_health_readiness_and_metrics_by_route_template(robin: Any) -> None:
    assert (await robin.get("/api/health")).json() == {"status": "ok"}
    assert (await robin.get("/health/ready")).status_code == 200
    some = str(new_id())
    await robin.get(f"/api/monitors/{some}")
    await robin.get(f"/nothing/{some}")
    metrics = (await robin.get("/metrics")).text
    assert 'route="/api/monitors/{id}",status="404"' in metrics
    assert 'route="unmatched",status="404"' in metrics
    assert some not in metrics


async def test_a_request_continues_the_callers_trace(robin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def remember(*_: Any, **__: Any) -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)
        raise RuntimeError

    monkeypatch.setattr("monitors_gateway.api.monitors.ListMonitors", remember)
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    await robin.get("/api/monitors", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    assert seen == [int(trace_id, 16)]


async def test_snapshot_content_is_plain_text_in_a_sandbox(robin: Any, services: Any) -> None:
    snapshot = services.scraper.add_snapshot(robin.organization_id)
    metadata = (await robin.get(f"/api/snapshots/{snapshot}")).json()
    assert metadata["contentType"] == "text/html"
    reply = await robin.get(metadata["contentUrl"])
    assert "<script>" in reply.text
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


async def test_unsubscribe_link_asks_first_and_one_click_works(visitor: Any, services: Any) -> None:
    asked = await visitor.get("/u/good")
    assert asked.status_code == 200
    assert '<form method="post">' in asked.text
    assert services.notifier.unsubscribed == []
    done = await visitor.post("/u/good", data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, services.notifier.unsubscribed) == (200, ["good"])
    assert (await visitor.post("/u/forged")).status_code == 404


async def test_sendgrid_events_go_on_as_they_came(visitor: Any, services: Any) -> None:
    body = b'[{"event":"delivered",  "email":"a@example.com"}]\r\n'
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": "right",
        "X-Twilio-Email-Event-Webhook-Timestamp": "1700000000",
        "Content-Type": "application/json",
    }
    assert (await visitor.post("/api/webhooks/sendgrid", content=body, headers=headers)).status_code == 204
    assert services.notifier.provider_events[-1].body.encode() == body
    headers["X-Twilio-Email-Event-Webhook-Signature"] = "wrong"
    assert (await visitor.post("/api/webhooks/sendgrid", content=body, headers=headers)).status_code == 403
    assert (await visitor.post("/api/webhooks/sendgrid", content=body)).status_code == 422
    many = b"[" + b" " * 400_000 + b"]"
    headers["X-Twilio-Email-Event-Webhook-Signature"] = "right"
    assert (await visitor.post("/api/webhooks/sendgrid", content=many, headers=headers)).status_code == 204


async def test_docs_load_nothing_from_elsewhere(visitor: Any) -> None:
    page = await visitor.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    for path in ("/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css", "/docs/start.js", "/openapi.json"):
        assert (await visitor.get(path)).status_code == 200, path


async def test_openapi_document_is_printed_without_connecting(gateway: SimpleNamespace) -> None:
    program = [sys.executable, "-m", "monitors_gateway.openapi"]
    printed = await asyncio.to_thread(subprocess.run, program, capture_output=True, check=True, timeout=120)
    document = json.loads(printed.stdout)
    assert document["openapi"].startswith("3.1")
    assert document == json.loads(json.dumps(gateway.app.openapi()))
    refresh = document["paths"]["/api/monitors/{id}/refresh"]["post"]["responses"]
    assert set(refresh) == {"200", "202", "default"}
    assert "application/problem+json" in refresh["default"]["content"]


async def test_a_text_that_no_table_holds_is_refused_in_words(visitor: Any) -> None:
    body = {"email": "nul@example.com", "password": "Correct1horse", "name": "Ro\u0000bin"}
    await assert_problem(await visitor.post("/api/auth/register", json=body), 422, "invalid-request")
