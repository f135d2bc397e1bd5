"""Rules under kill -9 and outages, with every service a process of its own: each transition happens once, and in order.

One sender goes on through everything and sends a batch again until it is answered with 2xx, so what was to happen is what
one judge makes of all batches that were sent, each once.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import TypeAdapter

from monitors_contracts.base import Id, new_id
from monitors_contracts.catalogue import EVENTS_BY_TYPE
from monitors_contracts.envelope import decode
from monitors_contracts.metrics import MetricCollected, Sample
from monitors_contracts.monitors import Crossing, ThresholdExceeded
from monitors_contracts.rules import GetRuleState, RuleSpec, RuleState, RuleView
from monitors_evaluator.domain.rules.batches import batch_of
from monitors_evaluator.domain.rules.crossings import crossing
from monitors_evaluator.domain.rules.judging import Judge
from monitors_runtime.runtime import Runtime

pytestmark = [
    pytest.mark.fault,
    pytest.mark.integration,
    pytest.mark.xdist_group("faults of alerts"),
    pytest.mark.asyncio(loop_scope="module"),
]

PATIENCE = 120.0
SERVICES = ("gateway", "metrics", "evaluator", "evaluator")
HOSTS = [f"web-{number}" for number in range(40)]
RULES: list[dict[str, Any]] = [
    {"name": "Busy", "kind": "threshold", "warning": 60, "critical": 85, "recovery": 40, "for": "2s"},
    {"name": "Zone", "kind": "threshold", "by": ["zone"], "across": "avg", "warning": 52},
    {"name": "Often", "kind": "nOfM", "n": 3, "m": 5, "warning": 70},
    {"name": "Lately", "kind": "window", "by": ["zone"], "across": "max", "window": "10s", "warning": 80},
    {"name": "Quickly", "kind": "rate", "function": "delta", "window": "5s", "by": [], "across": "max", "warning": 8},
]
_SPEC: TypeAdapter[RuleSpec] = TypeAdapter(RuleSpec)


@dataclass
class Sender:
    """An account with rules, and its sender: values that cross levels back and forth, a second apart."""

    api: str
    client: httpx.AsyncClient
    organization: Id = field(default_factory=new_id)
    rules: list[RuleView] = field(default_factory=list[RuleView])
    sent: list[list[Sample]] = field(default_factory=list[list[Sample]])
    refused: int = 0

    async def sign_up(self) -> None:
        body = {"email": f"someone-{time.time_ns()}@example.com", "password": "Correct1horse", "name": "someone"}
        answer = (await self.client.post("/api/auth/register", json=body)).raise_for_status().json()
        self.client.headers["Authorization"] = f"Bearer {answer['token']}"

    async def add(self, **fields: Any) -> RuleView:
        spec = {"metric": "cpu"} | fields
        made = (await self.client.post("/api/rules", json=spec)).raise_for_status().json()["rule"]
        rule = RuleView(
            id=made["id"],
            organization_id=self.organization,
            user_id=self.organization,
            name=made["name"],
            spec=_SPEC.validate_python(made["spec"]),
            version=1,
            created_at=made["createdAt"],
            updated_at=made["updatedAt"],
        )
        self.rules.append(rule)
        return rule

    async def send(self, samples: list[Sample]) -> None:
        """Again and again until it is taken."""
        self.sent.append(samples)
        body = {"metrics": [sample.model_dump(mode="json", by_alias=True) for sample in samples]}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    reply = await self.client.post("/api/metrics", json=body)
                except httpx.HTTPError:
                    self.refused += 1
                    await asyncio.sleep(0.1)
                    continue
                if reply.status_code == 200:
                    assert reply.json()["accepted"] == len(samples), reply.text
                    return
                assert reply.status_code in (401, 500, 503, 504), reply.text
                self.refused += 1
                await asyncio.sleep(0.1)

    def expected(self) -> dict[str, list[tuple[str, str]]]:
        """By fingerprint: what one judge makes of all that was sent."""
        judge, found = Judge(), dict[str, list[tuple[str, str]]]()
        judge.put(self.rules, [], 0)
        arrived = round(datetime.now(UTC).timestamp() * 1000)
        for samples in self.sent:
            event = MetricCollected(organization_id=self.organization, batch_id=new_id(), samples=samples)
            for batch in batch_of(event):
                for each in judge.take(batch, arrived):
                    event_of = crossing(each)
                    found.setdefault(event_of.fingerprint, []).append(_named(event_of))
        return found


async def test_transitions_when_things_fall_over_then_each_happens_once_and_in_order(apart: Any) -> None:
    """All faults while one sender sends: nothing else could tell one fault's damage from what the next one heals."""
    async with httpx.AsyncClient(base_url=apart.api, timeout=15) as client:
        sender = Sender(apart.api, client)
        await sender.sign_up()
        for fields in RULES:
            await sender.add(op="gt", **fields)
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "metrics killed": lambda: apart.killed(*apart.services["metrics"]),
            "an evaluator killed": lambda: apart.killed(apart.services["evaluator"][0]),
            "the other evaluator killed": lambda: apart.killed(apart.services["evaluator"][1]),
            "NATS stands still": lambda: apart.frozen(apart.nats.child),
            "NATS killed": lambda: apart.gone(apart.nats.child),
            "PostgreSQL stands still": lambda: apart.frozen(apart.postgres.child),
            "PostgreSQL killed": lambda: apart.gone(apart.postgres.child),
        }
        stop = asyncio.Event()
        sending = asyncio.create_task(send_until(sender, stop))
        for name, fault in faults.items():
            await flows(apart, sender, sending, name)
            await fault()
        await flows(apart, sender, sending, "the end")
        stop.set()
        await sending

        expected = sender.expected()
        assert sum(map(len, expected.values())) > 500, "there is something to lose"
        rules = {rule.id for rule in sender.rules}

        async def all_there() -> bool:
            return sum(map(len, (await told(apart.runtime, rules)).values())) >= sum(map(len, expected.values()))

        await apart.until(all_there, "every transition")
        assert await told(apart.runtime, rules) == expected
        await apart.until(lambda: all_stored_once(sender), "every sample in storage")


async def test_an_absence_when_the_gateway_is_away_then_is_not_told_until_it_is_back_and_nothing_comes(
    apart: Any,
) -> None:
    async with httpx.AsyncClient(base_url=apart.api, timeout=15) as client:
        sender = Sender(apart.api, client)
        await sender.sign_up()
        me = (await client.get("/api/auth/me")).raise_for_status().json()
        organization = UUID(me["user"]["organizationId"])
        rule = await sender.add(name="Gone", kind="absence", **{"for": "3s"})
        await sender.send([sample(host, datetime.now(UTC).timestamp(), 1) for host in HOSTS[:3]])

        async def state() -> RuleState:
            return await apart.runtime.ask(GetRuleState(organization_id=organization, rule_id=rule.id))

        async def all_ok() -> bool:
            return (await state()).counts == {"ok": 3}

        await apart.until(all_ok, "the series to be judged")
        await apart.services["gateway"][0].kill()

        async def ours() -> bool:
            return {each.data for each in (await state()).series} == {"gateway-down"}

        await apart.until(ours, "the silence to be called ours")
        await asyncio.sleep(5)  # longer than the rule waits
        assert (await state()).counts == {"ok": 3}
        assert await told(apart.runtime, {rule.id}) == {}
        await apart.services["gateway"][0].start()

        async def fired() -> bool:
            return bool(await told(apart.runtime, {rule.id}))

        await apart.until(fired, "the absence")
        assert (await state()).counts == {"firing": 3}
        [alone] = (await told(apart.runtime, {rule.id})).values()
        assert len(alone) == 1, "one sender fell silent: one alert"


# -- what flows, and what came of it ----------------------------------------------------------------------------------


async def send_until(sender: Sender, stop: asyncio.Event) -> None:
    chance, values, moment = random.Random(7), dict.fromkeys(HOSTS, 50.0), datetime.now(UTC).timestamp() - 3000
    while not stop.is_set():
        moment += 1
        for host in HOSTS:
            values[host] = min(100.0, max(0.0, values[host] + chance.uniform(-25, 25)))
        await sender.send([sample(host, moment, values[host]) for host in HOSTS])
        await asyncio.sleep(0.05)


async def flows(apart: Any, sender: Sender, sending: "asyncio.Task[None]", before: str) -> None:
    """Some more batches are taken."""
    goal = len(sender.sent) + 25

    async def reached() -> bool:
        assert not sending.done(), sending.exception()
        return len(sender.sent) >= goal

    await apart.until(reached, f"batches before {before}")


def sample(host: str, moment: float, value: float) -> Sample:
    tags = {"host": host, "zone": host[-1]}
    at = datetime.fromtimestamp(round(moment, 3), UTC)
    return Sample(name="cpu", value=round(value, 3), tags=tags, timestamp=at, source="test")


async def told(runtime: Runtime, rules: set[Id]) -> dict[str, list[tuple[str, str]]]:
    """By fingerprint: the transitions in the stream, in its order. None of them is there twice."""
    state = (await runtime.bus.stream_info("ALERTS")).state
    found, ids = dict[str, list[tuple[str, str]]](), Counter[str]()
    for sequence in range(max(1, state.first_seq), state.last_seq + 1):
        message = await runtime.bus.get_msg("ALERTS", sequence)
        event = decode(message.headers, message.data or b"", EVENTS_BY_TYPE).event
        if isinstance(event, Crossing) and event.rule_id in rules:
            ids[(message.headers or {})["Nats-Msg-Id"]] += 1
            found.setdefault(event.fingerprint, []).append(_named(event))
    assert not ids or max(ids.values()) == 1
    return found


def _named(event: Crossing) -> tuple[str, str]:
    kind = f"exceeded {event.severity}" if isinstance(event, ThresholdExceeded) else "cleared"
    return kind, event.occurred_at.isoformat()


async def all_stored_once(sender: Sender) -> bool:
    reply = await sender.client.get("/api/v1/query", params={"query": "cpu[2h]"})
    if reply.status_code != 200:
        return False
    found: Counter[tuple[str, int]] = Counter()
    values: dict[tuple[str, int], float] = {}
    for series in reply.json()["data"]["result"]:
        for moment, value in series["values"]:
            key = series["metric"]["host"], round(float(moment) * 1000)
            found[key] += 1
            values[key] = float(value)
    assert not found or max(found.values()) == 1
    meant = {
        (each.tags["host"], round(each.timestamp.timestamp() * 1000)): each.value
        for samples in sender.sent
        for each in samples
    }
    return values == meant
