"""Signing up and in."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..formats import When
from ..forms import Errors
from .parts import PASSWORD_RULES, Field


@dataclass(frozen=True, slots=True)
class EntryView:
    """A form for a visitor. `next` is where to go afterwards, `notice` why one is here, `retry` when to try again."""

    title: str
    words: str
    submit: str
    action: str
    fields: tuple[Field, ...]
    other_words: str
    other_link_words: str
    other_link: str
    next: str
    error: str
    notice: str = ""
    retry: When | None = None


def login_view(root: str, fields: Mapping[str, str], errors: Errors, onward: str, query: str) -> EntryView:
    """The sign-in."""
    return EntryView(
        "Welcome back",
        "Sign in to see what your monitors found.",
        "Sign in",
        f"{root}/login",
        (
            Field(
                "email",
                "E-mail",
                fields.get("email", ""),
                "email",
                error=errors.of("email"),
                required=True,
                autocomplete="username",
                autofocus=not fields.get("email"),
            ),
            Field(
                "password",
                "Password",
                kind="password",
                error=errors.of("password"),
                required=True,
                autocomplete="current-password",
                autofocus=bool(fields.get("email")),
            ),
        ),
        "New here?",
        "Create an account",
        f"{root}/signup{query}",
        onward,
        errors.form,
    )


def signup_view(root: str, fields: Mapping[str, str], errors: Errors, onward: str, query: str) -> EntryView:
    """The sign-up."""
    return EntryView(
        "Create your account",
        "One sentence is all it takes to watch something. You will be asked for it next.",
        "Create account",
        f"{root}/signup",
        (
            Field(
                "name",
                "Name",
                fields.get("name", ""),
                error=errors.of("name"),
                required=True,
                autocomplete="name",
                maxlength=100,
                autofocus=True,
            ),
            Field(
                "email",
                "E-mail",
                fields.get("email", ""),
                "email",
                error=errors.of("email"),
                required=True,
                autocomplete="username",
            ),
            Field(
                "password",
                "Password",
                kind="password",
                error=errors.of("password"),
                required=True,
                autocomplete="new-password",
                rules=PASSWORD_RULES,
            ),
        ),
        "Have an account?",
        "Sign in",
        f"{root}/login{query}",
        onward,
        errors.form,
    )
