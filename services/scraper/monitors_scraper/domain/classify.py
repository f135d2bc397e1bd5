"""Is this answer a page to read, or something that stands in its place?

A wall must be certain: an ordinary page that embeds a captcha script, shows a cookie banner or writes about either is
ordinary. So a wall needs the sign in its markup or headers, the words of a wall, and hardly anything else to read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from monitors_contracts.pages import Failure

from . import signs
from .html import HtmlPage
from .pages import STAYS, Obstacle

_WALL_TEXT = 900
_CONSENT_TEXT = 4000
_CHALLENGES = {"cf-mitigated": "challenge", "x-amzn-waf-action": "challenge", "x-vercel-mitigated": "challenge"}

_BY_STATUS = {
    204: (Failure.EMPTY, "The site answered with an empty page."),
    205: (Failure.EMPTY, "The site answered with an empty page."),
    401: (Failure.BLOCKED, "The page asks for a sign-in (HTTP 401). Choose a page that opens without one."),
    402: (Failure.BLOCKED, "The page asks for a payment before it shows anything (HTTP 402)."),
    403: (Failure.BLOCKED, "The site refused to show the page (HTTP 403). It may not welcome automated visits."),
    404: (Failure.NOT_FOUND, "There is no page at this address (HTTP 404). Check the address."),
    407: (Failure.BLOCKED, "The proxy asks for a sign-in (HTTP 407). Check the proxy's settings."),
    410: (Failure.NOT_FOUND, "The page was taken down for good (HTTP 410). Choose another one."),
    429: (Failure.BLOCKED, "The site says that it was asked too often (HTTP 429). Check less often."),
    451: (Failure.BLOCKED, "The page is withheld for legal reasons (HTTP 451)."),
    999: (Failure.BLOCKED, "The site refused to show the page (HTTP 999). It may not welcome automated visits."),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case; `html` is the parsed page when it is one."""

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    text: str
    html: HtmlPage | None = None


def obstacle_in(answer: Answer) -> Obstacle | None:
    """What stands in the page's place, or None when the answer is the page."""
    return _wall(answer) or _by_status(answer) or _stand_in(answer)


def _obstacle(answer: Answer, failure: Failure, detail: str, *, script_may_pass: bool = False) -> Obstacle:
    return Obstacle(failure, f"{detail} {STAYS}", answer.status, script_may_pass=script_may_pass)


def _by_status(answer: Answer) -> Obstacle | None:
    status = answer.status
    if known := _BY_STATUS.get(status):
        return _obstacle(answer, *known)
    if 200 <= status < 300:
        return None
    if status >= 500:
        return _obstacle(answer, Failure.SERVER, f"The site has a problem of its own (HTTP {status}). Try again later.")
    return _obstacle(answer, Failure.CLIENT_ERROR, f"The site did not accept the request (HTTP {status}).")


def _wall(answer: Answer) -> Obstacle | None:
    if answer.headers.get("x-amzn-waf-action") == "captcha":
        return _captcha(answer)
    challenged = any(answer.headers.get(name) == value for name, value in _CHALLENGES.items())
    page = answer.html
    if page and not page.is_longer_than(_WALL_TEXT) and not page.has_structured_data:
        if _asks_for_human(answer, page):
            return _captcha(answer)
        challenged |= bool(page.scripts) and bool(signs.CHALLENGE_TITLE.fullmatch(page.title))
    if challenged:
        detail = "The site checks visitors before it shows the page, and did not let this visit through."
        return _obstacle(answer, Failure.BLOCKED, detail, script_may_pass=True)
    return None


def _captcha(answer: Answer) -> Obstacle:
    return _obstacle(answer, Failure.CAPTCHA, "The page asks for a captcha.")


def _asks_for_human(answer: Answer, page: HtmlPage) -> bool:
    """A captcha in the markup, words that ask for a human, and no form that asks for anything else."""
    said = f"{page.title}\n{page.text}\n{page.noscript}"
    if not (signs.ASKS_FOR_HUMAN.search(said) or signs.CHALLENGE_TITLE.fullmatch(page.title)):
        return False
    if not signs.CAPTCHA_MARKUP.search(answer.text):
        return False
    asks_more = any(not re.search("captcha|code|answer|token", name) for name in page.fields)
    return not asks_more or not 200 <= answer.status < 300


def _stand_in(answer: Answer) -> Obstacle | None:
    """A page that answers 200 in place of the one that was asked for."""
    if not answer.text.strip():
        return _obstacle(answer, Failure.EMPTY, "The page is empty.")
    page = answer.html
    if page is None or page.is_longer_than(_CONSENT_TEXT) or page.has_structured_data:
        return None
    if not page.text and not page.title:
        return _obstacle(answer, Failure.EMPTY, "The page shows no text.")
    if not page.is_longer_than(_WALL_TEXT):
        if _headed(page, signs.DENIED):
            detail = "The site says that access is denied. It may not welcome automated visits."
            return _obstacle(answer, Failure.BLOCKED, detail)
        if _headed(page, signs.NOT_FOUND):
            detail = "The site says that there is no such page. Check the address."
            return _obstacle(answer, Failure.NOT_FOUND, detail)
        if _headed(page, signs.SERVER_ERROR):
            return _obstacle(answer, Failure.SERVER, "The site shows an error of its own. Try again later.")
    if _is_consent_wall(answer, page):
        detail = "The site shows only its question about cookies or consent. Choose a page that opens without it."
        return _obstacle(answer, Failure.BLOCKED, detail)
    return None


def _headed(page: HtmlPage, pattern: re.Pattern[str]) -> bool:
    """Whether title and heading both say so, or the only one of them does and nearly nothing else is there."""
    if page.title and page.heading:
        return bool(pattern.match(page.title) and pattern.match(page.heading))
    return bool(pattern.match(page.title or page.heading)) and len(page.text) <= _WALL_TEXT // 3


def _is_consent_wall(answer: Answer, page: HtmlPage) -> bool:
    if not any(signs.CONSENT_ACTION.search(action) for action in page.actions):
        return False
    if answer.url != answer.final_url and signs.CONSENT_PLACE.search(answer.final_url):
        return True
    return bool(signs.CONSENT_HEADING.search(page.heading or page.title)) and not page.other_than(signs.CONSENT_TOPIC)
