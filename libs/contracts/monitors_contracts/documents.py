"""The committed documents of the bus: JSON schemas, AsyncAPI and the page of messages.

python -m monitors_contracts.documents --check    # exit 1, naming each file that differs from the models
python -m monitors_contracts.documents --write
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path

from . import asyncapi, messages_page
from .released import RELEASED, SCHEMAS, text_of
from .schemas import all_schemas

ROOT = Path(__file__).parents[3]
API_DOCUMENTS = ROOT / "docs" / "api"


@cache
def _texts() -> tuple[dict[str, str], dict[str, str]]:
    """What the schemas and the API documents should hold, by file name. The models don't change while a program runs."""
    schemas = {name: text_of(schema) for name, schema in all_schemas().items()}
    bus = json.dumps(asyncapi.document(), indent=2, ensure_ascii=False) + "\n"
    return schemas, {"asyncapi.json": bus, "messages.md": messages_page.page()}


def documents() -> dict[Path, str]:
    """What each file should hold."""
    schemas, others = _texts()
    return {SCHEMAS / name: text for name, text in schemas.items()} | {
        API_DOCUMENTS / name: text for name, text in others.items()
    }


def stray_schemas() -> list[Path]:
    """Schema files of messages that are no more."""
    wanted = {SCHEMAS / name for name in _texts()[0]}
    return sorted(path for path in SCHEMAS.rglob("*.json") if path not in wanted and RELEASED not in path.parents)


def differing() -> list[Path]:
    """The files that are missing, stale or stray."""
    stale = [path for path, text in documents().items() if not path.is_file() or path.read_text("utf-8") != text]
    return stale + stray_schemas()


def write() -> None:
    """Bring all files up to date."""
    for path in stray_schemas():
        path.unlink()
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 when a file differs."""
    parser = argparse.ArgumentParser(prog="monitors_contracts.documents", description="Schemas, AsyncAPI, messages.md.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="exit 1 and name every file that differs from the models")
    what.add_argument("--write", action="store_true", help="write them anew")
    if parser.parse_args(arguments).write:
        write()
        return 0
    found = differing()
    for path in found:
        sys.stderr.write(f"{path.relative_to(ROOT)} differs from the models\n")
    if found:
        sys.stderr.write("Run `python -m monitors_contracts.documents --write` and commit.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
