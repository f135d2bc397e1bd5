"""`monitors metrics send` and `check`, `monitors targets`: what makes no sense is said before anything is asked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitors_operator.client import Api
from monitors_operator.errors import BadInput


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
    ("arguments", "value"),
    [
        (("m", "-5"), -5),
        (("m", "-5", "--type", "counter"), -5),
        (("--tag", "a=b", "m", "-1.5e3"), -1500),
        (("m", "--tag", "a=b", "-.5"), -0.5),
        (("m", "--", "-5"), -5),
        (("m", "5"), 5),
    ],
)
def test_a_value_when_negative_then_is_no_option(
    monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], value: float
) -> None:
    sent: list[Any] = []

    def keep(_: Any, __: Any, work: Callable[[Any], Any]) -> Any:
        return work(Keeping(sent))

    monkeypatch.setattr("monitors_operator.connect.with_api", keep)
    ran = monitors("metrics", "send", *arguments)
    assert (ran.code, ran.err) == (0, "")
    [[path, body]] = sent
    assert (path, body["metrics"][0]["name"], body["metrics"][0]["value"]) == ("/api/metrics", "m", value)


class Keeping:
    """An API that keeps what is posted, and has no series."""

    def __init__(self, sent: list[Any]) -> None:
        self.sent = sent

    def post(self, path: str, body: Any) -> Any:
        self.sent.append((path, body))
        return {"accepted": 1, "refused": 0, "refusals": []}

    def get(self, *_: Any, **__: Any) -> Any:
        return {"series": [], "more": False}


def test_series_when_there_are_none_then_this_is_said(
    monitors: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(_: Any, __: Any, work: Callable[[Any], Any]) -> Any:
        return work(Keeping([]))

    monkeypatch.setattr("monitors_operator.connect.with_api", ask)
    assert monitors("metrics", "series", "nope").out == "No series.\n"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_when_it_is_not_finite_then_is_bad_input(value: float) -> None:
    with Api("http://127.0.0.1:1", token="t") as api, pytest.raises(BadInput, match="a number is finite"):
        api.post("/api/rules", {"warning": value})
    with Api("http://127.0.0.1:1", token="t") as api, pytest.raises(BadInput, match="not UTF-8"):
        api.post("/api/rules", {"name": "\udcff"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("metrics", "send"),
        ("metrics", "send", "m"),
        ("metrics", "send", "m", "nan"),
        ("metrics", "send", "m", "warm"),
        ("metrics", "send", "m", "-inf"),
        ("metrics", "send", "m", "-5", "--tga", "a=b"),
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
