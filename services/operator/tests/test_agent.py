"""The agent: what it measures, what it keeps while nobody takes it, and what it does with each answer."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitors_contracts.measuring import series_refusal
from monitors_operator.agent import machine
from monitors_operator.agent.agent import Agent
from monitors_operator.agent.buffer import Buffer
from monitors_operator.agent.readings import Reading, batch, of_registry
from monitors_operator.client import Api, ApiProblem
from monitors_operator.errors import CommandError, Failed


class Platform:
    """A platform that takes measurements, is away, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[list[dict[str, Any]]] = []
        self.failure: CommandError | None = None
        self.asked = 0

    @contextmanager
    def connect(self) -> Generator[Any]:
        yield self

    def post(self, path: str, body: Any) -> dict[str, Any]:
        assert path == "/api/metrics"
        self.asked += 1
        if self.failure:
            raise self.failure
        self.taken.append(body["metrics"])
        return {"accepted": len(body["metrics"]), "refused": 0}

    def values(self, name: str) -> list[float]:
        return [each["value"] for batch in self.taken for each in batch if each["name"] == name]


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def agent_of(platform: Platform, tmp_path: Path) -> Callable[..., Agent]:
    numbers = iter(range(1, 1000))

    def source() -> list[Reading]:
        return [Reading("n", next(numbers))]

    def make(most: int = 1_000_000, interval: float = 0.01) -> Agent:
        return Agent(platform.connect, Buffer(tmp_path / "buffer", most), [(source, {"instance": "here"})], interval)

    return make


def test_the_machine_is_measured_under_the_names_of_node_exporter() -> None:
    found = list(machine.readings())
    names = {reading.name for reading in found}
    assert {
        "node_cpu_seconds_total",
        "node_load1",
        "node_memory_MemAvailable_bytes",
        "node_filesystem_avail_bytes",
        "node_network_receive_bytes_total",
        "node_processes_pids",
    } <= names
    series = [(reading.name, tuple(sorted(reading.tags.items()))) for reading in found]
    assert len(set(series)) == len(series)
    assert all(series_refusal(reading.name, reading.tags) is None for reading in found)
    assert all((reading.kind == "counter") == reading.name.endswith("_total") for reading in found)


def test_what_a_process_counts_is_measured() -> None:
    registry = CollectorRegistry()
    Counter("asked", "", ("path",), registry=registry).labels("/a").inc(2)
    Gauge("open", "", registry=registry).set(float("nan"))
    Histogram("seconds", "", buckets=(1,), registry=registry).observe(0.5)
    found = {
        (each.name, each.tags.get("le") or each.tags.get("path")): (each.value, each.kind)
        for each in of_registry(registry)
    }
    assert found == {
        ("asked_total", "/a"): (2, "counter"),
        ("seconds_bucket", "1.0"): (1, "histogram"),
        ("seconds_bucket", "+Inf"): (1, "histogram"),
        ("seconds_count", None): (1, "histogram"),
        ("seconds_sum", None): (0.5, "histogram"),
    }


def test_readings_get_the_tags_of_their_source() -> None:
    [one] = batch([(lambda: [Reading("m", 1, {"cpu": "0"}, "counter")], {"instance": "a"})], 1795000000.12345)
    assert one == {
        "name": "m",
        "type": "counter",
        "value": 1,
        "tags": {"cpu": "0", "instance": "a"},
        "timestamp": 1795000000.123,
    }


async def test_what_is_measured_while_the_platform_is_away_is_shipped_later_in_order(
    agent_of: Callable[..., Agent], platform: Platform
) -> None:
    agent = agent_of()
    platform.failure = Failed("nobody there")
    for _ in range(3):
        await agent.measure()
        assert not await agent.ship()
    platform.failure = None
    assert await agent.ship()
    assert platform.values("n") == [1, 2, 3]
    assert await agent.ship()
    assert platform.values("n") == [1, 2, 3]


async def test_what_waits_outlives_the_process(agent_of: Callable[..., Agent], platform: Platform) -> None:
    await agent_of().measure()
    later = agent_of()
    await later.measure()
    assert await later.ship()
    assert platform.values("n") == [1, 2]


@pytest.mark.parametrize(
    ("status", "kept"), [(400, False), (422, False), (413, False), (401, True), (403, True), (429, True), (503, True)]
)
async def test_a_batch_is_given_up_only_when_it_is_at_fault(
    agent_of: Callable[..., Agent], platform: Platform, status: int, kept: bool
) -> None:
    agent = agent_of()
    platform.failure = ApiProblem(status, {"title": "No"})
    await agent.measure()
    assert await agent.ship() is not kept
    platform.failure = None
    assert await agent.ship()
    assert platform.values("n") == ([1] if kept else [])


async def test_the_oldest_go_when_there_is_no_room_and_that_is_told(
    agent_of: Callable[..., Agent], platform: Platform
) -> None:
    agent = agent_of(most=1_000)
    platform.failure = Failed("away")
    for _ in range(20):
        await agent.measure()
    platform.failure = None
    await agent.measure()
    assert await agent.ship()
    values = platform.values("n")
    assert values == list(range(22 - len(values), 22))
    assert 0 < len(values) < 20
    dropped = [
        each["value"]
        for each in platform.taken[-1]
        if each["name"] == "monitors_agent_batches_total" and each["tags"].get("outcome") == "dropped"
    ]
    assert dropped[0] >= 15


async def test_it_goes_on_measuring_and_ships_when_the_platform_is_back(
    agent_of: Callable[..., Agent], platform: Platform
) -> None:
    agent = agent_of()
    platform.failure = Failed("away")
    running = asyncio.create_task(agent.run())
    async with asyncio.timeout(20):
        while not platform.asked:
            await asyncio.sleep(0.01)
        platform.failure = None
        while len(platform.values("n")) < 5:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    values = platform.values("n")
    assert values == list(range(1, len(values) + 1))


@given(st.lists(st.one_of(st.binary(max_size=50), st.none()), max_size=30))
def test_the_buffer_is_a_queue_whatever_is_put_in_and_taken_out(steps: list[bytes | None]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        buffer, meant = Buffer(Path(folder), 10_000_000), list[bytes]()
        for step in steps:
            if step is not None:
                buffer.put(step)
                meant.append(step)
            elif found := buffer.oldest():
                assert found[1] == meant.pop(0)
                buffer.remove(found[0])
            assert len(buffer) == len(meant)
            buffer = Buffer(Path(folder), 10_000_000)


def test_a_batch_that_was_half_written_is_none(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path, 1_000_000)
    (tmp_path / "x.part").write_bytes(b"half")
    buffer.put(b"whole")
    (tmp_path / "000000000000000.json.gz").write_bytes(b"damaged")
    again = Buffer(tmp_path, 1_000_000)
    found = again.oldest()
    assert found
    assert found[1] == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == [found[0].name]


def test_a_token_that_was_given_is_not_exchanged_for_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitors_operator.credentials import Credentials, keyring_of

    keyring = keyring_of(tmp_path, "http://127.0.0.1:9")
    keyring.save(Credentials("robin@example.com", "theirs", "refresh", "password"))
    sent: list[str] = []

    def request(_: Any, method: str, path: str, **given: Any) -> Any:
        import httpx

        sent.append(given["headers"]["Authorization"])
        return httpx.Response(401, json={"title": "No"})

    monkeypatch.setattr("httpx.Client.request", request)
    with Api("http://127.0.0.1:9", keyring, "mon_given") as api:
        api.use_local_user()
        with contextlib.suppress(ApiProblem):
            api.post("/api/metrics", {})
    assert sent == ["Bearer mon_given"]


def test_it_runs_once_from_the_command_line_and_says_when_nobody_takes_it(
    monitors: Callable[..., Any], tmp_path: Path
) -> None:
    ran = monitors("agent", "--once", "--buffer", str(tmp_path / "b"), "--api", "http://127.0.0.1:9")
    assert (ran.code, "it waits in" in ran.err) == (1, True)
    [(_, body)] = [Buffer(tmp_path / "b", 1_000_000).oldest() or (None, b"")]
    assert any(each["name"] == "node_load1" for each in json.loads(body)["metrics"])


def test_the_platform_s_own_agent_makes_a_token_once_and_another_when_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitors_operator.agent import own_token

    refused: set[str] = set()
    made: list[str] = []

    class Here:
        def __init__(self, token: str | None) -> None:
            self.token, self.email = token, "robin@example.com"

        def post(self, path: str, body: Any) -> dict[str, Any]:
            if path == "/api/tokens":
                assert self.token is None
                assert body["scopes"] == ["metrics:write"]
                made.append(f"mon_{len(made)}")
                return {"token": made[-1]}
            if self.token in refused:
                raise ApiProblem(401, {})
            return {"token": self.token}

    @contextmanager
    def connected(_: None, __: Path, token: str | None = None) -> Generator[Any]:
        yield Here(token)

    monkeypatch.setattr(own_token, "connected", connected)

    def ship() -> str:
        with own_token.connected_by_own_token(tmp_path, tmp_path / "token") as platform:
            return platform.post("/api/metrics", {})["token"]

    assert [ship(), ship()] == ["mon_0", "mon_0"]
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    refused.add("mon_0")
    with pytest.raises(ApiProblem):
        ship()
    assert ship() == "mon_1"
