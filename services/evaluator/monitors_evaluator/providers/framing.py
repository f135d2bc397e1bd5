"""Foreign text on its way to a model: cleaned, bounded, and fenced by a mark that its author cannot have known.

Whatever a page or a sentence says stays between the fences, in the user's part. It cannot widen what may be answered
either: answers come from a closed vocabulary and are checked against the page by running them.
"""

import re
import unicodedata

_SPACES = re.compile(r"[^\S\n]+")
_LINE_ENDS = re.compile(r"\s*\n\s*")


def cleaned(text: str, limit: int) -> str:
    """Readable text only, at most `limit` characters.

    Format characters go, and control, private and unassigned ones become spaces: zero-width, bidirectional and tag
    characters hide words from a person that a model still reads.
    """
    # A page of megabytes is cut first: far more than is kept is not worth cleaning.
    shown = unicodedata.normalize("NFC", "".join(_shown(character) for character in text[: limit * 8]))
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", shown)).strip()[:limit]


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] != "C" or character == "\n":
        return character
    return "" if category == "Cf" else " "


def fenced(text: str, boundary: str) -> str:
    """The text between two fences. Raises ValueError for a text that holds the boundary drawn for it."""
    if boundary in text:
        raise ValueError("the text holds its own boundary")
    return f"<data-{boundary}>\n{text}\n</data-{boundary}>"
