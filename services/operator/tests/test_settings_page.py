from pathlib import Path

import pytest

from monitors_operator.settings_page import page

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_settings_page_says_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("MONITORS_") or name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    committed = DOCS.read_text("utf-8")
    assert committed == page(), "run: python -m monitors_operator.settings_page > docs/settings.md"
