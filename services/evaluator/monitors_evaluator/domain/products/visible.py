"""Prices as the page shows them: every amount of money in the text, with points for how likely it is the price to pay.

The points are a plain sum over a few features, so that a choice can be explained: what the element and those around it
are called, the label beside it, its distance from the product's heading and the buy button, whether it is struck through,
stands in a link, or is one of a row of like prices.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from selectolax.lexbor import LexborNode

from .buying import Button
from .model import Money
from .money import parse_price
from .page import Area, Element, Fragment, Page, squeeze
from .words import (
    says_now,
    says_old,
    says_other,
    says_per_piece,
    says_per_unit,
    starts_as_other,
)

_LONGEST_TEXT, _LONGEST_PRICE, _MOST_ADDED = 160, 48, 16
_MOST_CANDIDATES, _MOST_NODES = 600, 100
_OFFERED = {"named price", "itemprop", "near buy", "label now", "large", "alone"}
# What a price's surroundings cost it, as long as the product's heading does not stand in them too.
_TAG_POINTS = {
    "footer": -2.5,
    "nav": -2.5,
    "aside": -2.0,
    "header": -2.0,
    "select": -0.5,
    "option": -0.5,
    "p": -0.5,
    "li": -0.5,
    "label": -0.5,
}
_BESIDE, _NEIGHBOURS, _LEAST_BESIDE = 60, 6, 2.0
_MOST_PROSE = 20
_LOWEST_SALE = Decimal("0.2")
_digit = re.compile(r"\d")
_digits = re.compile(r"\d+")
_number = re.compile(r"\d(?:[\d.,'’]|[ \u00a0\u202f](?=\d{3}(?!\d)))*")
_bare = re.compile(r"^[^\w%]{0,3}\d(?:[\d.,'’ ]*\d)?[^\w%]{0,4}$")
_font_size = re.compile(r"font[^;]{0,40}?(\d{1,2}(?:\.\d)?)px", re.IGNORECASE).findall
_minor = re.compile(r"^[.,]?\d\d(?!\d)")
_group = re.compile(r"[., ]")
_major = re.compile(r"(?<![.,\d])\d{1,3}(?:[., ]?\d{3})*[.,]?$")
_CODES = (
    r"eur|euros?|usd|gbp|chf|cad|aud|nzd|sgd|hkd|pln|czk|huf|ron|bgn|rsd|hrk|sek|nok|dkk|isk|rub|uah|kzt|byn|try|inr|pkr"
    r"|lkr|npr|bdt|idr|myr|php|thb|vnd|krw|jpy|cny|rmb|twd|ntd|aed|sar|qar|kwd|bhd|omr|egp|jod|lbp|mad|dzd|tnd|ngn|kes"
    r"|ghs|zar|brl|ars|clp|cop|mxn|pen|uyu|bob|crc|rs|rp|rm|tl|ft|kr|kč|kc|zł|zl|lei|leu|лв|грн|руб|р|тг|тенге|сум|дин"
    r"|din|kn|den|ден|sfr|fr|kshs?|birr|so'm|sr|dh|dhs|qr|kd"
)
_SIGNS = r"[$€£¥￥₹₨₽₩₺₴₸₦฿₫₪₱₡₲₾₼֏৳₭៛]|円|元|圓|원|บาท|ر\.س|د\.إ|ر\.ق|د\.ك|ج\.م|ريال|درهم|جنيه|دينار|تومان"
_has_currency = re.compile(
    rf"{_SIGNS}|\d\s?(?:{_CODES})(?![^\W\d_])|(?<![^\W\d_])(?:{_CODES}|(?-i:R))[.:]?\s?\d|\d\s?(?:,-|\.-|,–|\.–|:-)",
    re.IGNORECASE,
).search
_is_currency = re.compile(rf"(?:{_SIGNS}|{_CODES})\.?", re.IGNORECASE).fullmatch
_currencies = re.compile(rf"{_SIGNS}|(?<![^\W\d_])(?:{_CODES})(?![^\W\d_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """One price the page shows, where, and its points; `reasons` name the features that counted."""

    money: Money
    text: str
    node: LexborNode
    fragment: Fragment
    points: float
    reasons: dict[str, float]
    old: bool
    in_main: bool

    @property
    def is_offered(self) -> bool:
        """Whether anything but its place says that something is sold at this price."""
        return not _OFFERED.isdisjoint(self.reasons)

    @property
    def is_bare(self) -> bool:
        """Whether its element says nothing but the amount and the currency."""
        return "bare" in self.reasons and self.in_main


@dataclass(slots=True)
class _Candidate:
    money: Money
    text: str
    node: LexborNode
    fragment: Fragment
    element: Element
    has_currency: bool


def joined_text(node: LexborNode) -> str:
    """An element's text, with cents that stand in an element of their own put behind a decimal point."""
    text = ""
    for inner in islice(node.traverse(include_text=True), _MOST_NODES):
        if inner.tag != "-text" or not (piece := squeeze(inner.text_content or "")):
            continue
        if text and len(text) < 16 and _minor.match(piece):
            own = inner.parent.mem_id if inner.parent is not None else 0
            if (own != node.mem_id or text[-1] in ".,") and (major := _major.search(text)):
                text = text[: major.start()] + _group.sub("", major.group(0)) + "." + piece.lstrip(".,")
                continue
        if piece[0] in ".," and text and text[-1].isdigit():
            text += piece
        else:
            text = f"{text} {piece}" if text else piece
        if len(text) > 4 * _LONGEST_PRICE:
            break
    return text


def _whole(fragment: Fragment) -> tuple[LexborNode, str]:
    """The largest element around a number that shows this one number alone, and its text."""
    best, text = fragment.node, joined_text(fragment.node)
    at = fragment.node
    for _ in range(3):
        parent = at.parent
        if parent is None or not parent.is_element_node or parent.tag in ("body", "tr", "table", "ul", "form"):
            break
        wider = joined_text(parent)
        if len(wider) > len(text) + _MOST_ADDED or len(wider) > _LONGEST_PRICE or len(_number.findall(wider)) > 1:
            break
        at, best, text = parent, parent, wider
    return best, text


def _candidates(page: Page, area: Area) -> list[_Candidate]:
    found: dict[int, _Candidate] = {}
    for fragment in page.fragments:
        text = fragment.text
        if len(text) > _LONGEST_TEXT or not area.holds(fragment.offset) or not _digit.search(text):
            continue
        currency = _has_currency(text) is not None
        if not currency and not _bare.match(text):
            continue
        if len(text) > _LONGEST_PRICE:
            node, shown = fragment.node, text
        else:
            node, shown = _whole(fragment)
        if node.mem_id in found:
            continue
        currency = currency or _has_currency(shown) is not None
        inner = page.element(fragment.node)
        beside = None if currency else _currency_beside(page, fragment)
        # A bare number is a price only where its element, or the text right beside it, says so.
        if not currency and not beside and not _priced(inner):
            continue
        money = parse_price(shown, beside)
        if money is None or money.amount <= 0 or money.amount >= 10**10:
            continue
        currency = currency or beside is not None
        found[node.mem_id] = _Candidate(money, shown, node, fragment, inner, currency)
        if len(found) >= _MOST_CANDIDATES:
            break
    return list(found.values())


def _currency_beside(page: Page, fragment: Fragment) -> str | None:
    for index in (fragment.index - 1, fragment.index + 1):
        if 0 <= index < len(page.fragments) and len(text := page.fragments[index].text) <= 5 and _is_currency(text):
            return text
    return None


def _priced(element: Element) -> bool:
    return any(outer.traits.price for _, outer in zip(range(4), element.chain(), strict=False))


def shown_prices(page: Page, buttons: list[Button], area: Area) -> list[Shown]:
    """Every price that the area shows, with its points, the likeliest first."""
    candidates = _candidates(page, area)
    heading = page.heading
    shapes = [_row(page, candidate.element) for candidate in candidates]
    rows: dict[str, set[Decimal]] = {}
    for candidate, shape in zip(candidates, shapes, strict=True):
        rows.setdefault(shape, set()).add(candidate.money.amount)
    times = Counter(candidate.money.amount for candidate in candidates)
    offsets = [button.offset for button in buttons if heading is None or button.offset >= heading.offset]
    shown = [
        _score(page, candidate, len(rows[shape]), times[candidate.money.amount], offsets)
        for candidate, shape in zip(candidates, shapes, strict=True)
    ]
    shown = [_paired(shown, index) for index in range(len(shown))]
    if len({price.money.amount for price in shown if price.is_bare}) == 1:
        shown = [_with(price, "alone", 0.8) if price.is_bare else price for price in shown]
    return sorted(shown, key=lambda price: -price.points)


def _with(price: Shown, reason: str, points: float) -> Shown:
    return replace(price, points=price.points + points, reasons={**price.reasons, reason: points})


def _paired(shown: list[Shown], index: int) -> Shown:
    """A price with its points after a look at its neighbours: a regular price beside a lower one is the old price."""
    price = shown[index]
    lowest = price.money.amount * _LOWEST_SALE
    for other in shown[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS + 1]:
        if (
            lowest <= other.money.amount < price.money.amount
            and abs(other.fragment.offset - price.fragment.offset) <= _BESIDE
            and other.in_main == price.in_main
            and other.points >= _LEAST_BESIDE
        ):
            if "named old" in price.reasons:
                return replace(_with(price, "beside lower", -3.0), old=True)
            return _with(price, "beside lower", -0.4)
    return price


def _large_style(style: str) -> bool:
    """Whether an inline style sets the text in large type."""
    return bool(style) and any(float(size) >= 18 for size in _font_size(style))


def _row(page: Page, element: Element) -> str:
    """The shape of a price's surroundings, up to where they meet the heading: alike for all items of a list.

    The product's own price may be marked up like those of a list below it, so parts for other products are told apart.
    """
    steps: list[str] = []
    elsewhere = bool(element.link)
    for outer in element.chain():
        if id(outer) in page.main:
            break
        elsewhere = elsewhere or outer.traits.elsewhere
        if len(steps) < 4:
            steps.append(f"{outer.tag}.{_digits.sub('', outer.traits.words)}")
    return "<".join([*steps, str(elsewhere)])


def _score(
    page: Page,
    candidate: _Candidate,
    alike: int,
    times: int,
    buttons: list[int],
) -> Shown:
    points: dict[str, float] = {}
    fragment, element = candidate.fragment, candidate.element
    heading = page.heading
    old = False
    for level, outer in enumerate(element.chain()):
        if outer.itemprop and "price" in outer.itemprop.lower() and level <= 2:
            points["itemprop"] = 1.0
        traits = outer.traits
        if traits.price and level <= 5:
            points.setdefault("named price", 2.0 if level <= 2 else 1.2)
        if level <= 3:
            if traits.now:
                points.setdefault("named now", 0.8)
            if traits.old:
                points.setdefault("named old", -1.0 if traits.old == "weak" else -3.0)
                old = old or traits.old == "strong"
            if traits.other:
                points.setdefault("named other", -2.5)
        if id(outer) in page.main:
            break
        if traits.main:
            points.setdefault("named main", 0.7)
        if traits.elsewhere:
            points.setdefault("named elsewhere", -2.0)
        if outer.tag in _TAG_POINTS:
            points.setdefault(f"in {outer.tag}", _TAG_POINTS[outer.tag])
    if element.struck:
        old = True
        points["struck"] = -4.0
    if element.link:
        points["link"] = -3.0
    if element.hidden:
        points["hidden"] = -0.8
    if candidate.has_currency:
        points["currency"] = 1.0
    if alike > 2:
        points["row"] = -min(3.0, 0.6 * (alike - 1))
    if times > 1:
        points["repeated"] = min(0.6, 0.2 * times)
    before, _, after = _around(candidate.text)
    said = len(_currencies.sub("", before + after).strip(" .,:-–/*"))
    if said == 0 and candidate.has_currency:
        points["bare"] = 0.5
    elif said > _MOST_PROSE and "named price" not in points:
        points["prose"] = -2.0
    if len(candidate.text) > _LONGEST_PRICE:
        points["long"] = -1.0
    if any(_large_style(outer.style) for _, outer in zip(range(3), element.chain(), strict=False)):
        points["large"] = 1.2
    points.update(_labels(page, candidate))
    old = old or "label old" in points
    points.update(_distance(fragment, heading, buttons))
    in_main = heading is not None and "named elsewhere" not in points and not element.link
    return Shown(
        candidate.money,
        candidate.text,
        candidate.node,
        fragment,
        sum(points.values()),
        points,
        old,
        in_main,
    )


def _labels(page: Page, candidate: _Candidate) -> dict[str, float]:
    """Points for the words before and behind the price."""
    before, _, after = _around(candidate.text)
    index = candidate.fragment.index
    if len(before) < 3:
        before, near = _label_before(page, index)
    else:
        near = before
    points: dict[str, float] = {}
    if says_old(near):
        points["label old"] = -3.0
    elif says_other(near):
        points["label other"] = -2.5
    elif says_now(before):
        points["label now"] = 0.8
    after = f"{after} {_text_behind(page, candidate)}"
    tail = _currencies.sub(" ", after).lstrip(" .,-–*:")
    if says_per_unit(tail) and not says_per_piece(tail):
        points["per unit"] = -2.5
    if starts_as_other(tail):
        points["text other"] = -2.0
    return points


def _text_behind(page: Page, candidate: _Candidate) -> str:
    """The start of the text behind a price, where it belongs to it: beside it in one element, and no price itself."""
    index = candidate.fragment.index + 1
    if index >= len(page.fragments) or (parent := candidate.node.parent) is None:
        return ""
    following = page.fragments[index]
    beside = following.node.mem_id == parent.mem_id or (
        following.node.parent is not None and following.node.parent.mem_id == parent.mem_id
    )
    return "" if not beside or _has_currency(following.text[:24]) else following.text[:24]


def _around(text: str) -> tuple[str, str, str]:
    """The text before its first number, that number, and the text behind it."""
    if not (match := _number.search(text)):
        return text, "", ""
    return text[: match.start()].strip(), match.group(0), text[match.end() :].strip()


def _label_before(page: Page, index: int) -> tuple[str, str]:
    """The short texts before a price, back to the one before; and of these the nearest alone."""
    far, near = "", ""
    for previous in reversed(page.fragments[max(0, index - 4) : index]):
        text = previous.text
        if len(text) <= 5 and _currencies.search(text) and not _digit.search(text):
            continue
        if len(text) > 40 or (_digit.search(text) and _has_currency(text)):
            break
        near = near or ("-" if _digit.search(text) else text)
        far = f"{text} {far}"
    return far, near


def _distance(fragment: Fragment, heading: Fragment | None, buttons: list[int]) -> dict[str, float]:
    points: dict[str, float] = {}
    if heading is not None:
        away = fragment.offset - heading.offset
        if away >= 0:
            points["after heading"] = 2.0 * max(-0.5, 1 - away / 1200)
        else:
            points["before heading"] = 0.8 if away > -250 else -0.6
    if buttons:
        near = min(abs(fragment.offset - offset) for offset in buttons[:3])
        if near < 500:
            points["near buy"] = 1.0 - near / 1000
    return points
