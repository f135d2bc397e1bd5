"""Expositions are read as OpenMetrics' own test suite says, and whatever is none says so."""

import contextlib
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_scraper.domain.exposition import Sample, Unparsable, parse

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# Of github.com/prometheus/OpenMetrics (Apache-2.0), tests/testdata/parsers; bytes as Latin-1.
CASES = json.loads((Path(__file__).parent / "data" / "openmetrics.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_openmetrics_own_suite_is_read_or_refused(name: str) -> None:
    body = CASES[name]["text"].encode("latin-1")
    if CASES[name]["valid"]:
        parse(body, OPENMETRICS)
    else:
        with pytest.raises(Unparsable):
            parse(body, OPENMETRICS)


def test_there_are_as_many_cases_as_there_should_be() -> None:
    assert (len(CASES), sum(case["valid"] for case in CASES.values())) == (211, 44)


def test_prometheus_text_is_read() -> None:
    text = b"""# HELP http_requests_total How many
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a b"} 1027 1795000000123
# TYPE load1 gauge
load1 NaN
untyped_thing{le="+Inf"} -Inf
"""
    found = parse(text, "text/plain; version=0.0.4")
    assert found.samples[0] == Sample("http_requests_total", {"code": "200", "path": "/a b"}, 1027, 1795000000123)
    assert math.isnan(found.samples[1].value)
    assert found.samples[2] == Sample("untyped_thing", {"le": "+Inf"}, -math.inf, None)
    described = found.metrics
    assert (described["http_requests_total"].type, described["http_requests_total"].help) == ("counter", "How many")
    assert described["untyped_thing"].type == "unknown"


def test_openmetrics_is_read_with_its_units_and_kinds() -> None:
    text = b"""# TYPE lag_seconds gauge
# UNIT lag_seconds seconds
lag_seconds 0.5 1.5
# TYPE seen counter
seen_total 3
# EOF
"""
    found = parse(text, OPENMETRICS)
    assert found.samples == [Sample("lag_seconds", {}, 0.5, 1500), Sample("seen_total", {}, 3, None)]
    assert found.metrics["lag_seconds"].unit == "seconds"
    assert found.metrics["seen_total"].type == "counter"


@given(st.one_of(st.binary(max_size=200), st.text('ab_{}="\\#, \n\t01.eE+-NTYPHELKOF', max_size=200).map(str.encode)))
def test_garbage_is_unparsable_or_read_and_nothing_else(body: bytes) -> None:
    for kind in (OPENMETRICS, "text/plain", ""):
        with contextlib.suppress(Unparsable):
            parse(body, kind)
