"""For any history, the state that is rebuilt from the events equals the live one.

The services are wired as they are in production; a bus in memory carries their events in the order of the outbox, and
stops wherever the history says, so that monitors end while their pages are on the way.
"""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitors_contracts.pages import Failure
from monitors_runtime.errors import ProblemError
from replaying.happenings import Happenings
from replaying.platform import Platform

pytestmark = pytest.mark.integration

MADE_BY_THE_CLOCK = {"metrics.chunks", "metrics.minutes", "metrics.hours"}
"""Of what is in metrics.head, when its hour is over."""
MADE_OF_GROUPS = {"notifier.told_of"}
"""Of messages about several alerts: without a routing tree, each is told of alone."""

WHICH = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("create"), WHICH),
    st.tuples(st.just("show"), WHICH, st.sampled_from([60, 55, 45, 44, 90, 4, Failure.CAPTCHA, Failure.TIMEOUT])),
    st.tuples(st.just("refresh"), WHICH),
    st.tuples(st.just("refresh"), WHICH),
    st.tuples(st.just("carry"), st.integers(1, 40)),
    st.tuples(st.just("carry"), st.integers(1, 9), st.integers(0, 9)),
    st.tuples(
        st.just("edit"), WHICH, st.sampled_from(["rename", "pause", "resume", "prompt", "source", "condition", "fact"])
    ),
    st.tuples(st.just("delete"), WHICH, st.sampled_from([60, 60, 0])),
    st.tuples(st.just("restore"), WHICH),
    st.tuples(st.just("copy"), WHICH),
    st.tuples(st.just("rule"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("check"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("erase")),
    st.tuples(st.just("person"), WHICH, st.sampled_from(["acknowledge", "resolve", "comment"])),
    st.tuples(st.just("channel")),
    st.tuples(st.just("route"), WHICH),
    st.tuples(
        st.just("incident"), WHICH, st.sampled_from(["open", "open", "merge", "acknowledge", "resolve", "reopen"])
    ),
    st.tuples(
        st.just("status"), WHICH, st.sampled_from(["make", "change", "override", "post", "post", "remove", "delete"])
    ),
    st.tuples(st.just("on_call"), st.sampled_from(["begin", "end"])),
    st.tuples(st.just("hold"), WHICH, st.sampled_from(["make", "change", "delete"])),
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.just("receiver"), st.booleans()),
    st.tuples(st.just("due")),
    st.tuples(st.just("report"), WHICH, st.sampled_from(["delivered", "open", "bounce", "dropped", "spamreport"])),
)
# Something to be told of, before anything else happens.
BEGINNING: list[tuple[Any, ...]] = [
    *(("create", n) for n in range(4)),
    *(("refresh", n) for n in range(4)),
    ("rule", 0, "make"),
    ("route", 0),
    ("hold", 1, "make"),
    ("check", 0, "make"),
    ("check", 1, "make"),
    ("check", 1, "delete"),
    ("incident", 0, "open"),
    ("status", 3, "make"),
    ("status", 2, "make"),
    ("status", 2, "post"),
    ("status", 3, "override"),
    ("carry", 99),
    ("on_call", "begin"),
    *(("show", n, 45) for n in range(2)),
    *(("refresh", n) for n in range(4)),
]


@pytest.fixture
async def platform(house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Platform]:
    made = Platform(house, tmp_path, monkeypatch)
    yield made
    await made.end()


async def live(platform: Platform, steps: Sequence[tuple[Any, ...]]) -> SimpleNamespace:
    """Let a history happen; the events it left and the state it led to."""
    await platform.begin()
    happenings = Happenings(platform)
    await happenings.channel()
    for name, *arguments in steps:
        with contextlib.suppress(ProblemError):
            await getattr(happenings, name)(*arguments)
    await platform.carry(10_000)  # metrics and pages follow others' events: they are all there once the bus is at rest
    events = [envelope.event for envelope in await platform.house.published()]
    return SimpleNamespace(events=events, state=await platform.dump())


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(STEPS, min_size=10, max_size=30), st.data())
async def test_state_when_rebuilt_from_any_history_then_equals_the_live_one(
    platform: Platform, steps: list[tuple[Any, ...]], data: st.DataObject
):
    happened = await live(platform, [*BEGINNING, *steps])
    await platform.rebuild(happened.events, from_empty=True)
    assert await platform.dump() == happened.state, "rebuilt from nothing"
    await platform.rebuild(happened.events)
    assert await platform.dump() == happened.state, "applied twice"
    begin = data.draw(st.integers(0, len(happened.events)), label="suffix from")
    await platform.rebuild(happened.events[begin:])
    assert await platform.dump() == happened.state, "the end applied once more"
    late = data.draw(st.lists(st.sampled_from(happened.events), max_size=30), label="late and out of order")
    await platform.rebuild(late)
    assert await platform.dump() == happened.state, "some that came late"
    assert len(await platform.house.published()) == len(happened.events), "nobody was told anything by that"


async def test_a_history_when_everything_is_carried_then_reaches_every_table(platform: Platform):
    """What the property stands on: its beginning alone fills every table that is made of events."""
    happened = await live(platform, [*BEGINNING, ("carry", 200), ("delete", 3), ("carry", 50), ("restore", 3)])
    assert {table for table, rows in happened.state.items() if not rows} == MADE_BY_THE_CLOCK | MADE_OF_GROUPS
    kinds = {type(event).__name__ for event in happened.events}
    assert kinds >= {
        "MonitorCreated",
        "MonitorRefreshRequested",
        "PageFetched",
        "MonitorEvaluated",
        "ThresholdExceeded",
        "AlertTriggered",
        "NoticeIssued",
        "NotificationSent",
        "MetricCollected",
        "MonitorDeleted",
        "MonitorRestored",
    }
