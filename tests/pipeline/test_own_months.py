"""Contracts and months that no other test has, worked out by hand: every result to the cent, and every pack holds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction as F
from zoneinfo import ZoneInfo

import pytest

from tests.pipeline import own_months as own
from tests.pipeline.own_office import Office, file_of, plant

NEW_YORK, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
CAPACITY_KW = {"N1": 50, "N2": 30, "N3": 20}
GRID = own.Event("grid_outage", datetime(2024, 3, 9, 20, 7, tzinfo=UTC), datetime(2024, 3, 10, 15, 23, tzinfo=UTC))
SERVICES = [
    own.Event("scheduled_maintenance", datetime(2024, *day, 14, tzinfo=UTC), datetime(2024, *day, hour, tzinfo=UTC))
    for day, hour in (((2, 29), 18), ((3, 20), 17))
]
FAULT = own.Event("forced_outage", datetime(2024, 3, 25, 14, tzinfo=UTC), datetime(2024, 3, 25, 21, tzinfo=UTC))
AVAILABILITY = {
    "metric": "availability", "guarantee_percent": "99.25", "capacity_kwp": 100, "expected_performance_ratio": "0.8",
    "min_completeness_percent": 50, "settle_days": 0, "ld_basis": "per_point",
}  # fmt: skip
HUDSON = {
    "contract": {
        "external_contract_id": "NY", "project": "Hudson", "name": "NY", "starts_on": "2024-02-01",
        "ends_on": "2024-03-31", "currency_code": "USD", "year_anchor_on": "2023-03-15", "cap_lifetime": 2500,
        "annual_fee": 40000,
    },
    "obligations": [
        AVAILABILITY | {
            "code": "capacity", "weighting": "capacity", "missing_policy": "unavailable", "excused_method": "credit",
            "excused_classes": ["grid_outage", "scheduled_maintenance"], "maintenance_hours_per_year": "3.5",
            "maintenance_notice_days": 5, "ld_rate": "137.35", "ld_step": "0.25", "ld_step_mode": "started",
            "cap_per_year_fee_share": "0.025", "rounding": "half_even",
        },
        AVAILABILITY | {
            "code": "light", "weighting": "irradiance", "ld_rate": 10, "ld_floor": "12.5", "ld_step": "0.1",
            "ld_step_mode": "completed", "meters": {"measured": ["N1"]},
        },
        AVAILABILITY | {
            "code": "lost", "ld_basis": "per_kwh", "ld_rate": "0.173", "rounding": "down",
            "missing_policy": "available", "meters": {"measured": ["N2", "N3"]},
        },
        {"code": "factor", "metric": "capacity_factor", "guarantee_percent": 35, "capacity_ac_kw": 90,
         "efficiency_factor": "0.95", "ld_basis": "per_mwh", "ld_rate": "41.17", "ld_step": "0.5", "settle_days": 0,
         "ld_step_mode": "started", "min_completeness_percent": 50},
        {"code": "data", "metric": "completeness", "guarantee_percent": "98.75", "ld_basis": "per_day",
         "ld_rate": "3.33", "settle_days": 0},
    ],
}  # fmt: skip


@pytest.fixture
def office(warehouse, tmp_path) -> Office:
    return Office(warehouse, tmp_path)


def light(at: datetime) -> int:
    """W/m2 by a plant's own clock, of a shape that no two days share; whole numbers lose nothing on their way."""
    hour = at.hour + at.minute / 60
    return max(0, int(900 - 25 * (hour - 12.5) ** 2) - at.timetuple().tm_yday * 37 % 180)


def hudson() -> dict[str, list[own.Slot]]:
    """February and March 2024 in half hours of three inverters, with faults and gaps of their own."""
    slots: dict[str, list[own.Slot]] = {name: [] for name in CAPACITY_KW}
    for number, (name, capacity) in enumerate(CAPACITY_KW.items()):
        at = datetime(2024, 2, 1, 5, tzinfo=UTC)
        while at < datetime(2024, 4, 1, 4, tzinfo=UTC):
            wm2 = light(at.astimezone(NEW_YORK))
            down = [GRID, *SERVICES, *([FAULT] if name == "N2" else [])]
            idle = name == "N1" and at.day in {6, 7} and at.astimezone(NEW_YORK).hour in {10, 13}
            energy = F(0) if idle or any(e.starts_at <= at < e.ends_at for e in down) else F(wm2 * capacity * 2, 5)
            is_silent = (at.day * 7 + at.hour * 3 + number) % 61 == 0
            slots[name].append(own.Slot(at, 1800, None if is_silent else energy, F(wm2)))
            at += timedelta(minutes=30)
    return slots


def by_capacity(values: dict[str, F]) -> F:
    return sum((values[name] * kw for name, kw in CAPACITY_KW.items()), F(0)) / 100


def of_capacity(here: dict[str, list[own.Slot]]) -> tuple[F, Decimal]:
    """Each meter by itself: credit for excuses, maintenance up to 3.5 hours of its year, silence is an outage."""
    meters = {}
    for name, series in here.items():
        found = own.categories(series, [GRID, *SERVICES])
        maintained = own.hours(s for s in found["excused"] if any(event.covers_half_of(s) for event in SERVICES))
        beyond = max(F(0), maintained - F(7, 2))
        good = own.hours(found["produced"]) + own.hours(found["excused"]) - beyond
        bad = own.hours(found["no_data"]) + own.hours(found["not_producing"]) + beyond
        meters[name] = own.percent(good, good + bad)
    actual = by_capacity(meters)
    units = F("99.25") - actual
    return actual, own.money(own.damages(units, F("137.35"), F(1, 4), "started"), "half_even")


def of_light(here: dict[str, list[own.Slot]]) -> tuple[F, Decimal]:
    found = own.categories(here["N1"], [GRID])
    up, down = own.irradiation(found["produced"]), own.irradiation(found["not_producing"])
    actual = own.percent(up, up + down)
    return actual, own.money(own.damages(F("99.25") - actual, F("12.5"), F(1, 10), "completed"))


def of_lost(here: dict[str, list[own.Slot]]) -> tuple[F, Decimal]:
    """Two meters; the kWh of the missing points of all energy that there was or would have been."""
    found = {name: own.categories(here[name], [GRID]) for name in ("N2", "N3")}
    up = sum(own.hours(f["produced"]) + own.hours(f["no_data"]) for f in found.values())
    actual = own.percent(up, up + sum(own.hours(f["not_producing"]) for f in found.values()))
    lost = sum(
        F(100 * CAPACITY_KW[name], 50) * F("0.8") * slot.irradiance_wm2 * slot.hours / 1000
        for name, f in found.items()
        for slot in f["not_producing"]
    )
    units = (F("99.25") - actual) / 100 * (own.energy_kwh([*here["N2"], *here["N3"]]) + lost)
    return actual, own.money(own.damages(units, F("0.173")), "down")


def of_factor(here: dict[str, list[own.Slot]]) -> tuple[F, Decimal]:
    """90 kW for all hours of the plant but those that were excused or silent, times 0.95."""
    found = {name: own.categories(series, [GRID]) for name, series in here.items()}
    away = by_capacity({name: own.hours(f["excused"]) + own.hours(f["no_data"]) for name, f in found.items()})
    reference = 90 * (own.hours(here["N1"]) - away) * F("0.95")
    actual = own.percent(sum(own.energy_kwh(series) for series in here.values()), reference)
    units = (F(35) - actual) / 100 * reference / 1000
    return actual, own.money(own.damages(units, F("41.17"), F(1, 2), "started"))


def of_data(here: dict[str, list[own.Slot]]) -> tuple[F, Decimal]:
    every = [slot for series in here.values() for slot in series]
    days = {slot.local(NEW_YORK).date() for slot in every}
    return own.percent(F(sum(s.energy_wh is not None for s in every)), F(len(every))), own.money(F("3.33") * len(days))


def expected(slots: dict[str, list[own.Slot]]) -> Iterator[tuple[str, str, int, F, Decimal]]:
    """Code, first day, contract year, result and damages, in the order in which claims use up caps."""
    # the contract year ends on 14 March, so that each maintenance has an allowance, and each month a cap, of its own
    for number, first, year in ((2, "2024-02-01", 1), (3, "2024-03-01", 2)):
        here = {name: own.of_month(series, NEW_YORK, (2024, number)) for name, series in slots.items()}
        assert own.hours(here["N1"]) == {2: 29 * 24, 3: 31 * 24 - 1}[number]
        for code, rule in (
            ("capacity", of_capacity), ("data", of_data), ("factor", of_factor), ("light", of_light), ("lost", of_lost)
        ):  # fmt: skip
            yield code, first, year, *rule(here)


def test_a_leap_february_and_the_month_of_the_missing_hour_in_new_york(office) -> None:
    slots = hudson()
    office.register(plant("Hudson", "America/New_York", CAPACITY_KW))
    events = [
        event.document("Hudson", number, notified_at="2024-02-20T12:00:00+00:00")
        for number, event in enumerate([GRID, *SERVICES])
    ]
    office.apply(HUDSON | {"events": [*events, FAULT.document("Hudson", 9, meter="N2")]})
    office.deliver(file_of(slots, "Hudson"), "hudson.csv")
    found = office.publish()
    claims = list(expected(slots))
    assert all(damages > 0 for *_, damages in claims)
    caps = [(lambda code, year: (code, year) if code == "capacity" else None, Decimal(1000)),
            (lambda *_: "contract", Decimal(2500))]  # fmt: skip
    payable = own.paid([(code, year, damages) for code, _, year, _, damages in claims], caps)
    assert payable != [damages for *_, damages in claims]
    for (code, first, _, actual, damages), pays in zip(claims, payable, strict=True):
        office.assert_result(found[code, first], actual, damages, pays)


def lord_howe(month: int, days: range, dirt: F) -> list[own.Slot]:
    """Half hours of some days; on 6 April 2025 clocks go back by half an hour."""
    at = datetime(2025, month, days[0], tzinfo=LORD_HOWE).astimezone(UTC)
    end = (datetime(2025, month, days[-1], tzinfo=LORD_HOWE) + timedelta(days=1)).astimezone(UTC)
    found = []
    while at < end:
        wm2 = light(at.astimezone(LORD_HOWE))
        found.append(own.Slot(at, 1800, F(wm2 * 42) * dirt, F(wm2), F(15 + wm2 // 25)))
        at += timedelta(minutes=30)
    return found


def test_late_data_and_newer_terms_revise_a_performance_ratio_where_clocks_move_by_half_an_hour(office) -> None:
    def ratio_terms(guarantee: str) -> dict:
        return {"code": "ratio", "metric": "performance_ratio", "period_type": "month", "guarantee_ratio": guarantee,
                "capacity_kwp": 100, "is_temperature_corrected": True, "temperature_coefficient_per_c": "-0.0041",
                "ld_basis": "per_point", "ld_rate": "77.7", "ld_floor": "81.05", "ld_step": "0.5",
                "ld_step_mode": "started", "settle_days": 0}  # fmt: skip

    def claim(guarantee: str, actual: F) -> Decimal:
        return own.money(own.damages((F(guarantee) - actual) * 100, F("81.05"), F(1, 2), "started"))

    head = {"external_contract_id": "LH", "project": "Gower", "name": "LH", "starts_on": "2025-03-01",
            "ends_on": "2025-04-30", "currency_code": "AUD"}  # fmt: skip
    march = lord_howe(3, range(1, 32), F(1))
    april = [*lord_howe(4, range(1, 10), F(1)), *lord_howe(4, range(10, 31), F(9, 10))]
    late = lord_howe(4, range(10, 31), F(1))
    assert len(march) + len(april) == 61 * 48 + 1
    office.register(plant("Gower", "Australia/Lord_Howe", {"L1": 100}))
    office.apply({"contract": head, "obligations": [ratio_terms("0.88")]})
    office.deliver(file_of({"L1": [*march, *april]}, "Gower"), "first.csv")
    found = office.publish()
    in_march, dirty, clean = (
        own.performance_ratio(slots, 100, F("-0.0041")) for slots in (march, april, [*april[: -21 * 48], *late])
    )
    assert dirty < F("0.88") < clean < F("0.9") and in_march > F("0.88")
    first = claim("0.88", dirty)
    office.assert_result(found["ratio", "2025-03-01"], in_march, Decimal(0), Decimal(0))
    office.assert_result(found["ratio", "2025-04-01"], dirty, first, first)

    office.deliver(file_of({"L1": late}, "Gower"), "late.csv")
    found = office.publish()
    office.assert_result(found["ratio", "2025-04-01"], clean, Decimal(0), Decimal(0))
    assert office.revisions("2025-04-01") == [(1, "superseded", first, None), (2, "withdrawn", Decimal(0), -first)]

    # the amendment holds from March on: what was kept under the old terms is broken under the new ones
    office.apply({"contract": head | {"effective_on": "2025-03-01"}, "obligations": [ratio_terms("0.93")]})
    found = office.publish()
    for day, actual in (("2025-03-01", in_march), ("2025-04-01", clean)):
        damages = claim("0.93", actual)
        office.assert_result(found["ratio", day], actual, damages, damages)
    assert office.revisions("2025-03-01") == [(1, "detected", claim("0.93", in_march), None)]
    assert office.revisions("2025-04-01")[1:] == [
        (2, "superseded", Decimal(0), -first), (3, "detected", claim("0.93", clean), claim("0.93", clean)),
    ]  # fmt: skip
    assert office.intact_packs() == 4
