"""`monitors metrics send` and `check`, `monitors targets`: what makes no sense is said before anything is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("text", "flags", "code"),
    [("a 1\n# EOF\n", [], 0), ("a 1\n", [], 2), ("a 1\n", ["--prometheus"], 0), ("a{ 1\n", ["--prometheus"], 2)],
)
def test_an_exposition_is_checked(
    monitors: Callable[..., Any], tmp_path: Path, text: str, flags: list[str], code: int
) -> None:
    file = tmp_path / "metrics"
    file.write_text(text)
    ran = monitors("metrics", "check", *flags, str(file))
    assert (ran.code, ran.out, "can't be read" in ran.err) == (
        code,
        "" if code else "1 samples of 1 metrics.\n",
        bool(code),
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("metrics", "send"),
        ("metrics", "send", "m"),
        ("metrics", "send", "m", "nan"),
        ("metrics", "send", "m", "warm"),
        ("metrics", "send", "m", "1", "--tag", "room"),
        ("metrics", "send", "m", "1", "--at", "noon"),
        ("metrics", "send", "--file", "/no/such/file"),
        ("targets", "add", "http://a.example/metrics", "--interval", "1"),
        ("targets", "add", "http://a.example/metrics", "--header", "no-colon"),
        ("targets", "change", "019a"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(monitors: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    ran = monitors(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
