"""The account: its tabs, and the page of name, address and password."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ...store.sessions import Session
from ..forms import Errors
from .parts import PASSWORD_RULES, Field, Form, Tab

PAGES = (
    ("", "Profile"),
    ("/sessions", "Sessions"),
    ("/tokens", "Tokens"),
    ("/usage", "Usage"),
    ("/data", "Data"),
)
Part = Literal["name", "email", "password"]


@dataclass(frozen=True, slots=True)
class Section:
    """A form with what it is about."""

    title: str
    words: str
    form: Form


@dataclass(frozen=True, slots=True)
class ProfileView:
    """Name, address and password, each saved on its own."""

    tabs: tuple[Tab, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The form that could not be saved: what was typed, and what is wrong with it."""

    part: Part
    typed: Mapping[str, str]
    errors: Errors


def account_tabs(root: str, current: str) -> tuple[Tab, ...]:
    """The pages of the account; `current` is the path of one."""
    return tuple(Tab(words, f"{root}/account{path}", path == current) for path, words in PAGES)


def profile_view(root: str, session: Session, failed: Failed | None = None) -> ProfileView:
    """The profile as it is, or with the form that failed as it was sent."""

    def of(part: Part) -> tuple[Mapping[str, str], Errors]:
        return (failed.typed, failed.errors) if failed and failed.part == part else ({}, Errors())

    return ProfileView(
        account_tabs(root, ""),
        (
            Section("Name", "What you are called here.", _name_form(root, session, *of("name"))),
            Section(
                "E-mail address",
                f"You sign in as {session.email}. Your first channel sends there too, and follows to the new one.",
                _email_form(root, *of("email")),
            ),
            Section(
                "Password",
                "A new one signs you out everywhere else. API tokens go on: revoke those you no longer trust.",
                _password_form(root, of("password")[1]),
            ),
        ),
    )


def _name_form(root: str, session: Session, typed: Mapping[str, str], errors: Errors) -> Form:
    name = Field(
        "name",
        "Name",
        typed.get("name", session.name),
        error=errors.of("name"),
        required=True,
        autocomplete="name",
        maxlength=100,
    )
    return Form(f"{root}/account/name", (name,), "Save name", errors.form, "plain")


def _email_form(root: str, typed: Mapping[str, str], errors: Errors) -> Form:
    email = Field(
        "email",
        "New e-mail address",
        typed.get("email", ""),
        "email",
        error=errors.of("email"),
        required=True,
        autocomplete="email",
    )
    proof = Field(
        "current_password",
        "Your password",
        kind="password",
        error=errors.of("current_password"),
        required=True,
        autocomplete="current-password",
    )
    return Form(f"{root}/account/email", (email, proof), "Change address", errors.form, "plain")


def _password_form(root: str, errors: Errors) -> Form:
    current = Field(
        "current_password",
        "Current password",
        kind="password",
        error=errors.of("current_password"),
        required=True,
        autocomplete="current-password",
    )
    new = Field(
        "new_password",
        "New password",
        kind="password",
        error=errors.of("new_password"),
        required=True,
        autocomplete="new-password",
        rules=PASSWORD_RULES,
    )
    return Form(f"{root}/account/password", (current, new), "Change password", errors.form, "plain")
