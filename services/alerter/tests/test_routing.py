"""The tree of routes: who takes an alert, what is inherited, which hours last."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors_alerter.domain.routing import InvalidRouting, Tree, opens_at, validate
from monitors_contracts.base import new_id
from monitors_contracts.matchers import Matcher, match_all
from monitors_contracts.routing import Hours, RateLimit, Route

CHAT, PAGER, POLICY = new_id(), new_id(), new_id()


def route(name: str, *routes: Route, **parts: Any) -> Route:
    return Route.model_validate({"name": name, "routes": routes} | parts)


def paths(tree: Route, **labels: str) -> list[str]:
    return ["/".join(way.path) for way in Tree(tree).ways(labels)]


def test_an_alert_when_routed_then_goes_to_the_deepest_of_the_first_siblings_that_take_it() -> None:
    tree = route(
        "root",
        route("db", route("db-prod", matchers="env=prod"), matchers='host=~"db-.*"'),
        route("copy", matchers="severity=critical", **{"continue": True}),
        route("shop", matchers="service=shop"),
        route("bad", severities=["critical", "warning"]),
    )
    assert paths(tree, host="db-1", env="prod", service="shop") == ["root/db/db-prod"]
    assert paths(tree, host="db-1") == ["root/db"]
    assert paths(tree, severity="critical", service="shop") == ["root/copy", "root/shop"]
    assert paths(tree, severity="critical") == ["root/copy", "root/bad"]
    assert paths(tree, severity="info") == ["root"]


def test_a_route_when_it_says_nothing_then_is_as_above_it() -> None:
    tree = Tree(
        route(
            "root",
            route("plain", matchers="a=1"),
            route("policy", route("below", matchers="b=1"), matchers="a=2", policyId=POLICY, groupWait=0),
            route("nobody", matchers="a=3", channels=[]),
            groupBy=["service"],
            groupWait="30s",
            groupInterval="5m",
            repeatInterval="4h",
            fallback=[CHAT],
            limit={"notices": 5, "per": "1m"},
        )
    )
    [plain] = tree.ways({"a": "1"})
    assert (plain.channels, plain.policy_id, plain.fallback) == (None, None, (CHAT,))
    assert (plain.wait, plain.interval, plain.repeat) == (
        timedelta(seconds=30),
        timedelta(minutes=5),
        timedelta(hours=4),
    )
    assert plain.limit == RateLimit(notices=5, per=60)
    [policy], [below] = tree.ways({"a": "2"}), tree.ways({"a": "2", "b": "1"})
    assert (policy.channels, policy.policy_id, policy.wait) == ((), POLICY, timedelta(0))
    assert (below.channels, below.policy_id) == ((), POLICY)
    [nobody] = tree.ways({"a": "3"})
    assert nobody.channels == ()
    assert tree.way("below") == below
    assert tree.way("gone").name == "root"


def test_the_first_routes_when_nothing_is_said_then_are_all_channels_each_alert_alone_at_once() -> None:
    [way] = Tree(route("root")).ways({"a": "b"})
    assert (way.channels, way.is_alone, way.wait, way.interval, way.repeat) == (None, True, *[timedelta(0)] * 3)
    one, other = new_id(), new_id()
    assert way.group_key({"a": "b"}, one) != way.group_key({"a": "b"}, other)


def test_groups_when_alerts_have_the_same_values_then_are_the_same() -> None:
    [way] = Tree(route("root", groupBy=["service", "env"])).ways({})
    one = way.group_key({"service": "shop", "env": "prod", "host": "a"}, new_id())
    assert one == way.group_key({"service": "shop", "env": "prod", "host": "b"}, new_id())
    assert one != way.group_key({"service": "shop"}, new_id())
    assert way.group_key({"service": "x" * 5000}, new_id()) < "root/" + "g" * 33, "short, whatever the labels"


NAMES, VALUES = st.sampled_from("abc"), st.sampled_from(["1", "2", ""])
MATCHERS = st.lists(
    st.builds(
        Matcher, label=NAMES, op=st.sampled_from(["=", "!=", "=~", "!~"]), value=st.sampled_from(["1", "2", "1|2", ""])
    ),
    max_size=2,
)
TREES = st.recursive(
    st.builds(lambda matchers, on: {"matchers": matchers, "continue": on}, MATCHERS, st.booleans()),
    lambda below: st.builds(
        lambda matchers, on, routes: {"matchers": matchers, "continue": on, "routes": routes},
        MATCHERS,
        st.booleans(),
        st.lists(below, max_size=3),
    ),
    max_leaves=8,
)


def named(tree: dict[str, Any], name: str = "r") -> Route:
    routes = [named(child, f"{name}{number}") for number, child in enumerate(tree.get("routes", ()))]
    return Route.model_validate({"name": name} | tree | {"routes": routes})


def by_hand(tree: Route, labels: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    for child in tree.routes:
        if match_all(child.matchers, labels):
            found += by_hand(child, labels)
            if not child.continue_:
                break
    return found or [tree.name]


@given(TREES, st.dictionaries(NAMES, VALUES))
def test_a_tree_when_asked_by_its_index_then_answers_as_trying_all_would(tree: dict[str, Any], labels: Any) -> None:
    root = named(tree)
    assert [way.name for way in Tree(root).ways(labels)] == by_hand(root, labels)


BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("hours", "now", "opens"),
    [
        ([], "2026-11-21T12:00", None),
        ([{"start": "09:00", "end": "18:00"}], "2026-11-21T08:59", "2026-11-21T09:00"),
        ([{"start": "09:00", "end": "18:00"}], "2026-11-21T09:00", None),
        ([{"start": "09:00", "end": "18:00"}], "2026-11-21T18:00", "2026-11-22T09:00"),
        ([{"days": ["monday"], "start": "09:00", "end": "18:00"}], "2026-11-21T12:00", "2026-11-23T09:00"),
        ([{"days": ["monday"], "start": "09:00", "end": "18:00"}], "2026-11-23T18:00", "2026-11-30T09:00"),
        ([{"days": ["saturday"], "start": "22:00", "end": "06:00"}], "2026-11-22T05:59", None),
        ([{"days": ["saturday"], "start": "22:00", "end": "06:00"}], "2026-11-22T06:00", "2026-11-28T22:00"),
        ([{"days": ["saturday"]}], "2026-11-21T23:59", None),
        (
            [{"start": "09:00", "end": "10:00"}, {"start": "14:00", "end": "15:00"}],
            "2026-11-21T11:00",
            "2026-11-21T14:00",
        ),
        # In the night of the leap 02:30 does not come; in that of the fall it comes twice.
        ([{"start": "02:30", "end": "04:00"}], "2026-03-29T01:59", "2026-03-29T03:00"),
        ([{"start": "02:15", "end": "02:45"}], "2026-03-29T12:00", "2026-03-30T02:15"),
        ([{"start": "02:30", "end": "04:00"}], "2026-10-25T01:00", "2026-10-25T02:30"),
    ],
)
def test_hours_when_asked_then_say_when_they_begin_by_the_clock_of_their_place(
    hours: list[dict[str, Any]], now: str, opens: str | None
) -> None:
    spans = [Hours.model_validate(each | {"timezone": "Europe/Berlin"}) for each in hours]
    assert opens_at(spans, berlin(now)) == (berlin(opens) if opens else None)


@given(
    st.integers(0, 47),
    st.integers(0, 48),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.integers(0, 60 * 24 * 365),
)
def test_hours_when_they_begin_then_last(start: int, end: int, zone: str, minute: int) -> None:
    def clock(half: int) -> str:
        return f"{half // 2:02}:{half % 2 * 30:02}"

    span = [Hours(start=clock(start), end=clock(end), timezone=zone)]
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    opens = opens_at(span, now)
    if opens:
        assert now < opens <= now + timedelta(days=9)
        assert opens_at(span, opens) is None
        assert opens_at(span, opens - timedelta(seconds=1)) == opens


@pytest.mark.parametrize(
    ("root", "why"),
    [
        (route("root", severities=["info"]), "takes every alert"),
        (route("root", **{"continue": True}), "takes every alert"),
        (route("root", route("x", matchers=[{"label": "a", "op": "=~", "value": "("}])), "x: .*no pattern"),
        (route("root", route("x", activeHours=[{"timezone": "Mars"}])), "x: .*no time zone"),
        (route("root", route("x", channels=[PAGER])), "no channel"),
        (route("root", fallback=[PAGER]), "no channel"),
        (route("root", route("x", policyId=CHAT)), "no escalation policy"),
    ],
)
def test_a_tree_when_it_makes_no_sense_then_says_which_route_and_why(root: Route, why: str) -> None:
    with pytest.raises(InvalidRouting, match=why):
        validate(root, [CHAT], [POLICY])


def test_a_tree_when_it_makes_sense_then_is_taken() -> None:
    validate(route("root", route("x", policyId=POLICY, matchers="a=b"), channels=[CHAT]), [CHAT], [POLICY])
