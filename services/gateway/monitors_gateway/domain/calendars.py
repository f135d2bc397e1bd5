"""Turns as a calendar (iCalendar, RFC 5545)."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event

from monitors_contracts.oncall import ShiftList

REFRESH = timedelta(hours=1)
"""How often calendar programs are asked to look again."""
WEEK = timedelta(days=7)


def span_of(now: datetime) -> tuple[datetime, datetime]:
    """What a calendar shows: the last week and three months, from Monday to Monday, so that what reaches beyond is cut
    at the same places for a week.
    """
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    return monday - WEEK, monday + 13 * WEEK


def calendar_of(listed: ShiftList, now: datetime) -> bytes:
    """The turns of people, an event each; gaps are empty time."""
    schedule = listed.schedule
    calendar = Calendar()
    calendar.add("prodid", "-//Monitors//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", f"On call: {schedule.name}")
    calendar.add("x-wr-calname", f"On call: {schedule.name}")
    calendar.add("x-wr-timezone", schedule.timezone)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for shift in listed.shifts:
        if shift.contact_id is None:
            continue
        event = Event()
        event.add("uid", f"{schedule.id}-{shift.starts_at:%Y%m%dT%H%M%SZ}@monitors")
        event.add("dtstamp", now)
        event.add("dtstart", shift.starts_at)
        event.add("dtend", shift.ends_at)
        event.add("summary", f"{shift.name or 'Somebody'} is on call ({schedule.name})")
        event.add("description", "Stands in" if shift.override_id else f"{shift.layer}")
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return calendar.to_ical()
