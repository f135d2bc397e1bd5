"""docs/settings.md, made of the settings themselves: `python -m monitors_operator.settings_page > docs/settings.md`."""

from .settings_list import every_setting

HEAD = """\
# Settings

All settings come from the environment. `monitors doctor` shows those in force, and what is wrong with any.

```
MONITORS_PORT=8080 MONITORS_ALLOW_PRIVATE_ADDRESSES=true uv run monitors up --data-dir /var/lib/monitors
```

This page is made by `python -m monitors_operator.settings_page`.

| setting | default | used by | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The page, with defaults as they are where nothing is set."""
    settings, _ = every_setting({})
    rows = [
        f"| `{setting.name}` | {_cell(setting.value)} | {', '.join(setting.used_by)} | {_text(setting.description)} |"
        for setting in sorted(settings, key=lambda setting: (setting.used_by[0] != "all services", setting.name))
    ]
    return HEAD + "\n".join(rows) + "\n"


def _cell(value: str) -> str:
    return f"`{_text(value)}`" if value else ""


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
