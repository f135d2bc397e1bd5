"""What a text says of a state: affirmed, denied, or nothing.

"Not yet open" and "opens 3 May" deny "open"; "open house" is silent.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .words import normalise, stem

_DAYS = (
    r"mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|spring|summer|autumn|winter|"
    r"next|soon|tomorrow|later|shortly"
)


@dataclass(frozen=True, slots=True)
class Family:
    """Two opposite states, and the ways to write each."""

    yes: str
    no: str
    yes_pattern: re.Pattern[str]
    no_pattern: re.Pattern[str]


def _family(yes: str, no: str, yes_pattern: str, no_pattern: str) -> Family:
    return Family(yes, no, re.compile(rf"\b(?:{yes_pattern})(?!\w)"), re.compile(rf"(?<!\w)(?:{no_pattern})(?!\w)"))


_FAMILIES = (
    _family(
        "in stock", "out of stock",
        r"in[ -]stock|instock|available(?! (?:in|as) (?!stock|store)\S|:)|availability: yes|buy(?: it)? now|"
        r"buy (?:your )?(?:tickets?|passes)|"
        r"add to (?:your )?(?:shopping )?(?:cart|basket|bag|trolley)|(?:get|find|order|purchase|"
        r"reserve) (?:your )?(?:tickets?|seats?|yours)|"
        r"book (?:now|online|tickets?|a (?:table|room|slot|place|seat)|your \w+)|order (?:now|today|yours)|"
        r"reserve (?:now|online|a \w+|your \w+)|on sale(?: now)?|"
        r"ready to (?:ship|order)|low stock|limited stock|few (?:\w+ )?(?:left|remaining)|(?:\d+|one|two|three|some|"
        r"a few|last few) "
        r"(?:\w+ ){0,2}(?:left|available|remaining|in stock|free)|restocked|back in stock|buyable|vacanc(?:y|ies)|"
        r"bookable|select seats",
        r"out[ -]of[ -]stock|outofstock|sold[ -]?out|unavailable|notify me|email me when|tell me when|get notified|"
        r"wait(?:ing)?[ -]?list|"
        r"coming soon|pre-?orders?|back-?ordere?d?|discontinued|fully booked|booked (?:out|up|solid)|none (?:left|"
        r"available)|"
        r"no (?:\w+ ){0,3}(?:available|left|availability|remaining|vacancies|free)|not available|check back|"
        r"no vacanc(?:y|ies)|sales? (?:has |have )?ended|"
        r"not (?:currently |yet )?(?:on sale|in stock)|(?<![\d.,])0 (?:\w+ ){0,2}(?:left|available|remaining|"
        r"in stock|free)|no availability|exhausted|soldout|"
        r"out on loan|checked out|on loan|all (?:\w+ )?(?:taken|gone|sold)",
    ),
    _family(
        "open", "closed",
        r"(?:re-?)?open(?:ed)?(?! house| day| evening| air| source| mic| office| letter| access| weekend| questions?|"
        r" positions?)|accepting|unlocked|"
        r"(?:apply|register|enrol|enroll|sign up|vote|submit) (?:now|today|here|online)|taking (?:applications|"
        r"registrations|bookings|entries)",
        r"(?:re-?)?closed?|closure|shut(?: down)?|locked|ended|suspended|no longer accepting|not accepting|paused|"
        r"(?:is|are|now) over|full",
    ),
    _family(
        "operational", "outage",
        r"operational|up and running|running|(?<!people )(?<!users )(?<!visitors )(?<!buy )(?<!book )online|"
        r"(?<!sign )(?<!going )(?<!pick )up|no (?:known )?(?:issues|incidents|problems|outages|disruptions?)|"
        r"normal(?:ly)?|healthy|working|"
        r"reachable|good service|live|resolved",
        r"(?:major |partial |full )?outages?|down|degraded|offline|disrupt(?:ed|ions?)|incidents?|maintenance|"
        r"fail(?:ed|ing|ures?)|interrupt(?:ed|ions?)|unreachable|"
        r"unavailable|(?:severe|minor) delays|impaired|errors?|investigating|problems?",
    ),
    _family("yes", "no", r"yes|true|✓|✔|✅|☑", r"no|false|✗|✘|❌|×|☒"),
    _family("on", "off", r"on|enabled|active|activated|running", r"off|disabled|inactive|deactivated"),
    _family("delayed", "on time", r"delay(?:ed|s)?|late|behind schedule", r"on[ -]time|on schedule|punctual|"
        r"as scheduled|as planned"),
    _family("cancelled", "scheduled", r"cancell?ed|called off", r"on[ -]time|scheduled|going ahead|as planned|"
        r"confirmed|takes place"),
    _family(
        "released", "unreleased",
        r"(?:is |are |now |just )?(?:released|published|posted|out now|now out|is out|are out|announced|launched|"
        r"now available|available(?: now)?|download(?:able)?(?: now)?|live)",
        r"unreleased|unpublished|pending|awaited|awaiting|coming soon|tba|tbc|tbd|to be (?:announced|confirmed|"
        r"published|released)|in preparation|not available|unavailable|in progress|under review",
    ),
    _family(
        "delivered", "under way",
        r"delivered|handed over|picked up by (?:you|recipient)",
        r"in transit|out for delivery|shipped|dispatched|processing|on (?:its|the) way|label created|pending|ordered|"
        r"preparing|awaiting",
    ),
    _family(
        "approved", "pending",
        r"approved|accepted|granted|passed|admitted",
        r"pending|rejected|refused|denied|declined|under review|in review|submitted|in progress|awaiting|processing|"
        r"received",
    ),
    _family("safe", "unsafe", r"safe|good|suitable|clean", r"unsafe|unsuitable|polluted|contaminated|dangerous"),
    _family(
        "started", "not started",
        r"started|begun|under way|underway|in progress|kicked off|live|ongoing",
        r"upcoming|scheduled|not started|starting soon|pending|ended|finished",
    ),
    _family(
        "ended", "running",
        r"ended|finished|over|concluded|final|full[ -]time|completed?",
        r"running|ongoing|in progress|under way|underway|live|half[ -]time",
    ),
)  # fmt: skip

# A state under a condition is not told of; one that is planned or past does not hold.
_CONDITIONAL = re.compile(
    r"\b(?:when|once|if|until|till|as soon as|after|before|unless|whether|in case|should|whenever)\b"
)
_NOT = re.compile(
    r"\b(?:not|never|no longer|cannot|no|none|neither|without|yet to|isn'?t|aren'?t|wasn'?t|won'?t|doesn'?t|don'?t|"
    r"hasn'?t|haven'?t|isnt|nor|"
    r"n't|hardly|far from|non|anything but)\b"
)
_AHEAD = re.compile(
    r"\b(?:will|shall|going to|to be|expected|due|plan(?:s|ned)?|soon|scheduled|hope|may|might|set to|about to|"
    r"aim(?:s|ing)?|almost|nearly|"
    r"would|should|can be|could be|was|were|used to be|formerly|previously)\b"
)
_AHEAD_AFTER = re.compile(
    rf"^\s*(?:again )?(?:(?:from|on|in|at|as of|starting)\s+(?:the\s+)?(?:\d|(?:{_DAYS})\w*\b)|(?:{_DAYS})\w*\b|"
    rf"to the public (?:on|in|from)|until yesterday|date\b|soon\b|tba\b)"
)
# "Delivered parcels are kept ..." speaks of a kind of thing, not of a state.
_OF_A_KIND = re.compile(
    r"\s(?!(?:at|on|by|to|until|till|from|now|today|again|in|for|this|and|or|since|yesterday|daily|is|"
    r"are)\b)[a-z]+\s(?:\w+\s)?(?:is|are|will|have|has|can|must|may|should)\b"
)
_OPENS = re.compile(
    r"\b(?:re-?)?opens\b|\b(?:re-?)?open(?:ing|s)? (?:on|in|from|soon|date|day|tba|tbc)\b|\bstarts\b|\bbegins\b|"
    r"\bopening (?:on|in|from|soon|date|\d)"
)
_CLAUSES = re.compile(
    r"[.;!?]\s+|\s[–—|·•]\s|, (?=but|and|while|although|please|we|you|then)|\bbut\b|\balthough\b|\bthough\b|"
    r",\s(?=\w+ (?:is|are|has|have|will)\b)"
)


@lru_cache(maxsize=2_000)
def family_of(wanted: str) -> tuple[Family, bool] | None:
    """The family a state belongs to, and whether it is the family's `yes`; None for a state of its own."""
    word = normalise(wanted).removeprefix("now ").removeprefix("currently ").removeprefix("back ")
    for family in _FAMILIES:
        if word in (family.yes, family.no):
            return family, word == family.yes
    for family in _FAMILIES:
        if family.no_pattern.fullmatch(word):
            return family, False
        if family.yes_pattern.fullmatch(word):
            return family, True
    return None


def judge(text: str, wanted: str) -> bool | None:
    """True when the text says the wanted state holds, False when it says it does not, None when it says neither."""
    found = family_of(wanted)
    clauses = [clause for clause in _CLAUSES.split(normalise(text)) if clause]
    if found is None:
        answers = [_judge_word(clause, wanted) for clause in clauses]
    else:
        family, is_yes = found
        answers = [_judge_family(clause, family) for clause in clauses]
        answers = [answer if is_yes or answer is None else not answer for answer in answers]
    told = [answer for answer in answers if answer is not None]
    return told[0] if told else None


def _judge_family(clause: str, family: Family) -> bool | None:
    denied = [_stance(clause, match) for match in family.no_pattern.finditer(clause)]
    affirmed = [
        _stance(clause, match)
        for match in family.yes_pattern.finditer(clause)
        if not any(other.start() <= match.start() < other.end() for other in family.no_pattern.finditer(clause))
    ]
    if "yes" in denied:
        return False
    if "yes" in affirmed:
        return True
    if "no" in affirmed or "ahead" in affirmed:
        return False
    if "no" in denied:
        return True
    return False if family.yes == "open" and _OPENS.search(clause) and not _conditional(clause, 0) else None


def _conditional(clause: str, start: int) -> bool:
    return bool(_CONDITIONAL.search(clause[:start] if start else clause))


def _stance(clause: str, match: re.Match[str]) -> str:
    """How a state word is meant where it stands: `yes`, `no`, `ahead` (or past), or `silent` under a condition."""
    before = clause[: match.start()]
    if _CONDITIONAL.search(before) or (not before.strip() and _OF_A_KIND.match(clause[match.end() :])):
        return "silent"
    near = " ".join(before.split()[-5:])
    if _AHEAD.search(near) or (not match[0].endswith("ed") and _AHEAD_AFTER.match(clause[match.end() :])):
        return "ahead"
    return "no" if _NOT.search(near) else "yes"


@lru_cache(maxsize=2_000)
def _word_pattern(wanted: str) -> re.Pattern[str]:
    words = [re.escape(stem(word)) + r"[a-z]{0,4}" for word in re.findall(r"[\w']+", normalise(wanted))]
    return re.compile(r"\b" + r"[\s-]+".join(words) + r"\b" if words else r"(?!)")


def _judge_word(clause: str, wanted: str) -> bool | None:
    stances = [_stance(clause, match) for match in _word_pattern(wanted).finditer(clause)]
    if "yes" in stances:
        return True
    return False if "no" in stances or "ahead" in stances else None


def name_state(text: str) -> str | None:
    """The state a short text tells, in its family's words: `Sold out` is `out of stock`; None when it tells none."""
    for family in _FAMILIES:
        answer = judge(text, family.yes)
        if answer is not None:
            return family.yes if answer else family.no
    return None
