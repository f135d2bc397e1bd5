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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

DOCUMENTS = Path(__file__).parents[2] / "docs"
SECONDS = 90
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("platform")]

_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_READS = re.compile(
    r"monitors (metrics (promql|graph|senders)|alerts (explain|pending)|rules state|silences (preview|hidden)|oncall who"
    r"|(incidents|routes|policies|status-pages|integrations) show|[\w-]+ list)|curl -sG"
)
_PLACES = re.compile(
    rf"(?P<id>{_ID})|(?P<time>[\d-]{{10}}[\d:]{{8}})|(?P<number>(?:(?!{_ID})\d)+(\.\d+)?)|(?P<rest>(\.\.\.)+(?!\.))"
)

FOLLOWED = {
    "metrics.md": [""],
    "rules.md": [""],
    "incidents.md": [""],
    "status-pages.md": [""],
    "alerts.md": [
        "In ten minutes",
        "From Prometheus",
        "From other systems",
        "Routes",
        "The life of an alert",
        "What nobody is told of",
        "On call",
        "From the message",
    ],
}
"""Sections by document; all of it where there is one without a name."""

OF_OTHERS = ("prometheus", "amtool")
"""Programs that are not ours, and not everywhere: without one, the documents' commands that begin with it stay out.
`prometheus` is needed for all of `metrics.md`; `amtool` is tried by itself in `test_real_amtool.py`."""


@dataclass(frozen=True)
class Step:
    """A command, and what is printed below it."""

    command: str
    answer: str


def steps(document: str, section: str = "") -> list[Step | tuple[Path, str]]:
    """The commands of a document, or of a section, in order, with the files between them: YAML that begins with its name."""
    text = sections(document)[section] if section else (DOCUMENTS / document).read_text()
    found: list[Step | tuple[Path, str]] = []
    for kind, block in _BLOCK.findall(text):
        if kind == "console":
            found += map(_step, re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
        elif named := re.match(r"# (\S+\.yml)\n", block):
            found.append((Path(named[1]), block))
    return found


def sections(document: str) -> dict[str, str]:
    """The document's chapters, by their names."""
    _, *chapters = re.split(r"^## ", (DOCUMENTS / document).read_text(), flags=re.MULTILINE)
    return {name: text for name, _, text in (each.partition("\n") for each in chapters)}


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
            said = (self.folder / "out").read_text() or (self.folder / "err").read_text()
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
def newcomer(platform: Any, tmp_path: Path) -> Iterator[Newcomer]:
    """At a platform that others use too, in an empty folder, with ports that are free.

    The data folder is theirs, and leads to that platform: so they are somebody else there, with an organization of their own.
    """
    data = tmp_path / ".monitors"
    data.mkdir()
    (data / "platform.json").symlink_to(platform.data_dir / "platform.json")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: each for name, each in os.environ.items() if not name.startswith(("MONITORS_", "OTEL_"))}
    environment |= {
        "PWD": str(tmp_path),
        "MONITORS_DATA_DIR": str(data),
        "MONITORS_PASSWORD": "Correct1horse",
        "COLUMNS": "300",
    }
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    replaced = {
        ":8000": f":{platform.port}",
        "localhost:9099": f"localhost:{port}",
        "10.0.0.7:9100": f"localhost:{port}",
        "2026-12-05T22:00": f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}",
        "2026-12-06T04:00:00Z": f"{datetime.now(UTC) + timedelta(days=2, hours=6):%Y-%m-%dT%H:%M:%SZ}",
    }
    someone = Newcomer(tmp_path, environment, replaced)
    yield someone
    for process in (tmp_path / "running").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGTERM)


def there_is(program: str) -> bool:
    """Whether a command can be run: all can but those of programs that are not ours."""
    return program not in OF_OTHERS or shutil.which(program) is not None


@pytest.mark.parametrize(
    ("document", "section"),
    [
        pytest.param(document, section, id=f"{document} {section}".strip())
        for document, named in FOLLOWED.items()
        for section in named
    ],
)
def test_every_command_does_what_the_document_says(newcomer: Newcomer, document: str, section: str) -> None:
    if document != "metrics.md":
        newcomer.follow(_step('export PATH="$PWD/.venv/bin:$PATH"'))
    elif not there_is("prometheus"):
        pytest.skip("needs Prometheus: apt-get install prometheus")
    for each in steps(document, section):
        if isinstance(each, Step):
            if there_is(each.command.split(maxsplit=1)[0]):
                newcomer.follow(each)
        else:
            path, text = each
            (newcomer.folder / path).parent.mkdir(exist_ok=True)
            (newcomer.folder / path).write_text(newcomer.here(text))


@pytest.mark.parametrize("document", FOLLOWED)
def test_no_section_that_has_commands_stays_out(document: str) -> None:
    with_commands = {name for name, text in sections(document).items() if "```console" in text}
    assert "" in FOLLOWED[document] or with_commands == set(FOLLOWED[document])
    commands = sum(isinstance(each, Step) for section in FOLLOWED[document] for each in steps(document, section))
    assert commands == len(re.findall(r"^\$ ", (DOCUMENTS / document).read_text(), flags=re.MULTILINE))
