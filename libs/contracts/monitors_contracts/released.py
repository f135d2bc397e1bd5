"""The schemas of the last release: what the messages of now must stay readable with, both ways.

python -m monitors_contracts.released --check                    # against schemas/released/
python -m monitors_contracts.released --check --against main     # against the schemas committed at a git ref
python -m monitors_contracts.released --replace                  # at a release: the schemas of now become the released
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path, PurePosixPath

from .compatibility import Break, Schema, breaking_changes
from .schemas import all_schemas

SCHEMAS = Path(__file__).parents[1] / "schemas"
RELEASED = SCHEMAS / "released"


def broken_messages(old: dict[str, Schema], new: dict[str, Schema]) -> dict[str, list[Break]]:
    """The breaking changes by schema file (see `all_schemas`); files without any are absent. New messages break nobody."""
    found = {name: _breaks(name, schema, new.get(name)) for name, schema in old.items()}
    return {name: breaks for name, breaks in sorted(found.items()) if breaks}


def _breaks(name: str, old: Schema, new: Schema | None) -> list[Break]:
    if new is None:
        return [Break("", "no longer a message of ours", "stored events")]
    if not name.startswith("requests/"):
        return breaking_changes(old, new)
    return [
        Break(f"{part}.{found.path}".rstrip("."), found.what, found.harms)
        for part in ("request", "reply")
        for found in breaking_changes(old[part], new[part])
    ]


def read_released(folder: Path = RELEASED) -> dict[str, Schema]:
    """The released schemas, by file."""
    return {path.relative_to(folder).as_posix(): json.loads(path.read_text()) for path in folder.rglob("*.json")}


def read_committed(ref: str) -> dict[str, Schema]:
    """The schemas committed at a git ref, by file. Raises CalledProcessError for an unknown ref."""
    listed = _git("ls-tree", "-r", "--name-only", ref, ".").splitlines()
    names = [name for name in listed if name.endswith(".json") and PurePosixPath(name).parts[0] != RELEASED.name]
    return {name: json.loads(_git("show", f"{ref}:./{name}")) for name in names}


def write(folder: Path, schemas: dict[str, Schema]) -> None:
    """Make these the schemas of the folder."""
    for name in read_released(folder).keys() - schemas.keys():
        (folder / name).unlink()
    for name, schema in schemas.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text_of(schema))


def text_of(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Check or replace; 1 when something breaks."""
    parser = argparse.ArgumentParser(prog="monitors_contracts.released", description="Guards what was released.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="exit 1 and name every breaking change")
    what.add_argument("--replace", action="store_true", help="at a release: keep the schemas of now")
    parser.add_argument("--against", metavar="REF", help="a git ref, instead of schemas/released/")
    options = parser.parse_args(arguments)
    if options.replace:
        write(RELEASED, all_schemas())
        return 0
    try:
        old = read_committed(options.against) if options.against else read_released()
    except subprocess.CalledProcessError as failure:
        sys.stderr.write(f"{options.against}: {failure.stderr.strip()}\n")
        return 1
    broken = broken_messages(old, all_schemas())
    for name, breaks in broken.items():
        for each in breaks:
            sys.stderr.write(f"{name}: {each}\n")
    if broken:
        sys.stderr.write("Add optional fields only, or publish a new version of the message beside the old one.\n")
    return 1 if broken else 0


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=SCHEMAS, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
