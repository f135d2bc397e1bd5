"""Text that is searched and sorted by, so that neither case nor the way a letter is written matters."""

import unicodedata

from monitors_contracts.monitors import MonitorView

SEPARATOR = "\n"


def folded(text: str) -> str:
    """One spelling of a text: compatible letters as one, without case or unprintable characters, on one line."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(each for each in letters if each.isprintable() or each.isspace()).split())


def searchable(monitor: MonitorView) -> str:
    """What a monitor is found by, its name first: name, prompt, address and fact, each on a line."""
    meaning = monitor.interpretation
    return SEPARATOR.join(folded(part) for part in (monitor.name, monitor.prompt, meaning.url or "", meaning.fact))
