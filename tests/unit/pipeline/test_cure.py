"""Cure periods: calendar and business days, in the plant's calendar and country."""

from datetime import UTC, date, datetime

import pytest

from include.pipeline import cure


def test_v17_thirty_calendar_days_end_with_the_last_of_them_at_the_plant():
    found = cure.period(date(2026, 3, 10), 30, "calendar", "Europe/Berlin", "DE")
    # summer time began on 29 March
    assert found == (date(2026, 4, 9), datetime(2026, 4, 9, 22, tzinfo=UTC), "calendar days")
    assert cure.period(date(2026, 3, 10), 30, "calendar", "UTC", None).ends_at == datetime(2026, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("country", "notified_on", "days", "until_on"),
    [
        # Good Friday and Easter Monday
        ("DE", date(2026, 4, 1), 3, date(2026, 4, 8)),
        # Friday and Saturday are the weekend, and two holidays of the year's end do not count
        ("SA", date(2026, 6, 3), 2, date(2026, 6, 7)),
        ("KE", date(2026, 12, 24), 1, date(2026, 12, 28)),
        ("KEN", date(2026, 12, 24), 1, date(2026, 12, 28)),
        # across the year
        ("DE", date(2026, 12, 30), 2, date(2027, 1, 4)),
        (None, date(2026, 4, 1), 3, date(2026, 4, 6)),
        ("Atlantis", date(2026, 4, 1), 3, date(2026, 4, 6)),
        ("  ", date(2026, 4, 3), 1, date(2026, 4, 6)),
    ],
)
def test_business_days_leave_out_weekend_and_holidays_of_the_country(country, notified_on, days, until_on):
    found = cure.period(notified_on, days, "business", "UTC", country)
    assert found.until_on == until_on
    assert ("without public holidays" in found.counted) == (country not in {"DE", "SA", "KE", "KEN"})
