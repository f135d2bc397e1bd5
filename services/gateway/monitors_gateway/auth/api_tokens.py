"""API tokens: what programs sign in with, made and revoked by their owner."""

import os
from datetime import datetime

from monitors_contracts.base import Id, new_id
from monitors_runtime.errors import problem

from ..domain.api_tokens import ENTROPY_BYTES, looks_right, make_token
from ..domain.scopes import Scope
from ..gateway import Gateway
from ..store import api_tokens as store
from ..store.api_tokens import ApiToken, ListedToken
from ..store.sessions import Session
from .tokens import token_hash

MOST_TOKENS = 100
_ENDING_CHARACTERS = 4


async def find(gateway: Gateway, token: str) -> ApiToken | None:
    """The token, unless it is none of ours, was revoked or has expired."""
    return await gateway.api_tokens.find(token_hash(token)) if looks_right(token) else None


async def create(
    gateway: Gateway, session: Session, name: str, scopes: set[Scope], expires_at: datetime | None, address: str
) -> tuple[str, ListedToken]:
    """A new token, shown now and never again. Problem: `token-limit`."""
    token = make_token(os.urandom(ENTROPY_BYTES))
    async with gateway.service.transaction() as tx:
        if await store.lock_and_count(tx.db, session.user_id) >= MOST_TOKENS:
            detail = f"You have {MOST_TOKENS} API tokens, the most there may be; revoke one to make room."
            raise problem("token-limit", "Too many API tokens", 409, detail)
        made = ListedToken(
            new_id(), name, token[-_ENDING_CHARACTERS:], sorted(scopes), tx.now, expires_at, last_used_at=None
        )
        await store.insert(tx.db, made, session.user_id, session.organization_id, token_hash(token))
        await gateway.audit(
            tx,
            "token.create",
            organization_id=session.organization_id,
            user_id=session.user_id,
            address=address,
            target=made.id,
            data={"name": name, "scopes": list(made.scopes)},
        )
    return token, made


async def revoke(gateway: Gateway, session: Session, token_id: Id, address: str) -> None:
    """End a token at once, in every process. Problem: `token-not-found`."""
    async with gateway.service.transaction() as tx:
        deleted = await store.delete(tx.db, session.user_id, token_id)
        if deleted is None:
            raise problem("token-not-found", "No such API token", 404, "You have no API token with this id.")
        await gateway.audit(
            tx,
            "token.revoke",
            organization_id=session.organization_id,
            user_id=session.user_id,
            address=address,
            target=token_id,
            data={"name": deleted[1]},
        )
    await gateway.api_tokens.announce_revoked(deleted[0])
