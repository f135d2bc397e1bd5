"""Where a Chromium may be, and how to get one."""

import glob
import os
from pathlib import Path

HOW_TO_GET = "get it with `apt-get install chromium`, or `uv run playwright install chromium`"


def playwright_chromium() -> str | None:
    """Playwright's own Chromium, when it has been installed for this user."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    found = sorted(glob.glob(str(folder / "chromium*" / "*" / "*")))
    return next(
        (each for each in reversed(found) if Path(each).name in ("chrome", "headless_shell", "chrome-headless-shell")),
        None,
    )
