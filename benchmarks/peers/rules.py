"""The rules of `expectations/readings.json`, as stock expectations over a table that dlt loaded."""

from datetime import UTC, datetime, timedelta

import great_expectations.expectations as gxe

from benchmarks.readings import METERS, RATED_W

KEY = ("site_id", "device_id", "timestamp", "interval_seconds")
QUALITIES = ("measured", "estimated", "missing")


def expectations() -> list[gxe.Expectation]:
    """One expectation for each rule that needs no view."""
    now = datetime.now(UTC)
    devices = [*(f"INV-{number}" for number in range(METERS)), "SPARE"]
    longest_h = 1.0
    between = gxe.ExpectColumnValuesToBeBetween
    return [
        *(gxe.ExpectColumnValuesToNotBeNull(column=column) for column in KEY),
        between(column="timestamp", max_value=now + timedelta(minutes=5)),
        between(column="timestamp", min_value=now - timedelta(days=3652.5)),
        gxe.ExpectColumnValuesToBeInSet(column="interval_seconds", value_set=[300, 900, 1800, 3600]),
        between(column="energy_wh", min_value=-0.1 * RATED_W * longest_h),
        between(column="energy_wh", max_value=1.5 * RATED_W * longest_h),
        between(column="power_w", min_value=-0.1 * RATED_W),
        between(column="power_w", max_value=1.5 * RATED_W),
        between(column="irradiance_wm2", min_value=-10.0, max_value=1800.0),
        between(column="temperature_c", min_value=-50.0, max_value=100.0),
        gxe.ExpectColumnValuesToBeInSet(column="device_id", value_set=devices),
        gxe.ExpectColumnValuesToNotBeNull(column="quality"),
        gxe.ExpectColumnValuesToBeInSet(column="quality", value_set=list(QUALITIES)),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=list(KEY)),
    ]
