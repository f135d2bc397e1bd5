"""What several tests in a browser do: sign in, and expect a refusal."""

from typing import Any

from playwright.sync_api import Page

PASSWORD = "Correct1horse"


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill and send the form of the page that asks who it is."""
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def forgive(visitor: Any, *statuses: int) -> None:
    """The browser notes refusals on its console, also those a test is about."""
    expected = [f"status of {status}" for status in statuses]
    visitor.complaints[:] = [each for each in visitor.complaints if not any(word in each for word in expected)]
