"""Times that people and programs write, within what calendars can be reckoned with."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def years(first: int, last: int) -> AfterValidator:
    """Annotates a time that is within these years (UTC): days before and after it, in any zone, are times too."""
    begin, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)

    def check(moment: datetime) -> datetime:
        if not begin <= moment < end:
            raise ValueError(f"times are from the year {first} to {last}")
        return moment

    return AfterValidator(check)


Plannable = Annotated[AwareDatetime, years(2000, 2199)]
"""A time that something is planned for or asked about."""
