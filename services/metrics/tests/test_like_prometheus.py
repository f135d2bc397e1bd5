"""The same samples, the same questions: a real Prometheus and we answer the same.

Samples lie beside the edges of windows: of a sample on the edge, Prometheus 3 (which we follow) thinks otherwise than 2.
"""

import asyncio
import math
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

BEGIN = (int(time.time()) - 8 * 3600) // 3600 * 3600
SECONDS = 7200
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
pytestmark = pytest.mark.skipif(not (PROMETHEUS and PROMTOOL), reason="there is no Prometheus here")
Series = dict[str, list[tuple[int, float]]]


def samples() -> Series:
    chance = random.Random(7)
    series: Series = {}

    def times(every: int) -> Iterator[int]:
        for second in range(0, SECONDS, every):
            yield (BEGIN + second) * 1000 + 137 + chance.randrange(5)

    for job in ("api", "web"):
        for instance in ("a", "b", "c"):
            for code in ("200", "404", "500"):
                total, pairs = 1000.0 * chance.random(), []
                for at in times(15):
                    total = 0.0 if chance.random() < 0.004 else total + chance.randrange(40)
                    if chance.random() > 0.02:
                        pairs.append((at, total))
                series[f'http_requests_total{{code="{code}",instance="{instance}",job="{job}"}}'] = pairs
            up = [(at, float(chance.random() > 0.05)) for at in times(15)]
            series[f'up{{instance="{instance}",job="{job}"}}'] = up
        series[f'build_info{{job="{job}",version="1.{len(job)}"}}'] = [(at, 1.0) for at in times(30)]
    for room in ("attic", "hall", "kitchen"):
        value, pairs = 20.0, []
        for at in times(60):
            value += chance.gauss(0, 0.5)
            if not 3000 < at / 1000 - BEGIN < 4000:  # longer than a sample counts
                pairs.append((at, round(value, 3)))
        series[f'temperature{{room="{room}"}}'] = pairs
    series['temperature{room="cellar"}'] = [(at, chance.choice([math.nan, math.inf, -1.5, 0.0])) for at in times(60)]
    series['edge{kind="constant"}'] = [(at, 5.0) for at in times(15)]
    for instance in ("a", "b"):
        counts = [0.0] * 6
        pairs_of: list[list[tuple[int, float]]] = [[] for _ in counts]
        for at in times(15):
            seen = [chance.randrange(5) for _ in counts]
            for bucket in range(6):
                counts[bucket] += sum(seen[: bucket + 1])
                pairs_of[bucket].append((at, counts[bucket]))
        for le, pairs in zip(("0.1", "0.25", "0.5", "1", "2.5", "+Inf"), pairs_of, strict=True):
            series[f'latency_seconds_bucket{{instance="{instance}",le="{le}"}}'] = pairs
    return series


SERIES = samples()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that holds the samples."""
    assert PROMETHEUS
    assert PROMTOOL
    folder = tmp_path_factory.mktemp("prometheus")
    text = ""
    for name in sorted({key.partition("{")[0] for key in SERIES}):
        text += f"# TYPE {name} unknown\n"
        for key, pairs in SERIES.items():
            if key.partition("{")[0] == name:
                text += "".join(f"{key} {_number(value)} {at / 1000:.3f}\n" for at, value in pairs)
    (folder / "samples.txt").write_text(text + "# EOF\n")
    (folder / "prometheus.yml").write_text("{}")
    subprocess.run(
        [PROMTOOL, "tsdb", "create-blocks-from", "openmetrics", str(folder / "samples.txt"), str(folder / "data")],
        check=True,
        capture_output=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    options = {"config.file": folder / "prometheus.yml", "storage.tsdb.path": folder / "data"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROMETHEUS,
                *(f"--{name}={value}" for name, value in options.items()),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_ready(url, process, Path(log.name))
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _number(value: float) -> str:
    return {"inf": "+Inf", "nan": "NaN"}.get(str(value), repr(value))


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/-/ready", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-3000:])


QUERIES = """
http_requests_total
http_requests_total{job="api",code!="200"}
http_requests_total{job=~"a.*",instance!~"a|b"}
{__name__=~"up|edge"}
up{nothing=""}
temperature offset 7m
temperature offset -7m
temperature @ end()
temperature @ start()
rate(http_requests_total[5m])
rate(http_requests_total[40s])
irate(http_requests_total[5m])
increase(http_requests_total[10m])
increase(http_requests_total{code="500"}[20s])
delta(temperature[10m])
idelta(temperature[10m])
deriv(temperature{room!="cellar"}[10m])
deriv(edge[10m])
predict_linear(temperature{room!="cellar"}[10m], 3600)
changes(up[10m])
resets(http_requests_total[1h])
avg_over_time(temperature[5m])
sum_over_time(up[5m])
min_over_time(temperature[5m])
max_over_time(temperature[5m])
count_over_time(temperature[5m])
last_over_time(temperature[15m])
present_over_time(temperature[5m])
stddev_over_time(temperature{room!="cellar"}[10m])
stdvar_over_time(temperature{room!="cellar"}[10m])
quantile_over_time(0.3, temperature{room!="cellar"}[10m])
quantile_over_time(1.2, temperature{room!="cellar"}[10m])
absent(nothing_there{job="x",a=~"b"})
absent(up)
absent_over_time(temperature{room="hall"}[5m])
sum(rate(http_requests_total[5m]))
sum by (job) (rate(http_requests_total[5m]))
sum without (instance, code) (rate(http_requests_total[5m]))
avg by (job, code) (http_requests_total)
min by (code) (http_requests_total)
max(temperature)
min(temperature)
sum(temperature)
count by (job) (up == 1)
group by (job) (up)
stddev by (job) (http_requests_total)
stdvar(http_requests_total)
quantile(0.9, http_requests_total)
quantile by (job) (0.25, http_requests_total)
quantile(-1, http_requests_total)
quantile(0.5, temperature)
topk(3, http_requests_total)
bottomk by (job) (2, http_requests_total)
topk(0, up)
topk(2, temperature)
count_values("value", up)
count_values by (job) ("value", up)
histogram_quantile(0.9, latency_seconds_bucket)
histogram_quantile(0.5, rate(latency_seconds_bucket[5m]))
histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[5m])))
histogram_quantile(0.001, latency_seconds_bucket)
histogram_quantile(2, latency_seconds_bucket)
histogram_quantile(0.9, latency_seconds_bucket{le!="+Inf"})
http_requests_total / 7
-temperature
2 ^ 3 ^ 2
7 % -3
-7 % 3
1 / 0
0 / 0
temperature * 1e-9
temperature % 3
temperature ^ 2
1 - temperature
temperature > 20
20 < temperature
temperature > bool 20
temperature == temperature
3 > bool 2
time()
time() - 5
timestamp(temperature)
timestamp(temperature + 1)
sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))
sum by (job) (http_requests_total{code="500"}) / sum by (job) (http_requests_total)
http_requests_total{code="500"} / ignoring(code) http_requests_total{code="200"}
http_requests_total{code="500"} / on(job, instance) http_requests_total{code="200"}
http_requests_total / on(job) group_left(version) build_info
build_info * on(job) group_right(version) up
http_requests_total > ignoring(code) group_left up
http_requests_total{code="500"} > bool ignoring(code) http_requests_total{code="404"}
up == 1 and on(instance, job) http_requests_total{code="500"} > 100
up unless on(instance, job) http_requests_total{code="500"} > 1000
up or temperature
temperature{room="hall"} or temperature
up and temperature
up == 0 or on(job) build_info
vector(1) or up
abs(-temperature)
ceil(temperature)
floor(temperature)
exp(temperature / 10)
sqrt(temperature)
ln(temperature)
log2(temperature)
log10(temperature)
round(temperature)
round(temperature, 0.25)
sgn(temperature)
clamp(temperature, 19, 20)
clamp(temperature, 20, 19)
clamp_min(temperature, 20)
clamp_max(temperature, 20)
scalar(edge)
scalar(up)
vector(time())
sin(temperature)
atan(temperature)
(temperature + 0) atan2 temperature
deg(temperature)
rad(temperature)
pi()
minute()
hour()
day_of_week()
day_of_month()
day_of_year(vector(1709210096))
days_in_month(vector(1709210096))
month()
year()
hour(temperature{room!="cellar"} * 1e6)
label_replace(up, "short", "$1-$2", "instance", "(.)(.*)")
label_replace(up, "job", "", "job", "api")
label_replace(up, "x", "${whole}!", "job", "(?P<whole>.*)")
label_replace(up, "x", "y", "job", "nope")
label_join(up, "both", "/", "job", "instance", "nothing")
sort(http_requests_total)
sort_desc(temperature{room!="cellar"})
max_over_time(rate(http_requests_total[5m])[30m:1m])
avg_over_time(temperature[20m:])
sum_over_time(vector(1)[10m:2m])
rate(sum(http_requests_total)[10m:30s])
min_over_time(temperature[10m:3m] offset 5m)
sum by (job) (rate(http_requests_total[5m] offset 10m))
(sum(up) > 3) or vector(0)
""".strip().splitlines()
INSTANT_ONLY = ['"a text"', "temperature[3m]", "up[1m] offset 5m"]
REFUSED = [
    "sum(",
    "rate(up)",
    'up{job=~"("}',
    "up + on(job) temperature / up",
    "up / on(job) up",
    "up * on(job) group_left build_info + on() up",
    'label_replace(up, "instance", "x", "job", ".*")',
    "{}",
]


@pytest.mark.parametrize("query", [*QUERIES, *INSTANT_ONLY, *REFUSED])
def test_a_query_answers_what_prometheus_answers(prometheus: str, ask: Callable[..., Any], query: str) -> None:
    for at in (BEGIN + 3600.25, BEGIN + 5400.5):
        theirs = httpx.get(f"{prometheus}/api/v1/query", params={"query": query, "time": at}, timeout=60).json()
        _compare(theirs, asyncio.run(ask(SERIES, query, at)), ordered="sort" in query)
    if query not in INSTANT_ONLY:
        span = {"start": BEGIN + 600.25, "end": BEGIN + 7000.25, "step": 97}
        theirs = httpx.get(f"{prometheus}/api/v1/query_range", params={"query": query, **span}, timeout=60).json()
        _compare(theirs, asyncio.run(ask(SERIES, query, *span.values())))


def _compare(theirs: dict[str, Any], ours: Any, *, ordered: bool = False) -> None:
    if theirs["status"] == "error":
        assert isinstance(ours, str), f"Prometheus: {theirs['error']}"
        return
    expected = theirs["data"]["result"]
    assert not isinstance(ours, str), ours
    if not (expected and isinstance(expected[0], dict)):
        assert _same(expected, ours)
        return
    if ordered:
        assert [each["metric"] for each in ours] == [each["metric"] for each in expected]
    by_labels = {tuple(sorted(each["metric"].items())): each for each in ours}
    assert by_labels.keys() == {tuple(sorted(each["metric"].items())) for each in expected}
    for each in expected:
        found = by_labels[tuple(sorted(each["metric"].items()))]
        for left, right in zip(
            each.get("values") or [each["value"]], found.get("values") or [found["value"]], strict=True
        ):
            assert _same(left, right), (each["metric"], left, right)


def _same(left: list[Any], right: list[Any]) -> bool:
    if not left:
        return left == right
    if left[0] != right[0]:
        return False
    try:
        a, b = float(left[1]), float(right[1])
    except ValueError:
        return left[1] == right[1]
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
