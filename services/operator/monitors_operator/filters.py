"""JSON lines in, JSON lines out, one by one: a bad line is answered with its error and the rest goes on."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import BadInput

Record = dict[str, Any]
STREAM = Path("-")


def run_filter(files: Sequence[Path], answer: Callable[[str, Record], Record]) -> int:
    """Answer each line of the files, or of standard input; the exit code, 2 when a line could not be answered.

    `answer(id, record)` raises BadInput for a record it can't answer. A line without an id is known by its number.
    """
    outcome = 0
    for number, line in enumerate(_lines(files), 1):
        if not line.strip():
            continue
        identifier: Any = str(number)
        try:
            record = _record(line)
            identifier = record.get("id", identifier)
            answered = answer(identifier, record)
        except BadInput as wrong:
            answered = {"id": identifier, "error": str(wrong)}
            outcome = 2
        except Exception as failure:  # one page that nobody foresaw must not cost the answers to all behind it
            answered = {"id": identifier, "error": f"{type(failure).__name__}: {failure}"[:500]}
            outcome = 2
        sys.stdout.write(json.dumps(answered, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return outcome


def _lines(files: Sequence[Path]) -> Iterator[str]:
    for file in files or [STREAM]:
        try:
            if file == STREAM:
                yield from (line.decode(errors="replace") for line in sys.stdin.buffer)
            else:
                with file.open(encoding="utf-8", errors="replace") as lines:
                    yield from lines
        except OSError as missing:
            raise BadInput(f"can't read {file}: {missing.strerror}") from None


def _record(line: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as broken:
        raise BadInput(f"not JSON: {broken}") from None
    except RecursionError:
        raise BadInput("not JSON that can be read: nested too deep") from None
    if not isinstance(record, dict):
        raise BadInput("not a JSON object")
    return record
