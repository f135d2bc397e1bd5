"""Taking everything away, and leaving."""

from dataclasses import dataclass

from ..forms import Errors
from .account import account_tabs
from .parts import Field, Form, Tab

EXPORTED = (
    "Monitors, with what each sentence was understood to mean",
    "Every check: what was read, where it stood, what was decided",
    "Rules, alerts with their timelines, messages and how far each came",
    "Channels, with secrets masked",
    "What you did, from the audit log",
)
STAYS = (
    "Entries of the audit log and recorded events, until their retention ends",
    "Backups that the operator of this platform keeps",
    "Messages that were delivered already",
)


@dataclass(frozen=True, slots=True)
class DataView:
    """The page."""

    tabs: tuple[Tab, ...]
    export: str
    exported: tuple[str, ...]
    email: str
    erased: tuple[str, ...]
    stays: tuple[str, ...]
    form: Form
    is_failed: bool


def data_view(root: str, email: str, monitors: int, errors: Errors | None = None) -> DataView:
    """The page; `monitors` is how many the user has."""
    wrong = errors or Errors()
    confirm = Field(
        "confirm",
        "Type “delete” to confirm",
        error=wrong.of("confirm"),
        required=True,
        placeholder="delete",
        maxlength=20,
    )
    password = Field(
        "password",
        "Your password",
        kind="password",
        error=wrong.of("password"),
        required=True,
        autocomplete="current-password",
    )
    return DataView(
        account_tabs(root, "/data"),
        f"{root}/account/export",
        EXPORTED,
        email,
        (
            f"{_counted(monitors)} with every check, value and kept page",
            "Alerts, channels, messages and measurements",
            "Sessions and API tokens: every browser and program is signed out at once",
        ),
        STAYS,
        Form(f"{root}/account/delete", (confirm, password), "Delete this account for good", wrong.form, "danger"),
        errors is not None,
    )


def _counted(monitors: int) -> str:
    return "Your monitor" if monitors == 1 else f"All {monitors} monitors" if monitors else "Monitors"
