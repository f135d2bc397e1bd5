"""The command line, run in this process."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from monitors_operator.cli import run_command


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


class _Input(io.TextIOWrapper):
    def isatty(self) -> bool:
        return False


@pytest.fixture
def monitors(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`monitors("list", "--json", given=b"...")` as from a shell without a terminal."""

    def run(*arguments: str, given: bytes = b"") -> Ran:
        monkeypatch.setattr("sys.stdin", _Input(io.BytesIO(given)))
        code = run_command(arguments)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of whoever runs the tests, and no data folder that anything runs in."""
    import os

    for name in list(os.environ):
        if name.startswith("MONITORS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MONITORS_DATA_DIR", str(tmp_path_factory.mktemp("data")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
