"""Money in text: amounts in the number formats and currency signs of many countries.

price-parser does the work. Around it: digits and separators of other scripts, the number that stands beside the currency
sign when a text holds several, and currency signs that price-parser does not know.
"""

import re
from decimal import Decimal
from functools import lru_cache

from price_parser import Price

from .model import Money

_LONGEST = 300

# Signs of price-parser's own list are left to it; these are written in shops and missing there.
_EXTRA_SIGNS = (
    r"US \$|G\$|VN[ĐD]|₫|￡|د\.إ|ر\.س|ر\.ق|ر\.ع|ر\.ي|د\.ك|د\.ب|د\.م|ج\.م|ج\.س|ل\.ل|ل\.د|ع\.د|د\.ج|دج|دينار كويتي|دينار"
    r"|บาท|人民币|so'm|сум|ናቕፋ|francs?\b|KShs?\b|CND\b|SPL\b|ДЕН\b|ден\b|Esc\b|stg\b|zl\b|тг\.?(?!\w)|тенге"
    r"|(?<![^\W\d_])(?:R(?=\s?\d)|(?<=\d)[Qq]\b|(?<=\d )(?:[Kk]n|L|NT|Nu|Ar|Vt|د\.))(?![^\W\d_])"
)
_extra_sign = re.compile(_EXTRA_SIGNS).search
# A sign that is unmistakably money, to find the number that belongs to it.
_SURE = r"(?:US|CA|AU|NZ|HK|NT|S|R|A|C|AR|MX)?\$|[€£¥￥₹₽₩₺₴₸₦฿₫₪₱₡₲₾₼]|EUR|USD|GBP|CHF|zł|Kč"
_NUMBER = r"(?:\d{1,3}(?:\s\d{3}(?!\d))+(?:[.,]\d{1,2}(?!\d))?|\d[\d.,']*)"
_beside_sign = re.compile(rf"(?:{_SURE})\s?\.?{_NUMBER}|{_NUMBER}\s?(?:{_SURE})(?!\s?\d)").search
_numbers = re.compile(_NUMBER).findall
# The first number has a currency's sign or code beside it, or is a percentage, which price-parser skips.
_sign_first = re.compile(rf"^\D*(?:{_SURE}|\b[A-Z]{{3}})\s?\.?\d|^\D*{_NUMBER}\s?(?:(?:{_SURE})(?!\d)|%)").match

_FOREIGN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "´": "'",
        "ʼ": "'",
        "′": "'",
        "，": ",",
        "．": ".",
        "٫": ".",
        "٬": ",",
        "\u200f": " ",
        "\u200e": " ",
    }
    | {"\u200b": "", "–": "-", "—": "-", "−": "-"}
    | {chr(0xFF10 + digit): str(digit) for digit in range(10)}
)
_in_cents = re.compile(r"^[^$\d]*\d+\s?¢").match
_abbreviation = re.compile(r"\b(Rs|Rp|kr|Fr|SFr|Lei|Kn|Nu|руб|лв|тг|грн)\.(?=\d)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def parse_price(text: str, currency_hint: str | None = None) -> Money | None:
    """The first amount of money in `text`, or None when it holds no number.

    `currency_hint` is a text that may name the currency when `text` does not: `EUR`, `Price in €`. "Free" is an amount of 0.
    """
    plain = text[:_LONGEST].translate(_FOREIGN)
    plain = _abbreviation.sub(r"\1 ", plain)
    hint = currency_hint[:_LONGEST] if currency_hint else None
    sought = plain
    if not _sign_first(plain) and len(_numbers(plain)) > 1 and (beside := _beside_sign(plain)):
        sought = beside.group(0)
    price = Price.fromstring(sought, currency_hint=hint)
    if price.amount is None:
        return None
    amount = price.amount / 100 if _in_cents(plain) else price.amount
    extra = _extra_sign(plain)
    currency = price.currency
    if extra is None and currency is None and hint:
        extra = _extra_sign(hint)
    if extra and (currency is None or (currency == "$" and "$" in extra.group(0))):
        currency = extra.group(0)
    return Money(amount, currency)


# Currencies without cents in use: three digits behind a dot are thousands there.
_NO_CENTS = {"CLP", "COP", "IDR", "ISK", "JPY", "KRW", "PYG", "VND", "HUF"}


def parse_amount(value: object, currency: object = None) -> Decimal | None:
    """The amount in a field of structured data: a JSON number, or text such as `1299.00` or `1.299,00 €`.

    `currency` is the field beside it: a price of `12.990` in CLP is 12990.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        amount = Decimal(str(value))
        return amount if amount.is_finite() and amount >= 0 else None
    if isinstance(value, str) and (money := parse_machine_price(value)):
        thousands = currency in _NO_CENTS and money.amount.as_tuple().exponent == -3
        return money.amount * 1000 if thousands else money.amount
    return None


_machine_number = re.compile(r"\d+(?:\.\d+)?").fullmatch


def parse_machine_price(text: str) -> Money | None:
    """As `parse_price`, for a text written for machines, where a dot before three digits is a decimal point."""
    stripped = text.strip()
    if len(stripped) < 40 and stripped.isascii() and _machine_number(stripped):
        return Money(Decimal(stripped))
    return parse_price(stripped) if len(stripped) <= 60 else None


_ISO_OF_SIGN = {
    "€": "EUR", "euro": "EUR", "Euro": "EUR", "euros": "EUR", "£": "GBP", "¥": None, "₹": "INR",
    "₽": "RUB", "RUR": "RUB", "руб.": "RUB", "руб": "RUB", "р.": "RUB", "₴": "UAH", "грн.": "UAH",
    "грн": "UAH", "₩": "KRW", "원": "KRW", "₺": "TRY", "TL": "TRY", "zł": "PLN", "Zł": "PLN",
    "Kč": "CZK", "Ft": "HUF", "₸": "KZT", "тг.": "KZT", "тг": "KZT", "₫": "VND", "VNĐ": "VND",
    "₪": "ILS", "₱": "PHP", "฿": "THB", "บาท": "THB", "₦": "NGN", "R$": "BRL", "US$": "USD",
    "US $": "USD", "C$": "CAD", "CA$": "CAD", "AU$": "AUD", "A$": "AUD", "NZ$": "NZD", "HK$": "HKD",
    "NT$": "TWD", "S$": "SGD", "MX$": "MXN", "円": "JPY", "元": None, "Rp": "IDR", "RM": "MYR",
    "лв.": "BGN", "лв": "BGN", "ر.س": "SAR", "د.إ": "AED", "SFr": "CHF", "kn": "HRK", "Kn": "HRK",
    "lei": "RON", "Lei": "RON",
}  # fmt: skip


def currency_code(sign: str | None) -> str | None:
    """The ISO code of a currency sign that means one currency alone; any other sign as it is written."""
    if sign is None or not (sign := sign.strip().strip("\u200f")):
        return None
    if sign in _ISO_OF_SIGN:
        return _ISO_OF_SIGN[sign] or sign
    return sign.upper() if len(sign) == 3 and sign.isascii() and sign.isalpha() else sign


def is_code(currency: str) -> bool:
    """Whether a currency is given by its ISO code."""
    return len(currency) == 3 and currency.isascii() and currency.isupper()
