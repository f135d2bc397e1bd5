"""Tokens that name something and can't be made elsewhere: bytes with their HMAC-SHA256, safe in a URL."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from hashlib import sha256

SIGNATURE_BYTES = 32


class InvalidToken(ValueError):
    """The token was not made with this secret for this purpose."""


def seal(content: bytes, purpose: bytes, secret: str, *, signature_bytes: int = SIGNATURE_BYTES) -> str:
    """A token that holds this, readable by anybody. No purpose begins another, so that none serves as another."""
    return urlsafe_b64encode(content + _sign(content, purpose, secret)[:signature_bytes]).decode().rstrip("=")


def unseal(token: str, purpose: bytes, secret: str, *, signature_bytes: int = SIGNATURE_BYTES) -> bytes:
    """What the token holds. Raises InvalidToken."""
    try:
        whole = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (NotBase64, ValueError) as error:
        raise InvalidToken("not a token") from error
    content, signature = whole[:-signature_bytes], whole[-signature_bytes:]
    if not hmac.compare_digest(signature, _sign(content, purpose, secret)[:signature_bytes]):
        raise InvalidToken("wrong signature")
    return content


def _sign(content: bytes, purpose: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), purpose + content, sha256).digest()
