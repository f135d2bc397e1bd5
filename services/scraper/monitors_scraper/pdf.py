"""Text of PDF files, read in a process of its own: a hostile file can be stopped, and can take no more than its share."""

import asyncio
import io
import resource
import sys

import pypdf

from monitors_contracts.pages import Failure

from .domain.pages import Obstructed

_MEMORY = 1024**3
_MAX_TEXT = 4 * 1024**2


async def pdf_text(body: bytes, *, max_pages: int, patience: float) -> str:
    """The text of the first `max_pages` pages, within `patience` seconds. Raises Obstructed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(max_pages),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(patience):
            text, _ = await process.communicate(body)
    except TimeoutError:
        raise Obstructed.by(Failure.TIMEOUT, "The PDF file takes too long to read. Choose another source.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise Obstructed.by(Failure.UNSUPPORTED, "The PDF file is damaged or protected and cannot be read.")
    if not text.strip():
        raise Obstructed.by(Failure.EMPTY, "The PDF file holds no text; it may be a scan. Choose another source.")
    return text.decode()


def main() -> None:
    """Read a PDF from standard input, write its text to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    reader = pypdf.PdfReader(io.BytesIO(sys.stdin.buffer.read()))
    size = 0
    for page in reader.pages[: int(sys.argv[1])]:
        text = page.extract_text()
        size += len(text)
        if size > _MAX_TEXT:
            break
        sys.stdout.buffer.write(text.encode("utf-8", "replace") + b"\n")


if __name__ == "__main__":
    main()
