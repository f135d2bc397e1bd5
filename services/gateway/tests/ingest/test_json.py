"""JSON batches: what is meant comes out, each sample judged alone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.measuring import Reason, series_refusal
from monitors_contracts.series import series_key
from monitors_gateway.ingest.incoming import Incoming
from monitors_gateway.ingest.measurements import MOST, decode
from monitors_gateway.ingest.unpacking import Unreadable

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MILLISECONDS = int(NOW.timestamp()) * 1000


def _naive(milliseconds: int) -> str:
    """A time without a zone, which is UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).replace(tzinfo=None).isoformat()


texts = st.text(st.characters(codec="utf-8"), max_size=6)
samples = st.fixed_dictionaries(
    {"name": texts, "value": st.floats(allow_nan=False, allow_infinity=False)},
    optional={
        "tags": st.one_of(st.none(), st.dictionaries(texts, texts, max_size=3)),
        "timestamp": st.one_of(st.none(), st.integers(315_532_800_000, 4_102_444_800_000).map(_naive)),
        "type": st.sampled_from(["gauge", "counter", "histogram"]),
        "source": st.one_of(st.none(), texts),
    },
)


def _rows(incoming: Incoming) -> list[tuple[int, str, int, float]]:
    assert incoming.places is not None
    columns = zip(incoming.places, incoming.owners, incoming.times, incoming.values, strict=True)
    return [(int(place), incoming.series[owner], int(time), float(value)) for place, owner, time, value in columns]


def _meant(items: list[dict[str, Any]]) -> list[tuple[int, str, int, float]]:
    rows: list[tuple[int, str, int, float]] = []
    for place, item in enumerate(items):
        tags = item.get("tags") or {}
        if series_refusal(item["name"], tags) is None:
            at = datetime.fromisoformat(item["timestamp"]).replace(tzinfo=UTC) if item.get("timestamp") else NOW
            time = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
            rows.append((place, series_key(item["name"], tags), time, item["value"]))
    return rows


def _body(*items: Any) -> bytes:
    return json.dumps({"metrics": items}).encode()


@given(st.lists(samples, max_size=8))
def test_what_is_meant_comes_out(items: list[dict[str, Any]]) -> None:
    incoming = decode(_body(*items), NOW)
    assert _rows(incoming) == _meant(items)
    assert incoming.refusals.total == len(items) - len(_meant(items))


@given(
    st.lists(samples, max_size=4),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.none())), max_size=4),
)
def test_what_is_no_sample_spoils_no_other(items: list[dict[str, Any]], junk: list[Any]) -> None:
    incoming = decode(_body(*items, *junk), NOW)
    assert _rows(incoming) == _meant(items)
    assert {each.index for each in incoming.refusals.examples if each.reason == Reason.MALFORMED} == set(
        range(len(items), len(items) + len(junk))
    )


@given(st.binary(max_size=100))
def test_garbage_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body, NOW)


@pytest.mark.parametrize(
    ("timestamp", "milliseconds"),
    [
        (MILLISECONDS / 1000, MILLISECONDS),
        (MILLISECONDS, MILLISECONDS),
        (MILLISECONDS / 1000 + 0.123, MILLISECONDS + 123),
        ("2026-11-21T12:00:00.999999Z", MILLISECONDS + 999),
        ("2026-11-21T13:00:00+01:00", MILLISECONDS),
        ("2026-11-21T12:00:00", MILLISECONDS),
        (None, MILLISECONDS),
    ],
)
def test_times_are_read_in_every_form(timestamp: Any, milliseconds: int) -> None:
    [(_, _, time, _)] = _rows(decode(_body({"name": "m", "value": 1, "timestamp": timestamp}), NOW))
    assert time == milliseconds


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-13-01T00:00:00Z", 1e300, -1e18, {}, []])
def test_what_is_no_time_is_refused(timestamp: Any) -> None:
    incoming = decode(_body({"name": "m", "value": 1, "timestamp": timestamp}), NOW)
    assert incoming.refusals.counts == {Reason.BAD_TIMESTAMP: 1}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_value_is_finite(value: str) -> None:
    incoming = decode(b'{"metrics": [{"name": "m", "value": %b}, {"name": "n", "value": 1}]}' % value.encode(), NOW)
    assert incoming.refusals.counts == {Reason.NOT_A_NUMBER: 1}
    assert incoming.series == ["n"]


def test_who_measured_is_known_when_it_is_one() -> None:
    assert decode(_body(*({"name": "m", "value": 1, "source": "a"} for _ in range(2))), NOW).source == "a"
    assert decode(_body(*({"name": "m", "value": 1, "source": each} for each in "ab")), NOW).source == ""


def test_a_request_holds_so_many_samples_and_no_more() -> None:
    item = {"name": "m", "value": 1}
    assert len(decode(_body(*[item] * MOST), NOW).values) == MOST
    with pytest.raises(Unreadable, match="at most"):
        decode(_body(*[item] * (MOST + 1)), NOW)


@pytest.mark.parametrize("labels", [{"room": "attic"}, {}, None])
def test_a_sample_whose_tags_are_called_labels_is_refused_instead_of_being_another_series(labels: Any) -> None:
    named = {"name": "m", "value": 1, "labels": labels}
    incoming = decode(_body(named, {"name": "m", "value": 2, "tags": {"room": "cellar"}}), NOW)
    assert [each[1] for each in _rows(incoming)] == ['m{room="cellar"}']
    [refusal] = incoming.refusals.examples
    assert (refusal.reason, refusal.index) == (Reason.BAD_LABEL, 0)
    assert refusal.detail == "labels: what tells series apart is called `tags` here"
