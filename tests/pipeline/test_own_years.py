"""Promises of years worked out by hand: from 29 February on, two together, rolling, delayed, in other currencies."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction as F
from zoneinfo import ZoneInfo

import pytest

from tests.pipeline import own_months as own
from tests.pipeline.own_office import Office, file_of, plant

KATHMANDU = ZoneInfo("Asia/Kathmandu")  # days begin at 18:15 UTC, while slots of three hours begin at 18:00
FIRST, LAST = date(2024, 2, 29), date(2026, 2, 27)
YEARS = [(FIRST, date(2025, 2, 27)), (date(2025, 2, 28), LAST)]
CUTS = [
    own.Event("curtailment", datetime(2024, 6, 10, 3, tzinfo=UTC), datetime(2024, 6, 12, 9, 30, tzinfo=UTC)),
    own.Event("curtailment", datetime(2025, 9, 3, 3, tzinfo=UTC), datetime(2025, 9, 3, 8, tzinfo=UTC)),
]
LAST_GOOD_AT, TESTED_AT = datetime(2025, 6, 3, 6, tzinfo=UTC), datetime(2025, 10, 1, 6, tzinfo=UTC)
BASE_KWH = 160_000
ENERGY = {
    "metric": "energy", "settle_days": 0, "loss_factor": "0.0215", "min_completeness_percent": 50,
    "base_energy_kwh": BASE_KWH, "degradation_per_year": "0.0065",
}  # fmt: skip
CONTRACT = {
    "contract": {
        "external_contract_id": "NP", "project": "Everest", "name": "NP", "starts_on": str(FIRST), "ends_on": str(LAST),
        "year_anchor_on": str(FIRST), "currency_code": "EUR",
    },
    "obligations": [
        ENERGY | {
            "code": "two", "period_type": "two_contract_years", "guarantee_percent": "96.5",
            "deemed_method": "interval",
            "ld_basis": "price_difference", "ld_alternate_price_per_mwh": "71.35",
            "ld_contract_price_per_mwh": "55.10", "ld_floor": "17.77", "payment_currency_code": "KES",
        },
        ENERGY | {
            "code": "rolling", "period_type": "rolling_12_months", "guarantee_percent": 97, "ld_basis": "per_mwh",
            "ld_rate": "19.90", "ld_step": "0.5", "ld_step_mode": "completed", "cap_per_year": 400,
            "meter_error_lookback": "none",
        },
        {"code": "listed", "metric": "energy", "guarantee_percent": 98, "loss_factor": "0.0215", "settle_days": 0,
         "guarantee_years": [{"operating_year": 1, "guaranteed_kwh": "190000.5"},
                             {"operating_year": 2, "expected_kwh": "189000.25"}],
         "ld_basis": "per_kwh", "ld_rate": "0.0331", "meter_error_lookback": "full", "deemed_method": "fixed",
         "deemed_kwh_per_interval": "94.2", "min_completeness_percent": 50},
        {"code": "ratio", "metric": "performance_ratio", "guarantee_ratio": "0.81", "degradation_per_year": "0.0123",
         "is_temperature_corrected": True, "temperature_coefficient_per_c": "-0.0037", "capacity_kwp": 100,
         "ld_basis": "per_point", "ld_rate": "333.33", "shortfall_decimals": 3, "settle_days": 0,
         "meter_error_lookback": "none"},
        {"code": "start", "metric": "delay", "promised_on": "2024-03-15", "achieved_on": "2024-04-02",
         "ld_basis": "per_day", "ld_rate": "123.45", "ld_step": 7, "ld_step_mode": "started", "settle_days": 0,
         "payment_currency_code": "KES", "fx_rate_on": "2024-04-01", "cap_lifetime": 300},
    ],
    "events": [event.document("Everest", number) for number, event in enumerate(CUTS)],
    "meter_tests": [{"project": "Everest", "meter": "K1", "tested_at": TESTED_AT.isoformat(),
                     "last_good_at": LAST_GOOD_AT.isoformat(), "error_share": "0.0137"}],
}  # fmt: skip
RATES = {
    "2026-02-27": {"KES": F("129.4401"), "EUR": F("0.91234")},
    "2024-04-01": {"KES": F("131.07"), "EUR": F("0.92551")},
}
KES_PER_EUR = {day: rates["KES"] / rates["EUR"] for day, rates in RATES.items()}


@pytest.fixture
def office(warehouse, tmp_path) -> Office:
    return Office(warehouse, tmp_path)


@pytest.fixture(scope="module")
def series() -> list[own.Slot]:
    """Two years of one meter, the second year weaker, with two curtailments and a silent November weekend each."""
    at, found = datetime(2024, 2, 28, 18, tzinfo=UTC), []
    while at < datetime(2026, 2, 27, 18, 15, tzinfo=UTC):
        local = at.astimezone(KATHMANDU)
        wm2 = max(0, int(880 - 26 * (local.hour + local.minute / 60 - 12) ** 2) - local.timetuple().tm_yday * 53 % 240)
        energy: F | None = F(wm2 * 3 * (80 if at.year == 2024 else 74))
        if any(event.starts_at <= at < event.ends_at for event in CUTS):
            energy = F(0)
        if at.month == 11 and at.day in {3, 4}:
            energy = None
        found.append(own.Slot(at, 10800, energy, F(wm2), F(20 + wm2 // 40)))
        at += timedelta(hours=3)
    return found


def within(series: list[own.Slot], first: date, last: date) -> list[own.Slot]:
    return [slot for slot in series if first <= slot.local(KATHMANDU).date() <= last]


def at_boundary(wrong_from: datetime = TESTED_AT) -> Callable[[own.Slot], F]:
    """What is left of a slot's energy: losses always, and the meter's error from when it is said to have begun."""
    kept = 1 - F("0.0215")
    return lambda slot: kept / (1 + F("0.0137")) if wrong_from <= slot.at < TESTED_AT else kept


def curtailed(series: list[own.Slot]) -> list[own.Slot]:
    return own.categories(series, CUTS)["excused"]


def of_two(series: list[own.Slot]) -> tuple[F, F, F]:
    """Guaranteed, made and deemed of both years; a curtailed month learns from the one before."""
    factor = at_boundary(LAST_GOOD_AT + (TESTED_AT - LAST_GOOD_AT) / 2)
    deemed = F(0)
    for event, month in zip(CUTS, ((2024, 5), (2025, 8)), strict=True):
        taught = [
            slot
            for slot in own.of_month(series, KATHMANDU, month)
            if slot.irradiance_wm2 > 100 and slot.energy_wh is not None
        ]
        per_irradiation = own.energy_kwh(taught, factor) / own.irradiation(taught)
        deemed += own.irradiation(s for s in curtailed(series) if event.covers_half_of(s)) * per_irradiation
    guaranteed = (BASE_KWH + BASE_KWH * (1 - F("0.0065"))) * F("0.965")
    return guaranteed, own.energy_kwh(within(series, FIRST, LAST), factor), deemed


def of_rolling(series: list[own.Slot], first: date, last: date) -> tuple[F, Decimal]:
    """Made, and damages: each contract year promises by the days that the twelve months have of it."""
    guaranteed = sum(
        F(97, 100) * BASE_KWH * (1 - F("0.0065")) ** number
        * F(max(0, (min(end, last) - max(start, first)).days + 1), (end - start).days + 1)
        for number, (start, end) in enumerate(YEARS)
    )  # fmt: skip
    made = own.energy_kwh(within(series, first, last), at_boundary())
    short = max(F(0), guaranteed - made)
    return made, own.money(own.damages(short / 1000, F("19.90"), F(1, 2), "completed"))


def test_two_years_together_are_claimed_once_and_in_the_currency_of_payment(office, series) -> None:
    office.register(plant("Everest", "Asia/Kathmandu", {"K1": 100}))
    office.apply(CONTRACT)
    for day, rates in RATES.items():
        for currency, rate in rates.items():
            office.set_rate(currency, day, rate)
    office.deliver(file_of({"K1": series}, "Everest"), "everest.csv")
    found = office.publish()

    # the contract's last year was judged with the one before, so nothing begins then
    assert [first for code, first in found if code == "two"] == [str(FIRST)]
    two = found["two", str(FIRST)]
    guaranteed, made, deemed = of_two(series)
    damages = (guaranteed - made - deemed) / 1000 * F("17.77")
    office.assert_result(two, made, own.money(damages), own.money(damages))
    assert abs(F(two["deemed"]) - deemed) < F(1, 10**9)
    # converted before it is rounded
    assert two["payment_amount"] == own.money(damages * KES_PER_EUR["2026-02-27"])

    starts = [first for code, first in found if code == "rolling"]
    assert len(starts) == 13
    claims = []
    for first in starts:
        row = found["rolling", first]
        made, damages = of_rolling(series, row["period_start_on"], row["period_end_on"])
        claims.append((first, made, 1 if row["period_end_on"] <= YEARS[0][1] else 2, damages))
    assert found["rolling", starts[-1]]["period_end_on"] == LAST  # no day beyond the contract
    payable = own.paid(
        [("rolling", year, damages) for _, _, year, damages in claims], [(lambda _, year: year, Decimal(400))]
    )
    assert sum(payable) == 400 and sum(pays > 0 for pays in payable) > 1
    for (first, made, _, damages), pays in zip(claims, payable, strict=True):
        office.assert_result(found["rolling", first], made, damages, pays)

    for number, (first, last) in enumerate(YEARS):
        here = within(series, first, last)
        promised = (F("190000.5"), F("189000.25") * F("0.98"))[number]
        made = own.energy_kwh(here, at_boundary(LAST_GOOD_AT))
        damages = own.money((promised - made - F("94.2") * len(curtailed(here))) * F("0.0331"))
        office.assert_result(found["listed", str(first)], made, damages, damages)
        ratio = own.performance_ratio([s for s in here if s not in curtailed(here)], 100, F("-0.0037"))
        short = own.money(max(F(0), F("0.81") * (1 - F("0.0123")) ** number - ratio), decimals=3)
        damages = own.money(F(short) * 100 * F("333.33"))
        office.assert_result(found["ratio", str(first)], ratio, damages, damages)

    delay = found["start", "2024-03-15"]
    office.assert_result(delay, F(18), Decimal("370.35"), Decimal(300))  # three started weeks, and a cap
    assert delay["payment_amount"] == own.money(300 * KES_PER_EUR["2024-04-01"])
