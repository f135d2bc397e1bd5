"""One user of the shared platform, at the REST API and on the command line."""

from typing import Any

import pytest

from driving import Command


@pytest.fixture
def user(platform: Any) -> Any:
    """Somebody signed up, with nothing yet."""
    return platform.user()


@pytest.fixture
def monitors(platform: Any, user: Any) -> Command:
    """The `monitors` command as this user."""
    return Command(platform.api, user.token)
