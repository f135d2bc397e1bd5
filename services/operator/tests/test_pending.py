"""What is pending, on the command line."""

import json
from collections.abc import Callable
from typing import Any

PATH = "GET /api/alerts/pending"
AHEAD = {
    "ruleId": "019a-rule",
    "fingerprint": "rule:1",
    "name": "CPU busy",
    "severity": "critical",
    "labels": {"team": "web", "host": "web-1"},
    "group": "",
    "condition": "cpu_percent > 95 for 5m",
    "value": 97.5,
    "since": "2026-11-22T10:00:00Z",
    "firesAt": "2026-11-22T10:05:00Z",
}
ROW = [
    *("2026-11-22 10:05:00", "2026-11-22 10:00:00", "critical", "97.5", "CPU busy", "host=web-1, team=web"),
    "cpu_percent > 95 for 5m",
]


def test_what_is_pending_is_a_table_of_what_fires_next_and_how_much_more_there_is(
    monitors: Callable[..., Any], platform: Any
) -> None:
    platform.answers[PATH] = {"alerts": [AHEAD, AHEAD | {"value": None}], "total": 5}
    ran = monitors("alerts", "pending", "--severity", "critical", "--filter", "host=web-1", "--api", platform.url)
    head, first, second, more = ran.out.splitlines()
    columns = ("FIRES (UTC)", "SINCE (UTC)", "SEVERITY", "VALUE", "NAME", "LABELS", "CONDITION")
    places = [head.index(column) for column in columns]
    assert places == sorted(places)
    assert [first[start:end].strip() for start, end in zip(places, [*places[1:], None], strict=True)] == ROW
    assert second[places[3] : places[4]].strip() == "-"
    assert (ran.code, more) == (0, "3 more fire later.")
    assert platform.asked == [(PATH, {"severity": ["critical"], "filter": ["host=web-1"], "limit": ["50"]}, None)]


def test_what_is_pending_is_json_as_the_api_gives_it(monitors: Callable[..., Any], platform: Any) -> None:
    platform.answers[PATH] = {"alerts": [AHEAD], "total": 1, "judgedAt": "2026-11-22T10:01:00Z"}
    ran = monitors("alerts", "pending", "--json", "--api", platform.url)
    assert (ran.code, json.loads(ran.out)) == (0, platform.answers[PATH])


def test_filters_of_what_is_pending_are_no_filters_of_alerts(monitors: Callable[..., Any], platform: Any) -> None:
    platform.answers["GET /api/alert-filters"] = {"filters": [{"name": "Soon", "query": {"state": "pending"}}]}
    ran = monitors("alerts", "list", "--saved", "Soon", "--api", platform.url)
    assert (ran.code, ran.out, "monitors alerts pending" in ran.err, ran.err.count("\n")) == (2, "", True, 1)


def test_nothing_that_is_pending_is_said_in_words(monitors: Callable[..., Any], platform: Any) -> None:
    platform.answers[PATH] = {"alerts": [], "total": 0}
    assert monitors("alerts", "pending", "--api", platform.url).out == "Nothing is pending.\n"
