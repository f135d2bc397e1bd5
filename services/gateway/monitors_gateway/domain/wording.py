"""What is wrong with what was sent, in words."""

from collections.abc import Mapping
from typing import Any


def message_of(error: Mapping[str, Any]) -> str:
    """What one of pydantic's errors says, without the word that it puts before what our own checks say."""
    return str(error["msg"]).removeprefix("Value error, ")
