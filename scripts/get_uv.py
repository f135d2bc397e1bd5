"""Fetch uv into a folder with nothing but Python's standard library: `python3 scripts/get_uv.py .tools`.

For machines whose Python has no pip, no venv, or is managed by the system (PEP 668). The wheel comes from the package index
(PyPI, or what UV_INDEX_URL / PIP_INDEX_URL name), is checked against the index's SHA-256, and its one program is taken out.
"""

import hashlib
import io
import os
import platform
import sys
import urllib.parse
import urllib.request
import zipfile
from html.parser import HTMLParser
from pathlib import Path

INDEX = os.environ.get("UV_INDEX_URL") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
MACHINES = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "arm64" if sys.platform == "darwin" else "aarch64",
}


def wanted(filename: str) -> bool:
    """Whether this wheel runs here."""
    machine = MACHINES.get(platform.machine().lower(), platform.machine())
    if not filename.endswith(".whl") or machine not in filename:
        return False
    if sys.platform == "darwin":
        return "macosx" in filename
    musl = Path("/etc/alpine-release").exists()
    return "musllinux" in filename if musl else "manylinux" in filename


class Links(HTMLParser):
    """The files of an index page (PEP 503): name, address and SHA-256."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        address, _, digest = (given.get("href") or "").partition("#sha256=")
        name = address.rpartition("/")[2]
        if tag == "a" and digest and "data-yanked" not in given and wanted(name):
            self.files.append((name, address, digest))


def version(name: str) -> tuple[int, ...]:
    """The version in a wheel's name, to compare; a pre-release counts as oldest."""
    parts = name.split("-")[1].split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)


def main() -> None:
    """Fetch, check, unpack."""
    folder = Path(sys.argv[1])
    index = f"{INDEX.rstrip('/')}/uv/"
    try:
        links = Links()
        with urllib.request.urlopen(index, timeout=60) as answer:  # noqa: S310
            links.feed(answer.read().decode())
        name, address, digest = max(links.files, key=lambda file: version(file[0]))
        with urllib.request.urlopen(urllib.parse.urljoin(index, address), timeout=300) as answer:  # noqa: S310
            content = answer.read()
    except (OSError, ValueError) as failure:
        sys.exit(
            f"uv could not be fetched ({failure}); install it yourself: "
            "https://docs.astral.sh/uv/getting-started/installation/"
        )
    if hashlib.sha256(content).hexdigest() != digest:
        sys.exit("uv could not be fetched: the file does not match the index's checksum")
    with zipfile.ZipFile(io.BytesIO(content)) as wheel:
        program = next(name for name in wheel.namelist() if name.endswith("/scripts/uv"))
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "uv"
        target.write_bytes(wheel.read(program))
        target.chmod(0o755)
    print(f"fetched {name}")


if __name__ == "__main__":
    main()
