"""Words and how alike they are: stems, synonyms, coverage - a fact is found by meaning rather than by spelling."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def listed(words: str) -> list[str]:
    """The words of a list written as one text."""
    return words.split()


STOPWORDS = frozenset(
    listed(
        "a an the of in on at for to from by with and or is are be been am was were has have had do does it its "
        "this that these those there their they them my our your his her i we you me us any some all as so than then "
        "will would can could should about into over under up out if when while which who what where how whether not "
        "no only just also per each via s t"
    )
)

# Words that ask for a kind of fact without saying which one; they break ties and nothing more.
GENERIC = frozenset(
    listed(
        "status state value number amount count total level current currently now latest new page site website "
        "web text content information info data figure many much listed shown displayed item product thing anything "
        "something change update online today fact wording section entry there here"
    )
)

_SYNONYMS = (
    "price cost fare fee amount rate offer pricing",
    "free available vacant remaining left open unoccupied",
    "space spot place seat slot vacancy stall bay bed spots",
    "temperature temp temperatures degree",
    "subscriber follower member",
    "queue waiting ahead line waitlist wait",
    "rate exchange quote",
    "status state condition availability",
    "share stock ticker quote equity",
    "level height depth stage",
    "post article entry news story headline item blog announcement",
    "episode podcast",
    "release version",
    "job position vacancy opening role",
    "registration enrolment enrollment signup register application admission enroll enrol",
    "appointment booking slot",
    "delivery shipment parcel package order shipping",
    "signature signer supporter",
    "petition campaign",
    "eur euro",
    "usd dollar",
    "gbp pound sterling",
    "jpy yen",
    "chf franc",
    "btc bitcoin",
    "eth ether ethereum",
    "humidity moisture",
    "wind windspeed gust",
    "score points result",
    "date day deadline when",
    "person people visitor",
    "bike bicycle cycle",
    "car parking park garage lot carpark",
    "gas fuel petrol gasoline diesel",
    "flight plane",
    "train rail",
    "service system component",
    "author writer",
    "rank position place",
    "power electricity energy",
    "star stargazer",
    "issue bug ticket",
    "terms conditions policy agreement",
    "salary pay wage",
    "size length",
    "minute min time duration",
    "delay late",
    "used usage use utilization utilisation",
)


def normalise(text: str) -> str:
    """Text as compared: compatibility forms folded, one kind of quote and dash, single spaces, no case."""
    folded = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    return " ".join(folded.casefold().split())


def squeeze(text: str) -> str:
    """Text as shown: single spaces, no breaks."""
    return " ".join(text.split())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its English endings: `parks`, `parking` and `parked` become `park`."""
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)]
            if len(word) > 4 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


_SYNONYM_STEMS: dict[str, frozenset[str]] = {}
for _line in _SYNONYMS:
    _group = frozenset(stem(word) for word in _line.split())
    for _member in _group:
        _SYNONYM_STEMS[_member] = _SYNONYM_STEMS.get(_member, frozenset()) | _group

_GENERIC_STEMS = frozenset(stem(word) for word in GENERIC)


@lru_cache(maxsize=20_000)
def terms(text: str) -> frozenset[str]:
    """The stems of a text's meaningful words; `freeSpaces` and `free_spaces` are two words."""
    parts = _WORD.findall(_CAMEL.sub(" ", text[:2000]))
    return frozenset(stem(part) for word in parts if (part := word.casefold()) not in STOPWORDS)


def specific(words: frozenset[str]) -> frozenset[str]:
    """Only the words that say which fact is meant; `status` and `value` do not."""
    return words - _GENERIC_STEMS


def initials(text: str) -> str:
    """`aqi` of `air quality index`; empty for fewer than three words."""
    words = [word for word in _WORD.findall(text.casefold()) if word not in STOPWORDS]
    return "".join(word[0] for word in words) if 3 <= len(words) <= 6 else ""


@lru_cache(maxsize=50_000)
def _alike(wanted: str, given: str) -> float:
    if wanted == given:
        return 1.0
    if given in _SYNONYM_STEMS.get(wanted, ()):
        return 0.8
    shorter, longer = sorted((wanted, given), key=len)
    if len(shorter) >= 4 and not shorter.isdigit() and longer.startswith(shorter):
        return 0.8
    shared = 0
    for left, right in zip(shorter, longer, strict=False):
        if left != right:
            break
        shared += 1
    return 0.6 if shared >= 6 and shared >= 0.6 * len(longer) else 0.0


@lru_cache(maxsize=50_000)
def coverage(wanted: frozenset[str], given: frozenset[str]) -> float:
    """How much of what is wanted is named, 0..1; 0 when nothing is wanted."""
    if not wanted or not given:
        return 0.0
    return sum(1.0 if word in given else max(_alike(word, other) for other in given) for word in wanted) / len(wanted)
