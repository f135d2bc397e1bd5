"""How the platform's parts are, by what was seen of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_contracts.platform import PartState, Presence
from monitors_gateway.domain.system_health import NOBODY, Part, Queue, Seen, news, overall, parts

UP, DEGRADED, DOWN = PartState.UP, PartState.DEGRADED, PartState.DOWN
states = st.sampled_from(PartState)
looks = st.dictionaries(st.sampled_from("abc"), states).map(lambda found: [Part(*each) for each in found.items()])


def seen(*processes: Presence, queues: tuple[Queue, ...] = (), **more: Any) -> Seen:
    known: dict[str, Any] = {"unpublished": {}, "database_seconds": 0.001, "bus_seconds": 0.001}
    return Seen(processes, queues, **(known | more))


def process(*services: str, reason: str | None = None) -> Presence:
    return Presence(services=list(services), reason=reason)


def state_of(name: str, found: Seen) -> tuple[PartState, str]:
    [part] = [each for each in parts(found, ["scraper"]) if each.name == name]
    return part.state, part.reason


@pytest.mark.parametrize(
    ("found", "state", "reason"),
    [
        (seen(process("scraper")), UP, ""),
        (seen(process("gateway")), DOWN, NOBODY),
        (seen(process("scraper", reason="NATS is not connected")), DOWN, "NATS is not connected"),
        (seen(process("scraper", reason="slow"), process("scraper")), DEGRADED, "slow"),
        (seen(process("scraper"), queues=(Queue("scraper", "q", 1000),)), UP, ""),
        (
            seen(process("scraper"), queues=(Queue("scraper", "q", 1000), Queue("scraper", "r", 1))),
            DEGRADED,
            "Many events wait to be handled.",
        ),
        (seen(process("scraper"), queues=(Queue("alerter", "q", 9999),)), UP, ""),
        (seen(process("scraper"), unpublished={"scraper": 1001}), DEGRADED, "Many events wait to be published."),
    ],
)
def test_a_service_is_as_its_processes_and_queues_say(found: Seen, state: PartState, reason: str) -> None:
    assert state_of("scraper", found) == (state, reason)


def test_what_all_stand_on_is_degraded_when_it_is_slow() -> None:
    assert state_of("database", seen(database_seconds=0.1))[0] is UP
    assert state_of("database", seen(database_seconds=0.6)) == (DEGRADED, "It takes 0.6 s to answer.")
    assert state_of("bus", seen(bus_seconds=2))[0] is DEGRADED


@pytest.mark.parametrize(
    ("found", "state"), [([UP, UP], UP), ([UP, DOWN], DEGRADED), ([DEGRADED, UP], DEGRADED), ([DOWN, DOWN], DOWN)]
)
def test_the_platform_is_down_only_when_nothing_is_up(found: list[PartState], state: PartState) -> None:
    assert overall([Part(str(at), each) for at, each in enumerate(found)]) is state


@given(looks, looks, st.dictionaries(st.sampled_from("abc"), states))
def test_news_was_seen_twice_and_was_not_known(
    before: list[Part], now: list[Part], known: dict[str, PartState]
) -> None:
    found = news(before, now, known)
    for part in now:
        twice = any(each.name == part.name and each.state is part.state for each in before)
        assert (part in found) == (twice and known.get(part.name) is not part.state)
