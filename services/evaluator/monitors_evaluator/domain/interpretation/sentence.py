"""A prompt cut into clauses: what is to be told, without the words about who is told and how."""

import itertools
import re
import unicodedata
from dataclasses import dataclass

from . import vocabulary as words
from .quantities import Quantity, alternatives, find_quantities
from .translation import to_english
from .units import CURRENCY_CODES
from .urls import find_url

MAX_LENGTH = 1000
"""Longer texts are cut: no sentence that a person means is longer."""
MAX_QUANTITIES = 16


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of the sentence.

    `triggered`: introduced by when, if ...; `watched`: the object of watch, monitor ...; `told`: follows "tell me (about)".
    """

    text: str
    start: int
    triggered: bool = False
    watched: bool = False
    told: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A prompt made ready: its address, its text without it, the clauses and the quantities (by position in `text`)."""

    text: str
    url: str | None
    clauses: tuple[Clause, ...]
    quantities: tuple[Quantity, ...]

    @property
    def asks(self) -> bool:
        """Whether it holds anything that makes it a request: a condition, something to watch, somebody to tell."""
        return any(clause.triggered or clause.watched or clause.told for clause in self.clauses)


_INVISIBLE = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x1f]")
_CURLY = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "−": "-", "–": "-"}
)
QUOTED = re.compile(r"\"\s*([^\"]{1,200}?)\s*\"|(?<!\w)'([^']{1,200}?)'(?!\w)")

_CONTRACTION = re.compile(rf"{QUOTED.pattern}|{alternatives(words.CONTRACTIONS)}", re.IGNORECASE)

_codes = "|".join(sorted(code for code in CURRENCY_CODES if code.isalpha()))
_PAIR = re.compile(rf"\b({_codes})\s+(?:to|vs\.?|against)\s+({_codes})\b")

_told = alternatives(words.TOLD)
_nouns = alternatives(form for noun in words.MESSAGE_NOUNS for form in (noun, noun + "s"))
_medium = (
    r"(?:\s+(?:via|by|with|through|in|on|as)\s+(?:(?:an?|the|my)\s+)?(?:form\s+of\s+an?\s+)?"
    r"(?:(?:push|popup|pop[ -]up|text)\s+)?"
    r"(?:popup|pop[ -]up|e-?mail|sms|text|message|phone|slack|telegram|discord|notification|whatsapp)"
    r"(?:\s+(?:notification|message))?\b)?"
)
_manner = r"(?:\s+(?:right away|immediately|asap|straight away|at once|please|then|only|first|quickly|promptly)\b)*"
_about = r"(?:\s+(?:about|of|as to|regarding|concerning|to|for|on|with|that says|telling me|to me|saying)\b)*"
_polite = r"(?:\b(?:please|kindly|hey|hi|hello|just|pls|plz)\s+)*(?:\b(?:can|could|would|will)\s+you\s+(?:please\s+)?)?"
_verbs_of_telling = alternatives(words.TELLING_VERBS)
_FRAME = re.compile(
    rf"{_polite}(?:"
    rf"\b(?:let|lets)\s*{_told}\s+(?:know|see|hear)\b"
    rf"|{_verbs_of_telling}\s?(?:to\s+)?(?:{_told}|\bpeople\b){_medium}(?=\W|$)"
    rf"|(?:\b(?:i|we)(?:'?d|\s+would|\s+will)?\s+(?:also\s+|really\s+)?)?{alternatives(words.SENDING_VERBS)}(?:\s+out)?(?:\s+to)?(?:\s+{_told})?(?:\s+with)?(?:\s+to)?(?:\s+(?:an?|the|some|any|it))?"
    rf"(?:\s+(?:quick|short|desktop|push|popup|pop[ -]up|text|message|slack|phone|email|warning)){{0,2}}"
    rf"\s+{_nouns}(?:\s+{_nouns})?(?:\s+(?:sent|pop\s+up))?(?:\s+to\s+{_told})?"
    rf"|\b(?:i|we)(?:['’]?(?:d|m|ll)|\s+am|\s+would|\s+will|\s+do)?(?:\s+(?:be|like|love|want|need|wish|get|prefer|appreciate|receive|also|really|have))*"
    rf"(?:\s+(?:for\s+)?(?:you|it))?(?:\s+to)?(?:\s+(?:be|get|have|receive|been|being))?(?:\s+sent)?(?:\s+an?)?\s+{alternatives(words.BEING_TOLD)}(?:\s+me)?(?:\s+sent)?"
    r"|\bkeep\s+(?:me|us)\s+(?:posted|informed|updated|in\s+the\s+loop|up\s+to\s+date|notified|in\s+the\s+know|abreast|advised)\b"
    r"|\bfill\s+(?:me|us)\s+in\b|\bmake\s+(?:me|us)\s+aware\b|\bmake\s+sure\s+(?:i|we)\s+know\b|\bi\s+need\s+you\s+to\b"
    rf"|\b(?:notify|alert|report|email|warn)\b(?=\s+(?:{alternatives(words.TRIGGERS)}|to\s+me|on\b|about\b|of\b|my\b))"
    r"|\b(?:thanks|thank\s+you|cheers)\b(?:\s+in\s+advance)?|\bgo\s+ahead\s+and\b"
    rf"){_medium}{_manner}{_about}",
    re.IGNORECASE,
)
_WATCH = re.compile(
    rf"\W*(?:(?:i|we)(?:'d|\s+would)?\s+(?:want|like|need)\s+(?:for\s+)?(?:you\s+)?(?:to\s+)?|i(?:\s+a|')m\s+|(?:please|can\s+you|could\s+you|an\s+you|would\s+you|just|will\s+you|and|set\s+up\s+a\s+watcher\s+for)\s+)*"
    rf"(?:{alternatives(words.WATCHING_VERBS)}|\bset\s+up\s+a\s+watcher\s+for\b|\bmonitoring\b)\s*(?:for\b|if\b|whether\b)?",
    re.IGNORECASE,
)
_FRAMED = "\ue001"
_WATCH_WITHIN = re.compile(
    rf"{alternatives(words.WATCHING_VERBS)}\s+(?=(?:the|my|our|this|these|whether|what|for)\b)", re.IGNORECASE
)
_BREAK = re.compile(
    rf"(?P<trigger>(?<![\w-])(?:just\s+|only\s+|even\s+)?{alternatives(words.TRIGGERS)}(?!\s+(?:possible|then)\b)(?:\s+(?:or\s+not|that))?)"
    rf"|(?P<told>{_FRAMED}+)"
    r"|(?P<stop>[;?!]+|\.+(?=\s|$)|,(?=\D|$)|:(?=\s)|\s-+\s|[()\[\]])"
    r"|(?P<then>(?<![\w-])(?:(?<!less )(?<!more )(?<!er )then|(?<!anything )(?<!value )(?<!any )but|and\s+then|so)\b(?!\s*$))",
    re.IGNORECASE,
)
_AND = re.compile(r"(?<![\w-])(?:and|or)\b", re.IGNORECASE)
_AFTER_AND = re.compile(
    rf"^\s+(?:{alternatives(words.TRIGGERS)}|.{{0,60}}?(?:\b(?:is|are|was|has|have|goes|gets|drops|falls|rises|reaches|becomes|there's|isn't|doesn't|comes|changes|exceeds|did|be)\b"
    rf"|{alternatives((*words.ABOVE, *words.BELOW, *words.AT_LEAST, *words.AT_MOST, *words.EXACTLY, *words.OTHER_THAN))}\s+\d)"
    rf"|{alternatives(words.WATCHING_VERBS)}|{_FRAMED})",
    re.IGNORECASE,
)
_BEFORE_AND = re.compile(
    rf"(?:\b(?:is|are|was|has|have|goes|gets|drops|falls|rises|reaches|becomes|did|be|move)\b|{alternatives(words.CHANGE_WORDS)}"
    rf"|^\s*(?:please\s+)?{alternatives(words.WATCHING_VERBS)}|\d)",
    re.IGNORECASE,
)


def read_sentence(prompt: str) -> Sentence:
    """Make a prompt ready. Any text will do."""
    text = prompt[:MAX_LENGTH].encode("utf-8", "ignore").decode()
    text = unicodedata.normalize("NFC", _INVISIBLE.sub(" ", text))
    url, text = find_url(text)
    text = " ".join(_spelled_out(to_english(text.translate(_CURLY))).split())
    text = _PAIR.sub(r"\1/\2", text)
    text = re.sub(r"\s+([.,;:?!)])", r"\1", text)
    return Sentence(text, url, _clauses(text), find_quantities(text)[:MAX_QUANTITIES])


def _spelled_out(text: str) -> str:
    """Without contractions ("isn't" -> "is not"), but for those in quotation marks."""
    return _CONTRACTION.sub(lambda match: words.CONTRACTIONS.get(match[0].lower(), match[0]), text)


def _hide_quotes(text: str) -> str:
    """Quoted text with letters that are no word of the grammar, at the same positions."""
    return QUOTED.sub(lambda match: match[0][0] + "\ue000" * (len(match[0]) - 2) + match[0][-1], text)


def _clauses(text: str) -> tuple[Clause, ...]:
    hidden = _hide_quotes(text)
    framed = _FRAME.sub(lambda match: _FRAMED * len(match[0]), hidden)
    starts = [(0, False, False)]
    for match in _BREAK.finditer(framed):
        role = (match["trigger"] is not None, match["told"] is not None)
        starts += [(match.start(), *role), (match.end(), *role)]
    starts.append((len(text), False, False))
    clauses: list[Clause] = []
    for (start, triggered, told), (end, _, _) in itertools.pairwise(starts):
        if start < end and _BREAK.fullmatch(framed, start, end):
            continue
        for inner, stop in _split_at_and(framed, start, end):
            if clause := _clause(text, framed, inner, stop, triggered, told):
                clauses.append(clause)
    return tuple(clauses)


def _split_at_and(framed: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut where "and" joins two statements ("it rains and the wind is over 20"), not two names ("salt and pepper mill")."""
    pieces: list[tuple[int, int]] = []
    for match in _AND.finditer(framed, start, end):
        ending = not framed[match.end() : end].strip()
        if ending or (
            _AFTER_AND.match(framed[match.end() : end]) and _BEFORE_AND.search(framed[start : match.start()])
        ):
            if match[0].lower() == "or" and not all(
                re.search(r"\d", side) for side in (framed[start : match.start()], framed[match.end() : end])
            ):
                continue
            pieces.append((start, match.start()))
            start = match.end()
    return [*pieces, (start, end)]


def _clause(text: str, framed: str, start: int, end: int, triggered: bool, told: bool) -> Clause | None:
    watch = _WATCH.match(framed, start, end)
    if watch and triggered and not _AND.search(framed, max(0, start - 4), start):
        watch = None
    if not watch and not triggered:
        watch = _WATCH_WITHIN.search(framed, start, end)
    if watch:
        start, triggered = watch.end(), False
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(" ,.;:-\t"))
    piece = piece.strip(" ,.;:-\t")
    if not re.search(r"[^\W_]", piece) and not watch and not told:
        return None
    return Clause(piece, start, triggered, watch is not None, told)
