"""The command line, run in this process, and an API for it that answers from a dictionary."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

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


@dataclass
class Platform:
    """Answers by method and path; notes what was asked."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[tuple[str, dict[str, list[str]], Any]] = field(
        default_factory=list[tuple[str, dict[str, list[str]], Any]]
    )


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """An API at `platform.url`, where somebody is signed in."""
    monkeypatch.setenv("MONITORS_TOKEN", "a token")
    found = Platform()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            parts = urlsplit(self.path)
            found.asked.append((f"{self.command} {parts.path}", parse_qs(parts.query), body))
            answer = found.answers.get(f"{self.command} {parts.path}")
            status = 404 if answer is None else 200
            content = answer if isinstance(answer, bytes) else json.dumps(answer or {"title": "No such thing"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()
