"""What an API token looks like: `mon_`, 30 random characters, and a checksum, so that scanners for leaked secrets find
it without false alarms and a mistyped one is known without asking anybody."""

import string
import zlib

PREFIX = "mon_"
PATTERN = r"mon_[0-9A-Za-z]{36}"
RANDOM_CHARACTERS = 30
ENTROPY_BYTES = 32
_CHECK_CHARACTERS = 6
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase


def make_token(entropy: bytes) -> str:
    """The token of these random bytes (`ENTROPY_BYTES`); 30 characters of 62 hold 178 bits of them."""
    random = _base62(int.from_bytes(entropy), RANDOM_CHARACTERS)
    return PREFIX + random + _checksum(random)


def looks_right(text: str) -> bool:
    """Whether a text could be a token of ours."""
    random, check = text[len(PREFIX) : -_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    return text.startswith(PREFIX) and len(random) == RANDOM_CHARACTERS and check == _checksum(random)


def _checksum(random: str) -> str:
    return _base62(zlib.crc32(random.encode()), _CHECK_CHARACTERS)


def _base62(number: int, length: int) -> str:
    """The last `length` digits of the number, to the base 62."""
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
