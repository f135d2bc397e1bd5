"""What a client calls itself, in readable words."""

import re

UNKNOWN = "Unknown client"
_LONGEST = 60
# The first that is found counts: most browsers also name those they descend from.
_CLIENTS = (
    (r"\bEdgA?(?:iOS)?/", "Edge"),
    (r"\b(?:OPR|Opera)/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\b(?:Firefox|FxiOS)/", "Firefox"),
    (r"\b(?:HeadlessChrome|Chrome|CriOS|Chromium)/", "Chrome"),
    (r"\bVersion/[\d.]+ (?:Mobile/\w+ )?Safari/", "Safari"),
    (r"^monitors-cli\b", "The monitors command"),
    (r"^python-httpx/", "A Python program"),
    (r"^python-requests/", "A Python program"),
    (r"^curl/", "curl"),
)
_SYSTEMS = (
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bWindows\b", "Windows"),
    (r"\bMac OS X\b", "macOS"),
    (r"\bLinux\b", "Linux"),
)


def described(user_agent: str) -> str:
    """`Firefox on Linux`; what nobody knows is shown as it came, shortened."""
    client = _first(_CLIENTS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if client:
        return f"{client} on {system}" if system else client
    shown = " ".join(user_agent.split())
    if not shown:
        return UNKNOWN
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1].rstrip() + "…"


def _first(known: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for pattern, name in known if re.search(pattern, user_agent)), None)
