"""API tokens: those there are, the form for another, and a new one, shown once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ...api.tokens import CreateTokenReply, TokenShape
from ...domain.scopes import Scope
from ..formats import Formats, When
from ..forms import Errors
from .account import account_tabs
from .parts import Action, Badge, Empty, Field, Form, Option, Tab

SOON = timedelta(days=7)
DAYS = {"30": "30 days", "90": "90 days", "365": "A year", "": "No end"}
DEFAULT_DAYS = "90"
NONE_YET = Empty(
    "key-round",
    "No API tokens yet",
    "A token lets a script, a collector or a dashboard act for you, within the limits you give it.",
)


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """Something a new token may be allowed."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as its owner sees it."""

    name: str
    hint: str
    scopes: tuple[str, ...]
    created: When
    used: When | None
    expires: When | None
    expires_day: str
    expiry: Badge | None
    revoke: Action


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made: its only showing, and how to use it."""

    name: str
    token: str
    example: str


@dataclass(frozen=True, slots=True)
class TokensView:
    """All tokens, the form for another, and perhaps a new one."""

    tabs: tuple[Tab, ...]
    tokens: tuple[TokenRow, ...]
    empty: Empty
    form: Form
    scopes: tuple[ScopeChoice, ...]
    scopes_error: str
    new: NewToken | None


def expires_at(days: str, now: datetime) -> datetime | None:
    """When a token of the chosen life ends; None for no end."""
    return now + timedelta(days=int(days)) if days in DAYS and days else None


def tokens_view(
    root: str,
    api: str,
    tokens: Sequence[TokenShape],
    formats: Formats,
    typed: Mapping[str, str],
    chosen: Collection[str],
    errors: Errors,
    made: CreateTokenReply | None,
) -> TokensView:
    """The page. `api` is the address of the REST API, for the example; `typed` and `chosen` are the form's."""
    here = f"{root}/account/tokens"
    name = Field(
        "name",
        "Name",
        typed.get("name", ""),
        hint="What will use it, so that you know it again.",
        error=errors.of("name"),
        required=True,
        placeholder="Collector in the cellar",
        maxlength=100,
    )
    days = Field(
        "days",
        "Serves for",
        typed.get("days", DEFAULT_DAYS),
        "select",
        error=errors.of("expires_at"),
        options=tuple(Option(value, words) for value, words in DAYS.items()),
    )
    return TokensView(
        account_tabs(root, "/tokens"),
        tuple(_row(here, each, formats) for each in tokens),
        NONE_YET,
        Form(here, (name, days), "Create token", errors.form),
        tuple(ScopeChoice(scope, scope.meaning, scope in chosen) for scope in Scope),
        errors.of("scopes"),
        _new(api, made) if made else None,
    )


def _row(here: str, token: TokenShape, formats: Formats) -> TokenRow:
    revoke = Action(
        "Revoke",
        f"{here}/{token.id}/revoke",
        "trash-2",
        "danger",
        confirm=f"Whatever uses “{token.name}” is refused from now on. This can't be undone.",
    )
    return TokenRow(
        token.name,
        token.hint,
        tuple(token.scopes),
        formats.when(token.created_at),
        formats.maybe_when(token.last_used_at),
        formats.maybe_when(token.expires_at),
        formats.day(token.expires_at) if token.expires_at else "",
        _expiry(token.expires_at, formats.now),
        revoke,
    )


def _expiry(moment: datetime | None, now: datetime) -> Badge | None:
    if moment is None:
        return None
    if moment <= now:
        return Badge("Expired", "bad")
    return Badge("Expires soon", "warn") if moment - now < SOON else None


def _new(api: str, made: CreateTokenReply) -> NewToken:
    return NewToken(made.details.name, made.token, f'curl -H "Authorization: Bearer {made.token}" {api}/monitors')
