"""Batches that wait on disk: whole or not at all, oldest first, within a size; the oldest go when there is no room."""

import contextlib
import gzip
import os
import tempfile
from pathlib import Path

_SUFFIX = ".json.gz"


class Buffer:
    """A folder of batches, one process's own. Raises OSError when the disk does not take any."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self._most = most_bytes
        folder.mkdir(parents=True, exist_ok=True)
        for unfinished in folder.glob("*.part"):
            unfinished.unlink(missing_ok=True)
        last = max((each.name for each in self._waiting()), default="0")
        self._number = int(last.removesuffix(_SUFFIX)) + 1
        self.dropped = 0

    def put(self, batch: bytes) -> None:
        """Keep a batch; it is on disk when this returns."""
        descriptor, name = tempfile.mkstemp(suffix=".part", dir=self.folder)
        with os.fdopen(descriptor, "wb") as target:
            target.write(gzip.compress(batch, 6))
            target.flush()
            os.fsync(target.fileno())
        os.replace(name, self.folder / f"{self._number:015d}{_SUFFIX}")
        self._number += 1
        self._make_room()

    def oldest(self) -> tuple[Path, bytes] | None:
        """The batch that has waited longest, and where it lies; None when none waits."""
        for path in self._waiting():
            try:
                return path, gzip.decompress(path.read_bytes())
            except (OSError, EOFError):  # damaged, or gone: nothing to ship
                self.remove(path)
        return None

    def remove(self, path: Path) -> None:
        """This batch need not be kept any more."""
        with contextlib.suppress(FileNotFoundError):
            path.unlink()

    def __len__(self) -> int:
        return len(self._waiting())

    def _waiting(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_SUFFIX}"))

    def _make_room(self) -> None:
        sizes = [(path, path.stat().st_size) for path in self._waiting()]
        total = sum(size for _, size in sizes)
        for path, size in sizes[:-1]:
            if total <= self._most:
                return
            self.remove(path)
            total -= size
            self.dropped += 1
