"""Times that people and programs write, within what calendars can be reckoned with."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_FIRST, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _countable(moment: datetime) -> datetime:
    if not _FIRST <= moment < _END:
        raise ValueError("times are from the year 2000 to 2199")
    return moment


Plannable = Annotated[AwareDatetime, AfterValidator(_countable)]
"""A time that something is planned for or asked about: weeks before and after it, in any zone, are times too."""
