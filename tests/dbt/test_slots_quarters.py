"""Vectors of quarter hours in Berlin: clock changes, registers, meter errors, event logs, substitutes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from tests.dbt.contract_world import Contract, hours
from tests.dbt.world import World, quarters

BERLIN = ZoneInfo("Europe/Berlin")
AUTUMN, SPRING, JUNE, JULY = date(2026, 10, 25), date(2026, 3, 29), date(2026, 6, 1), date(2026, 7, 1)
EVERYTHING = ["backup_meter", "register_difference", "inverter_sum", "model"]


def at(day: date, hour: float = 0) -> datetime:
    """Wall clock in Berlin as an instant."""
    return (datetime(day.year, day.month, day.day, tzinfo=BERLIN) + timedelta(hours=hour)).astimezone(UTC)


def row(device: str, day: date, hour: float, seconds: int = 900, **columns) -> dict:
    return {
        "external_device_id": device,
        "interval_start": at(day, hour),
        "interval_seconds": seconds,
        **columns,
    }


class Plant:
    """One plant in Berlin; every method sets up one vector and returns the rows it delivers."""

    def __init__(self, world: World) -> None:
        self.contract = Contract(world, "Europe/Berlin", date(2026, 3, 1), latitude="52.52", longitude="13.405")
        self.promises: dict[str, int] = {}

    def promise(self, name: str, *arguments, **terms) -> None:
        """Nothing settles in these tests, so no silent day is computed beside those of the vectors."""
        self.promises[name] = self.contract.obligation(*arguments, settle_days=400, **terms)

    def v6(self) -> list[dict]:
        self.promise("v6", self.contract.meter("v6"))
        rows = quarters(at(JUNE), 93, external_device_id="v6")
        for late in rows[90:]:
            late["quality"] = "estimated"
        return [*rows, rows[0], rows[1]]

    def v19(self) -> list[dict]:
        self.promise("v19", self.contract.meter("v19"))
        autumn = quarters(at(AUTUMN), 96, external_device_id="v19")
        return [*autumn, *quarters(at(SPRING), 92, external_device_id="v19")]

    def v20(self) -> list[dict]:
        """A register is read until 10:00 and from 16:00 on; the last reading has no energy of its own yet."""
        self.promise(
            "v20", self.contract.meter("v20"), missing_policy="substitute", substitute_order=["register_difference"]
        )
        before = [row("v20", JUNE, 8 + n / 4, energy_total=998_000 + 250 * n) for n in range(9)]
        return [*before, *(row("v20", JUNE, 16 + n / 4, energy_total=1_012_000 + 250 * n) for n in range(3))]

    def v21(self) -> list[dict]:
        """60 daily readings; those of the last 30 days come to 1,016,000 kWh."""
        meter = self.contract.meter("v21")
        for lookback in ("none", "half", "full"):
            self.promise(f"v21 {lookback}", meter, meter_error_lookback=lookback)
        self.contract.test(meter, at(date(2026, 5, 1)), at(date(2026, 6, 30)), "0.016")
        earlier = [30_000_000] * 30
        later = [*([30_000_000] * 28), 88_000_000, 88_000_000]
        return [
            row("v21", date(2026, 5, 1) + timedelta(days=n), 0, 86400, energy=energy)
            for n, energy in enumerate([*earlier, *later])
        ]

    def v22(self) -> list[dict]:
        """An outage from 10:05 to 10:50, of which two quarter hours show nothing at all."""
        meter = self.contract.meter("v22")
        for basis in ("slot", "event_log"):
            self.promise(f"v22 {basis}", meter, downtime_basis=basis)
        self.contract.event("forced_outage", at(JUNE, 10 + 5 / 60), at(JUNE, 10 + 50 / 60), meter_id=meter)
        bright = [row("v22", JUNE, 9 + n / 4, energy=100, irradiance_wm2=500) for n in range(12)]
        for quarter in bright[5:7]:
            quarter["energy"] = 0
        return bright

    def substitutes(self) -> list[dict]:
        """Each missing hour of a meter is known to another helper; every helper knows the hours before it, too."""
        names = ("backup", "inverter 1", "inverter 2", "sensor")
        backup, *inverters, sensor = (self.contract.meter(name) for name in names)
        meter = self.contract.meter("main", reading_interval_seconds=3600)
        self.promise(
            "substitutes", meter, {"backup": [backup], "inverter": inverters, "irradiance": [sensor]},
            missing_policy="substitute", substitute_order=EVERYTHING, loss_factor="0.01", substitute_loss_factor="0.02",
        )  # fmt: skip
        return [
            row("main", JULY, 8, 3600, energy=1000),
            # four quarter hours make the hour, three do not
            *(row("backup", JULY, 9 + n / 4, energy=125) for n in range(7)),
            *(row("inverter 1", JULY, hour, 3600, energy=200) for hour in (9, 10)),
            *(row("inverter 2", JULY, hour, 3600, energy=300) for hour in (9, 10)),
            row("inverter 1", JULY, 11, 3600, energy=200),
            *(row("sensor", JULY, hour, 3600, irradiance_wm2=500) for hour in (8, 9, 10, 11)),
        ]


@pytest.fixture(scope="module")
def built() -> dict:
    return {}


@pytest.fixture
def results(built, request) -> SimpleNamespace:
    """Days by the name of the promise, all from one publication."""
    if not built:
        plant = Plant(request.getfixturevalue("world"))
        world = plant.contract.world
        makers = (plant.v6, plant.v19, plant.v20, plant.v21, plant.v22, plant.substitutes)
        misaligned = row("v6", JUNE, 10 + 7 / 60, energy=10)
        load = world.load([*(delivered for make in makers for delivered in make()), misaligned])
        world.reject(load, world.value("select max(row_number) from raw.file_reading"), "R107_TS_GRID")
        plant.contract.publish(load)
        days, aggregates = plant.contract.days(), plant.contract.aggregates()
        built["day"] = {(n, on): days[p, on] for n, p in plant.promises.items() for q, on in days if p == q}
        built["aggregates"] = aggregates
    return SimpleNamespace(**built)


def test_v6_completeness_counts_slots_not_rows(results) -> None:
    day = results.day["v6", JUNE]
    assert (day["slots_expected"], day["measured_slots"], day["estimated_slots"]) == (96, 90, 3)


def test_v19_days_have_the_slots_that_elapse(results) -> None:
    autumn, spring = results.day["v19", AUTUMN], results.day["v19", SPRING]
    assert (autumn["slots_expected"], autumn["measured_slots"], sum(hours(autumn))) == (100, 96, 25)
    assert (spring["slots_expected"], spring["measured_slots"], sum(hours(spring))) == (92, 92, 23)


def test_v20_a_register_bridges_a_gap(results) -> None:
    day = results.day["v20", JUNE]
    assert (day["substituted_slots"], day["substituted_energy_wh"]) == (24, 12_000)
    assert {(entry["method"], entry["energy_wh"]) for entry in day["substitutions"]} == {("register_difference", "500")}
    assert [day["substitutions"][place]["timestamp"] for place in (0, -1)] == [
        "2026-06-01T08:00:00Z",
        "2026-06-01T13:45:00Z",
    ]
    # eight quarter hours before the gap and two after it
    assert (day["energy_wh"], day["estimated_slots"]) == (12_000 + 10 * 250, 10)


def test_v21_a_meter_that_reads_high_is_corrected(results) -> None:
    sums = {}
    for lookback in ("none", "half", "full"):
        days = [day for (name, _), day in results.day.items() if name == f"v21 {lookback}"]
        assert len(days) == 60
        late = [day for day in days if day["day_on"] >= date(2026, 5, 31)]
        sums[lookback] = tuple(
            round(sum(day[column] for day in chosen) / 1000, 6)
            for chosen, column in ((days[:30], "energy_wh"), (late, "energy_wh"), (days, "correction_wh"))
        )
    full = round(Decimal(900_000) / Decimal("1.016"), 6)
    assert sums == {
        "none": (900_000, 1_016_000, 0),
        "half": (900_000, 1_000_000, -16_000),
        "full": (full, 1_000_000, full - 900_000 - 16_000),
    }


def test_v22_slots_or_the_log_say_how_long_it_was_down(results) -> None:
    slot, log = results.day["v22 slot", JUNE], results.day["v22 event_log", JUNE]
    assert (slot["not_producing_hours"], slot["produced_hours"]) == (Decimal("0.5"), Decimal("2.5"))
    assert (log["not_producing_hours"], log["produced_hours"]) == (Decimal("0.75"), Decimal("2.25"))
    # 100 kWp x 500 W/m2 x 0.8 for as long as it was down
    assert slot["lost_energy_wh"] == 20_000
    assert sum(hours(slot)) == sum(hours(log)) == 24


def test_what_is_missing_is_substituted_in_the_contracts_order(results) -> None:
    day = results.day["substitutes", JULY]
    found = {
        entry["timestamp"][11:13]: (entry["method"], Decimal(entry["energy_wh"])) for entry in day["substitutions"]
    }
    assert found == {
        "07": ("backup_meter", Decimal("495")),  # 500 Wh less 1 percent to the boundary
        "08": ("inverter_sum", Decimal("485.1")),  # 500 Wh less 2 and 1 percent
        "09": ("model", Decimal("40000")),  # one inverter is silent; 100 kWp x 500 W/m2 x 0.8
    }
    assert day["substituted_slots"] == 3
    assert day["energy_wh"] == 990 + 495 + Decimal("485.1") + 40_000
    assert (day["measured_slots"], day["produced_hours"]) == (1, 4)
    # the raw number knows no substitutes
    assert (day["raw_hours_available"], day["raw_hours_expected"] > 4) == (1, True)


def test_a_register_bridges_midnight_when_it_is_heard_again(world) -> None:
    """Days that a gap lies in are computed again when it closes; the shares add up to the difference exactly."""
    plant = Plant(world)
    plant.promise(
        "gap", plant.contract.meter("gap"), missing_policy="substitute", substitute_order=["register_difference"]
    )
    evening = [row("gap", JUNE, 19 + n / 4, energy_total=1_000 * n) for n in range(5)]
    plant.contract.publish(world.load(evening))
    assert plant.contract.day(plant.promises["gap"], JUNE)["substituted_slots"] == 0
    third = JUNE + timedelta(days=2)
    plant.contract.publish(world.load([row("gap", third, 5 + n / 4, energy_total=14_000 + n) for n in range(3)]))
    days = [plant.contract.day(plant.promises["gap"], JUNE + timedelta(days=n)) for n in range(3)]
    assert [day["substituted_slots"] for day in days] == [16, 96, 20]
    assert sum(day["substituted_energy_wh"] for day in days) == 10_000
    shares = {Decimal(entry["energy_wh"]) for day in days for entry in day["substitutions"]}
    assert shares == {Decimal("75.757575"), Decimal("75.757675")}
