"""A product's key (article number, SKU) where the page shows it behind its label."""

import re

from .page import Fragment, Page
from .words import KEY_LABEL

_LONGEST_TEXT = 60
_BEFORE_HEADING, _BEHIND_HEADING = 400, 6000
_KEY = r"(?=[\w./-]*\d)[A-Za-z0-9][\w./-]{2,39}"
_label = re.compile(rf"\W*(?:{KEY_LABEL.pattern})[\s.:#№°]*(?P<key>{_KEY})?\W*", re.IGNORECASE)
_key = re.compile(_KEY)


def labelled_key(page: Page) -> tuple[str, Fragment] | None:
    """The first key around the product's heading that stands behind a label such as `SKU` or `Artikelnummer`."""
    heading = page.heading
    if heading is None:
        return None
    for fragment in page.fragments:
        away = fragment.offset - heading.offset
        if not -_BEFORE_HEADING <= away <= _BEHIND_HEADING or len(fragment.text) > _LONGEST_TEXT:
            continue
        match = _label.fullmatch(fragment.text)
        if match is None:
            continue
        if match["key"]:
            return match["key"], fragment
        for following in page.fragments[fragment.index + 1 : fragment.index + 3]:
            if _key.fullmatch(following.text):
                return following.text, following
            if any(letter.isalnum() for letter in following.text):
                break
    return None
