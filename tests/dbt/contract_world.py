"""Contracts with obligations, meters and events, made by plain SQL; and the day of irradiance that examples use."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from tests.dbt.world import World

# W/m2 of the hours from 06 to 17; at 80 Wh for each, the undisturbed day brings 440,000 Wh
PROFILE = dict(zip(range(6, 18), (40, 150, 300, 500, 700, 850, 900, 800, 600, 400, 200, 60), strict=True))
WH_PER_WM2 = 80
DAY = datetime(2026, 6, 1, tzinfo=UTC)
FIRST_DAY = DAY.date()

TERMS = {
    "metric": "availability",
    "period_type": "month",
    "guarantee": 98,
    "settle_days": 5,
    "measurement_boundary": "plant_meter",
    "loss_factor": 0,
    "meter_error_lookback": "none",
    "expected_from": "irradiance",
    "irradiance_min_wm2": 50,
    "power_min_w": 0,
    "power_min_share": 0,
    "capacity_kwp": 100,
    "expected_performance_ratio": "0.8",
    "downtime_basis": "slot",
    "weighting": "time",
    "excused_classes": ["curtailment"],
    "excused_method": "exclude_both",
    "category_priority": ["out_of_specification", "produced", "excused", "no_data", "not_producing"],
    "missing_policy": "unavailable",
    "min_completeness_percent": 95,
    "substitute_order": [],
    "substitute_loss_factor": 0,
    "degradation_per_year": 0,
    "is_temperature_corrected": False,
    "reference_temperature_c": 25,
    "efficiency_factor": 1,
    "deemed_method": "none",
    "deemed_classes": [],
    "deemed_irradiance_min_wm2": 100,
    "ld_basis": "none",
    "ld_step_mode": "pro_rata",
    "rounding": "half_up",
    "money_decimals": 2,
    "day_count": "calendar",
}


class Contract:
    """One contract of one plant in Greenwich."""

    def __init__(
        self,
        world: World,
        time_zone: str = "UTC",
        assess_from_on: date = FIRST_DAY,
        ends_on: date | None = None,
        **plant,
    ) -> None:
        self.world = world
        self.organization = world.organization()
        where = {"latitude": "51.47790", "longitude": "0"}
        self.project = world.project(self.organization, time_zone=time_zone, **(where | plant))
        self.contract = self.insert(
            "core.contract", "contract_id", project_id=self.project, external_contract_id="C-1", name="PPA",
            currency_code="USD", ends_on=ends_on,
        )  # fmt: skip
        self.version = self.insert(
            "core.contract_version", "contract_version_id", contract_id=self.contract, version=1,
            effective_on=assess_from_on, year_anchor_on=assess_from_on, assess_from_on=assess_from_on,
            currency_code="USD", terms="{}", terms_sha256="0" * 64, applied_by="test",
        )  # fmt: skip
        self._obligations = 0

    def insert(self, table: str, key: str, **columns) -> int:
        return self.world._insert(table, key, organization_id=self.organization, **columns)

    def meter(self, device: str, **columns) -> int:
        return self.world.meter(self.project, device, **columns)

    def obligation(self, measured: int | Iterable[int], roles: dict[str, Iterable[int]] | None = None, **terms) -> int:
        """A promise over some meters; `roles` names the meters that help, in order of priority."""
        self._obligations += 1
        obligation = self.insert(
            "core.obligation", "obligation_id", contract_id=self.contract, contract_version_id=self.version,
            **(TERMS | {"obligation_code": f"o{self._obligations}", "version": 1, "valid_from_on": date(2020, 1, 1)}
            | terms),
        )  # fmt: skip
        meters = {"measured": [measured] if isinstance(measured, int) else measured, **(roles or {})}
        for role, numbers in meters.items():
            for priority, meter in enumerate(numbers, start=1):
                self.world.connection.execute(
                    "insert into core.obligation_meter (organization_id, obligation_id, meter_id, role, priority) "
                    "values (%s, %s, %s, %s, %s)",
                    [self.organization, obligation, meter, role, priority],
                )
        return obligation

    def event(self, event_class: str, starts_at: datetime, ends_at: datetime | None, **columns) -> int:
        number = self.world.value("select count(*) from core.plant_event")
        return self.insert(
            "core.plant_event", "plant_event_id", project_id=self.project, event_class=event_class,
            starts_at=starts_at, ends_at=ends_at,
            **({"external_event_id": f"E{number}", "version": 1, "applied_by": "test"} | columns),
        )  # fmt: skip

    def reassess(self, from_on: date, to_on: date) -> None:
        """Ask that days be computed again; the next publication takes it up."""
        self.insert(
            "ops.reassessment", "reassessment_id", contract_id=self.contract, from_on=from_on, to_on=to_on,
            reason="test", requested_by="test",
        )  # fmt: skip

    def publish(self, *loads: int) -> int:
        """Publish, and take up the reassessments that wait."""
        publication = self.world.open(*loads)
        self.world.connection.execute(
            "update ops.reassessment set publication_id = %s where publication_id is null", [publication]
        )
        self.world.build()
        self.world.close()
        return publication

    def test(self, meter: int, last_good_at: datetime, tested_at: datetime, error_share: str) -> None:
        """A meter that reads too high by `error_share`."""
        self.insert(
            "core.meter_test", "meter_test_id", meter_id=meter, last_good_at=last_good_at, tested_at=tested_at,
            error_share=error_share, applied_by="test",
        )  # fmt: skip

    def days(self) -> dict[tuple[int, date], dict]:
        """All days by obligation and day."""
        rows = self.world.rows("select * from canonical.obligation_day order by obligation_id, day_on, meter_id")
        return {(row["obligation_id"], row["day_on"]): row for row in rows}

    def aggregates(self) -> dict[tuple[int, str, datetime], dict]:
        """All hours, days and months by meter, kind and start; percentages with two places."""
        rows = self.world.rows("select * from canonical.meter_aggregate")
        return {(row["meter_id"], row["period_type"], row["period_start"]): _rounded(row) for row in rows}

    def day(self, obligation: int, on: date = FIRST_DAY) -> dict:
        rows = self.world.rows(
            "select * from canonical.obligation_day where obligation_id = %s and day_on = %s", obligation, on
        )
        assert len(rows) == 1, rows
        return rows[0]


def profile_day(device: str, *, start: datetime = DAY, energy: int | None = WH_PER_WM2, **hours) -> list[dict]:
    """The hourly rows of the example day; `h09=None` leaves an hour out, `h10={...}` says something else of it."""
    rows = []
    for hour in range(24):
        change = hours.get(f"h{hour:02}", {})
        if change is None:
            continue
        irradiance = PROFILE.get(hour, 0)
        rows.append(
            {
                "external_device_id": device,
                "interval_start": start + timedelta(hours=hour),
                "interval_seconds": 3600,
                "energy": None if energy is None else irradiance * energy,
                "irradiance_wm2": irradiance,
                **change,
            }
        )
    return rows


def hours(day: dict) -> tuple:
    """Produced, not producing, excused, without data, out of specification."""
    names = ("produced", "not_producing", "excused", "no_data", "out_of_specification")
    return tuple(day[f"{name}_hours"] for name in names)


def _rounded(row: dict) -> dict:
    return {n: round(v, 2) if n.endswith("_percent") and v is not None else v for n, v in row.items()}
