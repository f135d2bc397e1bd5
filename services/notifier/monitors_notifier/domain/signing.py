"""Tokens that only this installation can make: what they say, and a signature over it (HMAC-SHA256)."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256

_SIGNATURE = 32


class InvalidToken(ValueError):
    """The token was not made here, or with another key, or for another purpose."""


def make(content: bytes, purpose: bytes, key: str) -> str:
    """A URL-safe token that says this, good for this purpose alone."""
    return urlsafe_b64encode(content + _sign(content, purpose, key)).rstrip(b"=").decode()


def read(token: str, purpose: bytes, key: str) -> bytes:
    """What the token says. Raises InvalidToken."""
    try:
        whole = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, UnicodeEncodeError) as error:
        raise InvalidToken("not a token") from error
    content, signature = whole[:-_SIGNATURE], whole[-_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(content, purpose, key)):
        raise InvalidToken("wrong signature")
    return content


def _sign(content: bytes, purpose: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), purpose + content, sha256).digest()
