"""Access tokens (JWT, HS256) and refresh tokens (opaque, kept only as hashes)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import SecretStr

from monitors_contracts.base import Id

MIN_SECRET_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: which session, until when."""

    session_id: Id
    expires_at: datetime


class InvalidToken(ValueError):
    """Not a token of ours, or one that has expired."""


class AccessTokens:
    """Signs and reads access tokens. Raises ValueError when the secret is missing or short."""

    def __init__(self, secret: SecretStr | None, lifetime: timedelta) -> None:
        value = secret.get_secret_value() if secret else ""
        if len(value) < MIN_SECRET_LENGTH:
            raise ValueError(f"MONITORS_SECRET_KEY must be set, to at least {MIN_SECRET_LENGTH} characters")
        # The secret also signs other things (links in mails, say): a key of its own keeps one from serving as another.
        self._key = OctKey.import_key(hmac.digest(value.encode(), b"gateway access tokens", "sha256"))
        self._lifetime = lifetime

    def issue(self, session_id: Id, user_id: Id, organization_id: Id, now: datetime) -> tuple[str, datetime]:
        """A token for this session, and when it ends."""
        expires_at = (now + self._lifetime).replace(microsecond=0)
        claims = {
            "sid": str(session_id),
            "sub": str(user_id),
            "org": str(organization_id),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._key), expires_at

    def read(self, token: str, now: datetime) -> Claims:
        """What the token says. Raises InvalidToken."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            found = Claims(UUID(claims["sid"]), datetime.fromtimestamp(claims["exp"], UTC))
        except (JoseError, ValueError, KeyError, TypeError) as invalid:
            raise InvalidToken("not a valid token") from invalid
        if found.expires_at <= now:
            raise InvalidToken("the token has expired")
        return found


def new_refresh_token() -> str:
    """256 bits that nobody guesses."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is kept of a refresh token; random enough not to need a slow hash."""
    return hashlib.sha256(token.encode()).digest()
