"""Somebody new follows documents to the letter, or one section of them: each command does what it is said to do.

Commands are run one after the other in a shell, those that read again and again until the answer is the one that is printed:
numbers and times may differ, ids are those of this time, and `...` is anything.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = Path(__file__).parents[2] / "docs"
SECONDS = 90
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_READS = re.compile(
    r"monitors (metrics (promql|graph|senders)|alerts (list|explain)|rules state|outbox list|incidents show|\w+ list)|curl -sG"
)
_PLACES = re.compile(rf"(?P<id>{_ID})|(?P<time>[\d-]{{10}}[\d:]{{8}})|(?P<number>\d+(\.\d+)?)|(?P<rest>\.\.\.)")


@dataclass(frozen=True)
class Step:
    """A command, and what is printed below it."""

    command: str
    answer: str


def steps(document: str, section: str = "") -> list[Step | tuple[Path, str]]:
    """The commands of a document, or of a section, in order, with the files between them: YAML that begins with its name."""
    text = (DOCUMENTS / document).read_text()
    if section:
        text = text.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    found: list[Step | tuple[Path, str]] = []
    for kind, block in _BLOCK.findall(text):
        if kind == "console":
            found += map(_step, re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
        elif named := re.match(r"# (\S+\.yml)\n", block):
            found.append((Path(named[1]), block))
    return found


def _step(text: str) -> Step:
    """The command ends with its line, its here-document, its last continued line or its closing quote."""
    lines = text.splitlines()
    end = 1
    if "<<END" in lines[0]:
        end = lines.index("END") + 1
    while lines[end - 1].endswith("\\") or "\n".join(lines[:end]).count("'") % 2:
        end += 1
    return Step("\n".join(lines[:end]), "\n".join(lines[end:]))


@dataclass
class Newcomer:
    """A shell that keeps what was exported, and the ids that stand for those in the document."""

    folder: Path
    environment: dict[str, str]
    replaced: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict[str, str])

    def here(self, text: str) -> str:
        """The document's text with the addresses that things have here."""
        for said, meant in self.replaced.items():
            text = text.replace(said, meant)
        return text

    def follow(self, step: Step) -> None:
        """Run a command until its answer is the one expected."""
        command, answer = self.here(step.command), self.here(step.answer)
        for said, meant in self.ids.items():
            command = command.replace(said, meant)
        if "monitors agent" in command:
            command += " &"  # until Ctrl-C
        again = _READS.search(command) is not None
        deadline = time.monotonic() + (SECONDS if again or command.endswith("&") else 0)
        status = self._run(command)
        while True:
            said = (self.folder / "out").read_text()
            if status == (1 if "monitors diff" in command else 0) and self._as_printed(answer, said):
                return
            problems = (self.folder / "err").read_text()
            assert time.monotonic() < deadline, f"$ {command}\n{said}\n{problems}\nis not\n{answer}"
            time.sleep(0.3)
            status = self._run(command) if again else status

    def _run(self, command: str) -> int:
        """Its exit status; what it prints is in `out` and `err`."""
        kept = self.folder / "environment"
        script = f"set -a; [ -f {kept} ] && . {kept}; set +a\n{command}\nstatus=$?\n"
        script += f"export -p > {kept}\njobs -p >> {self.folder}/running\nexit $status"
        for name in ("out", "err"):
            (self.folder / name).unlink(missing_ok=True)  # what runs on goes on writing elsewhere
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            done = subprocess.run(
                ["bash", "-c", script], check=False, cwd=self.folder, env=self.environment, stdout=out, stderr=err
            )
        return done.returncode

    def _as_printed(self, printed: str, answer: str) -> bool:
        said = "".join(printed.split())
        pattern, seen, last = "", list[str](), 0
        for place in _PLACES.finditer(said):
            pattern += re.escape(said[last : place.start()])
            last = place.end()
            if identifier := place["id"]:
                seen.append(identifier)
                pattern += f"({_ID})"
            else:
                pattern += (
                    r"[\d:-]{18}" if place["time"] else r"-?\d+(?:\.\d+)?(?:e-?\d+)?" if place["number"] else ".*"
                )
        found = re.fullmatch(pattern + re.escape(said[last:]), "".join(answer.split())) if said else re.match("", "")
        if found and said:
            self.ids |= dict(zip(seen, found.groups(), strict=True))
        return found is not None


@pytest.fixture
def newcomer(new_platform: Any, tmp_path: Path) -> Iterator[Newcomer]:
    """At a platform of their own, in an empty folder, with ports that are free."""
    platform = new_platform()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: each for name, each in os.environ.items() if not name.startswith(("MONITORS_", "OTEL_"))}
    environment |= {
        "PWD": str(tmp_path),
        "MONITORS_DATA_DIR": str(platform.data_dir),
        "MONITORS_PASSWORD": "Correct1horse",
        "COLUMNS": "300",
    }
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    replaced = {
        ":8000": f":{platform.port}",
        "localhost:9099": f"localhost:{port}",
        "10.0.0.7:9100": f"localhost:{port}",
    }
    someone = Newcomer(tmp_path, environment, replaced)
    yield someone
    for process in (tmp_path / "running").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGTERM)


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Prometheus: apt-get install prometheus")
@pytest.mark.parametrize(
    ("document", "section"),
    [("metrics.md", ""), ("rules.md", ""), ("incidents.md", ""), ("alerts.md", "In ten minutes")],
)
def test_every_command_does_what_the_document_says(newcomer: Newcomer, document: str, section: str) -> None:
    if document != "metrics.md":
        newcomer.follow(_step('export PATH="$PWD/.venv/bin:$PATH"'))
    found = steps(document, section)
    assert len(found) > 10
    for each in found:
        if isinstance(each, Step):
            newcomer.follow(each)
        else:
            path, text = each
            (newcomer.folder / path).parent.mkdir(exist_ok=True)
            (newcomer.folder / path).write_text(newcomer.here(text))
