"""`monitors heartbeats` and `monitors uptime`: what makes no sense is said in one line, without a platform."""

from collections.abc import Callable
from typing import Any

import pytest

from monitors_operator.commands import uptime
from monitors_operator.errors import BadInput


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://shop.example/health", {"kind": "http", "url": "https://shop.example/health"}),
        ("tcp://mail.example:25", {"kind": "tcp", "host": "mail.example", "port": 25}),
        ("tcp://[2001:db8::1]:443", {"kind": "tcp", "host": "2001:db8::1", "port": 443}),
        ("dns://shop.example", {"kind": "dns", "host": "shop.example"}),
        ("icmp://192.0.2.1", {"kind": "icmp", "host": "192.0.2.1"}),
        ("icmp://[2001:db8::1]", {"kind": "icmp", "host": "2001:db8::1"}),
    ],
)
def test_an_address_when_given_then_is_what_is_asked(address: str, asked: dict[str, Any]) -> None:
    assert uptime.asked(address) == asked


@pytest.mark.parametrize("address", ["shop.example", "tcp://mail.example", "ftp://x", "dns://a:53", "icmp://"])
def test_an_address_when_it_is_none_then_is_refused(address: str) -> None:
    with pytest.raises(BadInput):
        uptime.asked(address)


@pytest.mark.parametrize("arguments", [(), ("--period", "1h", "--cron", "0 2 * * *")])
def test_a_heartbeat_when_it_has_no_schedule_or_two_then_is_refused(
    monitors: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    ran = monitors("heartbeats", "add", "Backup", *arguments)
    assert (ran.code, ran.err) == (2, "monitors: say --period or --cron\n")


def test_a_check_when_nothing_is_to_be_different_then_says_so(monitors: Callable[..., Any]) -> None:
    ran = monitors("uptime", "change", "019a")
    assert (ran.code, ran.err) == (2, "monitors: say what is to be different\n")
