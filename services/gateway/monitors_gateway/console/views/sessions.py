"""Where somebody is signed in, and what happened around it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...api.account import SessionShape
from ...api.audit import AuditEntry
from ..formats import Formats, When
from .account import account_tabs
from .parts import Action, Moment, Tab, Tone

MOST_MOMENTS = 15
# What is told of the audit log here: what lets somebody in or keeps them out.
HAPPENED: dict[str, tuple[str, Tone]] = {
    "auth.register": ("Account created", "good"),
    "auth.login": ("Signed in", "good"),
    "auth.login-failed": ("Wrong password", "warn"),
    "auth.logout": ("Signed out", "neutral"),
    "auth.refresh-token-reused": ("A copied sign-in was stopped", "bad"),
    "session.end": ("A session was ended", "neutral"),
    "session.end-others": ("All other sessions were ended", "neutral"),
    "account.update": ("Name or address changed", "info"),
    "account.password": ("Password changed", "info"),
    "account.export": ("Data exported", "info"),
    "token.create": ("API token made", "info"),
    "token.revoke": ("API token revoked", "neutral"),
}


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser or program that is signed in."""

    client: str
    icon: str
    address: str
    since: When
    used: When
    is_current: bool
    user_agent: str
    end: Action | None


@dataclass(frozen=True, slots=True)
class SessionsView:
    """All sessions, and what happened lately."""

    tabs: tuple[Tab, ...]
    sessions: tuple[SessionRow, ...]
    end_others: Action | None
    moments: tuple[Moment, ...]


def sessions_view(
    root: str, sessions: Sequence[SessionShape], entries: Sequence[AuditEntry], formats: Formats
) -> SessionsView:
    """The page; this browser's own session comes first."""
    here = f"{root}/account/sessions"
    rows = [_row(here, each, formats) for each in sorted(sessions, key=lambda each: not each.current)]
    others = Action(
        "Sign out everywhere else",
        f"{here}/end-others",
        "log-out",
        "danger",
        confirm="Every other browser and program has to sign in again. API tokens go on.",
    )
    told = [each for each in entries if each.what in HAPPENED][:MOST_MOMENTS]
    return SessionsView(
        account_tabs(root, "/sessions"),
        tuple(rows),
        others if len(rows) > 1 else None,
        tuple(_moment(each, formats) for each in told),
    )


def _row(here: str, session: SessionShape, formats: Formats) -> SessionRow:
    is_program = " on " not in session.client
    end = Action(f"Sign out {session.client}", f"{here}/{session.id}/end", "log-out")
    return SessionRow(
        session.client,
        "terminal" if is_program else "monitor-smartphone",
        session.address,
        formats.when(session.created_at),
        formats.when(session.last_used_at),
        session.current,
        session.user_agent,
        None if session.current else end,
    )


def _moment(entry: AuditEntry, formats: Formats) -> Moment:
    title, tone = HAPPENED[entry.what]
    name = entry.data.get("name")
    return Moment(
        f"{title}: {name}" if name else title,
        formats.when(entry.occurred_at),
        tone,
        by=f"from {entry.address}" if entry.address else "",
    )
