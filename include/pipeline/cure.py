"""How long a breach may be cured: days from the notice on, in the calendar of the plant.

Business days are the working days of the plant's country: neither its weekend nor a public holiday of the whole country
(the `holidays` package knows both, weekends other than Saturday and Sunday too). Holidays of a region, and of a plant
whose country is not known, do not count: then the weekend is Saturday and Sunday, and the answer says so.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from include.core.clock import zone

WEEKEND = {5, 6}


class Cure(NamedTuple):
    """The last day to cure, part of it; the instant after it, UTC; and how days were counted, for people."""

    until_on: date
    ends_at: datetime
    counted: str


def period(notified_on: date, days: int, day_count: str, time_zone: str, country: str | None) -> Cure:
    """The cure period after a notice; the day of the notice does not count."""
    if day_count == "calendar":
        until_on, counted = notified_on + timedelta(days=days), "calendar days"
    else:
        until_on, counted = _business_days_later(notified_on, days, country)
    midnight = datetime.combine(until_on + timedelta(days=1), time(), tzinfo=zone(time_zone))
    return Cure(until_on, midnight.astimezone(UTC), counted)


def _business_days_later(day: date, days: int, country: str | None) -> tuple[date, str]:
    import holidays

    known = None
    if country and country.strip():
        try:
            known = holidays.country_holidays(country.strip())
        except NotImplementedError:
            known = None
    for _ in range(days):
        day += timedelta(days=1)
        while not (known.is_working_day(day) if known is not None else day.weekday() not in WEEKEND):
            day += timedelta(days=1)
    if known is None:
        return day, "business days without public holidays, because the country of the plant is not known"
    return day, f"business days of {known.country}"
